"""What counts as right in the exercises of lesson 03."""

import math

import numpy as np

from course_utils.exercises.common import Wrong, array, number_check

PROBABILITIES = (0.7, 0.9, 0.05)
CROSS_ENTROPY = -sum(map(math.log, PROBABILITIES)) / 3
STANDARD_ERROR = math.sqrt(0.8 * 0.2 / 60)


def level_edges(answer: object, data: object) -> None:
    """03.2: a kernel that answers where it gets brighter downwards, and to nothing else."""
    kernel = array(answer, "three lists of three numbers", (3, 3))
    if not kernel.any():
        raise Wrong("Its numbers must not all be zero.")
    if abs(kernel.sum()) > 1e-6:
        raise Wrong(f"In an even area it gives {kernel.sum():.3g} times the grey: make it zero.")
    if np.abs(kernel.sum(axis=0)).max() > 1e-6:
        raise Wrong("It also answers to upright edges: each column should add up to zero.")
    if kernel[2].sum() <= 0 or kernel[1:].sum() <= 0:
        raise Wrong("It gives a negative number where it gets brighter downwards: turn it over.")


CHECKS = {
    "03.1": number_check(  # weights of a convolution from 32 to 64 channels, 3 x 3, with bias
        64 * (3 * 3 * 32 + 1),
        {
            64 * 3 * 3 * 32: "Nearly: each of the 64 filters has a bias, too.",
            64 * 3 * 3: "That would be for one channel coming in. Here 32 come in.",
            64 * (3 * 3 + 1): "That would be for one channel coming in. Here 32 come in.",
            32 * (3 * 3 * 64 + 1): "Channels in and filters are swapped.",
        },
        hint="A filter has 3 x 3 weights for every channel that comes in, and one bias.",
    ),
    "03.2": level_edges,
    "03.3": number_check(  # cross-entropy of three slices whose true class got these probabilities
        CROSS_ENTROPY,
        {
            3 * CROSS_ENTROPY: "That is the sum. The loss is the mean over the slices.",
            -CROSS_ENTROPY: "Turn the sign: a loss is positive.",
            CROSS_ENTROPY / math.log(10): "That is to the base 10. Use the natural logarithm.",
            CROSS_ENTROPY / math.log(2): "That is to the base 2. Use the natural logarithm.",
            -math.log(sum(PROBABILITIES) / 3): "Take the logarithms first, then their mean.",
        },
        hint="Take minus the natural logarithm of each, then the mean.",
        tolerance=0.005,
    ),
    "03.4": number_check(  # standard error of 80% among 60 patients whose ten slices always agree
        STANDARD_ERROR,
        {
            math.sqrt(0.8 * 0.2 / 600): "Are 600 slices that agree 600 pieces of evidence?",
            0.8 * 0.2 / 60: "That is the variance: take its square root.",
            1.96 * STANDARD_ERROR: "That is half the width of the 95% interval.",
            100 * STANDARD_ERROR: "Right, but in percentage points: give the share.",
        },
        hint="sqrt(p (1 - p) / n), where n counts the independent pieces of evidence.",
        tolerance=0.0006,
    ),
}
