"""Intervals that resample groups."""

import numpy as np
import pytest
from scipy import stats

from course_utils.core.errors import CourseError
from course_utils.evaluation import intervals
from course_utils.evaluation.intervals import Estimate


def right(labels, predicted):
    return np.mean(labels == predicted)


def patients(rng, count=40, slices=10, strength=4.0):
    """Slices that are right with a chance of their patient's own, 0.8 on average."""
    chance = rng.beta(0.8 * strength, 0.2 * strength, count)
    correct = rng.random((count, slices)) < chance[:, None]
    return correct.ravel().astype(int), np.repeat(np.arange(count), slices)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("", "84.2% (79.0 to 88.6)"),
        (".3f", "0.842 (0.790 to 0.886)"),
        ("+.0%", "+84% (+79 to +89)"),
    ],
)
def test_an_estimate_reads_as_a_sentence_part(spec, text):
    assert format(Estimate(0.842, 0.79, 0.886), spec) == text


def test_an_estimate_without_an_interval_says_so():
    assert str(Estimate(0.5, np.nan, np.nan)) == "50.0% (no interval)"


def test_resampling_patients_covers_the_truth_and_resampling_slices_does_not(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 400)
    rng = np.random.default_rng(1)
    inside = {"patients": 0, "slices": 0}
    trials = 120
    for _ in range(trials):
        correct, groups = patients(rng)
        truth = np.ones(len(correct), int)
        for name, by in (("patients", groups), ("slices", np.arange(len(groups)))):
            found = intervals.interval(right, truth, correct, by)
            inside[name] += found.low <= 0.8 <= found.high
    assert inside["patients"] / trials > 0.88
    assert inside["slices"] / trials < 0.8


def test_the_interval_agrees_with_the_binomial_where_slices_are_independent():
    correct = (np.arange(400) % 5 > 0).astype(int)
    found = intervals.interval(right, np.ones(400, int), correct, np.arange(400))
    low, high = stats.binom.ppf([0.025, 0.975], 400, 0.8) / 400
    assert found.value == 0.8
    assert abs(found.low - low) < 0.01 and abs(found.high - high) < 0.01


def test_no_error_at_all_is_no_certainty():
    groups = np.repeat(np.arange(20), 5)
    truth = np.ones(100, int)
    limit = 0.025 ** (1 / 20)
    perfect = intervals.interval(right, truth, truth, groups)
    assert (perfect.low, perfect.high) == pytest.approx((limit, 1))
    hopeless = intervals.interval(right, truth, 0 * truth, groups)
    assert (hopeless.low, hopeless.high) == pytest.approx((0, 1 - limit))


def test_a_mean_is_resampled_as_interval_does_and_leaves_nan_out():
    correct, groups = patients(np.random.default_rng(8))
    expected = intervals.interval(right, np.ones(len(correct), int), correct, groups)
    found = intervals.mean(correct, groups)
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )
    some = np.where(groups < 30, correct, np.nan)
    assert intervals.mean(some, groups).value == correct[groups < 30].mean()
    with pytest.raises(CourseError, match="No slice has a value"):
        intervals.mean(np.full(len(groups), np.nan), groups)


@pytest.mark.parametrize("share", [0, 1])
def test_a_share_of_0_or_1_is_not_certain_and_stays_a_share(share):
    found = intervals.mean(np.full(60, share), np.repeat(np.arange(20), 3))
    limit = 1 - 0.025 ** (1 / 20)
    expected = (0, limit) if share == 0 else (1 - limit, 1)
    assert (found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize("value", [-1, 0, 1])
def test_equal_differences_leave_either_side_a_chance(value):
    found = intervals.mean_difference(np.full(60, value), np.repeat(np.arange(20), 3))
    limit = 1 - 0.025 ** (1 / 20)
    expected = max(value - limit, -1), min(value + limit, 1)
    assert (found.value, found.low, found.high) == pytest.approx((value, *expected))


def test_differences_are_resampled_as_shares_are():
    correct, groups = patients(np.random.default_rng(8))
    other, _ = patients(np.random.default_rng(9))
    found = intervals.mean_difference(correct - other, groups)
    expected = intervals.paired_difference(right, np.ones(400, int), correct, other, groups)
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )


def test_one_group_gives_a_value_and_no_interval():
    labels, predicted = np.array([0, 0, 0, 1]), np.zeros(4, int)
    for found in (
        intervals.interval(right, labels, predicted, ["p"] * 4),
        intervals.mean(labels == predicted, ["p"] * 4),
    ):
        assert found.value == 0.75 and np.isnan([found.low, found.high]).all()
    assert intervals.mean([1, 0, np.nan], ["p", "p", "q"]).value == 0.5
    found = intervals.paired_difference(right, labels, labels, predicted, ["p"] * 4)
    assert str(found) == "25.0% (no interval)"


def test_no_group_is_drawn_more_or_less_often_than_others():
    draws = []
    intervals.resampled(lambda drawn: draws.append(drawn) or np.zeros(len(drawn)), 30)
    (drawn,) = draws
    assert drawn.shape == (intervals.RESAMPLES, 30) and (drawn.sum(axis=1) == 30).all()
    assert abs(drawn.mean(axis=0) - 1).max() < 0.1


