"""What counts as right in the exercises of lesson 11."""

import numpy as np

from course_utils import settings
from course_utils.exercises.common import Wrong, array, number, number_check, trying


def answers_that_are_there(answer: object, data: object) -> None:
    """11.2: a function that averages the answers of the contrasts that are there."""
    rng = np.random.default_rng(settings.SEED)
    one, two, three = rng.dirichlet(np.ones(4), (3, 6))
    for votes in ([one, two], [one, None], [None, two], [one, None, three]):
        seen = " and ".join("None" if vote is None else "an array" for vote in votes)
        with trying(answer, "a list of answers", start=f"With {seen} it") as fuse:
            given = array(fuse(votes), "a function that returns an array like those", one.shape)
        present = [vote for vote in votes if vote is not None]
        if len(present) < len(votes) and np.allclose(given, sum(present) / len(votes)):
            raise Wrong("A missing contrast counts as zeros: divide by how many are there.")
        if len(present) > 1 and np.allclose(given, sum(present)):
            raise Wrong("That is the sum. Probabilities must add up to 1: take the mean.")
        if not np.allclose(given, np.mean(present, axis=0)):
            raise Wrong(f"With {seen} it is not the mean of those that are there.")


def share_mixed_up(answer: object, data: object) -> None:
    """11.3: a function of labels and predicted that returns the share mixed up."""
    rng = np.random.default_rng(settings.SEED)
    labels = np.repeat([0, 1, 2, 3], [30, 50, 40, 20])
    predicted = np.where(rng.random(140) < 0.5, labels, rng.integers(0, 4, 140))
    with trying(answer, "labels and predicted") as share:
        given = share(labels, predicted)
    there, back = (((labels == a) & (predicted == 1 - a)).sum() for a in (0, 1))
    both, of = there + back, (labels < 2).sum()
    mistakes = {
        both / len(labels): "That is a share of all slices, not of gliomas and meningiomas.",
        both: "That is how many. Divide by the number of gliomas and meningiomas.",
        there / of: "That counts gliomas called meningioma. The other way round counts, too.",
        back / of: "That counts meningiomas called glioma. The other way round counts, too.",
        (there / 30 + back / 50) / 2: "That is the mean of two shares. Count both together.",
        (predicted != labels)[labels < 2].mean(): "That counts every mistake on these slices.",
    }
    hint = "Slices of 0 called 1 and of 1 called 0, over all slices of 0 and 1."
    number(given, both / of, mistakes, hint, tolerance=1e-6)


CHECKS = {
    "11.1": number_check(  # weights that a second contrast adds to the baseline
        3 * 3 * 16,
        {
            2 * 3 * 3 * 16: "That is all of the first convolution. How many of these are new?",
            3 * 3: "That is one kernel's second sheet. There are 16 kernels.",
            98_388: "Only the first convolution meets the second contrast.",
            2 * 98_388: "Only the first convolution meets the second contrast.",
            16: "A kernel's sheet has 3 × 3 numbers.",
            3 * 3 * 16 + 16: "This convolution has no bias.",
        },
        hint="The first convolution has 16 kernels of 3 × 3, with a sheet for each channel.",
    ),
    "11.2": answers_that_are_there,
    "11.3": share_mixed_up,
}
