"""What counts as right in the exercises of lesson 05."""

import numpy as np

from course_utils import settings
from course_utils.exercises.common import Wrong, number, number_check, trying

SENSITIVITY, SPECIFICITY, PREVALENCE = 0.95, 0.90, 0.01
FOUND = SENSITIVITY * PREVALENCE
ALARMS = FOUND + (1 - SPECIFICITY) * (1 - PREVALENCE)


def calibration_error(answer: object, data: object) -> None:
    """05.2: a function of confidence and right that returns the ECE in ten bins."""
    rng = np.random.default_rng(settings.SEED)
    confidence = rng.uniform(0.3, 1, 500)
    # As often right when unsure as when sure: too modest in low bins, too bold in high ones.
    right = rng.random(500) < 0.75
    with trying(answer, "confidence and right") as error:
        given = error(confidence, right)
    gap = confidence - right
    bins = np.minimum((confidence * 10).astype(int), 9)
    gaps = np.array([gap[bins == one].mean() for one in np.unique(bins)])
    shares = np.unique(bins, return_counts=True)[1] / len(bins)
    mistakes = {
        np.abs(gaps).mean(): "Weigh each bin by its share of the slices.",
        abs(gap.mean()): "That is one bin for all: gaps upwards and downwards cancel. Use ten.",
        np.abs(gap).mean(): "Those are gaps of single slices. Take the means of each bin first.",
        gap.mean(): "Take the gaps without their sign.",
    }
    hint = "Ten bins of equal width, the gap between the two means in each, weighed by size."
    number(given, shares @ np.abs(gaps), mistakes, hint, tolerance=0.002)


def resampled_patients(answer: object, data: object) -> None:
    """05.3: a function that draws one resample of whole groups and returns its row numbers."""
    sizes = np.arange(1, 7)
    groups = np.repeat(list("abcdef"), sizes)
    drawn = []
    for seed in range(20):
        with trying(answer, "groups and rng") as draw:
            rows = np.asarray(draw(groups, np.random.default_rng(seed)))
        if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
            returned = f"{rows.dtype} of shape {rows.shape}"
            raise Wrong(f"It must return row numbers, and it returned {returned}.")
        if not len(rows) or rows.min() < 0 or rows.max() >= len(groups):
            raise Wrong(f"Row numbers run from 0 to {len(groups) - 1} here: it left that range.")
        drawn.append(np.bincount(rows, minlength=len(groups)))
    drawn = np.array(drawn)
    times = drawn[:, np.unique(groups, return_index=True)[1]]
    if (drawn != np.repeat(times, sizes, axis=1)).any():
        raise Wrong("Some groups came in part: whenever a group is drawn, all its rows must come.")
    counts = times.sum(axis=1)
    if (counts != 6).any():
        other = counts[counts != 6][0]
        raise Wrong(f"There are 6 groups, and it drew {other}: draw as many as there are.")
    if (times == 1).all():
        raise Wrong("Every group came once: draw with replacement, so that some come twice.")
    if (times == times[0]).all():
        raise Wrong("It gives the same resample every time: draw with the rng it is given.")


CHECKS = {
    "05.1": number_check(  # the share of alarms that are right
        FOUND / ALARMS,
        {
            100 * FOUND / ALARMS: "Right, but as a percentage: give the share, between 0 and 1.",
            SENSITIVITY: "Asked is the share of alarms that are tumours, not the reverse.",
            SPECIFICITY: "That is the share of scans without a tumour that raise no alarm.",
            FOUND: "That is how many of all scans are tumours found. Divide by all alarms.",
            ALARMS: "That is how many of all scans raise an alarm. How many of these are right?",
            1 - FOUND / ALARMS: "That is the share of false alarms.",
        },
        hint="Imagine 10,000 scans: count the tumours, the tumours found, and the false alarms.",
        tolerance=0.002,
    ),
    "05.2": calibration_error,
    "05.3": resampled_patients,
}
