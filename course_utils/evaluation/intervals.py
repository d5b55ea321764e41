"""How sure a number is: intervals that resample patients, not slices.

Slices of one patient resemble each other, so they are not independent evidence: every interval
resamples whole *groups* (patients, or sets of near-duplicates).
"""

import dataclasses
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from course_utils import settings
from course_utils.core.errors import CourseError

RESAMPLES = 2000
LEVEL = 0.95


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number with the two ends of its 95% interval; these are NaN where there is none.

    ``str`` gives ``84.2% (79.0 to 88.6)``, ``f"{estimate:.3f}"`` gives ``0.842 (0.790 to 0.886)``.
    """

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        value, low, high = (format(x, spec or ".1%") for x in dataclasses.astuple(self))
        if np.isnan(self.low):
            return f"{value} (no interval)"
        return f"{value} ({low.removesuffix('%')} to {high.removesuffix('%')})"

    def __str__(self) -> str:
        return format(self)


def interval(statistic: Callable, labels, probabilities, groups: Sequence) -> Estimate:
    """Compute ``statistic(labels, probabilities)``, with the interval that resampling groups gives.

    A percentile interval (Efron & Tibshirani 1993, chapter 13): unlike the bias-corrected kind it
    stays defined where a resample lacks a class; that resample is left out. A single group says
    nothing about how groups differ, so it has no interval. See also :func:`with_exact_limits`.
    """
    return _interval(statistic, check(labels, probabilities), groups)


def paired_difference(statistic: Callable, labels, a, b, groups: Sequence) -> Estimate:
    """Compute a statistic of classifier ``a`` minus that of ``b`` on the same slices.

    Both are computed on the same resamples of groups, so what makes a patient hard for both cancels
    out. ``statistic`` takes labels and predicted classes.
    """

    def gain(labels: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
        return statistic(labels, a) - statistic(labels, b)

    (labels, a), (_, b) = check(labels, a), check(labels, b)
    return _interval(gain, (labels, predictions(a), predictions(b)), groups, least=-1)


def mean(values: np.ndarray, groups: Sequence, least: float = 0) -> Estimate:
    """Mean of one number per slice, ``least`` to 1; slices of NaN are left out."""
    values = np.asarray(values, dtype=float)
    codes, _ = members(groups, len(values))
    known = ~np.isnan(values)
    if not known.any():
        raise CourseError("No slice has a value, so there is nothing to take the mean of.")
    values = values[known]
    codes, count = members(codes[known], len(values))
    sums, slices = np.bincount(codes, weights=values), np.bincount(codes)
    limits = resampled(lambda drawn: (drawn @ sums) / (drawn @ slices), count)
    return _estimate(values.mean(), limits, count, least)


def mean_difference(values: np.ndarray, groups: Sequence) -> Estimate:
    """Mean of one difference per slice; where all are 0, either side may be ahead in truth."""
    return mean(values, groups, least=-1)


def band(
    statistic: Callable, arrays: Sequence[np.ndarray], groups: Sequence
) -> tuple[np.ndarray, np.ndarray]:
    """95% limits of ``statistic(*arrays)``, a number or a curve; it may be NaN where undefined."""
    codes, count = members(groups, len(arrays[0]))

    def of_drawn(drawn: np.ndarray) -> np.ndarray:
        found = []
        for times in drawn:
            rows = np.repeat(np.arange(len(codes)), times[codes])
            found.append(statistic(*(array[rows] for array in arrays)))
        return np.stack(found, axis=-1)

    return resampled(of_drawn, count)


def resampled(of_drawn: Callable, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Percentile limits of anything that can be computed from how often each group was drawn.

    ``of_drawn`` takes these numbers, int (resamples, groups), and returns an array whose last
    axis is the resamples, NaN where undefined. Of fewer than two groups the limits are NaN.
    """
    rng = np.random.default_rng(settings.SEED)
    drawn = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES if count > 1 else 1)
    with warnings.catch_warnings():
        # A statistic may be undefined in some resamples or, for an empty bin, in all.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = of_drawn(drawn)
        if count < 2:
            found = np.full(found.shape, np.nan)
        return tuple(np.nanquantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=-1))


def with_exact_limits(value, low, high, groups, least: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Limits of shares, mended where they have closed in on 0 or 1, as when no slice was wrong.

    No finite test set knows such a share exactly: the limits of Clopper and Pearson (1934) for
    ``groups`` groups, all alike, take their place. ``least`` is -1 for differences of shares.
    """
    closed = (low == value) & (high == value) & np.isin(value, (-1, 0, 1)) & (groups > 0)
    margin = 1 - ((1 - LEVEL) / 2) ** (1 / np.maximum(groups, 1))
    low = np.where(closed, np.maximum(value - margin, least), low)
    return low, np.where(closed, np.minimum(value + margin, 1), high)


def predictions(probabilities: np.ndarray) -> np.ndarray:
    """Most probable class of each slice: int, (slices,). Classes pass through unchanged."""
    probabilities = np.asarray(probabilities)
    return probabilities.argmax(axis=1) if probabilities.ndim == 2 else probabilities


def check(labels, probabilities, classes: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Make sure that labels and probabilities belong together, and return them as arrays."""
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    if len(labels) != len(probabilities) or not len(labels):
        raise CourseError(
            f"There are {len(labels)} labels and predictions for {len(probabilities)} slices: "
            "give as many of one as of the other, and at least one."
        )
    numbers = labels
    if probabilities.ndim == 2:
        totals, columns = probabilities.sum(axis=1), probabilities.shape[1]
        if not (abs(totals - 1).max() < 1e-3 and probabilities.min() >= 0):
            raise CourseError(
                f"Each row of probabilities must add up to 1, but they add up to "
                f"{totals.min():.3g} at least and {totals.max():.3g} at most: give the output of "
                "the softmax, not the logits."
            )
        if columns != (classes or columns):
            raise CourseError(
                f"There are {classes} classes, but {columns} columns of probabilities: name the "
                "classes that the model was trained on."
            )
        classes = columns
    else:
        numbers = np.concatenate([labels, probabilities])
    if not np.issubdtype(numbers.dtype, np.integer) or numbers.min() < 0:
        raise CourseError("Labels and predicted classes must be whole numbers from 0 upwards.")
    if classes and numbers.max() >= classes:
        raise CourseError(f"Class {numbers.max()} does not exist: there are {classes} classes.")
    return labels, probabilities


def members(groups: Sequence, slices: int) -> tuple[np.ndarray, int]:
    """Number of the group of each slice, and how many groups there are."""
    codes, names = pd.factorize(np.asarray(groups))
    if len(codes) != slices or (codes < 0).any():
        raise CourseError(
            f"There are {slices} slices, but groups for {(codes >= 0).sum()}: every slice needs "
            "its group, the column 'group' of the table."
        )
    return codes, len(names)


def _interval(statistic: Callable, arrays: Sequence, groups: Sequence, least=0) -> Estimate:
    limits = band(statistic, arrays, groups)
    return _estimate(statistic(*arrays), limits, pd.Series(groups).nunique(), least)


def _estimate(value: float, limits: tuple, groups: int, least: float) -> Estimate:
    low, high = with_exact_limits(value, *limits, groups, least)
    return Estimate(float(value), float(low), float(high))
