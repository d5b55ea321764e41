"""Two contrasts of the same slice: fused before the first convolution, or after the last answer."""

from collections.abc import Sequence

import keras
import numpy as np

from course_utils import models
from course_utils.files import CourseError

CONTRASTS = ("t1ce", "flair")


def early_fusion() -> keras.Model:
    """Build the baseline for both contrasts at once, as two channels of one picture.

    Only the first convolution changes: each of its kernels gets a second sheet. From there on
    every feature can be made of both contrasts.

    Returns
    -------
    keras.Model
        float32 slices (batch, 128, 128, 2) in [0, 1], in the order of :data:`CONTRASTS`, to
        probabilities (batch, 4).
    """
    inputs = models.slice_input(len(CONTRASTS))
    return models.classifier("early_fusion", inputs, models.convolutions(inputs))


def late_fusion(answers: Sequence[np.ndarray | None]) -> np.ndarray:
    """Average the answers of networks that have seen one contrast each.

    Parameters
    ----------
    answers : sequence of ndarray of float, (slices, classes)
        Probabilities, an array a contrast; None for a contrast that is missing, and does not vote.

    Returns
    -------
    ndarray of float, (slices, classes)

    Raises
    ------
    CourseError
        If there is no answer at all.
    """
    present = [answer for answer in answers if answer is not None]
    if not present:
        raise CourseError("Every contrast is missing, so there is nothing to average: give one.")
    return np.mean(present, axis=0)
