"""Two contrasts of the same slice: fused before the first convolution, or after the last answer."""

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.core.backend import keras
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.models import cnn

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
    inputs = cnn.slice_input(len(CONTRASTS))
    return cnn.classifier("early_fusion", inputs, cnn.convolutions(inputs))


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


def fused(runs: Mapping, data: Dataset) -> dict[str, np.ndarray]:
    """Answers from one contrast, from the other, and from both in two ways.

    Parameters
    ----------
    runs : mapping of str to course_utils.training.Run
        Under ``"t1ce"``, ``"flair"`` and ``"early fusion"``.
    data : Dataset
        In both contrasts; one that is black all over is missing, and late fusion leaves it out.

    Returns
    -------
    dict of str to ndarray of float, (slices, 4)
        Probabilities under the names of the runs, and under ``"late fusion"``.
    """
    found = {name: run.predict(data) for name, run in runs.items()}
    votes = [found[name] if data.contrast(name).any() else None for name in ("t1ce", "flair")]
    return found | {"late fusion": late_fusion(votes)}
