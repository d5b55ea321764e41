"""How sure a number is: intervals that count patients, not slices.

Slices of one patient resemble each other, so they are not independent evidence: every interval
takes whole *groups* (patients, or sets of near-duplicates) as its units. Shares, their means and
their differences have the limits of :func:`combined`; any other statistic is computed again on
resampled groups (:func:`interval`, :func:`band`).
"""

import dataclasses
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy import special

from course_utils import settings
from course_utils.core.errors import CourseError

RESAMPLES = 2000
TAILS = np.array([0.025, 0.975])
# Errors assumed beside those seen, each of a group that is wrong throughout. With two of them 95%
# intervals hold what they promise, whatever the correlation: tests/evaluation/test_coverage.py.
UNSEEN = 2


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


def mean(values: np.ndarray, groups: Sequence) -> Estimate:
    """Mean of one number per slice, 0 to 1, with the limits of :func:`combined`; NaN is left out.

    For shares of slices, each 0 or 1, and for numbers in between, such as shares of heat.
    """
    return _mean(np.asarray(values, dtype=float)[:, None], groups, [1])


def mean_difference(values: np.ndarray, groups: Sequence) -> Estimate:
    """Mean of one difference per slice, -1 to 1; NaN is left out.

    What speaks for the one side and what speaks for the other are two shares, see
    :func:`combined`. So where no slice tells the sides apart, either may still be ahead in truth.
    """
    values = np.asarray(values, dtype=float)
    return _mean(np.stack([np.maximum(values, 0), np.maximum(-values, 0)], axis=1), groups, [1, -1])


def combined(
    values: np.ndarray, weights: np.ndarray, groups: Sequence, factors: Sequence[float]
) -> Estimate:
    """Sum of weighted means, each times its factor, with a 95% interval that counts groups.

    The limits of a share are those of Clopper and Pearson (1934) for the *effective* number of
    slices: as many independent ones as would make it vary as much as whole groups do (Kish 1965;
    Korn & Graubard 1998, Survey Methodology 24(2), 193-201, with their t quantile for the number
    of groups). Few errors show little of how alike the slices of a group are, and no error shows
    nothing, so this *design effect* is drawn towards its largest by ``UNSEEN`` errors. Several
    shares have one design effect, and their limits are put together by the correlation between
    groups (the method of variance estimates recovery, Zou & Donner 2008, Statistics in Medicine
    27, 1693-1702). Limits stay within what is possible; the first error makes those of a share
    wider, not narrower. Of a single group they are NaN.

    Parameters
    ----------
    values, weights : float, (slices, shares)
        Values are 0 to 1; those of weight 0 do not count.
    groups : (slices,)
    factors : (shares,)
    """
    codes, _ = members(groups, len(values))
    used = weights.any(axis=1)
    names, codes = np.unique(codes[used], return_inverse=True)
    count = len(names)
    values, weights = np.where(weights > 0, values, 0)[used], weights[used].astype(float)
    # Kish: weighted slices are worth as many equal ones as the weights now add up to.
    weights *= weights.sum(axis=0) / np.maximum((weights**2).sum(axis=0), 1e-12)
    slices = weights.sum(axis=0)
    means = (weights * values).sum(axis=0) / np.maximum(slices, 1e-12)
    value = float(np.dot(factors, means))
    if count < 2:
        return Estimate(value, np.nan, np.nan)

    residuals = weights * (values - means)
    by_group, sizes = (_sums(each, codes, count) for each in (residuals, weights))
    binomial, spread = slices * means * (1 - means), (residuals**2).sum(axis=0)
    # 1 for shares of slices; numbers between 0 and 1 are worth more slices, as they spread less.
    worth = np.divide(binomial, spread, out=np.ones(len(means)), where=spread > 1e-9)
    wider = special.stdtrit(count - 1, TAILS[1]) / special.ndtri(TAILS[1])
    between = wider**2 * count / (count - 1) * (by_group**2).sum(axis=0)
    largest = (sizes**2).sum() / sizes.sum()
    effect = (worth @ between + UNSEEN * largest) / (max(binomial.sum(), 1) + UNSEEN)
    effective = slices * worth / max(effect, 1)
    right, wrong = effective * means, effective * (1 - means)
    # A beta distribution has no parameter of 0: there the limits are 0 and 1 themselves.
    tiny = 1e-12
    low = special.betaincinv(np.maximum(right, tiny), wrong + 1, TAILS[0])
    high = special.betaincinv(right + 1, np.maximum(wrong, tiny), TAILS[1])
    low, high = np.where(right > 0, low, 0), np.where(wrong > 0, high, 1)

    lengths = np.maximum(np.linalg.norm(by_group, axis=0), 1e-12)
    correlation = (by_group / lengths).T @ (by_group / lengths)
    np.fill_diagonal(correlation, 1)
    steps = np.multiply(factors, [means - low, high - means])
    down, up = np.where(np.greater(factors, 0), steps, steps[::-1])
    below, above = (np.sqrt(max(each @ correlation @ each, 0)) for each in (down, up))
    return Estimate(value, float(value - below), float(value + above))


