"""What ``course app --measure`` measures: what the web app refuses, and what it lets through."""

from pathlib import Path

import numpy as np

from course_utils import datasets, settings
from course_utils.core import results
from course_utils.datasets import Dataset
from course_utils.evaluation import intervals
from course_utils.evaluation.intervals import Estimate
from course_utils.webapp import app, ood, ood_pictures

COUNT = 100
# Real slices to look at, where there are any.
REAL = 500


def refused(assistant: app.Assistant, images: np.ndarray, groups: np.ndarray) -> Estimate:
    """Share of pictures, (pictures, 128, 128), that the gate refuses; resamples draw groups."""
    found = ood.distances(assistant.gate, assistant.model, images)
    return intervals.mean(~ood.passes(assistant.gate, found), groups)


def let_through(assistant: app.Assistant, test: Dataset, count: int) -> dict[str, Estimate]:
    """Share of each held-out kind of picture that the gate takes for a brain slice.

    All are grey: that a picture in colour is refused does not help here. Some test slices are cut
    into tiles.
    """
    found = {}
    for name, (images, groups) in ood_pictures.held_out(count, test.images).items():
        no = refused(assistant, images, groups)
        found[name] = Estimate(1 - no.value, 1 - no.high, 1 - no.low)
    return found


def measure_refusals() -> Path:
    """Measure what the gate refuses and lets through, and write ``results/app-refusals.json``.

    The limits were set on validation slices of the practice data. Neither the test slices, nor
    the pictures of :func:`~course_utils.webapp.ood_pictures.held_out`, nor real slices took part.
    """
    data = datasets.load("practice")
    _, _, test = data.split()
    assistant = app.prepare(data)
    figures = {
        "test_slices_refused": refused(assistant, test.images, test.table["group"].to_numpy()),
    }
    for name, share in let_through(assistant, test, COUNT).items():
        figures[f"let through: {name}"] = share
    if datasets.folder_of("kaggle").exists():
        real = datasets.load("kaggle")
        real = real.take(np.linspace(0, len(real) - 1, REAL).astype(int))
        groups = real.table["group"].to_numpy()
        figures["real_slices_refused"] = refused(assistant, real.images, groups)
    return results.save(
        "app-refusals",
        figures,
        command="course app --measure",
        dataset="practice",
        split="group",
        classifier=app.RECIPE,
        kept=ood.KEPT,
        pictures_a_kind=COUNT,
        seed=settings.SEED,
    )
