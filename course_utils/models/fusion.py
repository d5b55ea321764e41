"""Two contrasts of a slice: fused before the first convolution, or after the last layer."""

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.core.backend import keras
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.models import cnn

CONTRASTS = ("t1ce", "flair")


def early_fusion(
    classes: int = 4,
    dropout: float = cnn.DROPOUT,
    shape: tuple[int, int, int] = (*cnn.SHAPE[:2], len(CONTRASTS)),
) -> keras.Model:
    """Build the baseline for both contrasts at once, as two channels of one picture.

    Only the first convolution changes: each of its kernels gets a second sheet. From there on
    every feature can be made of both contrasts. They come in the order of :data:`CONTRASTS`.
    """
    inputs = cnn.slice_input(shape)
    return cnn.classifier("early_fusion", inputs, cnn.convolutions(inputs), classes, dropout)


def late_fusion(probabilities: Sequence[np.ndarray | None]) -> np.ndarray:
    """Average the probabilities of networks that have seen one contrast each.

    Each is (slices, classes), or None for a contrast that is missing, and does not vote. Where
    all are missing, a :class:`CourseError` says so.
    """
    present = [found for found in probabilities if found is not None]
    if not present:
        raise CourseError("Every contrast is missing, so there is nothing to average: give one.")
    return np.mean(present, axis=0)


def fused(runs: Mapping, data: Dataset) -> dict[str, np.ndarray]:
    """Predict from one contrast, from the other, and from both in two ways.

    Takes a run for each of ``"t1ce"``, ``"flair"`` and ``"early fusion"``. A contrast that is black
    all over is missing, and late fusion leaves it out. Probabilities, (slices, classes), come back
    under the names of the runs, and under ``"late fusion"``.
    """
    found = {name: run.predict(data) for name, run in runs.items()}
    votes = [found[name] if data.contrast(name).any() else None for name in CONTRASTS]
    return found | {"late fusion": late_fusion(votes)}
