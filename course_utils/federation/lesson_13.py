"""What counts as right in the exercises of lesson 13."""

import numpy as np

from course_utils.exercises.common import Wrong, array, number_check, trying, words

MEGABYTES = 98_388 * 4 * 4 * 12 * 2 / 1e6
STAY = {"labels", "slices", "names of patients"}
LEAVE = {"weights", "averages of batch norm", "number of slices"}


def what_leaves(answer: object, data: object) -> None:
    """13.3: what a hospital sends to the coordinator."""
    given = words(answer, ("weights", "labels", *sorted(STAY | LEAVE - {"weights", "labels"})))
    if wrong := sorted(given & STAY):
        raise Wrong(f"{wrong[0].capitalize()} stay: look at what the ClientApp answers with.")
    if missing := sorted(LEAVE - given):
        raise Wrong(f"What about: {missing[0]}? Look at what the ClientApp answers with.")


def mean_of_those_there(answer: object, data: object) -> None:
    """13.4: a function that averages over the hospitals that answered."""
    rng = np.random.default_rng(3)
    networks = [[rng.normal(size=(3, 3)), rng.normal(size=4)] for _ in range(3)]
    slices = [100, 300, 600]
    for absent in ((1,), (), (0, 2)):
        results = [None if i in absent else network for i, network in enumerate(networks)]
        there = [i for i in range(3) if i not in absent]
        total = sum(slices[i] for i in there)
        truth = [sum(slices[i] * networks[i][j] for i in there) / total for j in range(2)]
        with trying(answer, "results and slices") as average:
            found = list(average(results, slices))
            if len(found) != 2:
                raise Wrong("It must return a list with as many arrays as one network has.")
            wanted = "arrays of unchanged shapes"
            found = [array(f, wanted, t.shape) for f, t in zip(found, truth, strict=True)]
        if all(map(np.allclose, found, truth)):
            continue
        if all(np.allclose(f, t * total / 1000) for f, t in zip(found, truth, strict=True)):
            raise Wrong("The shares must add up to 1: divide by the slices of those who are there.")
        who = f"hospital {absent[0] + 1} of 3 absent" if absent else "nobody absent"
        raise Wrong(f"With {who} the mean is not right.")


CHECKS = {
    "13.1": number_check(  # the mean of 1.0, 0.5 and -0.2, learned from 100, 300 and 600 slices
        0.13,
        {
            1.3 / 3: "That counts all hospitals alike. Who learned from more slices counts more.",
            130: "Divide by the number of all slices.",
        },
        hint="Multiply each weight by its hospital's slices, add up, divide by all slices.",
        tolerance=0.001,
    ),
    "13.2": number_check(  # MB: 98,388 numbers of 4 bytes, 4 hospitals, 12 rounds, two ways
        MEGABYTES,
        {
            MEGABYTES / 2: "That is one way: the weights go to each hospital, and come back.",
            MEGABYTES / 4: "A number takes 4 bytes.",
            MEGABYTES * 1e6: "That is in bytes. Asked are megabytes, a million bytes each.",
            MEGABYTES / 12: "That is one round.",
        },
        hint="Numbers x bytes x hospitals x rounds x two ways, divided by a million.",
        tolerance=0.1,
    ),
    "13.3": what_leaves,
    "13.4": mean_of_those_there,
}
