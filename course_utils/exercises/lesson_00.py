"""What counts as right in the exercises of lesson 00."""

from course_utils.datasets import Dataset
from course_utils.exercises.checks import choice, number


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


CHECKS = {
    "00.1": slices_in_all,
    "00.2": commonest_plane,
}
