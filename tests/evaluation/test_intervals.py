"""Intervals that count groups."""

import numpy as np
import pytest
from scipy import stats

from course_utils.core.errors import CourseError
from course_utils.evaluation import intervals
from course_utils.evaluation.intervals import Estimate


def faultless(slices, groups):
    """Lower limit where all is right: each of equal groups is worth 1.5 independent slices."""
    return 0.025 ** (1 / min(1.5 * groups, slices))


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
    limit = faultless(100, 20)
    perfect = intervals.interval(right, truth, truth, groups)
    assert (perfect.low, perfect.high) == pytest.approx((limit, 1))
    hopeless = intervals.interval(right, truth, 0 * truth, groups)
    assert (hopeless.low, hopeless.high) == pytest.approx((0, 1 - limit))


def test_a_mean_leaves_nan_out():
    correct, groups = patients(np.random.default_rng(8))
    some = np.where(groups < 30, correct, np.nan)
    assert intervals.mean(some, groups) == intervals.mean(correct[groups < 30], groups[groups < 30])
    with pytest.raises(CourseError, match="No slice has a value"):
        intervals.mean(np.full(len(groups), np.nan), groups)


def test_independent_slices_have_the_limits_of_clopper_and_pearson():
    exact = stats.binomtest(1000, 1000).proportion_ci()
    found = intervals.mean(np.ones(1000), np.arange(1000))
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
    exact = stats.binomtest(980, 1000).proportion_ci()
    found = intervals.mean(np.arange(1000) >= 20, np.arange(1000))
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=5e-4)


def test_groups_that_agree_count_as_one_slice_each():
    right = np.arange(400) >= 80
    found = intervals.mean(np.repeat(right, 5), np.repeat(np.arange(400), 5))
    exact = stats.binomtest(320, 400).proportion_ci()
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=2e-3)


@pytest.mark.parametrize("sizes", [[1], [10], [2, 4, 30]])
@pytest.mark.parametrize("count", [2, 5, 20, 60])
def test_a_first_error_makes_no_interval_shorter(count, sizes):
    slices = np.resize(sizes, count)
    groups = np.repeat(np.arange(count), slices)
    found = intervals.mean(np.ones(len(groups)), groups)
    for wrong in (0, len(groups) - 1):
        other = intervals.mean(np.arange(len(groups)) != wrong, groups)
        assert other.high - other.low >= found.high - found.low
        assert 0 <= other.low < min(other.value, found.low) and other.value <= other.high <= 1


def test_few_groups_have_the_limits_of_student():
    shares = np.linspace(0.45, 0.55, 8)
    found = intervals.mean(np.repeat(shares, 200), np.repeat(np.arange(8), 200))
    expected = stats.t.interval(0.95, 7, 0.5, stats.sem(shares))
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-3)


def test_numbers_between_0_and_1_have_the_limits_of_their_own_spread():
    values = np.random.default_rng(0).normal(0.3, 0.05, 400)
    found = intervals.mean(values, np.arange(400))
    margin = 1.96 * 0.05 / 20
    expected = values.mean() - margin, values.mean() + margin
    assert (found.low, found.high) == pytest.approx(expected, abs=5e-4)
    # Where they do not differ at all, they are worth no more than shares of slices.
    alike = intervals.mean(np.full(400, 0.3), np.arange(400))
    assert alike.low < 0.27 and alike.high > 0.33
    with pytest.raises(CourseError, match="between 0 and 1.*one is 3"):
        intervals.mean(np.array([0.5, 3]), [0, 1])
    with pytest.raises(CourseError, match="between 0 and 1.*one is -0.5"):
        intervals.mean(np.array([0.5, -0.5]), [0, 1])


@pytest.mark.parametrize("share", [0, 1])
def test_a_share_of_0_or_1_is_not_certain_and_stays_a_share(share):
    found = intervals.mean(np.full(60, share), np.repeat(np.arange(20), 3))
    limit = 1 - faultless(60, 20)
    expected = (0, limit) if share == 0 else (1 - limit, 1)
    assert (found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize("value", [-1, 0, 1])
def test_equal_differences_leave_either_side_a_chance(value):
    found = intervals.mean_difference(np.full(60, value), np.repeat(np.arange(20), 3))
    limit = 1 - faultless(60, 20)
    # Where one side is always ahead, any slice for the other is one less for it, too.
    limit *= np.sqrt(1 + abs(value))
    expected = max(value - limit, -1), min(value + limit, 1)
    assert (found.value, found.low, found.high) == pytest.approx((value, *expected))


def test_a_difference_agrees_with_resamples_far_from_its_ends():
    correct, groups = patients(np.random.default_rng(8), 200)
    other, _ = patients(np.random.default_rng(9), 200)
    found = intervals.mean_difference(correct - other, groups)
    truth = np.ones(len(groups), int)
    expected = intervals.paired_difference(right, truth, correct, other, groups)
    assert found.value == pytest.approx(expected.value)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=6e-3)
    back = intervals.mean_difference(other - correct, groups)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_shares_are_put_together_by_what_they_have_in_common():
    correct, groups = patients(np.random.default_rng(8))
    one, same = np.ones((400, 1)), np.ones((400, 2))
    alone = intervals.combined(correct[:, None], one, groups, [1])
    # The mean of two shares that are the same is as sure as either, their difference is 0.
    twice = intervals.combined(np.stack([correct] * 2, 1), same, groups, [0.5, 0.5])
    assert (twice.low, twice.high) == pytest.approx((alone.low, alone.high), abs=5e-3)
    none = intervals.combined(np.stack([correct] * 2, 1), same, groups, [1, -1])
    assert none.value == 0 and none.high - none.low < (alone.high - alone.low) / 2
    # Weights that are all as large change nothing, and a share without slices can be anything.
    assert intervals.combined(correct[:, None], 3 * one, groups, [1]) == pytest.approx(alone)
    empty = np.stack([np.ones(400), np.zeros(400)], axis=1)
    found = intervals.combined(np.stack([correct] * 2, 1), empty, groups, [0, 1])
    assert (found.value, found.low, found.high) == (0, 0, 1)


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
    groups = np.arange(30)
    intervals.band(
        lambda rows: draws.append(np.bincount(rows, minlength=30)) or 0, [groups], groups
    )
    assert len(draws) == intervals.RESAMPLES and all(drawn.sum() == 30 for drawn in draws)
    assert abs(np.mean(draws, axis=0) - 1).max() < 0.1


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
    assert best.low == pytest.approx(1 - np.sqrt(2) * (1 - faultless(400, 40)))


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
    assert change.high == pytest.approx(1 - faultless(60, 20))
