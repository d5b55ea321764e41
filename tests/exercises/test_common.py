"""What learners hand in is read as they mean it, or they are told in words what it is."""

from fractions import Fraction

import keras
import numpy as np
import pandas as pd
import pytest

from course_utils.exercises import common


def told(read, *arguments):
    """What a check says, or "right"."""
    try:
        read(*arguments)
    except common.Wrong as wrong:
        return str(wrong)
    return "right"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (120, "right"),
        (120.0, "right"),
        (Fraction(240, 2), "right"),
        (np.int64(120), "right"),
        (np.array(120), "right"),
        (np.array([[120]]), "right"),
        (pd.Series([120], index=["slices"]), "right"),
        (keras.ops.convert_to_tensor(120.0), "right"),
        ("120", "one number, without quotes, and it got a str"),
        (np.array("120"), "without quotes"),
        (True, "got a bool"),
        (np.True_, "got a bool"),
        (len, "got a function"),
        (None, "does its last line give a value"),
        ([120], "got a list"),
        (np.arange(3), "a ndarray of the shape (3,)"),
        (keras.Input((3,)), "got a KerasTensor"),
        (1j, "got a complex"),
        (float("nan"), "finite"),
        (10**400, "finite"),
        (60, "Twice that."),
        (7, "7 is too low. Count."),
    ],
)
def test_numbers(answer, words):
    assert words in told(common.number, answer, 120, {60: "Twice that."}, "Count.")


def test_a_share_within_tolerance_is_right():
    assert told(common.number, 0.504, 0.5, {}, "", 0.005) == "right"
    assert "too high" in told(common.number, 0.506, 0.5, {}, "", 0.005)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Grade II", "right"),
        (" grade ii\n", "right"),
        (np.str_("Grade II"), "right"),
        (np.array("grade II"), "right"),
        (pd.Series(["Grade II"]), "right"),
        ("3", "right"),
        (3, "in quotes, and it got an int"),
        (pd.Series(["3", "3"]), "got a Series of the shape (2,)"),
        (" GRADE I ", "Lower"),
        ("other", "It is not 'other': look"),
        ("", "'' is none of Grade I, Grade II, 3, other"),
        (None, "None: does its last line"),
    ],
)
def test_choices(answer, words):
    options = ("Grade I", "Grade II", "3", "other")
    right, mistakes = options[1:3], {"Grade I": "Lower: look again."}
    assert words in told(common.choice, answer, right, options, mistakes)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([3, 1], "right"),
        ({3, 1}, "right"),
        (pd.Series([3, 1]), "right"),
        (pd.Series([True, False] * 60), "right"),
        ((row for row in range(3)), "right"),
        ([0, 0, 1], "twice"),
        ([119, 120], "Rows run from 0 to 119, and this holds 119 to 120"),
        ([0.5], "float64"),
        ([True, False], "array of bool with the shape (2,)"),
        ([[1, 2], [3]], "got a list"),
        ("all", "array of row numbers"),
        (3, "array of row numbers"),
        (np.array(3), "with the shape ()"),
    ],
)
def test_rows(answer, words):
    assert words in told(common.rows, answer, 120)


def raising(error):
    def function():
        raise error

    return function


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            raising(ValueError("\nfirst line\nsecond line")),
            "It stopped with ValueError: first line",
        ),
        (raising(ValueError()), "It stopped with ValueError."),
        (raising(KeyError("\n")), "It stopped with KeyError: "),
        (len, "It stopped with TypeError: "),
        (5, "This wants a function of nothing: give its name, without brackets."),
        (lambda: None, "right"),
        (lambda: ..., "Not tried yet"),
    ],
)
def test_what_a_function_stops_with(answer, words):
    def run():
        with common.trying(answer, "nothing") as function:
            function()

    assert told(run).startswith(words)


def test_a_function_cannot_change_the_case_it_is_tried_on():
    case = np.zeros(3)
    with common.trying(lambda array: array.fill(1), "array") as function:
        function(case)
    assert not case.any()
