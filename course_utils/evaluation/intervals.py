"""How sure a number is: intervals that resample patients, not slices.

Slices of one patient resemble each other, so they are not independent evidence. Every interval
here therefore resamples *groups* (patients, or sets of near-duplicates), never single slices.
"""

import dataclasses
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from course_utils import settings
from course_utils.core.errors import CourseError

RESAMPLES = 2000
LEVEL = 0.95


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number with the two ends of its 95% interval.

    ``str`` reads it as a percentage, ``84.2% (79.0 to 88.6)``; a format of your own works too:
    ``f"{estimate:.3f}"`` gives ``0.842 (0.790 to 0.886)``.
    """

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        spec = spec or ".1%"
        value, low, high = (format(number, spec) for number in dataclasses.astuple(self))
        if np.isnan(self.low):
            return f"{value} (no interval)"
        return f"{value} ({low.removesuffix('%')} to {high.removesuffix('%')})"

    def __str__(self) -> str:
        return format(self)


def interval(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: Sequence,
    seed: int = settings.SEED,
) -> Estimate:
    """Measure a statistic, with the 95% interval that resampling whole groups gives.

    Parameters
    ----------
    statistic : callable
        Takes (labels, probabilities) of some slices and returns one number.
    labels : ndarray of int, (slices,)
    probabilities : ndarray of float, (slices, classes), or of int, (slices,)
        Probabilities, or the predicted classes themselves.
    groups : sequence, (slices,)
        The patient, or the set of near-duplicates, of each slice.
    seed : int
        Seed of the resampling.

    Raises
    ------
    CourseError
        If the inputs do not belong together, or there are fewer than two groups.

    Notes
    -----
    A percentile interval (Efron & Tibshirani 1993, chapter 13). It needs no model of how slices
    depend on each other, and it stays defined where a resample lacks a class (that resample is
    left out); the bias-corrected kind does not. Where every resample gives the same 0 or 1, as
    when no slice was wrong, its width would be zero, which no finite test set earns: the exact
    interval of Clopper and Pearson (1934) for the number of groups stands in.
    """
    value = float(statistic(*check(labels, probabilities)))
    low, high = band(statistic, labels, probabilities, groups, seed)
    return honest(value, float(low), float(high), len(np.unique(np.asarray(groups))))


def band(
    statistic: Callable[[np.ndarray, np.ndarray], np.ndarray],
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: Sequence,
    seed: int = settings.SEED,
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper 95% limits, point by point, for a statistic that returns a whole curve.

    Parameters are those of :func:`interval`; ``statistic`` may return an array of any shape, and
    NaN where it is not defined.
    """
    labels, probabilities = check(labels, probabilities)
    codes, count = members(groups, len(labels))
    rows = np.arange(len(labels))

    def of_drawn(drawn: np.ndarray) -> np.ndarray:
        chosen = (np.repeat(rows, times) for times in drawn[:, codes])
        return np.stack([statistic(labels[c], probabilities[c]) for c in chosen], axis=-1)

    return resampled(of_drawn, count, seed)


def mean(values: np.ndarray, groups: Sequence, seed: int = settings.SEED) -> Estimate:
    """Mean of one number a slice, with the 95% interval that resampling whole groups gives.

    Parameters
    ----------
    values : ndarray of float or bool, (slices,)
        NaN where a slice has no value; such slices are left out.

    Raises
    ------
    CourseError
        If fewer than two groups have a value.
    """
    values, groups = np.asarray(values, dtype=float), pd.Series(groups).to_numpy()
    known = ~np.isnan(values)
    values = values[known]
    codes, count = members(groups[known], len(values))
    sums, slices = np.bincount(codes, weights=values), np.bincount(codes)

    low, high = resampled(lambda drawn: (drawn @ sums) / (drawn @ slices), count, seed)
    return honest(values.mean(), low, high, count)


