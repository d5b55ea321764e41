"""What counts as right in the exercises of lesson 06."""

import numpy as np
from scipy import special

from course_utils import settings
from course_utils.exercises.common import Wrong, array, number, rule_out, trying


def calibration_error(answer: object, data: object) -> None:
    """06.1: a function of confidence and right that returns the ECE in ten bins."""
    rng = np.random.default_rng(settings.SEED)
    confidence = rng.uniform(0.3, 1, 500)
    # As often right when unsure as when sure: too modest in low bins, too bold in high ones.
    right = rng.random(500) < 0.75
    with trying(answer, "confidence and right") as error:
        given = error(confidence, right)
    gap = confidence - right
    bins = np.minimum((confidence * 10).astype(int), 9)
    gaps = np.array([gap[bins == one].mean() for one in np.unique(bins)])
    shares = np.unique(bins, return_counts=True)[1] / len(bins)
    mistakes = {
        np.abs(gaps).mean(): "Weigh each bin by its share of the slices.",
        abs(gap.mean()): "That is one bin for all: gaps upwards and downwards cancel. Use ten.",
        np.abs(gap).mean(): "Those are gaps of single slices. Take the means of each bin first.",
        gap.mean(): "Take the gaps without their sign.",
    }
    hint = "Ten bins of equal width, the gap between the two means in each, weighed by size."
    number(given, shares @ np.abs(gaps), mistakes, hint, tolerance=0.002)


def temperature(answer: object, data: object) -> None:
    """06.2: a function of labels and logits that returns the best temperature on a grid."""
    rng = np.random.default_rng(settings.SEED)
    sure = rng.normal(size=(600, 3)) * 2
    labels = (rng.random((600, 1)) > special.softmax(sure, axis=1).cumsum(axis=1)).sum(axis=1)
    logits = sure * 0.8
    with trying(answer, "labels and logits") as fit:
        given = fit(labels, logits)
    grid = np.arange(0.5, 4.001, 0.05)
    losses = [_cross_entropy(labels, logits / t) for t in grid]
    multiplied = [_cross_entropy(labels, logits * t) for t in grid]
    truth = float(grid[np.argmin(losses)])
    mistakes = {
        float(min(losses)): "That is the lowest cross-entropy. Return its temperature.",
        float(np.argmin(losses)): "That is its place in the grid. Return the temperature.",
        float(grid[np.argmin(multiplied)]): "Divide the logits by the temperature; do not multiply "
        "them.",
        0.5: "That is the lowest temperature of all. Divide the logits, not the probabilities, "
        "take the softmax after it, and of that the probability of the true class.",
        4.0: "That is the last temperature of all. Keep the one with the lowest loss.",
    }
    hint = "Minus the logarithm of the true class's probability, its mean, and where that is least."
    number(given, truth, mistakes, hint, tolerance=0.026)


def risk_by_patient(answer: object, data: object) -> None:
    """06.3: a function that returns the share of errors among the surest patients."""
    rng = np.random.default_rng(1)
    sizes = np.tile([2, 3, 9], 10)
    groups = np.repeat([f"P{place:02}" for place in rng.permutation(30)], sizes)
    labels = np.repeat(rng.integers(0, 3, 30), sizes)
    hard = np.repeat(rng.random(30), sizes)
    logits = rng.normal(size=(len(labels), 3)) * (1 + hard[:, None])
    logits[np.arange(len(labels)), labels] += 2.2 * (1 - hard)
    probabilities = special.softmax(logits, axis=1)
    with trying(answer, "labels, probabilities, groups and coverage") as risk:
        given = risk(labels, probabilities, groups, 0.6)
    names, first = np.unique(groups, return_index=True)
    means = np.array([probabilities[groups == name].mean(axis=0) for name in names])
    each = probabilities.argmax(axis=1)
    votes = np.array([np.bincount(each[groups == name]).argmax() for name in names])
    wrong = means.argmax(axis=1) != labels[first]
    surest = np.argsort(-means.max(axis=1))
    answered = wrong[surest[:18]]
    surest_slices = np.argsort(-probabilities.max(axis=1))[: round(0.6 * len(each))]
    mistakes = {
        (each != labels)[surest_slices].mean(): "That is the risk by slice. Average the slices of "
        "each patient first, and count patients.",
        1 - answered.mean(): "That is the share of right answers. The risk is that of errors.",
        wrong[surest[-18:]].mean(): "Those are the least confident patients. The surest are "
        "answered first.",
        wrong[:18].mean(): "Sort the patients by confidence before you cut.",
        wrong.mean(): "That is the risk of all patients. Answer a share `coverage` of them.",
        answered.sum(): "That is the number of errors. Divide by the answers.",
        answered.sum() / 30: "Divide by the patients that are answered, not by all.",
        (votes != labels[first])[surest[:18]].mean(): "That is a vote. Take the mean of the "
        "probabilities.",
    }
    hint = "One row of mean probabilities for each patient, the surest first, then the errors."
    number(given, answered.mean(), mistakes, hint, tolerance=1e-6)


