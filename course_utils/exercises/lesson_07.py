"""What counts as right in the exercises of lesson 07."""

import numpy as np
from scipy import ndimage

from course_utils import settings
from course_utils.exercises.common import Wrong, array, trying


def twins(answer: object, data: object) -> None:
    """07.1: a function of images and groups: pairs of slices of two groups that are one picture."""
    rng = np.random.default_rng(settings.SEED)
    images = ndimage.gaussian_filter(rng.normal(size=(18, 16, 16)), (0, 2, 2))
    images = 40 + 160 * (images - images.min()) / np.ptp(images)
    groups = np.repeat(["A", "B", "C", "D", "E", "F"], 3)
    # Of another group: brighter, the same, noisier. Of the same group: not asked for.
    images[9] = np.clip(1.2 * images[1] - 20, 0, 255)
    images[15], images[13] = images[4], images[5] + rng.normal(0, 2, (16, 16))
    images[7] = images[6]
    images = images.clip(0, 255).round().astype(np.uint8)
    with trying(answer, "images and groups") as pairs:
        given = pairs(images, groups)
    try:
        given = [(int(one), int(other)) for one, other in given]
    except (TypeError, ValueError):
        raise Wrong("This wants pairs of row numbers, such as `[(3, 85), (4, 86)]`.") from None
    found = {tuple(sorted(pair)) for pair in given}
    if any(one == other for one, other in found):
        raise Wrong("It pairs slices with themselves.")
    if (6, 7) in found:
        raise Wrong(
            "Slices of one group may look alike, and a split keeps them together: leave those "
            "pairs out."
        )
    right = {(1, 9), (4, 15), (5, 13)}
    brighter, noisier = {(1, 9)}, {(5, 13)}
    missed = right - found
    if missed == right:
        raise Wrong("It finds none of the three pairs that are there.")
    if missed == brighter | noisier:
        raise Wrong(
            "It finds exact copies alone. A copy may be brighter or noisier: take the correlation "
            "of the pixels."
        )
    if missed == brighter:
        raise Wrong(
            "It misses a copy that is brighter: take from each slice its mean, and divide by its "
            "spread, before you compare."
        )
    if missed:
        raise Wrong(f"It misses {len(missed)} of three pairs.")
    if found - right:
        raise Wrong(
            "It also pairs slices that are different pictures: ask for a correlation of 0.95 or "
            "more."
        )
    if len(given) > len(found):
        raise Wrong("Each pair comes twice, once in each order: keep those with first < second.")


def blind(answer: object, data: object) -> None:
    """07.2: a function of training slices, their labels and test slices: classes by the border."""
    rng = np.random.default_rng(settings.SEED)
    labels = rng.integers(0, 2, 160)
    noise = rng.integers(0, 60, (160, 32, 32)).astype(np.uint8)
    inside, outside = noise.copy(), noise.copy()
    inside[labels == 1, 8:24, 8:24] += 150
    outside[labels == 1, 2:6, 25:30] += 150
    train, test = slice(0, 100), slice(100, None)

    def right(images: np.ndarray) -> float:
        named = classify(images[train], labels[train], images[test])
        named = array(named, "the class of each of the 60 test slices", (60,))
        return np.mean(named == labels[test])

    with trying(answer, "train_images, train_labels and test_images") as classify:
        seen, marked = right(inside), right(outside)
    if seen > 0.75:
        raise Wrong(
            "It sees the middle: where only that differs between the classes, it is right on "
            f"{seen:.0%} of the slices. Take the outer 8 pixels on each side, and nothing else."
        )
    if marked < 0.9:
        raise Wrong(
            "It misses a bright mark in a corner, 2 pixels from the edge: it is right on "
            f"{marked:.0%} of the slices. Does it learn from all of the outer 8 pixels?"
        )


def doubts(answer: object, data: object) -> None:
    """07.3: a function of labels, probabilities and groups: disputed patients, the worst first."""
    rng = np.random.default_rng(settings.SEED)
    names = np.array(["P4", "P1", "P5", "P2", "P6", "P3"])
    groups = np.repeat(names, 4)
    labels = np.repeat([0, 1, 2, 0, 1, 2], 4)
    # How probable each patient's own label is on average; of the rest, most goes to the next class.
    own = np.repeat([0.8, 0.3, 0.62, 0.1, 0.7, 0.2], 4)
    own = own + np.tile([-0.09, 0.09, -0.05, 0.05], 6)
    # One slice of a patient whom the others clear.
    own[8], own[9:12] = 0.2, own[9:12] + 0.14
    probabilities = np.empty((24, 3))
    probabilities[np.arange(24), labels] = own
    probabilities[np.arange(24), (labels + 1) % 3] = 0.9 * (1 - own)
    probabilities[np.arange(24), (labels + 2) % 3] = 0.1 * (1 - own)
    order = rng.permutation(24)
    with trying(answer, "labels, probabilities and groups") as function:
        given = function(labels[order], probabilities[order], groups[order])
    if isinstance(given, str) or not np.iterable(given):
        raise Wrong("This wants a list of patients' names, the most doubtful first.")
    given = [str(name) for name in given]
    right = ["P2", "P3", "P1"]
    mistakes = {
        (
            "P1",
            "P3",
            "P2",
        ): "Those are the right patients, the least doubtful first: turn it round.",
        ("P2", "P3", "P1", "P5", "P6", "P4"): "It names every patient. Keep those of whom another "
        "class is more probable than their own.",
        ("P4", "P6", "P5"): "Those are the patients whose labels are confirmed.",
    }
    if given == right:
        return
    if "P5" in given and set(right) < set(given):
        mistakes[tuple(given)] = mistakes.get(tuple(given)) or (
            "It suspects a patient for a single slice. Take the mean of the patient's slices first."
        )
    hint = "Average the probabilities of each patient; then keep those whose label is not on top."
    raise Wrong(mistakes.get(tuple(given), f"It names {', '.join(given) or 'nobody'}. {hint}"))


CHECKS = {"07.1": twins, "07.2": blind, "07.3": doubts}