def paired_difference(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    labels: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    groups: Sequence,
    seed: int = settings.SEED,
) -> Estimate:
    """Measure a statistic of classifier ``a`` minus that of ``b`` on the same slices.

    Both are measured on the same resamples of groups, so what makes a patient hard for both
    cancels out: the interval is narrower than those of the two statistics suggest.

    Parameters
    ----------
    statistic : callable
        Takes (labels, predicted classes) of some slices and returns one number.
    a, b : ndarray
        Probabilities (slices, classes) or predicted classes (slices,) of the two classifiers.

    Raises
    ------
    CourseError
        As :func:`interval`.
    """
    (labels, a), (_, b) = check(labels, a), check(labels, b)
    a, b = predictions(a), predictions(b)
    classes = max(a.max(), b.max()) + 1

    def gain(labels: np.ndarray, pairs: np.ndarray) -> float:
        return statistic(labels, pairs // classes) - statistic(labels, pairs % classes)

    # A pair of answers travels as one number, so that a resample takes both or none.
    pairs = a * classes + b
    value, (low, high) = gain(labels, pairs), band(gain, labels, pairs, groups, seed)
    count = len(np.unique(np.asarray(groups)))
    if value == low == high == 0:
        # Nothing tells them apart: either may be the better one, by equally much.
        limit = honest(0.0, 0.0, 0.0, count).high
        return Estimate(0.0, -limit, limit)
    return honest(float(value), float(low), float(high), count)


def predictions(probabilities: np.ndarray) -> np.ndarray:
    """Most probable class of each slice: int, (slices,). Classes pass through unchanged."""
    probabilities = np.asarray(probabilities)
    return probabilities.argmax(axis=1) if probabilities.ndim == 2 else probabilities


def check(
    labels: np.ndarray, probabilities: np.ndarray, classes: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Make sure that labels and probabilities belong together, and return them as arrays.

    Parameters
    ----------
    classes : int, optional
        How many classes there must be.

    Raises
    ------
    CourseError
        If there are no slices, the lengths differ, a label is no class number, or the
        probabilities of a slice are not probabilities.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    if not len(labels) or len(labels) != len(probabilities):
        raise CourseError(
            f"There are {len(labels)} labels and predictions for {len(probabilities)} slices: "
            "give as many of one as of the other, and at least one."
        )
    if probabilities.ndim == 2:
        totals = probabilities.sum(axis=1)
        if not (abs(totals - 1).max() < 1e-3 and probabilities.min() >= 0):
            raise CourseError(
                f"Each row of probabilities must add up to 1, but they add up to "
                f"{totals.min():.3g} at least and {totals.max():.3g} at most: give the output of "
                "the softmax, not the logits."
            )
        classes = classes or probabilities.shape[1]
        if probabilities.shape[1] != classes:
            raise CourseError(
                f"There are {classes} classes, but {probabilities.shape[1]} columns of "
                "probabilities: name the classes that the model was trained on."
            )
    numbers = labels if probabilities.ndim == 2 else np.concatenate([labels, probabilities])
    if not np.issubdtype(numbers.dtype, np.integer) or numbers.min() < 0:
        raise CourseError("Labels and predicted classes must be whole numbers from 0 upwards.")
    if classes and numbers.max() >= classes:
        raise CourseError(f"Class {numbers.max()} does not exist: there are {classes} classes.")
    return labels, probabilities


def members(groups: Sequence, slices: int) -> tuple[np.ndarray, int]:
    """Number of the group of each slice, and how many groups there are.

    Raises
    ------
    CourseError
        If a slice has no group, or there are fewer than two groups.
    """
    codes, names = pd.factorize(np.asarray(groups))
    if len(codes) != slices or (codes < 0).any():
        raise CourseError(
            f"There are {slices} slices, but groups for {(codes >= 0).sum()}: every slice needs "
            "its group, the column 'group' of the table."
        )
    if len(names) < 2:
        raise CourseError(
            "An interval needs at least two groups of slices: one patient says nothing about how "
            "patients differ."
        )
    return codes, len(names)


def resampled(
    of_drawn: Callable[[np.ndarray], np.ndarray], count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile limits of anything that can be computed from how often each group was drawn.

    Parameters
    ----------
    of_drawn : callable
        Takes int (resamples, groups), how often each group is in each resample, and returns an
        array whose last axis is the resamples. NaN where a resample does not define it.
    count : int
        How many groups there are.
    seed : int
        Seed of the resampling.

    Returns
    -------
    low, high : ndarray
        The 2.5% and 97.5% quantiles over the resamples.
    """

    def statistic(draws: np.ndarray, axis: int) -> np.ndarray:
        draws = np.atleast_2d(draws)
        places = draws + count * np.arange(len(draws))[:, None]
        drawn = np.bincount(places.ravel(), minlength=draws.shape[0] * count)
        return of_drawn(drawn.reshape(-1, count))

    with warnings.catch_warnings():
        # A statistic may be undefined (NaN) in some resamples, or, for an empty bin, in all.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = stats.bootstrap(
            (np.arange(count),),
            statistic,
            vectorized=True,
            n_resamples=RESAMPLES,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).bootstrap_distribution
        low, high = np.nanquantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=-1)
    return low, high


def honest(value: float, low: float, high: float, groups: int) -> Estimate:
    """Make an estimate, without pretending to know a share of 0 or 1 exactly.

    Where the limits have closed in on a value of 0 or 1, the exact interval of Clopper and
    Pearson (1934) for ``groups`` groups, all alike, stands in for them.
    """
    if low == high == value and value in (0, 1) and groups:
        exact = stats.binomtest(int(groups * value), int(groups)).proportion_ci(LEVEL, "exact")
        low, high = exact
    return Estimate(float(value), float(low), float(high))
