"""Metrics with intervals, subgroups and paired tests."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from course_utils import evaluation
from course_utils.core.errors import CourseError
from course_utils.evaluation import intervals

NAMES = ("glioma", "meningioma", "notumor", "pituitary")


@pytest.fixture
def answers():
    """Labels, probabilities and groups of 300 slices in 60 groups, about 70% right."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 5)
    labels = np.repeat(np.arange(60) % 4, 5)
    scores = rng.dirichlet(np.ones(4), 300) + 0.6 * np.eye(4)[labels] * rng.random((300, 1))
    return labels, scores / scores.sum(axis=1, keepdims=True), groups


def test_accuracy_takes_probabilities_or_classes(answers):
    labels, probabilities, groups = answers
    found = evaluation.accuracy(labels, probabilities, groups)
    assert found.value == metrics.accuracy_score(labels, probabilities.argmax(1))
    assert found == evaluation.accuracy(labels, probabilities.argmax(1), groups)
    assert found.low < found.value < found.high


def test_confusion_has_a_row_for_each_true_class():
    table = evaluation.confusion(np.array([0, 0, 3]), np.array([0, 1, 3]), NAMES)
    assert table.loc["glioma", "meningioma"] == 1
    assert table.loc["meningioma", "glioma"] == 0
    assert table.to_numpy().sum() == 3


def test_mixed_up_counts_swaps_within_a_pair_and_nothing_else():
    labels = np.array([0, 0, 0, 1, 1, 2, 3])
    predicted = np.array([1, 0, 2, 0, 3, 0, 1])
    assert evaluation.mixed_up(labels, predicted, (0, 1)) == 2 / 5
    assert evaluation.mixed_up(labels, np.eye(4)[predicted], (1, 0)) == 2 / 5
    assert evaluation.mixed_up(labels, predicted, (0, 2)) == 2 / 4
    found = evaluation.swapped(labels, predicted, (0, 1))
    assert np.array_equal(found, [1, 0, 0, 1, 0, np.nan, np.nan], equal_nan=True)
    assert np.isnan(evaluation.mixed_up(labels[5:], predicted[5:], (0, 1)))


def test_the_report_agrees_with_scikit_learn(answers):
    labels, probabilities, groups = answers
    report = evaluation.report(labels, probabilities, groups, NAMES)
    expected = metrics.precision_recall_fscore_support(labels, probabilities.argmax(1))
    for column, values in zip(("precision", "recall", "f1"), expected, strict=False):
        found = [estimate.value for estimate in report[column]]
        assert found == pytest.approx([*values, values.mean()])
    assert report["slices"].tolist() == [*expected[3], 300]
    assert report["groups"].tolist() == [15, 15, 15, 15, 60]


def test_the_report_has_the_intervals_of_means(answers):
    labels, probabilities, groups = answers
    report = evaluation.report(labels, probabilities, groups, NAMES)
    here, named = labels == 2, probabilities.argmax(1) == 2
    assert report.loc["notumor", "recall"] == intervals.mean(named[here], groups[here])
    assert report.loc["notumor", "precision"] == intervals.mean(here[named], groups[named])
    # Resampling agrees where a score is far from 0 and 1.
    macro = report.loc["macro", "f1"]
    expected = evaluation.interval(
        lambda labels, p: metrics.f1_score(labels, p.argmax(1), average="macro"),
        labels[:300], probabilities, groups,
    )  # fmt: skip
    assert (macro.low, macro.high) == pytest.approx((expected.low, expected.high), abs=0.02)


