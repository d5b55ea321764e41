"""What ``course app --measure`` measures: what the web app refuses, and what it lets through."""

from pathlib import Path

import numpy as np

from course_utils import datasets, settings
from course_utils.core import pictures, results
from course_utils.datasets import Dataset
from course_utils.evaluation import intervals
from course_utils.evaluation.intervals import Estimate
from course_utils.webapp import app, ood, ood_pictures

COUNT = 100  # pictures of each kind
REAL = 500  # real slices, where there are any


def refused(assistant: app.Assistant, images: np.ndarray, groups: np.ndarray) -> Estimate:
    """Share of pictures, (pictures, 128, 128), that the gate refuses; the interval is by group."""
    found = ood.distances(assistant.gate, assistant.model, images)
    return intervals.mean(~ood.passes(assistant.gate, found), groups)


def let_through(assistant: app.Assistant, test: Dataset, count: int) -> dict[str, Estimate]:
    """Share of each held-out kind of picture, all grey, that the gate takes for a brain slice."""
    found = {}
    for name, (images, groups) in ood_pictures.held_out(count, test.images).items():
        no = refused(assistant, images, groups)
        found[name] = Estimate(1 - no.value, 1 - no.high, 1 - no.low)
    return found


def hard_refused(assistant: app.Assistant, test: Dataset) -> dict[str, Estimate]:
    """Share of changed brain slices that the gate refuses, and of coloured photographs the app."""
    every = test.take(np.arange(0, len(test), 2))
    groups = every.table["group"].to_numpy()
    found = {
        name: refused(assistant, images, groups)
        for name, images in ood_pictures.hard(every.images).items()
    }
    images, names = ood_pictures.coloured_photographs()
    no = np.array([app.answer(assistant, pictures.encode(image)).refused for image in images])
    return found | {"photographs in colour": intervals.mean(no, names)}


def measure_refusals() -> Path:
    """Measure what the gate refuses and lets through, and write ``results/app-refusals.json``.

    The limits were set on other slices, of the practice data, and on no other pictures at all.
    """
    data = datasets.load("practice")
    _, _, test = data.split()
    assistant = app.prepare(data)
    groups = test.table["group"].to_numpy()
    figures = {"test_slices_refused": refused(assistant, test.images, groups)}
    for name, share in let_through(assistant, test, COUNT).items():
        figures[f"let through: {name}"] = share
    for name, share in hard_refused(assistant, test).items():
        figures[f"refused: {name}"] = share
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
