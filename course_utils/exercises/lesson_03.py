"""What counts as right in the exercises of lesson 03."""

import math

import numpy as np

from course_utils.datasets import Dataset
from course_utils.exercises.checks import number


def weights_of_a_layer(answer: object, data: Dataset) -> str | None:
    """03.1: weights of a convolution from 32 to 64 channels, 3 x 3, with bias."""
    return number(
        answer,
        64 * (3 * 3 * 32 + 1),
        mistakes={
            64 * 3 * 3 * 32: "Nearly: each of the 64 filters has a bias, too.",
            64 * 3 * 3: "That would be for one channel coming in. Here 32 come in.",
            64 * (3 * 3 + 1): "That would be for one channel coming in. Here 32 come in.",
            32 * (3 * 3 * 64 + 1): "Channels in and filters are swapped.",
        },
        hint="A filter has 3 x 3 weights for every channel that comes in, and one bias.",
    )


def level_edges(answer: object, data: Dataset) -> str | None:
    """03.2: a kernel that answers where it gets brighter downwards, and to nothing else."""
    try:
        kernel = np.asarray(answer, float)
    except (TypeError, ValueError):
        return "This wants three lists of three numbers."
    if kernel.shape != (3, 3):
        return f"This wants 3 rows of 3 numbers, and it got the shape {kernel.shape}."
    if not np.isfinite(kernel).all() or not kernel.any():
        return "Its numbers must be finite, and not all zero."
    if abs(kernel.sum()) > 1e-6:
        return f"In an even area it gives {kernel.sum():.3g} times the brightness: make it zero."
    if np.abs(kernel.sum(axis=0)).max() > 1e-6:
        return "It also answers to upright edges: each column should add up to zero."
    if kernel[2].sum() <= 0 or kernel[1:].sum() <= 0:
        return "It gives a negative number where it gets brighter downwards: turn it over."
    return None


def mean_cross_entropy(answer: object, data: Dataset) -> str | None:
    """03.3: cross-entropy of three slices whose true class got 0.7, 0.9 and 0.05."""
    given = (0.7, 0.9, 0.05)
    truth = -sum(map(math.log, given)) / 3
    return number(
        answer,
        truth,
        tolerance=0.005,
        mistakes={
            3 * truth: "That is the sum. The loss is the mean over the slices.",
            -truth: "Turn the sign: a loss is positive.",
            truth / math.log(10): "That is with logarithms to the base 10. Use the natural one.",
            truth / math.log(2): "That is with logarithms to the base 2. Use the natural one.",
            -math.log(sum(given) / 3): "Take the logarithms first, then their mean.",
        },
        hint="Take minus the natural logarithm of each, then the mean.",
    )


def standard_error(answer: object, data: Dataset) -> str | None:
    """03.4: standard error of 80% among 60 patients whose ten slices always agree."""
    return number(
        answer,
        math.sqrt(0.8 * 0.2 / 60),
        tolerance=0.0006,
        mistakes={
            math.sqrt(0.8 * 0.2 / 600): "That takes 600 slices as 600 pieces of evidence. How "
            "many are there, when the slices of a patient always agree?",
            0.8 * 0.2 / 60: "That is the variance: take its square root.",
            1.96 * math.sqrt(0.8 * 0.2 / 60): "That is half the width of the 95% interval. The "
            "standard error is asked for.",
            100 * math.sqrt(0.8 * 0.2 / 60): "Right, but in percentage points: give the share.",
        },
        hint="sqrt(p (1 - p) / n), where n counts the independent pieces of evidence.",
    )


CHECKS = {
    "03.1": weights_of_a_layer,
    "03.2": level_edges,
    "03.3": mean_cross_entropy,
    "03.4": standard_error,
}
