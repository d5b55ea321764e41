"""Right answers of lesson 13 pass, and wrong ones are told what is wrong."""

import numpy as np
import pytest

from course_utils import exercises


def said(number: str, answer: object) -> str:
    """What a learner is told; these exercises need no data."""
    return exercises.feedback(number, answer, data=()) or "right"


def test_the_weighted_mean():
    assert said("13.1", 0.13) == "right"
    assert "alike" in said("13.1", 1.3 / 3)
    assert "Divide" in said("13.1", 130)
    assert "too high" in said("13.1", 0.5)


def test_megabytes():
    truth = 98_388 * 4 * 4 * 12 * 2 / 1e6
    assert said("13.2", truth) == "right"
    assert said("13.2", round(truth, 1)) == "right"
    assert "one way" in said("13.2", truth / 2)
    assert "4 bytes" in said("13.2", truth / 4)
    assert "in bytes" in said("13.2", truth * 1e6)
    assert "one round" in said("13.2", truth / 12)


def test_what_leaves():
    right = {"weights", "averages of batch norm", "number of slices"}
    assert said("13.3", right) == "right"
    assert said("13.3", [word.capitalize() for word in right]) == "right"
    assert "averages of batch norm" in said("13.3", right - {"averages of batch norm"})
    assert "Labels stay" in said("13.3", right | {"labels"})
    assert "'pixels' is none of" in said("13.3", {"pixels"})
    assert "a set of words" in said("13.3", "weights")


def right(results, slices):
    there = [(r, n) for r, n in zip(results, slices, strict=True) if r is not None]
    total = sum(n for _, n in there)
    return [sum(r[i] * n / total for r, n in there) for i in range(2)]


def of_all_slices(results, slices):
    there = [(r, n) for r, n in zip(results, slices, strict=True) if r is not None]
    return [sum(r[i] * n / sum(slices) for r, n in there) for i in range(2)]


def unweighted(results, slices):
    there = [r for r in results if r is not None]
    return [sum(r[i] for r in there) / len(there) for i in range(2)]


def with_all(results, slices):
    return [sum(r[i] * n for r, n in zip(results, slices, strict=True)) for i in range(2)]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (of_all_slices, "divide by the slices of those who are there"),
        (unweighted, "mean is not right"),
        (with_all, "It stopped with TypeError"),
        (lambda results, slices: [np.zeros(2)], "as many arrays"),
        (lambda results, slices: None, "It stopped with TypeError"),
        (lambda results, slices: (x / 0 for x in slices), "It stopped with ZeroDivisionError"),
        (3, "a function"),
    ],
)
def test_a_wrong_mean_of_those_there(function, words):
    assert words in said("13.4", function)


def test_the_right_mean_of_those_there():
    assert said("13.4", right) == "right"
