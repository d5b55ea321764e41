"""What the web app does with an upload, from the file's bytes to words: no page, no server."""

import dataclasses
import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from course_utils import datasets, plots, settings, training
from course_utils.core import files
from course_utils.core.backend import keras
from course_utils.core.errors import BadFile
from course_utils.datasets import Dataset
from course_utils.evaluation import calibration, heatmaps, intervals
from course_utils.training import features
from course_utils.webapp import dicom, ood, uploads

RECIPE = "baseline"
# Raise it when the same run and data no longer give the same file.
VERSION = 2
# Grey slices that were saved in colour are far below: 585 real ones reached 0.015 at most.
MOST_COLOUR = 0.05
SIMILAR = 4
# The validation slices whose confidence is nearest tell how sure to be.
COMPARED = 100


@dataclasses.dataclass(frozen=True, eq=False)
class Assistant:
    """All that an answer needs."""

    name: str  # of the model and its version, as an answer is signed
    model: keras.Model
    temperature: float  # fitted on validation slices
    gate: ood.Gate
    cases: Dataset  # the training slices, among which similar ones are looked for
    # How sure the model is of each validation slice, and whether it is right: (slices,).
    confidences: np.ndarray
    right: np.ndarray
    card: dict[str, str]  # the model card: what it is, what it learned from, what it is not for


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    """What becomes of an upload: an answer, or a refusal with the reason."""

    says: str
    by: str  # which model, in which version, and when
    # What the model sees, uint8, (128, 128); None where the file could not be read.
    slice: np.ndarray | None = None
    # Calibrated, by class name; empty in a refusal, as the two below.
    probabilities: dict[str, float] = dataclasses.field(default_factory=dict)
    # How many of the validation slices compared with were named rightly, and how many they are.
    right: tuple[int, int] | None = None
    heat: np.ndarray | None = None
    # Similar training slices, the nearest first: row, label, patient, plane.
    similar: pd.DataFrame | None = None
    # On the scanner's scale, where it came as a DICOM file.
    scan: dicom.Scan | None = None

    @property
    def refused(self) -> bool:
        """Whether there is no answer."""
        return not self.probabilities


def prepare(data: Dataset | None = None, recipe: str = RECIPE) -> Assistant:
    """Train, calibrate and set the limits, or reload what was prepared before.

    The data set is the chosen one where it is left out; CourseError where a saved file is damaged.
    """
    train, val, _ = (data or datasets.load()).split()
    # The training shows its progress; that an old one was reloaded is of no interest here.
    run = training.train(recipe, train, val)
    path = settings.data_dir() / "app" / f"v{VERSION}-{run.folder.name}.npz"
    files.once(path, lambda new: _fit(new, run.model, train, val))
    with files.reading(path, "delete it and try again"), np.load(path) as stored:
        names = {field.name for field in dataclasses.fields(ood.Gate)} - {"limits"}
        measured = {name: stored[name] for name in names}
        limits = {name: float(stored[f"limit_{name}"]) for name in ood.DISTANCES}
        temperature, gate = float(stored["temperature"]), ood.Gate(**measured, limits=limits)
        seen = stored["confidences"], stored["right"]
    # The run's name ends in a digest of all that decided how it came out, each training pixel too.
    name = "model {}, version {}.{}".format(*run.folder.name.rsplit("-", 1), VERSION)
    about = card(name, run, gate, temperature, seen[1], val.table["group"].to_numpy())
    return Assistant(name, run.model, temperature, gate, train, *seen, about)


def card(name: str, run, gate: ood.Gate, temperature: float, right, groups) -> dict[str, str]:
    """The model card of what answers: what it is, what it learned from, and what it is not for."""
    learned = run.settings["train"]
    limits = "; ".join(f"{which} {limit:.2f}" for which, limit in gate.limits.items())
    return {
        "model": name.removeprefix("model "),
        "network": f"{run.model.count_params():,} parameters, seed {run.settings['seed']}, "
        f"started from {run.settings['weights'].partition('-')[0]} weights",
        "learned from": f"{learned['slices']:,} slices of the {learned['name']} data, "
        f"fingerprint {learned['fingerprint']}",
        "right on validation slices": str(intervals.mean(right, groups)),
        "temperature": f"{temperature:.3f}",
        "refuses beyond": limits,
        "made for": "lessons on machine learning",
        "not made for": "anybody's scan, scanner or decision: it was tried on no patient",
    }


