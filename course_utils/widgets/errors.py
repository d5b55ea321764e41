"""Explorers of how a classifier fails."""

import ipywidgets
import numpy as np

from course_utils import evaluation, plots
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.evaluation.intervals import predictions
from course_utils.widgets.controls import class_buttons, explore, lay_out, place


def error_browser(data: Dataset, probabilities: np.ndarray, maps: np.ndarray | None = None) -> None:
    """Leaf through the slices of one cell of the confusion matrix, the most confident first.

    Probabilities are (slices, classes), and ``maps``, if any, heat maps (slices, height, width).
    """
    answers = predictions(probabilities)
    counts = evaluation.confusion(data.labels, answers, data.class_names).to_numpy()
    # It begins with the most frequent mistake; where nothing is wrong, with what is right.
    mistakes = counts * ~np.eye(len(counts), dtype=bool)
    begin = np.unravel_index((mistakes if mistakes.any() else counts).argmax(), counts.shape)
    names = data.class_names
    controls = {
        "true": class_buttons(names, "true", value=names[begin[0]]),
        "predicted": class_buttons(names, "predicted", value=names[begin[1]]),
        "number": ipywidgets.IntSlider(min=1, max=1, description="slice"),
        "outline": ipywidgets.Checkbox(value=True, description="outline the lesion"),
        "heat": ipywidgets.Checkbox(value=False, description="Grad-CAM"),
    }
    overlays = {"outline": data.masks, "heat": maps}
    lay_out(controls, hidden=[name for name, overlay in overlays.items() if overlay is None])

    def found(true: str, predicted: str) -> np.ndarray:
        of, called = names.index(true), names.index(predicted)
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
        rows, of, said = found(true, predicted), plots.spoken(true), plots.spoken(predicted)
        if not len(rows):
            raise CourseError(f"No {of} is called {said} here: choose another pair.")
        number = min(number, len(rows))
        row = rows[number - 1]
        about = data.table.iloc[row]
        chances = dict(zip(names, probabilities[row], strict=True))
        mask = data.masks[row] if outline and data.masks is not None else None
        one = maps[row] if heat and maps is not None else None
        figure = plots.answer(data.images[row], chances, true, mask, one, about["plane"])
        says = (
            f"Slice {number} of {len(rows)} that are {of} and are called {said}: group "
            f"{about['group']}{place(about['plane'], ', ')}. The classifier gives "
            f"{chances[predicted]:.0%} to {said}"
        )
        says += "." if true == predicted else f" and {chances[true]:.0%} to {of}."
        return figure, says

    explore(draw, controls)


def referral(labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray) -> None:
    """Move the least confidence to answer with, and see who is answered and who is referred."""
    groups = np.asarray(groups)
    confidence = probabilities.max(axis=1)
    right = predictions(probabilities) == labels
    # No classifier is less sure of its answer than one that guesses.
    least = 1 / probabilities.shape[1]
    slider = ipywidgets.FloatSlider(0.8, min=least, max=1, step=0.01, description="confidence")
    lay_out({"threshold": slider})

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
            part = (one[answered] for one in (labels, probabilities, groups))
            correct = evaluation.accuracy(*part)
            says += f" Of the answers, {correct} are right."
        return plots.outcomes(counts, f"Least confidence: {threshold:.0%}"), says

    explore(draw, {"threshold": slider})