def conformal(answer: object, data: object) -> None:
    """06.4: a function that returns sets which cover all slices of a new patient at once."""
    rng = np.random.default_rng(settings.SEED)
    sizes = np.tile([2, 5, 8], 5)
    groups, labels = np.repeat(rng.permutation(15), sizes), rng.integers(0, 3, sizes.sum())
    shift = np.repeat(rng.normal(size=15), sizes)
    logits = rng.normal(size=(len(labels), 3))
    logits[np.arange(len(labels)), labels] += 1.5 + shift
    probabilities = special.softmax(logits, axis=1)
    new = special.softmax(rng.normal(size=(400, 3)) * 2, axis=1)
    scores = 1 - probabilities[np.arange(len(labels)), labels]
    by_patient = [scores[groups == one] for one in range(15)]
    with trying(answer, "probabilities, labels, groups, new and promise") as sets:
        given, all_named = (
            array(sets(probabilities, labels, groups, new, promise), "True or False for each of "
                  "400 slices and 3 classes", (400, 3))
            for promise in (0.8, 0.95)
        )  # fmt: skip

    def cut(values: np.ndarray, rank: float) -> np.ndarray:
        values = np.sort(values)
        return 1 - new <= values[min(int(np.ceil(rank - 1e-9)), len(values)) - 1]

    worst = np.array([each.max() for each in by_patient])
    means = np.array([each.mean() for each in by_patient])
    truth = cut(worst, 16 * 0.8)
    mistakes = {
        "Those are the classes outside the set: a class is in where its score is low.": ~truth,
        "It counts slices. Those of one patient are alike: give each patient one score.": cut(
            scores, (len(scores) + 1) * 0.8
        ),
        "That is the patient's mean score. All slices are covered only if the strangest is.": cut(
            means, 16 * 0.8
        ),
        "That is the patient's least strange slice: take the strangest.": cut(
            np.array([each.min() for each in by_patient]), 16 * 0.8
        ),
        "Count the new patient, too: k is (n + 1) times the promise, rounded up.": cut(
            worst, 15 * 0.8
        ),
        "That threshold is far too low: the share below it is the promise, not what is left of "
        "it.": cut(worst, 16 * 0.2),
        "The score is 1 minus the probability: compare 1 - new with the threshold.": new
        <= np.sort(worst)[12],
    }
    if not (given == truth).all():
        rule_out(given, mistakes)
        raise Wrong(
            "Those are not the sets: one score for each patient, its highest; the k-th smallest of "
            "them; then every class of a new slice whose score does not exceed it."
        )
    if not all_named.all():
        raise Wrong(
            "Of 15 patients none can promise 95%: k is 16, and there is no sixteenth score. Then "
            "nothing can be ruled out, so name every class."
        )


def _cross_entropy(labels: np.ndarray, logits: np.ndarray) -> float:
    return -special.log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()


CHECKS = {
    "06.1": calibration_error,
    "06.2": temperature,
    "06.3": risk_by_patient,
    "06.4": conformal,
}
