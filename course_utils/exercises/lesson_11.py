"""What counts as right in the exercises of lesson 11."""

from collections.abc import Callable

import numpy as np

from course_utils import evaluation, settings
from course_utils.datasets import Dataset
from course_utils.exercises.checks import number
from course_utils.models.fusion import late_fusion


def more_weights(answer: object, data: Dataset) -> str | None:
    """11.1: how many weights more the network with two contrasts has than that with one."""
    return number(
        answer,
        3 * 3 * 16,
        mistakes={
            2 * 3 * 3 * 16: "That is all of the first convolution. How many of these are new?",
            3 * 3: "That is one kernel's second sheet. There are 16 kernels.",
            98_388: "Only the first convolution meets the second contrast: the rest is as before.",
            2 * 98_388: "Only the first convolution meets the second contrast: the rest is as "
            "before.",
            16: "A kernel's sheet has 3 × 3 numbers.",
            3 * 3 * 16 + 16: "This convolution has no bias.",
        },
        hint="The first convolution has 16 kernels of 3 × 3, with a sheet for each channel.",
    )


def answers_that_are_there(answer: object, data: Dataset) -> str | None:
    """11.2: a function that averages the answers of the contrasts that are there."""
    if not isinstance(answer, Callable):
        return "This wants a function of a list of answers: give its name, without brackets."
    rng = np.random.default_rng(settings.SEED)
    one, two, three = rng.dirichlet(np.ones(4), (3, 6))
    for votes in ([one, two], [one, None], [None, two], [one, None, three]):
        seen = " and ".join("an array" if vote is not None else "None" for vote in votes)
        try:
            given = np.asarray(answer(list(votes)), dtype=float)
        except Exception as error:
            first = str(error).splitlines()[0]
            return f"With {seen} it stopped with {type(error).__name__}: {first}"
        if given.shape != one.shape:
            return f"With {seen} it returned the shape {given.shape}, not {one.shape}."
        present = [vote for vote in votes if vote is not None]
        if len(present) < len(votes) and np.allclose(given, sum(present) / len(votes)):
            return "A missing contrast counts as zeros: divide by how many are there."
        if np.allclose(given, sum(present)) and len(present) > 1:
            return "That is the sum. Probabilities of a slice must add up to 1: take the mean."
        if not np.allclose(given, late_fusion(votes)):
            return f"With {seen} it is not the mean of those that are there."
    return None


def share_mixed_up(answer: object, data: Dataset) -> str | None:
    """11.3: a function of labels and predicted that returns the share mixed up."""
    if not isinstance(answer, Callable):
        return "This wants a function of labels and predicted: give its name, without brackets."
    rng = np.random.default_rng(settings.SEED)
    labels = np.repeat([0, 1, 2, 3], [30, 50, 40, 20])
    predicted = np.where(rng.random(140) < 0.5, labels, rng.integers(0, 4, 140))
    try:
        given = answer(labels, predicted)
    except Exception as error:
        return f"It stopped with {type(error).__name__}: {str(error).splitlines()[0]}"
    there, back = ((labels == a) & (predicted == 1 - a) for a in (0, 1))
    both, of = there.sum() + back.sum(), (labels < 2).sum()
    return number(
        given,
        evaluation.mixed_up(labels, predicted),
        tolerance=1e-6,
        mistakes={
            both / len(labels): "That is a share of all slices. Asked is the share of the gliomas "
            "and meningiomas.",
            float(both): "That is how many. Divide by the number of gliomas and meningiomas.",
            there.sum() / of: "That counts gliomas called meningioma. The other way round counts, "
            "too.",
            back.sum() / of: "That counts meningiomas called glioma. The other way round counts, "
            "too.",
            (there.sum() / 30 + back.sum() / 50) / 2: "That is the mean of two shares. Count the "
            "slices of both classes together.",
            (predicted != labels)[labels < 2].mean(): "That counts every mistake on these slices, "
            "also those called no tumor or pituitary.",
        },
        hint="Slices of 0 called 1 and of 1 called 0, over all slices of 0 and 1.",
    )


CHECKS = {
    "11.1": more_weights,
    "11.2": answers_that_are_there,
    "11.3": share_mixed_up,
}
