"""What counts as right in the exercises of lesson 01."""

from collections.abc import Callable, Mapping

import numpy as np

from course_utils.datasets import Dataset
from course_utils.exercises.common import Wrong, array, number, rows, rule_out, trying


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


def standardised(answer: object, data: object) -> None:
    """01.2: a function that brings the head's pixels to mean 0 and standard deviation 1."""
    image = _made_up_slice()
    head = image[image >= image.max() / 10].astype(float)
    with trying(answer, "a slice") as function:
        got = array(function(image), "a slice of the same shape back", image.shape)
        darker = array(function(image // 2), "a slice of the same shape back", image.shape)
    right = (image - head.mean()) / head.std()
    slips = {
        "It counts the black around the head, too: take mean and spread of the head alone.": (
            (image - image.mean()) / image.std()
        ),
        "That divides by the variance, whose root is the standard deviation.": (
            (image - head.mean()) / head.var()
        ),
        "The mean is taken away, but nothing is divided: the spread is still the scanner's.": (
            image - head.mean()
        ),
        "It is divided, but the mean is not taken away first.": image / head.std(),
        "That only divides by 255: nothing is measured in the slice.": image / 255,
    }
    _compare(got, right, slips)
    if np.abs(darker - right).max() > 0.1:
        raise Wrong("A slice half as bright comes out different: make the head's limit relative.")


def leaks_counted(answer: object, data: object) -> None:
    """01.3: a function that counts slices whose most similar training slice is of their group."""
    rng = np.random.default_rng(1)
    pixels = rng.normal(size=(60, 5))
    # Three slices of a group lie close together, but not always closest.
    pixels += np.repeat(rng.normal(size=(20, 5)), 3, axis=0)
    groups = np.repeat([f"P{number:02d}" for number in range(20)], 3)
    rows = rng.permutation(60)
    learned, asked = rows[:40], rows[40:]
    distances = np.linalg.norm(pixels[asked, None] - pixels[learned], axis=2)
    own = groups[asked, None] == groups[learned]
    nearest, farthest = distances.argmin(axis=1), distances.argmax(axis=1)
    count = np.take_along_axis(own, nearest[:, None], axis=1).sum()
    slips = {
        count / len(asked): "Right, but as a share: give the count.",
        (groups[nearest] == groups[asked]).sum(): "argmin gives a place in learned: "
        "learned[place] is the row of the table.",
        own.any(axis=1).sum(): "That counts every slice with a relative in training. The "
        "question is whether the most similar one is a relative.",
        len(asked): "Every slice is most like itself: look among the training slices alone.",
        len(asked) - count: "That counts the slices whose most similar one is of another group.",
        np.take_along_axis(own, farthest[:, None], axis=1).sum(): "That is the least similar "
        "slice: the smallest distance counts.",
    }
    hint = "For each row in asked, find the nearest row in learned, and compare the two groups."
    with trying(answer, "pixels, groups, and the rows of both parts") as function:
        number(function(pixels, groups, learned, asked), count, slips, hint, tolerance=1e-6)


def split_by_group(answer: object, data: Dataset) -> None:
    """01.4: a function that divides rows so that no group stands on both sides."""
    uneven = np.repeat([f"P{n:02d}" for n in range(40)], np.resize([2, 9, 5], 40))
    made_up = np.random.default_rng(2).permutation(uneven)
    with trying(answer, "groups, a share and a seed") as function:
        test = _test_rows(function, made_up, f"On {len(made_up)} made-up slices: ")
        _test_rows(function, data.table["group"].to_numpy().astype(str), "On your data: ")
        again, other = (_two_parts(function(made_up, 0.25, seed), 210)[1] for seed in (1, 2))
    if not np.array_equal(np.sort(again), np.sort(test)):
        raise Wrong("Two calls with one seed give two splits: use np.random.default_rng(seed).")
    if np.array_equal(np.sort(other), np.sort(test)):
        raise Wrong("Another seed gives the same split: shuffle the groups before you choose.")


def _test_rows(function: Callable, groups: np.ndarray, where: str) -> np.ndarray:
    """Rows of the test part, once the split was found to be one by group, with a quarter there."""
    train, test = _two_parts(function(groups, 0.25, 1), len(groups))
    torn = np.intersect1d(groups[train], groups[test])
    if len(torn):
        count = f"{len(torn):,} groups have slices on both sides, {torn[0]} for one"
        raise Wrong(f"{where}{count}. Draw among the groups, not among the slices.")
    if lost := len(groups) - len(train) - len(test):
        raise Wrong(f"{where}{lost:,} slices are in neither part.")
    share, room = len(test) / len(groups), 0.1 + _largest(groups)
    if abs(share - 0.75) < min(room, 0.25):
        raise Wrong(f"{where}the test part holds {share:.0%}. Give the training rows first.")
    if abs(share - 0.25) > room:
        raise Wrong(f"{where}25% were asked for, and the test part holds {share:.0%}.")
    return test


def _largest(groups: np.ndarray) -> float:
    """Share of the slices that the largest group holds."""
    return np.unique(groups, return_counts=True)[1].max() / len(groups)


def _two_parts(answer: object, slices: int) -> list[np.ndarray]:
    if not (isinstance(answer, tuple | list) and len(answer) == 2):
        raise Wrong("This wants two arrays of row numbers back: return training, test.")
    return [np.asarray(rows(part, slices)) for part in answer]


def _made_up_slice() -> np.ndarray:
    """A disc of grey values on black, with a few pixels far brighter than the rest."""
    y, x = np.mgrid[:64, :64]
    disc = np.where((x - 32) ** 2 + (y - 32) ** 2 < 600, 60 + 2 * x, 4)
    disc[30, 30:33] = 250
    disc[40, 40:42] = 26
    return disc.astype(np.uint8)


def _compare(got: np.ndarray, right: np.ndarray, slips: Mapping[str, np.ndarray]) -> None:
    """Find words for a slice that is not right: of a known slip, or of its worst pixel."""
    if np.allclose(got, right, atol=0.01):
        return
    rule_out(got, slips, atol=0.01)
    at = np.unravel_index(np.abs(got - right).argmax(), right.shape)
    raise Wrong(
        f"In a slice made up for this check, the pixel in row {at[0]}, column {at[1]} should "
        f"become {right[at]:.2f}, and became {got[at]:.4g}."
    )


CHECKS = {
    "01.1": gliomas,
    "01.2": standardised,
    "01.3": leaks_counted,
    "01.4": split_by_group,
}
