"""Explorers of how a classifier fails, each with a still picture for static mode."""

import ipywidgets
import numpy as np

from course_utils import evaluation, plots
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.widgets.base import WIDE, explore


def error_browser(
    data: Dataset,
    probabilities: np.ndarray,
    maps: np.ndarray | None = None,
) -> None:
    """Leaf through the slices of one cell of the confusion matrix, the most confident first.

    It begins with the most frequent mistake.

    Parameters
    ----------
    data : Dataset
        The slices that were classified.
    probabilities : ndarray of float, (slices, classes)
    maps : ndarray of float, (slices, height, width), optional
        Heat maps, offered as an overlay.
    """
    names = [(plots.spoken(name), name) for name in data.class_names]
    answers = evaluation.predictions(probabilities)
    counts = evaluation.confusion(data.labels, answers, data.class_names).to_numpy()
    # Where nothing is wrong, what is right.
    mistakes = counts * ~np.eye(len(counts), dtype=bool)
    begin = np.unravel_index((mistakes if mistakes.any() else counts).argmax(), counts.shape)
    true, predicted = (data.class_names[number] for number in begin)
    controls = {
        "true": ipywidgets.ToggleButtons(options=names, value=true, description="true"),
        "predicted": ipywidgets.ToggleButtons(
            options=names, value=predicted, description="predicted"
        ),
        "number": ipywidgets.IntSlider(min=1, max=1, description="slice"),
        "outline": ipywidgets.Checkbox(value=True, description="outline the lesion"),
        "heat": ipywidgets.Checkbox(value=False, description="Grad-CAM"),
    }
    for control in controls.values():
        control.style = WIDE | ({"button_width": "auto"} if hasattr(control, "tooltips") else {})
        control.layout.width = "38em"
    controls["outline"].layout.display = "none" if data.masks is None else None
    controls["heat"].layout.display = "none" if maps is None else None

    def found(true: str, predicted: str) -> np.ndarray:
        of, called = data.class_names.index(true), data.class_names.index(predicted)
        rows = np.flatnonzero((data.labels == of) & (answers == called))
        return rows[np.argsort(-probabilities[rows, called], kind="stable")]

    def offer(_=None) -> None:
        rows = found(controls["true"].value, controls["predicted"].value)
        controls["number"].max = max(1, len(rows))
        controls["number"].value = 1

    for name in ("true", "predicted"):
        controls[name].observe(offer, "value")
    offer()

    def draw(true: str, predicted: str, number: int, outline: bool, heat: bool):
        rows = found(true, predicted)
        if not len(rows):
            raise CourseError(
                f"No {plots.spoken(true)} is called {plots.spoken(predicted)} here: choose "
                "another pair."
            )
        row = rows[min(number, len(rows)) - 1]
        about = data.table.iloc[row]
        chances = dict(zip(data.class_names, probabilities[row], strict=True))
        figure = plots.answer(
            data.images[row],
            chances,
            true,
            data.masks[row] if outline and data.masks is not None else None,
            maps[row] if heat and maps is not None else None,
            about["plane"],
        )
        where = "" if about["plane"] == "unknown" else f", {about['plane']}"
        says = (
            f"Slice {min(number, len(rows))} of {len(rows)} that are {plots.spoken(true)} and are "
            f"called {plots.spoken(predicted)}: group {about['group']}{where}. The classifier "
            f"gives {chances[predicted]:.0%} to {plots.spoken(predicted)}"
        )
        says += "." if true == predicted else f" and {chances[true]:.0%} to {plots.spoken(true)}."
        return figure, says

    explore(draw, controls)


def referral(labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray) -> None:
    """Move the least confidence to answer with, and see who is answered and who is referred.

    Parameters
    ----------
    labels : ndarray of int, (slices,)
    probabilities : ndarray of float, (slices, classes)
    groups : ndarray, (slices,)
        The patient, or the set of near-duplicates, of each slice.
    """
    groups = np.asarray(groups)
    confidence = probabilities.max(axis=1)
    right = evaluation.predictions(probabilities) == labels
    slider = ipywidgets.FloatSlider(
        value=0.8, min=0.25, max=1, step=0.01, description="confidence", style=WIDE
    )
    slider.layout.width = "38em"

    def draw(threshold: float):
        answered = confidence >= threshold
        counts = {
            "answered, right": int((answered & right).sum()),
            "answered, wrong": int((answered & ~right).sum()),
            "referred, would be right": int((~answered & right).sum()),
            "referred, would be wrong": int((~answered & ~right).sum()),
        }
        says = (
            f"Answering from {threshold:.0%} confidence: {answered.sum()} of {len(labels)} slices "
            f"are answered, {(~answered).sum()} referred."
        )
        if len(np.unique(groups[answered])) > 1:
            correct = evaluation.accuracy(
                labels[answered], probabilities[answered], groups[answered]
            )
            says += f" Of the answers, {correct} are right."
        return plots.outcomes(counts, f"Least confidence: {threshold:.0%}"), says

    explore(draw, {"threshold": slider})
