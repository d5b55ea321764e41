"""What the web app does with an upload, from the file's bytes to words: no page, no server."""

import dataclasses
import functools

import numpy as np
import pandas as pd

from course_utils import datasets, models, plots, settings, training
from course_utils.core import files
from course_utils.core.backend import keras
from course_utils.core.errors import BadFile, CourseError
from course_utils.datasets import Dataset
from course_utils.evaluation import calibration, heatmaps
from course_utils.evaluation.intervals import predictions
from course_utils.training import features
from course_utils.webapp import ood, uploads

RECIPE = "baseline"
# Raise it when the same run and data no longer give the same file.
VERSION = 1
# Grey slices that were saved in colour are far below: 585 real ones reached 0.015 at most.
MOST_COLOUR = 0.05
SIMILAR = 4
# The validation slices whose confidence is nearest tell how sure to be.
COMPARED = 100


@dataclasses.dataclass(frozen=True, eq=False)
class Assistant:
    """All that an answer needs.

    Attributes
    ----------
    model : keras.Model
    temperature : float
        Fitted on validation slices.
    gate : refusal.Gate
    cases : Dataset
        The training slices, among which similar ones are looked for.
    confidences, right : ndarray, (validation slices,)
        How sure the model is of each validation slice, and whether it is right.
    """

    model: keras.Model
    temperature: float
    gate: ood.Gate
    cases: Dataset
    confidences: np.ndarray
    right: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    """What becomes of an upload: an answer, or a refusal with the reason.

    Attributes
    ----------
    says : str
        The result in words. Of a refusal: what is wrong, and what to do.
    slice : ndarray of uint8, (128, 128), or None
        What the model sees; None where the file could not be read.
    probabilities : dict of str to float
        Calibrated, by class name; empty in a refusal, as the two below.
    heat : ndarray of float32, (128, 128), or None
    similar : pandas.DataFrame
        A row a similar training slice, the nearest first: row, label, patient, plane.
    """

    says: str
    slice: np.ndarray | None = None
    probabilities: dict[str, float] = dataclasses.field(default_factory=dict)
    heat: np.ndarray | None = None
    similar: pd.DataFrame | None = None

    @property
    def refused(self) -> bool:
        """Whether there is no answer."""
        return not self.probabilities


def prepare(data: Dataset | None = None, recipe: str = RECIPE) -> Assistant:
    """Train, calibrate and set the limits, or reload what was prepared before.

    Parameters
    ----------
    data : Dataset, optional
        The chosen data set where it is left out.
    recipe : str
        A name in :data:`course_utils.training.runs.RECIPES`.

    Raises
    ------
    CourseError
        If the data or a saved file is damaged.
    """
    train, val, _ = (data or datasets.load()).split()
    # The training shows its progress; that an old one was reloaded is of no interest here.
    run = training.train(recipe, train, val)
    path = settings.data_dir() / "app" / f"v{VERSION}-{run.folder.name}.npz"
    with files.lock(path):
        if not path.exists():
            _save(path, run.model, train, val)
    try:
        with np.load(path) as stored:
            kept = dict(stored)
        limits = {name: float(kept.pop(f"limit_{name}")) for name in ("picture", "features")}
        temperature, confidences, right = (
            kept.pop(name) for name in ("temperature", "confidences", "right")
        )
        gate = ood.Gate(**kept, limits=limits)
    # A truncated zip raises more kinds of exceptions than NumPy documents.
    except Exception as error:
        raise CourseError(f"{path} is damaged ({error}): delete it and try again.") from None
    return Assistant(run.model, float(temperature), gate, train, confidences, right)


