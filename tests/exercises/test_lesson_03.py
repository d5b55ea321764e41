"""Feedback on the exercises of lesson 03."""

import math

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], "right"),
        ([[0, 0, 0], [-1, -1, -1], [1, 1, 1]], "right"),
        ([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], "turn it over"),
        ([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]], "upright edges"),
        ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], "even area"),
        (np.zeros((3, 3)), "not all be zero"),
        ([1, 2, 3], "got the shape (3,)"),
        ("edges", "three lists"),
        ([[np.nan] * 3] * 3, "not finite"),
    ],
)
def test_level_edges(said, answer, words):
    assert words in said("03.2", answer)


@pytest.mark.parametrize(
    ("number", "right", "mistakes"),
    [
        ("03.1", 18496, {18432: "bias", 576: "32 come in", 18464: "swapped"}),
        ("03.3", 1.1526, {3.458: "the sum", -1.1526: "sign", 0.5006: "base 10"}),
        (
            "03.4",
            math.sqrt(0.16 / 60),
            {math.sqrt(0.16 / 600): "600 pieces", 0.16 / 60: "variance"},
        ),
    ],
)
def test_numbers(said, number, right, mistakes):
    assert said(number, right) == "right"
    for wrong, words in mistakes.items():
        assert words in said(number, wrong)
    assert said(number, 10 * right) != "right"
