"""Feedback on the exercises of lesson 05."""

import numpy as np
import pytest

from course_utils.exercises import lesson_05


def test_right_alarms():
    assert lesson_05.right_alarms(95 / (95 + 990), None) is None
    assert "percentage" in lesson_05.right_alarms(8.756, None)
    assert "Asked is" in lesson_05.right_alarms(0.95, None)
    assert "false alarms" in lesson_05.right_alarms(1 - 95 / 1085, None)
    assert "10,000 scans" in lesson_05.right_alarms(0.5, None)


def ece(confidence, right, weigh=True, sign=False, bins=10):
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for one in np.unique(number):
        here = number == one
        gap = confidence[here].mean() - right[here].mean()
        share = here.mean() if weigh else 1 / len(np.unique(number))
        total += share * (gap if sign else abs(gap))
    return total


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (ece, None),
        (lambda c, r: ece(c, r, weigh=False), "Weigh each"),
        (lambda c, r: ece(c, r, bins=1), "cancel"),
        (lambda c, r: np.abs(c - r).mean(), "single slices"),
        (lambda c, r: c[10_000], "It stopped with IndexError"),
        (0.1, "This wants a function"),
    ],
)
def test_calibration_error(answer, says):
    words = lesson_05.calibration_error(answer, None)
    assert words is None if says is None else says in words


def whole(groups, rng):
    names = np.unique(groups)
    return np.concatenate(
        [np.flatnonzero(groups == name) for name in rng.choice(names, len(names))]
    )


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (whole, None),
        (lambda g, rng: rng.integers(0, len(g), len(g)), "in part"),
        (lambda g, rng: np.arange(len(g)), "Every group came once"),
        (lambda g, rng: whole(g, np.random.default_rng(0)), "same resample"),
        (lambda g, rng: np.flatnonzero(g == rng.choice(np.unique(g))), "it drew 1"),
        (lambda g, rng: g, "row numbers"),
        (lambda g, rng: np.array([99]), "left that range"),
        (lambda g: 0, "TypeError"),
        (3, "This wants a function"),
    ],
)
def test_resampled_patients(answer, says):
    words = lesson_05.resampled_patients(answer, None)
    assert words is None if says is None else says in words
