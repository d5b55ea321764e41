"""What counts as right in the exercises of lesson 13."""

from collections.abc import Callable, Iterable

import numpy as np

from course_utils.datasets import Dataset
from course_utils.exercises.checks import number

_LEAVE = {"weights", "averages of batch norm", "number of slices"}
_STAY = {"slices", "labels", "names of patients"}


def weighted_mean(answer: object, data: Dataset) -> str | None:
    """13.1: the mean of 1.0, 0.5 and -0.2, learned from 100, 300 and 600 slices."""
    return number(
        answer,
        0.13,
        tolerance=0.001,
        mistakes={
            1.3 / 3: "That counts all hospitals alike. Who learned from more slices counts more.",
            130: "Divide by the number of all slices.",
        },
        hint="Multiply each weight by its hospital's slices, add up, divide by all slices.",
    )


def megabytes_sent(answer: object, data: Dataset) -> str | None:
    """13.2: 98,388 numbers of 4 bytes, four hospitals, 12 rounds, there and back, in MB."""
    truth = 98_388 * 4 * 4 * 12 * 2 / 1e6
    return number(
        answer,
        truth,
        tolerance=0.1,
        mistakes={
            truth / 2: "That is one way: the weights go to each hospital, and come back.",
            truth / 4: "A number takes 4 bytes.",
            truth * 1e6: "That is in bytes. Asked are megabytes, a million bytes each.",
            truth / 12: "That is one round.",
        },
        hint="Numbers x bytes x hospitals x rounds x two ways, divided by a million.",
    )


def what_leaves(answer: object, data: Dataset) -> str | None:
    """13.3: what a hospital sends to the coordinator."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return 'This wants a set of words, such as {"weights", "labels"}.'
    given = set(answer)
    if unknown := sorted(map(str, given - _LEAVE - _STAY)):
        return f"{unknown[0]!r} is none of {', '.join(sorted(_LEAVE | _STAY))}."
    if wrong := sorted(given & _STAY):
        return f"{wrong[0].capitalize()} stay: look at what the ClientApp puts into its answer."
    if missing := sorted(_LEAVE - given):
        return f"What about: {missing[0]}? Look at what the ClientApp puts into its answer."
    return None


def mean_of_those_there(answer: object, data: Dataset) -> str | None:
    """13.4: a function that averages over the hospitals that answered."""
    if not isinstance(answer, Callable):
        return "This wants a function of results and slices: give its name, without brackets."
    rng = np.random.default_rng(3)
    networks = [[rng.normal(size=(3, 3)), rng.normal(size=4)] for _ in range(3)]
    slices = [100, 300, 600]
    for absent in ((1,), (), (0, 2)):
        results = [None if i in absent else network for i, network in enumerate(networks)]
        there = [i for i in range(3) if i not in absent]
        total = sum(slices[i] for i in there)
        truth = [sum(slices[i] * networks[i][j] for i in there) / total for j in range(2)]
        try:
            found = [np.asarray(array, float) for array in answer(results, slices)]
        except Exception as error:
            return f"It stopped with {type(error).__name__}: {str(error).splitlines()[0]}"
        if [array.shape for array in found] != [(3, 3), (4,)]:
            return "It must return a list with as many arrays as one network has, shapes unchanged."
        if not all(map(np.allclose, found, truth)):
            if all(np.allclose(f, t * total / 1000) for f, t in zip(found, truth, strict=True)):
                return "The shares must add up to 1: divide by the slices of those who are there."
            who = f"hospital {absent[0] + 1} of 3 absent" if absent else "nobody absent"
            return f"With {who} the mean is not right."
    return None


CHECKS = {
    "13.1": weighted_mean,
    "13.2": megabytes_sent,
    "13.3": what_leaves,
    "13.4": mean_of_those_there,
}
