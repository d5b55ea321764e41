"""Whether a classifier's confidence can be believed, and what to do with it.

The *confidence* of a prediction is the probability of the class it names.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy import optimize, special
from sklearn.metrics import brier_score_loss

from course_utils import settings
from course_utils.core.errors import CourseError, look_up
from course_utils.evaluation import intervals

BINS = 15
DRAWS = 400
COVERAGES = np.arange(1, 21) / 20
TEMPERATURES = (0.05, 20.0)


def ece(labels, probabilities, bins: int = BINS, equal: str = "width") -> float:
    """Expected calibration error: mean gap between confidence and accuracy over bins, 0 to 1.

    Bins count by their share of slices. They are of equal width (Guo et al. 2017, arXiv
    1706.04599) or of equal ``"mass"``, which is to hold equally many slices (Nixon et al. 2019,
    arXiv 1904.01685). The more of them, the fewer slices each holds, and chance alone opens gaps:
    :func:`perfect` says how wide.
    """
    confidence, right, number = _binned(labels, probabilities, bins)
    if look_up({"width": False, "mass": True}, equal, "kind of bin"):
        number = np.argsort(np.argsort(confidence, kind="stable")) * bins // len(right)
    # A bin's share times its mean gap is its summed gap over all slices.
    gaps = np.bincount(number, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(right))


def perfect(statistic: Callable, probabilities, groups: Sequence) -> intervals.Estimate:
    """What ``statistic(labels, probabilities)`` is where calibration is perfect.

    Labels are drawn from the probabilities, again and again (consistency bars: Bröcker & Smith
    2007, doi 10.1175/WAF993.1). One throw decides all slices of a group, so that a patient is hard
    or easy in all of them, as far as their probabilities allow; slices that each are a group of
    their own are decided one by one. Returns the mean and the middle 95% of the statistics.
    """
    probabilities = np.asarray(probabilities, dtype=float)
    codes, count = intervals.members(groups, len(probabilities))
    # Likely classes of the group first: so a high throw is an unlikely label in all its slices.
    means = np.stack([np.bincount(codes, p, count) for p in probabilities.T], axis=1)
    order = np.argsort(-means, axis=1)[codes]
    edges = np.take_along_axis(probabilities, order, axis=1).cumsum(axis=1)
    rng, found = np.random.default_rng(settings.SEED), []
    for _ in range(DRAWS):
        place = (rng.random(count)[codes, None] > edges[:, :-1]).sum(axis=1)
        labels = order[np.arange(len(order)), place]
        found.append(statistic(labels, probabilities))
    low, high = np.quantile(found, intervals.TAILS)
    return intervals.Estimate(float(np.mean(found)), float(low), float(high))


def reliability(labels, probabilities, groups: Sequence, bins: int = BINS) -> pd.DataFrame:
    """Confidence and accuracy in each bin of :func:`ece` that holds slices.

    The columns low and high are the 95% limits of the accuracy, NaN where a bin has one group.
    """
    confidence, right, number = _binned(labels, probabilities, bins)
    codes, _ = intervals.members(groups, len(right))
    table = pd.DataFrame({"confidence": confidence, "accuracy": right}).groupby(number).mean()
    here = table.index.to_numpy()
    edges = np.linspace(0, 1, bins + 1)
    table.insert(0, "from", edges[here])
    table.insert(1, "to", edges[here + 1])
    table.insert(2, "slices", np.bincount(number)[here])
    found = [intervals.mean(right[number == one], codes[number == one]) for one in here]
    table["low"], table["high"] = [e.low for e in found], [e.high for e in found]
    return table.reset_index(drop=True)


def brier(labels, probabilities) -> float:
    """Mean squared distance of probabilities from the truth, summed over classes (Brier 1950).

    0 to 2. Unlike the ECE it needs no bins, and also falls when a model tells classes apart better.
    """
    labels, probabilities = _checked(labels, probabilities)
    # Scikit-learn warns of rows that add up to 1 only nearly, as those of 32-bit numbers do, and
    # halves the score of two classes unless it is told not to.
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True, dtype=float)
    classes = range(probabilities.shape[1])
    return float(brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False))


def fit_temperature(labels, logits) -> float:
    """Find the temperature that makes the labels most probable (Guo et al. 2017).

    It is above 1 where the model is too sure of itself. Fit it on validation slices: never on those
    that calibration is then measured on, nor on training slices, of which the model is too sure.
    Logits are float, (slices, classes); logarithms of probabilities serve as well. Where every
    slice is right no temperature is too cold, and a ``CourseError`` says so.
    """
    labels, logits = np.asarray(labels), np.asarray(logits, dtype=float)
    intervals.check(labels, scaled(logits, 1))
    if (logits.argmax(axis=1) == labels).all():
        raise CourseError(
            f"All {len(labels)} validation slices are classified rightly, so no temperature can "
            "be fitted: use more validation slices."
        )

    def cross_entropy(log_temperature: float) -> float:
        logarithms = special.log_softmax(logits / np.exp(log_temperature), axis=1)
        return -logarithms[np.arange(len(labels)), labels].mean()

    found = optimize.minimize_scalar(cross_entropy, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def scaled(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities at a temperature, (slices, classes): the accuracy stays as it is."""
    return special.softmax(np.asarray(logits, dtype=float) / temperature, axis=1)


