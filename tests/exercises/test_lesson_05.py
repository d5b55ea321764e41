"""Feedback on the exercises of lesson 05."""

import numpy as np
import pytest


def test_right_alarms(said):
    assert said("05.1", 95 / (95 + 990)) == "right"
    assert "percentage" in said("05.1", 8.756)
    assert "Asked is" in said("05.1", 0.95)
    assert "false alarms" in said("05.1", 1 - 95 / 1085)
    assert "10,000 scans" in said("05.1", 0.5)


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
    ("answer", "words"),
    [
        (ece, "right"),
        (lambda c, r: ece(c, r, weigh=False), "Weigh each"),
        (lambda c, r: ece(c, r, bins=1), "cancel"),
        (lambda c, r: ece(c, r, sign=True), "without their sign"),
        (lambda c, r: np.abs(c - r).mean(), "single slices"),
        (lambda c, r: c[10_000], "It stopped with IndexError"),
        (0.1, "This wants a function"),
    ],
)
def test_calibration_error(said, answer, words):
    assert words in said("05.2", answer)


def whole(groups, rng):
    names = np.unique(groups)
    return np.concatenate(
        [np.flatnonzero(groups == name) for name in rng.choice(names, len(names))]
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (whole, "right"),
        (lambda g, rng: rng.integers(0, len(g), len(g)), "in part"),
        (lambda g, rng: np.arange(len(g)), "Every group came once"),
        (lambda g, rng: whole(g, np.random.default_rng(0)), "same resample"),
        (lambda g, rng: np.flatnonzero(g == rng.choice(np.unique(g))), "it drew 1"),
        (lambda g, rng: np.arange(len(g))[rng.choice([0, 1]) * (g == "a") < 1], "it drew 5"),
        (lambda g, rng: g, "row numbers"),
        (lambda g, rng: np.array([99]), "left that range"),
        (lambda g: 0, "TypeError"),
        (3, "This wants a function"),
    ],
)
def test_resampled_patients(said, answer, words):
    assert words in said("05.3", answer)