def interval(statistic: Callable, labels, probabilities, groups: Sequence) -> Estimate:
    """Compute ``statistic(labels, probabilities)``, with the interval that resampling groups gives.

    A percentile interval (Efron & Tibshirani 1993, chapter 13): unlike the bias-corrected kind it
    stays defined where a resample lacks a class; that resample is left out. A single group says
    nothing about how groups differ, so it has no interval. It is for statistics that are no
    shares: of these it covers too few near 0 and 1, and :func:`mean` is better.
    """
    return _resampled(statistic, check(labels, probabilities), groups, dict.fromkeys((0, 1), mean))


def paired_difference(statistic: Callable, labels, a, b, groups: Sequence) -> Estimate:
    """Compute a statistic of classifier ``a`` minus that of ``b`` on the same slices.

    Both are computed on the same resamples of groups, so what makes a patient hard for both cancels
    out. ``statistic`` takes labels and predicted classes; for shares :func:`mean_difference` is
    better.
    """

    def gain(labels: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
        return statistic(labels, a) - statistic(labels, b)

    (labels, a), (_, b) = check(labels, a), check(labels, b)
    edges = dict.fromkeys((-1, 0, 1), mean_difference)
    return _resampled(gain, (labels, predictions(a), predictions(b)), groups, edges)


def band(
    statistic: Callable, arrays: Sequence[np.ndarray], groups: Sequence
) -> tuple[np.ndarray, np.ndarray]:
    """95% limits of ``statistic(*arrays)``, a number or a curve; it may be NaN where undefined.

    Percentiles of what resamples of whole groups give; of fewer than two groups they are NaN.
    """
    codes, count = members(groups, len(arrays[0]))
    rng = np.random.default_rng(settings.SEED)
    with warnings.catch_warnings():
        # A statistic may be undefined in some resamples or, for an empty bin, in all.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = []
        drawn = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES if count > 1 else 1)
        for times in drawn:
            rows = np.repeat(np.arange(len(codes)), times[codes])
            found.append(statistic(*(array[rows] for array in arrays)))
        found = np.stack(found, axis=-1)
        return tuple(np.nanquantile(found if count > 1 else found * np.nan, TAILS, axis=-1))


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


def _mean(values: np.ndarray, groups: Sequence, factors: Sequence[float]) -> Estimate:
    known = ~np.isnan(values)
    if not known.any():
        raise CourseError("No slice has a value, so there is nothing to take the mean of.")
    if np.nanmax(values) > 1 + 1e-3 or np.nanmin(values) < 0:
        raise CourseError(
            f"Values must be between 0 and 1, and differences between -1 and 1, but one is "
            f"{values[known][np.abs(values[known] - 0.5).argmax()]:.3g}: give shares."
        )
    return combined(values, known, groups, factors)


def _resampled(statistic: Callable, arrays: Sequence, groups: Sequence, edges: dict) -> Estimate:
    value, (low, high) = statistic(*arrays), band(statistic, arrays, groups)
    if low == value == high and value in edges:
        # Resamples of faultless groups are all faultless: no test set knows that so exactly.
        return edges[value](np.full(len(arrays[0]), value), groups)
    return Estimate(float(value), float(low), float(high))


def _sums(columns: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """Sums of rows by group: (groups, columns)."""
    return np.stack([np.bincount(codes, column, count) for column in columns.T], axis=1)