def risk_coverage(labels, probabilities, groups: Sequence) -> pd.DataFrame:
    """Share of errors among the most confident slices, as more and more are answered.

    One row per twentieth of the slices; the threshold is the least confidence answered, low and
    high are the 95% limits of the risk at it (Geifman & El-Yaniv 2017, arXiv 1705.08500).
    """
    confidence, right, order = _surest_first(labels, probabilities)
    codes = intervals.members(groups, len(order))[0][order]
    answered = np.maximum(1, np.round(COVERAGES * len(order)).astype(int))
    found = [intervals.mean(~right[:count], codes[:count]) for count in answered]
    table = pd.DataFrame({"coverage": answered / len(order)})
    table["threshold"] = confidence[answered - 1]
    table["risk"], table["low"], table["high"] = np.array([*map(dataclasses.astuple, found)]).T
    return table


def aurc(labels, probabilities) -> float:
    """Area under the risk-coverage curve: the mean risk over every coverage, 0 at best."""
    _, right, _ = _surest_first(labels, probabilities)
    return float(_running_mean(~right).mean())


def referral_threshold(labels, probabilities, wanted: float) -> float:
    """Least confidence to answer with, so that a share ``wanted`` of the answers is right.

    Slices at or above it are answered, all others referred to a radiologist. Choose it on
    validation slices, check it on test slices. A ``CourseError`` says where no threshold will do.
    """
    confidence, right, _ = _surest_first(labels, probabilities)
    # Equal confidences are answered together, so a cut can only come after the last of them.
    last = np.append(np.diff(confidence) < 0, True)
    reached = confidence[last & (_running_mean(right) >= wanted)]
    if not len(reached):
        raise CourseError(
            f"No confidence is high enough for {wanted:.1%} right answers on these slices: ask "
            "for less, or use a better model."
        )
    return float(reached[-1])


def _checked(labels, probabilities) -> tuple[np.ndarray, np.ndarray]:
    labels, probabilities = intervals.check(labels, probabilities)
    if probabilities.ndim != 2:
        raise CourseError(
            "Calibration needs the probabilities of all classes, not only the predicted class."
        )
    return labels, probabilities


def _confidence(labels, probabilities) -> tuple[np.ndarray, np.ndarray]:
    """Confidence of each prediction, and whether it is right."""
    labels, probabilities = _checked(labels, probabilities)
    return probabilities.max(axis=1), intervals.predictions(probabilities) == labels


def _binned(labels, probabilities, bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidences, whether each is right, and the bin: its upper edge is in it, its lower not."""
    confidence, right = _confidence(labels, probabilities)
    if bins < 1:
        raise CourseError(f"There must be at least one bin, not {bins}.")
    edges = np.linspace(0, 1, bins + 1)
    return confidence, right, np.clip(np.searchsorted(edges, confidence) - 1, 0, bins - 1)


def _surest_first(labels, probabilities) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidences in falling order, whether each prediction is right, and the row it is of."""
    confidence, right = _confidence(labels, probabilities)
    # Where confidences tie, the order is that of the slices.
    order = np.argsort(-confidence, kind="stable")
    return confidence[order], right[order], order


def _running_mean(flags: np.ndarray) -> np.ndarray:
    """Share of True among the first 1, 2, 3, ..."""
    return np.cumsum(flags) / np.arange(1, len(flags) + 1)
