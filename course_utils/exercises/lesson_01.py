"""What counts as right in the exercises of lesson 01."""

import numpy as np
import pandas as pd

from course_utils.datasets import Dataset, split_rows
from course_utils.exercises.common import Wrong, choice, number, rows


def gliomas(answer: object, data: Dataset) -> None:
    """01.1: how many groups (patients, where they are known) with a glioma are there?

    Where the data has none, the first class stands in for it.
    """
    names = sorted(set(data.table["label"]))
    here = [name for name in names if name.casefold() == "glioma"]
    asked, *_ = here or names
    own = data.table[data.table["label"] == asked]
    mistakes = {
        len(own): "That is the number of slices. Count each group once.",
        data.table["group"].nunique(): "That counts the groups of all classes together.",
    }
    hint = f"Keep the rows whose label is {asked}, then count the different groups."
    if not here:
        mistakes[0] = f"Right, the {data.name} data has no glioma: count the groups of {asked}."
    number(answer, own["group"].nunique(), mistakes, hint)


def brightest_class(answer: object, data: Dataset) -> None:
    """01.2: which class has the brightest slices on average? Any of those that tie."""
    pixels = data.images.reshape(len(data), -1)
    means = pd.Series(pixels.mean(axis=1)).groupby(data.table["label"]).mean()
    right = means.index[np.isclose(means, means.max())]
    darkest = f"{means.idxmin()} is the darkest: look for the largest mean."
    choice(answer, right, data.class_names, {means.idxmin(): darkest})


def seen_before(answer: object, data: Dataset) -> None:
    """01.3: what share of the test slices of a split by slice has a group-mate in training?"""
    train, val, test = split_rows(data, "slice")
    groups = data.table["group"].to_numpy()
    share = np.isin(groups[test], groups[train]).mean()
    mistakes = {
        100 * share: "Right, but as a percentage: give the share, between 0 and 1.",
        0.0: 'That is the share for the split by group. Here it is data.split("slice").',
        np.isin(groups[train], groups[test]).mean(): "Swap training and test slices.",
        1 - share: "That is the share of slices that are new. Here it is the others.",
        np.isin(groups[test], groups[[*train, *val]]).mean(): "Leave the validation part out.",
        np.isin(np.unique(groups[test]), groups[train]).mean(): "Count slices, not groups.",
    }
    hint = "Take the mean of test.table['group'].isin(train.table['group'])."
    number(answer, share, mistakes, hint, tolerance=0.005)


def honest_test_set(answer: object, data: Dataset) -> None:
    """01.4: choose test rows so that no group stands on both sides."""
    chosen = rows(answer, len(data))
    share = len(chosen) / len(data)
    if not 0.15 <= share <= 0.35:
        raise Wrong(f"It holds {share:.0%} of the slices: between 15% and 35% is asked for.")
    inside = np.isin(np.arange(len(data)), chosen)
    test, rest = data.table[inside], data.table[~inside]
    torn = np.intersect1d(test["group"], rest["group"])
    if len(torn):
        count = f"{len(torn):,} groups have slices on both sides, {torn[0]} for one"
        raise Wrong(f"{count}: draw among the groups, not among the slices.")
    missing = sorted(set(rest["label"]) - set(test["label"]))
    if missing:
        raise Wrong(f"It holds no slice of {', '.join(missing)}.")


CHECKS = {
    "01.1": gliomas,
    "01.2": brightest_class,
    "01.3": seen_before,
    "01.4": honest_test_set,
}
