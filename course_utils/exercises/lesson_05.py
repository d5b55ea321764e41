"""What counts as right in the exercises of lesson 05."""

from collections.abc import Callable

import numpy as np

from course_utils import settings
from course_utils.datasets import Dataset
from course_utils.evaluation import calibration
from course_utils.exercises.checks import number

SENSITIVITY, SPECIFICITY, PREVALENCE = 0.95, 0.90, 0.01


def right_alarms(answer: object, data: Dataset) -> str | None:
    """05.1: what share of the alarms is right, at 95% and 90%, when 1% have a tumour?"""
    found = SENSITIVITY * PREVALENCE
    alarms = found + (1 - SPECIFICITY) * (1 - PREVALENCE)
    return number(
        answer,
        found / alarms,
        tolerance=0.002,
        mistakes={
            100 * found / alarms: "Right, but as a percentage: give the share, between 0 and 1.",
            SENSITIVITY: "That is the share of tumours that raise an alarm. Asked is the share "
            "of alarms that are tumours.",
            SPECIFICITY: "That is the share of scans without a tumour that raise no alarm.",
            found: "That is how many of all scans are tumours found. Divide by all alarms.",
            alarms: "That is how many of all scans raise an alarm. How many of these are right?",
            1 - found / alarms: "That is the share of false alarms.",
        },
        hint="Imagine 10,000 scans: count the tumours, the tumours found, and the false alarms.",
    )


def calibration_error(answer: object, data: Dataset) -> str | None:
    """05.2: a function of confidence and right that returns the ECE in ten bins."""
    if not isinstance(answer, Callable):
        return "This wants a function of confidence and right: give its name, without brackets."
    rng = np.random.default_rng(settings.SEED)
    confidence = rng.uniform(0.3, 1, 500)
    # As often right when unsure as when sure: too modest in low bins, too bold in high ones.
    right = rng.random(500) < 0.75
    # Two classes: the first has the confidence, and is the label where the answer is right.
    probabilities = np.column_stack([confidence, 1 - confidence])
    sure = confidence > 0.5
    confidence, right, probabilities = confidence[sure], right[sure], probabilities[sure]
    truth = calibration.ece((~right).astype(int), probabilities, bins=10)
    try:
        given = answer(confidence, right)
    except Exception as error:
        return f"It stopped with {type(error).__name__}: {str(error).splitlines()[0]}"
    bins = np.minimum((confidence * 10).astype(int), 9)
    gaps = [(confidence - right)[bins == one].mean() for one in np.unique(bins)]
    return number(
        given,
        truth,
        tolerance=0.002,
        mistakes={
            float(np.mean(np.abs(gaps))): "Every bin counts the same there. Weigh each by its "
            "share of the slices.",
            float(abs((confidence - right).mean())): "That is one bin for all: gaps upwards and "
            "downwards cancel. Use ten.",
            float(np.abs(confidence - right).mean()): "Those are gaps of single slices. Take the "
            "means of confidence and right in each bin first.",
            float((confidence - right).mean()): "Take the gaps without their sign.",
        },
        hint="Ten bins of equal width, the gap between the two means in each, weighed by size.",
    )


def resampled_patients(answer: object, data: Dataset) -> str | None:
    """05.3: a function that draws one resample of whole groups and returns its row numbers."""
    if not isinstance(answer, Callable):
        return "This wants a function of groups and rng: give its name, without brackets."
    groups = np.repeat(["a", "b", "c", "d", "e", "f"], [1, 2, 3, 4, 5, 6])
    drawn = []
    for seed in range(20):
        try:
            rows = np.asarray(answer(groups, np.random.default_rng(seed)))
        except Exception as error:
            return f"It stopped with {type(error).__name__}: {str(error).splitlines()[0]}"
        if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
            return (
                f"It must return row numbers, and it returned {rows.dtype} of shape {rows.shape}."
            )
        if not len(rows) or rows.min() < 0 or rows.max() >= len(groups):
            return f"Row numbers run from 0 to {len(groups) - 1} here, and it left that range."
        drawn.append(np.bincount(rows, minlength=len(groups)))
    drawn = np.array(drawn)
    starts = np.unique(groups, return_index=True)[1]
    times = drawn[:, starts]
    if (drawn != np.repeat(times, [1, 2, 3, 4, 5, 6], axis=1)).any():
        return "Some groups came in part: whenever a group is drawn, all of its rows must come."
    if (times.sum(axis=1) != 6).any():
        return f"There are 6 groups, and it drew {times.sum(axis=1)[0]}: draw as many as there are."
    if (times == 1).all():
        return "Every group came once: draw with replacement, so that some come twice."
    if (times == times[0]).all():
        return "It gives the same resample every time: draw with the rng it is given."
    return None


CHECKS = {
    "05.1": right_alarms,
    "05.2": calibration_error,
    "05.3": resampled_patients,
}