def test_a_class_nobody_names_has_no_precision_and_an_absent_one_no_recall():
    labels = np.repeat([0, 1, 3], 20)
    report = evaluation.report(labels, np.repeat([0, 0, 3], 20), np.arange(60) // 2, NAMES)
    assert str(report.loc["meningioma", "precision"]) == "0.0% (no interval)"
    assert report.loc["meningioma", "f1"].value == 0
    assert np.isnan(report.loc["notumor", "recall"].value)
    assert report.loc["macro", "recall"].value == pytest.approx(2 / 3)


@pytest.mark.parametrize("names", [("no", "yes"), tuple("abcdef"), ("macro", "micro", "nano")])
def test_any_classes_will_do(names):
    labels = np.repeat(np.arange(len(names)), 10)
    predicted = np.roll(labels, 3)
    groups = np.arange(len(labels)) // 2
    assert list(evaluation.confusion(labels, predicted, names)) == list(names)
    report = evaluation.report(labels, predicted, groups, names)
    assert report.index.tolist() == [*names, "macro"]
    assert [estimate.value for estimate in report["recall"]] == pytest.approx([0.7] * len(report))
    assert report["slices"].tolist() == [10] * len(names) + [len(labels)]
    with pytest.raises(CourseError, match="does not exist"):
        evaluation.confusion(labels, predicted, names[:-1])
    with pytest.raises(CourseError, match="columns of probabilities"):
        evaluation.report(labels, np.eye(len(names) + 1)[labels], groups, names)


def test_all_slices_of_one_patient_are_counted_without_an_interval():
    labels, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    report = evaluation.report(labels, predicted, ["p"] * 4, ("no", "yes"))
    assert report.loc["no", "recall"].value == 0.5
    assert np.isnan([report.loc["macro", "f1"].low, report.loc["macro", "f1"].high]).all()
    assert str(evaluation.accuracy(labels, predicted, ["p"] * 4)) == "75.0% (no interval)"


def test_a_faultless_class_is_only_as_sure_as_its_groups_are_many():
    labels = np.repeat([0, 1, 2, 3], 25)
    report = evaluation.report(labels, labels, np.arange(100) // 5, NAMES)
    # Five groups a class, each worth one and a half slices.
    limit = 0.025 ** (1 / 7.5)
    assert report.loc["glioma", "recall"].low == pytest.approx(limit)
    # Four classes together are surer than one, by as much as four independent numbers are.
    assert report.loc["macro", "recall"].low == pytest.approx(1 - (1 - limit) / 2)


def test_subgroups_are_measured_one_by_one():
    labels = np.zeros(30, int)
    predicted = np.repeat([0, 1, 0], 10)
    plane = np.repeat(["axial", "coronal", "sagittal"], 10)
    table = evaluation.subgroups(labels, predicted, np.arange(30) // 2, plane)
    assert [x.value for x in table["estimate"]] == [1, 0, 1]
    assert table["slices"].tolist() == [10, 10, 10]
    assert table["groups"].tolist() == [5, 5, 5]


def test_a_subgroup_of_one_patient_gets_no_interval_and_a_missing_value_no_row():
    labels = np.zeros(6, int)
    by = np.array(["big", "big", "small", "small", None, None], dtype=object)
    table = evaluation.subgroups(labels, labels, [0, 1, 2, 2, 3, 3], by)
    assert table.index.tolist() == ["big", "small"]
    assert np.isnan(table.loc["small", "estimate"].low)
    assert table.loc["big", "estimate"].low > 0
    with pytest.raises(CourseError, match="2 subgroup values"):
        evaluation.subgroups(labels, labels, np.arange(6), ["a", "b"])


def test_mcnemar_by_hand():
    # a alone is right on 1 slice, b alone on 9: p = 2 (C(10,0) + C(10,1)) / 2^10.
    a = np.array([0] + [1] * 9 + [0] * 20)
    b = np.array([1] + [0] * 9 + [0] * 20)
    found = evaluation.mcnemar(np.zeros(30, int), a, b)
    assert (found.only_a, found.only_b) == (1, 9)
    assert found.pvalue == pytest.approx(2 * (1 + 10) / 2**10)
    assert evaluation.mcnemar(np.zeros(30, int), a, a).pvalue == 1


def test_the_difference_is_a_minus_b_and_narrower_than_two_intervals(answers):
    labels, probabilities, groups = answers
    better = probabilities.copy()
    wrong = np.flatnonzero(probabilities.argmax(1) != labels)[::4]
    better[wrong] = np.eye(4)[labels[wrong]]
    found = evaluation.difference(labels, better, probabilities, groups)
    assert found.value == pytest.approx(len(wrong) / 300)
    assert 0 < found.low < found.value < found.high
    one, other = (evaluation.accuracy(labels, x, groups) for x in (better, probabilities))
    assert found.high - found.low < (one.high - one.low + other.high - other.low) / 2


def test_patients_that_agree_make_the_difference_less_sure():
    rng = np.random.default_rng(4)
    labels = np.zeros(200, int)
    groups = np.arange(200) // 10
    wins = np.repeat(rng.random(20) < 0.6, 10)
    a, b = (~wins).astype(int), wins.astype(int)
    by_patient = evaluation.difference(labels, a, b, groups)
    by_slice = evaluation.difference(labels, a, b, np.arange(200))
    assert by_patient.high - by_patient.low > 2 * (by_slice.high - by_slice.low)


def test_two_equal_classifiers_may_still_differ_a_little(answers):
    labels, probabilities, groups = answers
    found = evaluation.difference(labels, probabilities, probabilities, groups)
    limit = stats.binomtest(0, 90).proportion_ci(0.95, "exact").high
    assert (found.value, found.low, found.high) == pytest.approx((0, -limit, limit))


@pytest.fixture
def planted():
    """Features of 400 slices in 100 groups, labels of which 20 were swapped, and which."""
    rng = np.random.default_rng(6)
    true = np.repeat(np.arange(100) % 4, 4)
    features = rng.normal(size=(400, 8)) + 3 * np.eye(8)[true]
    swapped = rng.choice(400, 20, replace=False)
    labels = true.copy()
    labels[swapped] = (labels[swapped] + rng.integers(1, 4, 20)) % 4
    return features, labels, np.repeat(np.arange(100), 4), swapped, true


def test_planted_label_errors_are_found(planted):
    features, labels, groups, swapped, true = planted
    probabilities = evaluation.cross_validated(features, labels, groups)
    found = evaluation.label_issues(labels, probabilities)
    hits = np.isin(found["row"], swapped)
    assert hits.sum() >= 15
    assert hits.mean() > 0.7
    assert found["quality"].is_monotonic_increasing
    assert (found["label"].to_numpy() == labels[found["row"]]).all()
    assert (found["suggested"].to_numpy() == true[found["row"]])[hits].mean() > 0.8


def test_no_slice_is_judged_by_its_own_patient():
    # A patient's slices are alike, but their labels are noise: nothing can be learnt across
    # patients, and a classifier that saw a slice's own patient would still do well.
    rng = np.random.default_rng(7)
    labels = np.repeat(rng.permutation(np.repeat(np.arange(4), 15)), 5)
    groups = np.repeat(np.arange(60), 5)
    features = np.repeat(rng.normal(size=(60, 50)), 5, axis=0) + 0.01 * rng.normal(size=(300, 50))
    mixed = rng.permutation(300)
    labels, groups, features = labels[mixed], groups[mixed], features[mixed]
    probabilities = evaluation.cross_validated(features, labels, groups)
    assert np.mean(probabilities.argmax(1) == labels) < 0.5


def test_too_few_patients_to_cross_validate_are_refused():
    with pytest.raises(CourseError, match="4 groups are too few"):
        evaluation.cross_validated(np.eye(8), np.arange(8) % 2, np.arange(8) // 2)
