"""What counts as right in the exercises of lesson 13."""

import numpy as np

from course_utils import settings
from course_utils.exercises.common import Wrong, array, trying

HOSPITALS = 4


def mean_of_those_there(answer: object, data: object) -> None:
    """13.1: a function that averages over the hospitals that answered."""
    rng = np.random.default_rng(settings.SEED)
    networks = [[rng.normal(size=(3, 3)), rng.normal(size=4)] for _ in range(3)]
    slices = [100, 300, 600]
    for absent in ((1,), (), (0, 2)):
        results = [None if i in absent else network for i, network in enumerate(networks)]
        there = [i for i in range(3) if i not in absent]
        total = sum(slices[i] for i in there)
        truth = [sum(slices[i] * networks[i][j] for i in there) / total for j in range(2)]
        with trying(answer, "results and slices") as average:
            found = _networks(average(results, slices), truth)
        if _same(found, truth):
            continue
        if _same(found, [t * total / 1000 for t in truth]):
            raise Wrong("The shares must add up to 1: divide by the slices of those who are there.")
        if _same(found, [np.mean([networks[i][j] for i in there], axis=0) for j in range(2)]):
            raise Wrong("That counts all hospitals alike. Who learned from more counts for more.")
        who = f"hospital {absent[0] + 1} of 3 absent" if absent else "nobody absent"
        raise Wrong(f"With {who} the mean is not right.")


def dealt_by_class(answer: object, data: object) -> None:
    """13.2: a function that deals patients out to hospitals, by Dirichlet shares of each class."""
    labels = np.random.default_rng(settings.SEED).permutation(np.repeat([0, 1, 2], [400, 240, 160]))
    wanted = f"a hospital, 0 to {HOSPITALS - 1}, for each patient"

    def counted(alpha: float, seed: int) -> np.ndarray:
        """Shares of each class (a row) by hospital."""
        with trying(answer, "labels, alpha, hospitals and rng") as deal:
            given = array(
                deal(labels, alpha, HOSPITALS, np.random.default_rng(seed)), wanted, labels.shape
            )
        if not np.isin(given, range(HOSPITALS)).all():
            raise Wrong(f"This wants {wanted}, and some are {given.min():g} or {given.max():g}.")
        first = given[labels == 0]
        if len(set(first)) > 1 and (np.diff(first) >= 0).all():
            raise Wrong("Shuffle the patients of a class before you divide them.")
        counts = [
            np.bincount(given[labels == c].astype(int), minlength=HOSPITALS) for c in range(3)
        ]
        return np.array(counts) / np.bincount(labels)[:, np.newaxis]

    if np.abs(counted(1000, 1) - 1 / HOSPITALS).max() > 0.2:
        raise Wrong("With alpha 1,000 every hospital should get about a quarter of each class.")
    uneven = [counted(0.05, seed) for seed in range(20)]
    if np.mean([shares.max(axis=1) for shares in uneven]) < 0.75:
        raise Wrong("With alpha 0.05 nearly all of a class should be in one hospital: use alpha.")
    if all(len(set(shares.argmax(axis=1))) == 1 for shares in uneven):
        raise Wrong("Each class needs shares of its own: here all hospitals have the same mix.")
    if len({shares[0].argmax() for shares in uneven}) == 1:
        raise Wrong("It is always the same hospital that gets most: draw with the rng given.")


def trimmed_mean(answer: object, data: object) -> None:
    """13.3: a function that averages what is left when the extremes are cut off, place by place."""
    rng = np.random.default_rng(settings.SEED)
    networks = [[rng.normal(size=(3, 3)), rng.normal(size=4)] for _ in range(5)]
    stacked = [np.sort([network[j] for network in networks], axis=0) for j in range(2)]
    for cut in (1, 2, 0):
        truth = [ordered[cut : 5 - cut].mean(axis=0) for ordered in stacked]
        with trying(answer, "results and cut") as trim:
            found = _networks(trim(networks, cut), truth)
        if _same(found, truth):
            continue
        if _same(found, [ordered.mean(axis=0) for ordered in stacked]):
            raise Wrong("That is the plain mean: nothing has been cut off.")
        for kept in (slice(cut, None), slice(0, 5 - cut)):
            if _same(found, [ordered[kept].mean(axis=0) for ordered in stacked]):
                raise Wrong("Cut at both ends: the lowest and the highest may each be a lie.")
        whole = [np.mean([n[j] for n in networks[cut : 5 - cut]], axis=0) for j in range(2)]
        if _same(found, whole):
            raise Wrong("Put the numbers of each place in order first. Whole hospitals went here.")
        if _same(found, [ordered[cut : 5 - cut].sum(axis=0) / 5 for ordered in stacked]):
            raise Wrong("Divide by how many are left, not by how many there were.")
        raise Wrong(f"With cut={cut} and five hospitals it is not the mean of what is left.")


def proximal_step(answer: object, data: object) -> None:
    """13.4: a function that takes one gradient step of FedProx."""
    rng = np.random.default_rng(settings.SEED)
    now, slope, sent = ([rng.normal(size=(3, 3)), rng.normal(size=4)] for _ in range(3))
    for rate, mu in ((0.1, 0.5), (0.2, 0.0)):
        away = [a - b for a, b in zip(now, sent, strict=True)]

        def stepped(of_slope: float, of_pull: float, away: list = away) -> list[np.ndarray]:
            both = zip(now, slope, away, strict=True)
            return [a - of_slope * g - of_pull * d for a, g, d in both]

        with trying(answer, "weights, gradients, sent, rate and mu") as step:
            found = _networks(step(now, slope, sent, rate, mu), now)
        mistakes = {
            "There is no pull: mu has to change something.": stepped(rate, 0),
            "That pushes away from the weights that were sent: mind the sign.": (
                stepped(rate, -rate * mu)
            ),
            "The slope of mu / 2 times a squared distance is mu times the distance.": (
                stepped(rate, rate * mu / 2)
            ),
            "The slope of mu / 2 times a square is mu times the distance, not twice that.": (
                stepped(rate, 2 * rate * mu)
            ),
            "The rate belongs to both slopes: add them up, then multiply.": stepped(rate, mu),
            "That goes uphill: take the slope away.": stepped(-rate, -rate * mu),
        }
        if _same(found, stepped(rate, rate * mu)):
            continue
        for words, wrong in mistakes.items():
            if _same(found, wrong):
                raise Wrong(words)
        raise Wrong(f"With rate={rate} and mu={mu} the new weights are not right.")


def _networks(answer: object, like: list[np.ndarray]) -> list[np.ndarray]:
    """Read a list of arrays like those of a network."""
    found = list(answer)
    if len(found) != len(like):
        raise Wrong("It must return a list with as many arrays as one network has.")
    wanted = "arrays of unchanged shapes"
    return [array(f, wanted, t.shape) for f, t in zip(found, like, strict=True)]


def _same(found: list[np.ndarray], wanted: list[np.ndarray]) -> bool:
    return all(np.allclose(a, b, atol=1e-5) for a, b in zip(found, wanted, strict=True))


CHECKS = {
    "13.1": mean_of_those_there,
    "13.2": dealt_by_class,
    "13.3": trimmed_mean,
    "13.4": proximal_step,
}
