"""What counts as right in the exercises of lessons 00 and 01, and the checks they share.

A check takes a learner's answer and the data set, and returns None for a right answer or else
words on what is wrong. It works the truth out from the data set, so it holds for any.
"""

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real

import numpy as np
import pandas as pd

from course_utils.datasets import Dataset, split_rows


def number(
    answer: object,
    truth: float,
    tolerance: float = 0,
    mistakes: Mapping[float, str] | None = None,
    hint: str = "",
) -> str | None:
    """Check a number.

    Parameters
    ----------
    tolerance : float
        How far off the answer may be.
    mistakes : mapping of float to str, optional
        Wrong numbers that are likely, and what to say to each.
    hint : str
        What to say to any other wrong number, after "too high" or "too low".
    """
    if isinstance(answer, np.ndarray | pd.Series) and answer.size == 1:
        answer = answer.item()
    if isinstance(answer, bool | np.bool_) or not isinstance(answer, Real):
        return f"This wants one number, and it got {_kind(answer)}."
    if not np.isfinite(answer):
        return f"This wants a finite number, and it got {answer}."
    if abs(answer - truth) <= tolerance:
        return None
    for wrong, words in (mistakes or {}).items():
        if abs(answer - wrong) <= tolerance:
            return words
    return f"{answer:,.6g} is too {'high' if answer > truth else 'low'}. {hint}".strip()


def choice(
    answer: object, truth: str, options: Sequence[str], mistakes: Mapping[str, str] | None = None
) -> str | None:
    """Check a choice among words; capitals and spaces around it do not matter.

    Parameters
    ----------
    options : sequence of str
        What one may choose from.
    mistakes : mapping of str to str, optional
        What to say to a wrong option.
    """
    if not isinstance(answer, str):
        return f"This wants one of {', '.join(options)}, in quotes, and it got {_kind(answer)}."
    given = answer.strip().casefold()
    if given == truth.casefold():
        return None
    if given not in [option.casefold() for option in options]:
        return f"{answer!r} is none of {', '.join(options)}."
    return (mistakes or {}).get(given, f"It is not {answer.strip()!r}: look at the numbers again.")


def rows(answer: object, slices: int) -> np.ndarray | str:
    """Read row numbers, or a True or False for each slice: the row numbers, or what is wrong."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return f"This wants an array of row numbers, and it got {_kind(answer)}."
    answer = np.asarray(answer)
    if answer.dtype == bool and answer.shape == (slices,):
        answer = np.flatnonzero(answer)
    if answer.ndim != 1 or not np.issubdtype(answer.dtype, np.integer):
        return (
            "This wants an array of row numbers in one dimension, and it got an array of "
            f"{answer.dtype} with the shape {answer.shape}."
        )
    if answer.size and (answer.min() < 0 or answer.max() >= slices):
        return (
            f"Rows run from 0 to {slices - 1:,}, and this holds {answer.min()} to {answer.max()}."
        )
    if len(np.unique(answer)) < len(answer):
        return "Some rows are in it twice."
    return answer


def _kind(answer: object) -> str:
    if answer is None:
        return "None: does its last line give a value?"
    if callable(answer):
        return "a function: call it, with brackets behind its name"
    return f"{'an' if type(answer).__name__[0] in 'aeiou' else 'a'} {type(answer).__name__}"


def slices_in_all(answer: object, data: Dataset) -> str | None:
    """00.1: how many slices are in the data set?"""
    return number(
        answer,
        len(data),
        mistakes={
            data.images.size: "That is the number of pixels. A slice has 128 × 128 of them.",
            len(data.table.columns): "That is the number of columns. Each row is a slice.",
            data.table["group"].nunique(): "That is the number of groups, not of slices.",
        },
        hint="The table has a row a slice.",
    )


def commonest_plane(answer: object, data: Dataset) -> str | None:
    """00.2: which plane do most slices come from? Any of those that share the first place."""
    counts = data.table["plane"].value_counts()
    if counts.get(answer if isinstance(answer, str) else "") == counts.max():
        return None
    options = list(counts.index)
    wrong = {name: f"Another plane has more slices than {name}." for name in options}
    return choice(answer, options[0], options, wrong)


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
    "00.1": slices_in_all,
    "00.2": commonest_plane,
    "01.1": gliomas,
    "01.2": brightest_class,
    "01.3": seen_before,
    "01.4": honest_test_set,
}
