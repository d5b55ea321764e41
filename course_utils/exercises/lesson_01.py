"""What counts as right in the exercises of lesson 01."""

import numpy as np
import pandas as pd

from course_utils.datasets import Dataset, split_rows
from course_utils.exercises.checks import choice, number, rows


def gliomas(answer: object, data: Dataset) -> str | None:
    """01.1: how many groups (patients, where they are known) with a glioma are there?"""
    glioma = data.table[data.table["label"] == "glioma"]
    return number(
        answer,
        glioma["group"].nunique(),
        mistakes={
            len(glioma): "That is the number of slices. Count each group once, however many "
            "slices it has.",
            data.table["group"].nunique(): "That counts the groups of all classes together. Keep "
            "the rows whose label is glioma first.",
        },
        hint="Keep the rows whose label is glioma, then count the different groups.",
    )


def brightest_class(answer: object, data: Dataset) -> str | None:
    """01.2: which class has the brightest slices on average?"""
    means = pd.Series(np.mean(data.images, axis=(1, 2))).groupby(data.table["label"]).mean()
    return choice(
        answer,
        means.idxmax(),
        data.class_names,
        {means.idxmin(): f"{means.idxmin()} is the darkest: look for the largest mean."},
    )


def seen_before(answer: object, data: Dataset) -> str | None:
    """01.3: what share of the test slices of a split by slice has a group-mate in training?"""
    train, val, test = split_rows(data, "slice")
    groups = data.table["group"].to_numpy()
    share = np.isin(groups[test], groups[train]).mean()
    return number(
        answer,
        share,
        tolerance=0.005,
        mistakes={
            100 * share: "Right, but as a percentage: give the share, between 0 and 1.",
            0.0: 'That is the share for the split by group. Here it is data.split("slice").',
            np.isin(groups[train], groups[test]).mean(): "That is the share of training slices "
            "with a mate in the test set: swap the two.",
            1 - share: "That is the share of slices that are new. Here it is the others.",
            np.isin(groups[test], groups[[*train, *val]]).mean(): "That counts the validation "
            "part too: compare with the training part alone.",
            np.isin(np.unique(groups[test]), groups[train]).mean(): "That is the share of test "
            "groups. Count slices: take the mean over the slices, not over unique groups.",
        },
        hint="Take the mean of test.table['group'].isin(train.table['group']).",
    )


def honest_test_set(answer: object, data: Dataset) -> str | None:
    """01.4: choose test rows so that no group stands on both sides."""
    chosen = rows(answer, len(data))
    if isinstance(chosen, str):
        return chosen
    share = len(chosen) / len(data)
    if not 0.15 <= share <= 0.35:
        return f"It holds {share:.0%} of the slices: between 15% and 35% is asked for."
    table = data.table
    inside = np.isin(np.arange(len(data)), chosen)
    torn = np.intersect1d(table["group"][inside], table["group"][~inside])
    if len(torn):
        return (
            f"{len(torn):,} groups have slices on both sides, {torn[0]} for one. Draw among the "
            "groups, not among the slices."
        )
    missing = [name for name in data.class_names if name not in set(table["label"][inside])]
    if missing:
        return f"It holds no slice of {', '.join(missing)}."
    return None


CHECKS = {
    "01.1": gliomas,
    "01.2": brightest_class,
    "01.3": seen_before,
    "01.4": honest_test_set,
}
