"""Whether a classifier's confidence can be believed, and what to do with it.

The *confidence* of a prediction is the probability of the class it names.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import optimize, special

from course_utils import settings
from course_utils.core.errors import CourseError
from course_utils.evaluation.intervals import band, check, honest, predictions

BINS = 15
COVERAGES = np.arange(1, 21) / 20
TEMPERATURES = (0.05, 20.0)


def ece(
    labels: np.ndarray,
    probabilities: np.ndarray,
    bins: int = BINS,
    scheme: str = "width",
) -> float:
    """Expected calibration error: mean gap between confidence and accuracy over bins.

    Each bin counts by its share of slices (Guo et al. 2017, arXiv 1706.04599). The figure
    depends on the bins: with more of them each holds fewer slices, and chance alone opens gaps.

    Parameters
    ----------
    labels : ndarray of int, (slices,)
    probabilities : ndarray of float, (slices, classes)
    bins : int
        How many bins.
    scheme : {"width", "count"}
        Bins of equal width from 0 to 1, or with equally many slices (equal confidences are
        never parted).

    Returns
    -------
    float
        From 0 (confidence equals accuracy in every bin) to 1.

    Raises
    ------
    CourseError
        If the inputs do not belong together, or there is no such scheme.
    """
    confidence, right = _confidence(labels, probabilities)
    number = _bin(confidence, _edges(confidence, bins, scheme))
    # A bin's share times its mean gap is its summed gap over all slices.
    gaps = np.bincount(number, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(right))


def reliability(
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: Sequence,
    bins: int = BINS,
    scheme: str = "width",
    seed: int = settings.SEED,
) -> pd.DataFrame:
    """Confidence and accuracy bin by bin, the table behind a reliability diagram.

    Parameters are those of :func:`ece`, and the group of each slice.

    Returns
    -------
    pandas.DataFrame
        A row a bin that holds slices; columns from, to, slices, confidence, accuracy, and low
        and high, the 95% limits of the accuracy when groups are resampled.
    """
    confidence, right = _confidence(labels, probabilities)
    edges = _edges(confidence, bins, scheme)
    number = _bin(confidence, edges)

    def accuracy(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        confidence, right = _confidence(labels, probabilities)
        number = _bin(confidence, edges)
        slices = np.bincount(number, minlength=bins)
        right = np.bincount(number, weights=right, minlength=bins)
        return np.divide(right, slices, out=np.full(bins, np.nan), where=slices > 0)

    low, high = band(accuracy, labels, probabilities, groups, seed)
    table = pd.DataFrame({"confidence": confidence, "accuracy": right}).groupby(number).mean()
    here = table.index.to_numpy()
    table.insert(0, "from", edges[here])
    table.insert(1, "to", edges[here + 1])
    table.insert(2, "slices", np.bincount(number)[here])
    told = pd.Series(groups).reset_index(drop=True).groupby(number).nunique()
    limits = [
        honest(*row) for row in zip(table["accuracy"], low[here], high[here], told, strict=True)
    ]
    table["low"], table["high"] = [e.low for e in limits], [e.high for e in limits]
    return table.reset_index(drop=True)


def brier(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared distance between probabilities and truth, summed over classes: 0 to 2.

    Unlike the ECE it needs no bins, and it also falls when a model tells the classes apart
    better (Brier 1950).
    """
    labels, probabilities = _probabilities(labels, probabilities)
    return float(((probabilities - np.eye(probabilities.shape[1])[labels]) ** 2).sum(1).mean())


