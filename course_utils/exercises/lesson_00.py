"""What counts as right in the exercises of lesson 00."""

from course_utils.datasets import Dataset
from course_utils.exercises.common import choice, number


def slices_in_all(answer: object, data: Dataset) -> None:
    """00.1: how many slices are in the data set?"""
    height, width = data.images.shape[1:3]
    mistakes = {
        len(data) * height * width: "That is the number of pixels. A slice has "
        f"{height} × {width} of them.",
        len(data.table.columns): "That is the number of columns. Each row is a slice.",
        data.table["group"].nunique(): "That is the number of groups, not of slices.",
    }
    number(answer, len(data), mistakes, hint="The table has one row for each slice.")


def commonest_plane(answer: object, data: Dataset) -> None:
    """00.2: which plane do most slices come from? Any of those that share the first place."""
    counts = data.table["plane"].astype("string").fillna("unknown").value_counts()
    right = counts.index[counts == counts.max()]
    mistakes = {name: f"Another plane has more slices than {name}." for name in counts.index}
    choice(answer, right, counts.index, mistakes)


CHECKS = {"00.1": slices_in_all, "00.2": commonest_plane}