def test_a_statistic_undefined_in_some_resamples_keeps_its_interval():
    labels = np.repeat([0, 1], [95, 5])
    groups = np.repeat(np.arange(20), 5)

    def recall_of_the_rare_class(labels, predicted):
        return np.mean(predicted[labels == 1] == 1) if (labels == 1).any() else np.nan

    predicted = labels.copy()
    predicted[-2:] = 0
    found = intervals.interval(recall_of_the_rare_class, labels, predicted, groups)
    assert found.value == 0.6
    assert found.low <= 0.6 <= found.high


def test_a_band_gives_limits_for_every_point_of_a_curve():
    rng = np.random.default_rng(2)
    correct, groups = patients(rng)
    low, high = intervals.band(
        lambda p: np.array([np.mean(p == 1), np.mean(p == 0)]), [correct], groups
    )
    assert low.shape == high.shape == (2,)
    assert low[0] == pytest.approx(1 - high[1])
    assert low[0] < correct.mean() < high[0]


def test_the_same_answers_have_the_same_interval_every_time():
    correct, groups = patients(np.random.default_rng(3))
    truth = np.ones(len(correct), int)
    first = intervals.interval(right, truth, correct, groups)
    assert first == intervals.interval(right, truth, correct, groups)


@pytest.mark.parametrize(
    ("labels", "probabilities", "groups", "says"),
    [
        ([0, 1], [[0.5, 0.5]], [0, 1], "2 labels and predictions for 1 slices"),
        ([], [], [], "at least one"),
        ([0, 1], [[2.0, -1.0], [0.5, 0.5]], [0, 1], "add up to 1"),
        ([0, 1], [[0.9, 0.9], [0.5, 0.5]], [0, 1], "1.8 at most"),
        ([0, 1], [[np.nan, 0.9], [0.5, 0.5]], [0, 1], "add up to"),
        ([0, 2], [[0.5, 0.5], [0.5, 0.5]], [0, 1], "Class 2 does not exist"),
        ([0, -1], [0, 1], [0, 1], "whole numbers"),
        ([0.5, 1], [0, 1], [0, 1], "whole numbers"),
        ([0, 1], [0, 1], [0], "2 slices, but groups for 1"),
        ([0, 1], [0, 1], [0, None], "2 slices, but groups for 1"),
    ],
)
def test_what_does_not_fit_together_is_refused_in_words(labels, probabilities, groups, says):
    with pytest.raises(CourseError, match=says):
        intervals.interval(lambda y, p: 0.5, np.array(labels), np.array(probabilities), groups)


def test_a_change_is_the_difference_of_a_statistic_on_the_same_resamples():
    rng = np.random.default_rng(2)
    labels, groups = patients(rng)
    better = np.where(rng.random(len(labels)) < 0.1, 1 - labels, labels)
    worse = np.where(rng.random(len(labels)) < 0.2, 1 - better, better)
    change = intervals.paired_difference(right, labels, better, worse, groups)
    assert change.value == pytest.approx(right(labels, better) - right(labels, worse))
    assert change.low < change.value < change.high
    back = intervals.paired_difference(right, labels, worse, better, groups)
    assert [back.low, back.high] == pytest.approx([-change.high, -change.low], abs=1e-3)
    # Any statistic of labels and predicted classes serves, and so do probabilities.
    share = intervals.paired_difference(lambda _, p: np.mean(p), labels, better, worse, groups)
    assert share.value == pytest.approx(better.mean() - worse.mean())
    soft = [np.eye(2)[predicted] for predicted in (better, worse)]
    assert intervals.paired_difference(right, labels, *soft, groups) == change
    # Where one is always right and the other never, the sign decides the side and no more.
    best = intervals.paired_difference(right, labels, labels, 1 - labels, groups)
    worst = intervals.paired_difference(right, labels, 1 - labels, labels, groups)
    assert (worst.low, worst.high) == (-best.high, -best.low) == (-1, -best.low)
    assert best.low == pytest.approx(0.025 ** (1 / 40))


def test_a_change_is_paired():
    # Half of the patients are hard for both, and one slice of each tells the two apart.
    groups = np.repeat(np.arange(40), 10)
    labels = np.zeros(400, int)
    a = np.repeat(np.arange(40) % 2, 10)
    b = a.copy()
    b[::10] = 1
    change = intervals.paired_difference(right, labels, a, b, groups)
    alone = intervals.interval(right, labels, a, groups)
    assert change.value == pytest.approx(0.05)
    assert change.high - change.low < (alone.high - alone.low) / 4


def test_without_any_change_either_may_be_ahead_a_little():
    labels, groups = np.zeros(60, int), np.repeat(np.arange(20), 3)
    change = intervals.paired_difference(right, labels, labels, labels, groups)
    assert change.value == 0 and change.low == -change.high
    assert change.high == pytest.approx(1 - 0.025 ** (1 / 20))
