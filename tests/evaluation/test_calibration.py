"""Calibration, selective prediction."""

import numpy as np
import pytest
from scipy import special

from course_utils.core.errors import CourseError
from course_utils.evaluation import calibration


def of_confidence(confidence):
    """Probabilities of two classes, the first one with the given confidence."""
    confidence = np.asarray(confidence, dtype=float)
    return np.column_stack([confidence, 1 - confidence])


def drawn(temperature, slices=4000, seed=0):
    """Labels drawn from the probabilities at temperature 1, and logits that are off by it."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(slices, 4)) * 2
    chances = special.softmax(logits, axis=1)
    labels = (rng.random((slices, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    return labels, logits * temperature


def test_ece_by_hand():
    # Three slices of confidence 0.85, two right; two of confidence 0.65, both right.
    labels = np.array([0, 0, 1, 0, 0])
    probabilities = of_confidence([0.85, 0.85, 0.85, 0.65, 0.65])
    expected = 3 / 5 * (0.85 - 2 / 3) + 2 / 5 * (1 - 0.65)
    assert calibration.ece(labels, probabilities, bins=10) == pytest.approx(expected)
    # In one bin the gaps partly cancel: the figure depends on the bins.
    assert calibration.ece(labels, probabilities, bins=1) == pytest.approx(abs(0.77 - 0.8))


def test_bins_of_equal_mass_by_hand():
    # The surest two are both right, the others half.
    labels, probabilities = np.array([0, 1, 0, 0]), of_confidence([0.7, 0.9, 0.96, 0.98])
    expected = (abs(0.8 - 0.5) + abs(0.97 - 1)) / 2
    found = calibration.ece(labels, probabilities, bins=2, equal="mass")
    assert found == pytest.approx(expected)
    assert calibration.ece(labels, probabilities, bins=2) == pytest.approx(abs(0.885 - 0.75))
    with pytest.raises(CourseError, match="no kind of bin called 'size'"):
        calibration.ece(labels, probabilities, equal="size")


def test_what_perfect_calibration_gives_by_chance():
    rng = np.random.default_rng(0)
    logits = np.repeat(rng.normal(size=(60, 4)) * 2, 10, axis=0)
    probabilities = calibration.scaled(logits + rng.normal(size=(600, 4)), 1)
    single = calibration.perfect(calibration.ece, probabilities, np.arange(600))
    assert 0 < single.low < single.value < single.high
    # Patients are fewer than slices: where each is right or wrong throughout, chance is larger.
    whole = calibration.perfect(calibration.ece, probabilities, np.arange(600) // 10)
    assert whole.value > 1.15 * single.value and whole.high > 1.2 * single.high
    # Whoever decides together, the labels are as often right as the probabilities say.
    for groups in (np.arange(600), np.arange(600) // 10):
        right = calibration.perfect(
            lambda labels, p: np.mean(labels == p.argmax(axis=1)), probabilities, groups
        )
        assert right.value == pytest.approx(probabilities.max(axis=1).mean(), abs=0.01)


def test_chance_covers_a_perfect_network_and_not_one_that_is_too_sure():
    inside = []
    for seed in range(20):
        labels, logits = drawn(1, slices=400, seed=seed)
        p = calibration.scaled(logits, 1)
        by_chance = calibration.perfect(calibration.ece, p, np.arange(400))
        inside.append(by_chance.low <= calibration.ece(labels, p) <= by_chance.high)
    assert np.mean(inside) >= 0.8
    sure = calibration.scaled(logits * 3, 1)
    by_chance = calibration.perfect(calibration.ece, sure, np.arange(400))
    assert calibration.ece(labels, sure) > by_chance.high


def test_a_bin_holds_its_upper_edge():
    table = calibration.reliability([0, 0], of_confidence([0.5, 0.6]), [0, 1], bins=2)
    assert table["to"].tolist() == [0.5, 1.0]
    table = calibration.reliability([0, 0], of_confidence([1.0, 0.6]), [0, 1], bins=2)
    assert table["slices"].tolist() == [2]


def test_a_bin_without_errors_is_as_sure_as_its_groups_are_many():
    labels, groups = np.zeros(40, int), np.arange(40) // 2
    probabilities = of_confidence(np.repeat([0.7, 0.9], 20))
    table = calibration.reliability(labels, probabilities, groups, bins=10)
    assert table["low"].tolist() == pytest.approx([0.025 ** (1 / 15)] * 2)
    assert table["high"].tolist() == [1, 1]
    # A bin of one group says nothing about others.
    table = calibration.reliability(labels, probabilities, np.minimum(groups, 10), bins=10)
    assert table["low"].isna().tolist() == table["high"].isna().tolist() == [False, True]


def test_the_bins_of_the_diagram_are_those_of_the_error():
    labels, logits = drawn(2)
    probabilities = calibration.scaled(logits, 1)
    table = calibration.reliability(labels, probabilities, np.arange(len(labels)) // 4)
    gaps = (table["confidence"] - table["accuracy"]).abs() * table["slices"]
    assert calibration.ece(labels, probabilities) == pytest.approx(gaps.sum() / 4000)


def test_a_calibrated_model_lies_on_the_diagonal():
    labels, logits = drawn(1)
    probabilities = calibration.scaled(logits, 1)
    assert calibration.ece(labels, probabilities) < 0.03
    table = calibration.reliability(labels, probabilities, np.arange(4000) // 4, bins=10)
    assert (
        (table["low"] <= table["confidence"]) & (table["confidence"] <= table["high"])
    ).mean() > 0.7
    assert (table["from"] < table["confidence"]).all() and (
        table["confidence"] <= table["to"]
    ).all()
    assert table["slices"].sum() == 4000


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found_and_mends_calibration_but_not_accuracy(temperature):
    labels, logits = drawn(temperature)
    fitted = calibration.fit_temperature(labels[:2000], logits[:2000])
    assert fitted == pytest.approx(temperature, rel=0.1)
    before = calibration.scaled(logits[2000:], 1)
    after = calibration.scaled(logits[2000:], fitted)
    assert (before.argmax(1) == after.argmax(1)).all()
    if temperature != 1:
        assert calibration.ece(labels[2000:], after) < calibration.ece(labels[2000:], before) / 3


def test_logarithms_of_probabilities_serve_as_logits():
    labels, logits = drawn(2)
    logarithms = np.log(special.softmax(logits, axis=1))
    expected = calibration.fit_temperature(labels, logits)
    assert calibration.fit_temperature(labels, logarithms) == pytest.approx(expected)


def test_no_temperature_fits_where_nothing_is_wrong():
    labels = np.array([0, 1, 2, 3])
    with pytest.raises(CourseError, match="classified rightly"):
        calibration.fit_temperature(labels, 5 * np.eye(4))


def test_brier_by_hand():
    labels = np.array([0, 1])
    probabilities = np.array([[1.0, 0.0], [0.7, 0.3]])
    assert calibration.brier(labels, probabilities) == pytest.approx((0 + 2 * 0.7**2) / 2)
    # As wrong as can be, whether there are two classes or three, and whichever of them occur.
    assert calibration.brier([0, 0], np.eye(2)[[1, 1]]) == 2
    assert calibration.brier([0, 0], np.eye(3)[[1, 2]]) == 2


def test_brier_does_not_warn_of_32_bit_probabilities(recwarn):
    logits = np.random.default_rng(0).normal(size=(500, 4)) * 3
    probabilities = calibration.scaled(logits, 1).astype(np.float32)
    labels = np.arange(500) % 4
    by_hand = ((probabilities - np.eye(4)[labels]) ** 2).sum(axis=1).mean()
    assert calibration.brier(labels, probabilities) == pytest.approx(by_hand, rel=1e-6)
    assert not recwarn.list


def test_risk_rises_with_coverage_where_confidence_means_something():
    # The most confident half is right, the other half wrong.
    labels = np.repeat([0, 1], 50)
    probabilities = of_confidence(np.linspace(0.99, 0.51, 100))
    curve = calibration.risk_coverage(labels, probabilities, np.arange(100) // 2)
    assert curve["coverage"].tolist() == pytest.approx(list(np.arange(1, 21) / 20))
    assert curve["risk"].tolist() == pytest.approx([0] * 10 + [1 - 10 / k for k in range(11, 21)])
    # The surest 15 are all right, but seven groups of two and one of one are few.
    worth = 1.5 * 15**2 / (7 * 2**2 + 1)
    assert curve["high"].iloc[2] == pytest.approx(1 - 0.025 ** (1 / worth))
    assert curve["threshold"].iloc[-1] == pytest.approx(0.51)
    assert (curve["low"] <= curve["risk"]).all() and (curve["risk"] <= curve["high"]).all()
    expected = sum(max(0, k - 50) / k for k in range(1, 101)) / 100
    assert calibration.aurc(labels, probabilities) == pytest.approx(expected)


def test_the_referral_threshold_keeps_as_many_as_the_wish_allows():
    labels = np.array([0, 0, 0, 1, 1])
    probabilities = of_confidence([0.9, 0.8, 0.7, 0.6, 0.55])
    assert calibration.referral_threshold(labels, probabilities, 1.0) == 0.7
    assert calibration.referral_threshold(labels, probabilities, 0.75) == 0.6
    assert calibration.referral_threshold(labels, probabilities, 0.5) == 0.55
    with pytest.raises(CourseError, match="No confidence is high enough"):
        calibration.referral_threshold(1 - labels[:3], probabilities[:3], 0.9)


def test_equal_confidences_are_answered_together():
    labels = np.array([0, 0, 1])
    with pytest.raises(CourseError, match="No confidence"):
        calibration.referral_threshold(labels, of_confidence([0.8, 0.8, 0.8]), 0.9)
    assert calibration.referral_threshold(labels, of_confidence([0.9, 0.9, 0.8]), 0.9) == 0.9


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: calibration.ece([0], of_confidence([0.5]), bins=0), "at least one bin"),
        (lambda: calibration.ece([0], [0]), "probabilities of all classes"),
        (lambda: calibration.brier([0], [[0.7, 0.7]]), "add up to 1"),
        (lambda: calibration.fit_temperature([2], [[1.0, 2.0]]), "Class 2 does not exist"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(call, says):
    with pytest.raises(CourseError, match=says):
        call()