def answer(assistant: Assistant, data: bytes) -> Answer:
    """Answer one uploaded file, or refuse it.

    Parameters
    ----------
    assistant : Assistant
    data : bytes
        Contents of the file. They are neither kept nor written anywhere.
    """
    try:
        upload = uploads.read(data)
    except BadFile as problem:
        return Answer(
            f"This file {problem}. What is wanted is one MRI slice, as PNG, JPEG or uncompressed "
            f"DICOM, of at most {uploads.MOST_BYTES / 1e6:.0f} MB."
        )
    if upload.colour > MOST_COLOUR:
        return Answer(
            "No answer: this picture is in colour, and an MRI slice is grey. The model would name "
            "one of its four classes all the same.",
            upload.slice,
        )
    found = ood.distances(assistant.gate, assistant.model, upload.slice[np.newaxis])
    if not ood.passes(assistant.gate, found)[0]:
        return Answer(
            "No answer: this does not look like the brain slices that the model was trained on. "
            "It would name one of its four classes all the same, and there would be nothing "
            "behind it.",
            upload.slice,
        )
    return look(assistant, upload.slice)


def look(assistant: Assistant, image: np.ndarray) -> Answer:
    """Name the class of a slice, with everything that belongs to an answer.

    Parameters
    ----------
    image : ndarray of uint8, (128, 128)
    """
    batch = image[np.newaxis]
    (probabilities,) = probabilities_of(assistant.model, assistant.temperature, batch)
    names = assistant.cases.class_names
    groups = assistant.cases.table["group"].to_numpy()
    rows = ood.similar(assistant.gate, assistant.model, image, groups, SIMILAR)
    similar = assistant.cases.table.loc[rows, ["label", "patient", "plane"]].assign(row=rows)
    return Answer(
        how_sure(assistant, probabilities),
        image,
        {name: float(p) for name, p in zip(names, probabilities, strict=True)},
        heatmaps.gradcam(assistant.model, batch)[0],
        similar.reset_index(drop=True),
    )


# A part that is made anew has to be compiled anew, which takes longer than an answer.
_scoring = functools.lru_cache(maxsize=4)(functools.partial(models.submodel, stop="logits"))


def probabilities_of(model: keras.Model, temperature: float, images: np.ndarray) -> np.ndarray:
    """Calibrated probabilities of slices: (slices, classes)."""
    logits = features.predict(_scoring(model), images)
    return calibration.scaled(logits, temperature)


def how_sure(assistant: Assistant, probabilities: np.ndarray) -> str:
    """Say in one or two sentences what the model names, and how sure to be of it.

    The evidence is counted, not promised: of the validation slices with the nearest confidence,
    how many did the model name rightly?
    """
    first, second = np.argsort(-probabilities)[:2]
    names = [plots.spoken(assistant.cases.class_names[place]) for place in (first, second)]
    sure = probabilities[first]
    nearest = np.argsort(np.abs(assistant.confidences - sure), kind="stable")[:COMPARED]
    right = int(assistant.right[nearest].sum())
    if sure < 0.5:
        verb = f"The model does not know: {names[0]} ({sure:.0%}) is its best guess"
    elif sure < 0.8:
        verb = f"The model leans towards {names[0]} ({sure:.0%}); {names[1]} comes next"
    else:
        verb = f"The model says {names[0]} ({sure:.0%})"
    return (
        f"{verb}. Of the {len(nearest)} validation slices of which it was about as "
        f"sure, it named {right} rightly."
    )


def _save(path, model: keras.Model, train: Dataset, val: Dataset) -> None:
    logits = features.predict(_scoring(model), val.images)
    temperature = calibration.fit_temperature(val.labels, logits)
    probabilities = calibration.scaled(logits, temperature)
    gate = ood.fit(model, train, val)
    arrays = dataclasses.asdict(gate)
    limits = {f"limit_{name}": limit for name, limit in arrays.pop("limits").items()}
    with files.atomic(path) as new, new.open("wb") as file:
        np.savez(
            file,
            **arrays,
            **limits,
            temperature=temperature,
            confidences=probabilities.max(axis=1),
            right=predictions(probabilities) == val.labels,
        )
