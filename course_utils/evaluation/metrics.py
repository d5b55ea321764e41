"""How good a classifier is: metrics with intervals, subgroups and paired tests."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from course_utils import settings
from course_utils.core.errors import CourseError
from course_utils.evaluation import intervals
from course_utils.evaluation.intervals import Estimate, check, predictions

FOLDS = 5


@dataclasses.dataclass(frozen=True)
class McNemar:
    """Slices that only one of two classifiers gets right, and the p-value."""

    only_a: int
    only_b: int
    pvalue: float


def accuracy(labels, probabilities, groups: Sequence) -> Estimate:
    """Share of slices whose most probable class is the right one: see ``intervals.combined``."""
    labels, probabilities = check(labels, probabilities)
    return intervals.mean(predictions(probabilities) == labels, groups)


def share_right(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Accuracy without an interval."""
    return np.mean(predictions(probabilities) == labels)


def mixed_up(labels: np.ndarray, probabilities: np.ndarray, pair: tuple[int, int]) -> float:
    """Share of the slices of two classes (their numbers) that are called the other of the two."""
    values = swapped(labels, probabilities, pair)
    return np.nan if np.isnan(values).all() else np.nanmean(values)


def swapped(labels: np.ndarray, probabilities: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    """1 for each slice of :func:`mixed_up`, 0 for others of the two classes, NaN for the rest."""
    others = np.where(labels == pair[0], pair[1], pair[0])
    return np.where(np.isin(labels, pair), predictions(probabilities) == others, np.nan)


def confusion(labels, probabilities, class_names: Sequence[str]) -> pd.DataFrame:
    """Count slices by true class (one row each) and predicted class (one column each)."""
    labels, probabilities = check(labels, probabilities, len(class_names))
    counts = confusion_matrix(labels, predictions(probabilities), labels=range(len(class_names)))
    true, predicted = (pd.Index(class_names, name=name) for name in ("true", "predicted"))
    return pd.DataFrame(counts, true, predicted)


def report(labels, probabilities, groups: Sequence, class_names: Sequence[str]) -> pd.DataFrame:
    """Precision, recall and F1 of every class, each an :class:`Estimate`.

    A last row ``macro`` is the mean over classes; further columns count slices and groups. A class
    that is never predicted has precision 0, one without slices NaN, and the mean leaves it out.
    """
    labels, probabilities = check(labels, probabilities, len(class_names))
    codes, count = intervals.members(groups, len(labels))
    columns = np.arange(len(class_names))
    true = labels[:, None] == columns
    named = predictions(probabilities)[:, None] == columns
    present = columns[true.any(axis=0)]

    def score(weights: np.ndarray, classes: Sequence[int]) -> Estimate:
        equal = np.full(len(classes), 1 / len(classes))
        return intervals.combined((true & named)[:, classes], weights[:, classes], codes, equal)

    absent = Estimate(np.nan, np.nan, np.nan)
    table = pd.DataFrame(index=pd.Index([*class_names, "macro"], name="class"))
    # F1 is a share, too: a slice named rightly counts twice, once as named and once as true.
    for name, weights in (("precision", named), ("recall", true), ("f1", 1 * named + true)):
        single = [score(weights, [c]) if c in present else absent for c in columns]
        table[name] = [*single, score(weights, present)]
    table["slices"] = [*true.sum(axis=0), len(labels)]
    table["groups"] = [*(len(np.unique(codes[each])) for each in true.T), count]
    return table


def subgroups(labels, probabilities, groups: Sequence, by: Sequence) -> pd.DataFrame:
    """Accuracy within every subgroup: one row each, with columns slices, groups and estimate.

    ``by`` names the subgroup of each slice; slices of None or NaN are left out.
    """
    labels, probabilities = check(labels, probabilities)
    groups, by = pd.Series(groups).to_numpy(), pd.Series(by).reset_index(drop=True)
    if len(by) != len(labels):
        raise CourseError(f"There are {len(labels)} slices, but {len(by)} subgroup values.")
    rows = {}
    for name, found in by.groupby(by, observed=True):
        here = found.index.to_numpy()
        estimate = accuracy(labels[here], probabilities[here], groups[here])
        rows[name] = len(here), len(np.unique(groups[here])), estimate
    return pd.DataFrame.from_dict(rows, orient="index", columns=["slices", "groups", "estimate"])


def mcnemar(labels: np.ndarray, a: np.ndarray, b: np.ndarray) -> McNemar:
    """Exact test of whether two classifiers err equally often on the same slices.

    Slices on which exactly one is right would favour either with probability one half, were both
    equally good (McNemar 1947; the exact binomial form). The test takes slices as independent, and
    those of one patient are not: read it beside :func:`difference`, which counts patients.
    """
    right_a, right_b = (predictions(check(labels, each)[1]) == labels for each in (a, b))
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    # Without a single slice that tells them apart there is no evidence of a difference.
    pvalue = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    return McNemar(only_a, only_b, float(pvalue))


def difference(labels, a, b, groups: Sequence) -> Estimate:
    """Accuracy of ``a`` minus accuracy of ``b`` on the same slices.

    Only slices that one of the two gets right count, so what is hard for both cancels out; the
    limits are those of ``intervals.mean_difference``.
    """
    right_a, right_b = (predictions(check(labels, each)[1]) == labels for each in (a, b))
    return intervals.mean_difference(right_a * 1.0 - right_b, groups)


def cross_validated(features: np.ndarray, labels: np.ndarray, groups: Sequence) -> np.ndarray:
    """Probabilities of every slice by a linear classifier that never saw its group.

    Features are float, (slices, numbers). Classes are in the order of the numbers that occur. A
    ``CourseError`` says where there are too few groups for five folds, each with all classes.
    """
    codes, count = intervals.members(groups, len(labels))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=settings.SEED)
    try:
        return cross_val_predict(
            model, features, labels, groups=codes, cv=folds, method="predict_proba"
        )
    except ValueError as error:
        raise CourseError(
            f"{count} groups are too few to hold out a fifth of them in turn ({error}): use more "
            "patients."
        ) from None


def label_issues(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """Slices whose label a classifier disputes: candidates for a second look, not errors.

    Confident learning (Northcutt et al. 2021, arXiv 1911.00068). Take probabilities from a
    classifier that was trained neither on these slices nor on others of their groups. One row per
    slice in doubt, the worst first; quality is the probability of the label as given.
    """
    # Slow to import, and one lesson needs it.
    from cleanlab.filter import find_label_issues

    labels, probabilities = check(labels, probabilities)
    rows = find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence")
    table = pd.DataFrame({"row": rows, "label": labels[rows]})
    table["suggested"] = predictions(probabilities)[rows]
    table["quality"] = probabilities[rows, labels[rows]]
    return table