def answer(assistant: Assistant, data: bytes) -> Answer:
    """Answer one uploaded file, or refuse it. Its contents are neither kept nor written."""
    by = signed(assistant)
    try:
        upload = uploads.read(data)
    except BadFile as problem:
        return Answer(
            f"This file {problem}. What is wanted is one MRI slice, as PNG, JPEG or uncompressed "
            f"DICOM, of at most {uploads.MOST_BYTES / 1e6:.0f} MB and "
            f"{uploads.MOST_PIXELS / 1e6:.0f} megapixels.",
            by,
        )
    if upload.colour > MOST_COLOUR:
        return Answer(
            "No answer: this picture is in colour, and an MRI slice is grey. The model would name "
            "one of its classes all the same.",
            by,
            upload.slice,
        )
    found = ood.distances(assistant.gate, assistant.model, upload.slice[np.newaxis])
    if not ood.passes(assistant.gate, found)[0]:
        return Answer(
            "No answer: this does not look like the brain slices that the model was trained on. "
            "It would name one of its classes all the same, and there would be nothing behind it.",
            by,
            upload.slice,
            scan=upload.scan,
        )
    return dataclasses.replace(look(assistant, upload.slice), scan=upload.scan)


def look(assistant: Assistant, image: np.ndarray) -> Answer:
    """Answer a slice, uint8, (128, 128), without asking the gate."""
    batch = image[np.newaxis]
    (probabilities,) = probabilities_of(assistant.model, assistant.temperature, batch)
    names = assistant.cases.class_names
    groups = assistant.cases.table["group"].to_numpy()
    rows = ood.similar(assistant.gate, assistant.model, image, groups, SIMILAR)
    similar = assistant.cases.table.loc[rows, ["label", "patient", "plane"]].assign(row=rows)
    return Answer(
        how_sure(assistant, probabilities),
        signed(assistant),
        image,
        {name: float(p) for name, p in zip(names, probabilities, strict=True)},
        compared(assistant, probabilities.max()),
        heatmaps.gradcam(assistant.model, batch)[0],
        similar.reset_index(drop=True),
    )


def probabilities_of(model: keras.Model, temperature: float, images: np.ndarray) -> np.ndarray:
    """Calibrated probabilities of slices: (slices, classes)."""
    logits = features.predict(ood.submodel(model, stop="logits"), images)
    return calibration.scaled(logits, temperature)


def how_sure(assistant: Assistant, probabilities: np.ndarray) -> str:
    """Say what the model names, and how often it was right when it was about as sure."""
    first, second = np.argsort(-probabilities)[:2]
    names = [plots.spoken(assistant.cases.class_names[place]) for place in (first, second)]
    sure = probabilities[first]
    right, of = compared(assistant, sure)
    if sure < 0.5:
        verb = f"The model does not know: {names[0]} ({sure:.0%}) is its best guess"
    elif sure < 0.8:
        verb = f"The model leans towards {names[0]} ({sure:.0%}); {names[1]} comes next"
    else:
        verb = f"The model says {names[0]} ({sure:.0%})"
    return (
        f"{verb}. Of the {of} validation slices of which it was about as "
        f"sure, it named {right} rightly."
    )


def compared(assistant: Assistant, sure: float) -> tuple[int, int]:
    """How many of the validation slices nearest in confidence are right, and how many they are."""
    nearest = np.argsort(np.abs(assistant.confidences - sure), kind="stable")[:COMPARED]
    return int(assistant.right[nearest].sum()), len(nearest)


def signed(assistant: Assistant) -> str:
    """Say which model answers, in which version, and when."""
    now = datetime.datetime.now(datetime.UTC)
    return f"{assistant.name}, on {now.day} {now:%B %Y at %H:%M:%S} UTC"


def _fit(path: Path, model: keras.Model, train: Dataset, val: Dataset) -> None:
    logits = features.predict(ood.submodel(model, stop="logits"), val.images)
    temperature = calibration.fit_temperature(val.labels, logits)
    probabilities = calibration.scaled(logits, temperature)
    gate = dataclasses.asdict(ood.fit(model, train, val))
    limits = {f"limit_{name}": limit for name, limit in gate.pop("limits").items()}
    files.write_arrays(
        path,
        **gate,
        **limits,
        temperature=temperature,
        confidences=probabilities.max(axis=1),
        right=probabilities.argmax(axis=1) == val.labels,
    )