def fit_temperature(labels: np.ndarray, logits: np.ndarray) -> float:
    """Find the temperature that makes the labels most probable.

    Fit it on validation slices: never on the slices that calibration is then measured on, and
    not on training slices, of which the model is too sure.

    Parameters
    ----------
    labels : ndarray of int, (slices,)
    logits : ndarray of float, (slices, classes)
        Scores before the softmax. Logarithms of the probabilities serve as well: they differ
        only by a constant a slice.

    Returns
    -------
    float
        Above 1 where the model is too sure of itself, below 1 where it is too modest
        (Guo et al. 2017, arXiv 1706.04599).

    Raises
    ------
    CourseError
        If every slice is right, so that no temperature is too cold.
    """
    labels, logits = np.asarray(labels), np.asarray(logits, dtype=float)
    check(labels, special.softmax(logits, axis=1))
    if (logits.argmax(axis=1) == labels).all():
        raise CourseError(
            f"All {len(labels)} validation slices are classified rightly, so no temperature can "
            "be fitted: use more validation slices."
        )

    def surprise(log_temperature: float) -> float:
        scaled = special.log_softmax(logits / np.exp(log_temperature), axis=1)
        return -scaled[np.arange(len(labels)), labels].mean()

    found = optimize.minimize_scalar(surprise, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def scaled(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities at a temperature: softmax of logits over it, (slices, classes).

    The order of the classes, and so the accuracy, stays as it is.
    """
    return special.softmax(np.asarray(logits, dtype=float) / temperature, axis=1)


def risk_coverage(
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: Sequence,
    seed: int = settings.SEED,
) -> pd.DataFrame:
    """Share of errors among the most confident slices, as more and more are answered.

    Returns
    -------
    pandas.DataFrame
        A row for each twentieth of the slices; columns coverage (share answered), threshold
        (least confidence answered), risk (share of errors among the answered), and low and
        high, the 95% limits of the risk when groups are resampled (Geifman & El-Yaniv 2017,
        arXiv 1705.08500).
    """
    confidence, _ = _confidence(labels, probabilities)
    answered = _answered(len(confidence))
    low, high = band(
        lambda *part: _risks(*part)[_answered(len(part[0])) - 1],
        labels,
        probabilities,
        groups,
        seed,
    )
    # Coverage by coverage: how many groups are among the answered?
    order = np.argsort(-confidence, kind="stable")
    codes = pd.factorize(np.asarray(groups)[order])[0]
    told = [len(np.unique(codes[:count])) for count in answered]
    risks = _risks(labels, probabilities)[answered - 1]
    limits = [honest(*row) for row in zip(risks, low, high, told, strict=True)]
    return pd.DataFrame(
        {
            "coverage": answered / len(confidence),
            "threshold": confidence[order][answered - 1],
            "risk": risks,
            "low": [estimate.low for estimate in limits],
            "high": [estimate.high for estimate in limits],
        }
    )


def aurc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Area under the risk-coverage curve: the mean risk over every coverage, 0 at best."""
    return float(_risks(labels, probabilities).mean())


def referral_threshold(labels: np.ndarray, probabilities: np.ndarray, wanted: float) -> float:
    """Least confidence to answer with, so that the answers are right often enough.

    Parameters
    ----------
    labels, probabilities : ndarray
        Of validation slices; check what the rule then does on test slices.
    wanted : float
        Accuracy wanted among the answers, 0 to 1.

    Returns
    -------
    float
        Slices at or above this confidence are answered, all others referred to a radiologist.

    Raises
    ------
    CourseError
        If no threshold reaches the accuracy wanted.
    """
    confidence, right = _confidence(labels, probabilities)
    order = np.argsort(-confidence, kind="stable")
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1) >= wanted
    # Equal confidences are answered together, so a cut can only come after the last of them.
    reached &= np.append(np.diff(confidence[order]) < 0, True)
    if not reached.any():
        raise CourseError(
            f"No confidence is high enough for {wanted:.1%} right answers on these slices: ask "
            "for less, or use a better model."
        )
    return float(confidence[order][np.flatnonzero(reached)[-1]])


def _probabilities(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels, probabilities = check(labels, probabilities)
    if probabilities.ndim != 2:
        raise CourseError(
            "Calibration needs the probabilities of all classes, not only the predicted class."
        )
    return labels, probabilities


def _confidence(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Confidence of each prediction, and whether it is right."""
    labels, probabilities = _probabilities(labels, probabilities)
    return probabilities.max(axis=1), predictions(probabilities) == labels


def _edges(confidence: np.ndarray, bins: int, scheme: str) -> np.ndarray:
    if bins < 1:
        raise CourseError(f"There must be at least one bin, not {bins}.")
    if scheme == "width":
        return np.linspace(0, 1, bins + 1)
    if scheme == "count":
        return np.quantile(confidence, np.linspace(0, 1, bins + 1))
    raise CourseError(f"There are no bins by {scheme!r}: use 'width' or 'count'.")


def _bin(confidence: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Number of the bin, which holds its upper edge but not its lower one."""
    return np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)


def _risks(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Share of errors among the 1, 2, 3, ... most confident slices."""
    confidence, right = _confidence(labels, probabilities)
    # Where confidences tie, the order is that of the slices.
    wrong = ~right[np.argsort(-confidence, kind="stable")]
    return np.cumsum(wrong) / np.arange(1, len(wrong) + 1)


def _answered(slices: int) -> np.ndarray:
    """How many slices make up each coverage, at least one."""
    return np.maximum(1, np.round(COVERAGES * slices).astype(int))
