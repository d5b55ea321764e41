"""95% intervals hold the truth as often as they promise, near 100% as well."""

import numpy as np
import pytest

from course_utils import evaluation
from course_utils.evaluation import intervals

TRIALS = 400
LEAST = 0.93
CORRELATIONS = 0, 0.2, 0.4, 0.8
SLICES = {
    "20 patients": np.full(20, 10),
    "60 patients": np.full(60, 10),
    "20 unequal": np.resize([2, 4, 6, 8, 10, 12, 14, 30, 4, 10], 20),
    "60 unequal": np.resize([2, 4, 6, 8, 10, 12, 14, 30, 4, 10], 60),
}


def outcomes(rng, shares, correlation, slices, trials=TRIALS) -> np.ndarray:
    """How many slices of each patient have each outcome: (trials, patients, outcomes).

    A patient's own shares are drawn from a Dirichlet distribution; of two outcomes, a beta.
    """
    chances = np.broadcast_to(shares, (trials, len(slices), len(shares)))
    if correlation:
        chances = rng.gamma(chances * (1 / correlation - 1) + 1e-12)
        chances = chances / chances.sum(axis=-1, keepdims=True)
    return rng.multinomial(np.broadcast_to(slices, chances.shape[:2]), chances)


def listed(counts, numbers) -> np.ndarray:
    """One number per slice, patient by patient, as often as ``counts`` says."""
    return np.repeat(np.tile(numbers, len(counts)), counts.ravel())


def covered(found, truth) -> float:
    low, high = np.array([(each.low, each.high) for each in found]).T
    return np.mean((low <= truth + 1e-9) & (truth <= high + 1e-9))


@pytest.mark.parametrize("layout", SLICES)
@pytest.mark.parametrize("accuracy", [0.8, 0.9, 0.95, 0.98, 1])
def test_accuracies_are_covered(accuracy, layout):
    rng, slices = np.random.default_rng(0), SLICES[layout]
    groups = np.repeat(np.arange(len(slices)), slices)
    for correlation in CORRELATIONS:
        drawn = outcomes(
            rng, [accuracy, 1 - accuracy], correlation, slices, TRIALS if accuracy < 1 else 1
        )
        found = [intervals.mean(listed(counts, [1, 0]), groups) for counts in drawn]
        assert covered(found, accuracy) >= LEAST, correlation


@pytest.mark.parametrize("layout", ["20 patients", "60 unequal"])
@pytest.mark.parametrize(
    ("only_a", "only_b"),
    [(0, 0.02), (0.005, 0.015), (0.01, 0.01), (0.005, 0.035), (0.02, 0.07), (0.16, 0.16)],
)
def test_differences_are_covered(only_a, only_b, layout):
    rng, slices = np.random.default_rng(0), SLICES[layout]
    groups = np.repeat(np.arange(len(slices)), slices)
    for correlation in (0.2, 0.8):
        shares = [only_a, only_b, 1 - only_a - only_b]
        drawn = outcomes(rng, shares, correlation, slices, 250)
        found = [intervals.mean_difference(listed(counts, [1, -1, 0]), groups) for counts in drawn]
        assert covered(found, only_a - only_b) >= LEAST, correlation


@pytest.mark.parametrize("correlation", [0.2, 0.8])
def test_the_mean_f1_of_classes_is_covered(correlation):
    rng, labels = np.random.default_rng(0), np.repeat(np.arange(60) % 3, 10)
    groups, names = np.repeat(np.arange(60), 10), ("a", "b", "c")
    right = outcomes(rng, [0.97, 0.03], correlation, np.full(60, 10), 100)
    # Every class loses as many slices to the next one, so that its F1 is its recall.
    predicted = [(labels + listed(counts, [0, 1])) % 3 for counts in right]
    found = [evaluation.report(labels, p, groups, names).loc["macro", "f1"] for p in predicted]
    assert covered(found, 0.97) >= LEAST


def test_percentiles_of_resamples_would_not_do():
    rng, slices = np.random.default_rng(0), SLICES["20 patients"]
    shares = outcomes(rng, [0.95, 0.05], 0.4, slices, 1000)[..., 0] / 10
    drawn = rng.multinomial(20, np.full(20, 1 / 20), 1000) / 20
    low, high = np.quantile(shares @ drawn.T, intervals.TAILS, axis=1)
    assert np.mean((low <= 0.95) & (high >= 0.95)) < 0.88
