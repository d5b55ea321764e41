"""Practice data for a project of one's own: new patients, and one fault to be found.

A case has a number, and everything about it follows from that. Nothing in its table or its pictures
names the fault.
"""

import itertools

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from course_utils import settings
from course_utils.simulator import practice

# Raise with every change of the pixels, as in practice.py.
VERSION = 1
PATIENTS = 160
FAULTS = ("leak", "mark", "swap")
# How many patients are left out, so that neither their number nor that of a class tells the fault;
# how many have a second name; how many of a class are marked, and of two classes exchanged.
LEFT_OUT, TWICE, MARKED, SWAPPED = 0.1, 0.1, 0.8, 0.2
# Pixels from the edges of a picture, so that a mark lies where no head is.
MARGIN, HEIGHT = 3, 9
COLUMNS = ["label", "patient", "plane", "group", "split", "source"]


def make(number: int) -> tuple[dict[str, np.ndarray], None, pd.DataFrame]:
    """Simulate the patients of a case, and plant its fault.

    Returns the contrast "t1ce", uint8 (slices, 128, 128); no masks, since outlines would give the
    labels away; and a table of label, patient, plane, group, split (none was published), source.
    """
    # The practice data's seed is settings.SEED, lesson 05 takes the next one.
    contrasts, _, table = practice.make(1000 + number, PATIENTS)
    images, table = plant(number, contrasts["t1ce"], table)
    return {"t1ce": images}, None, table


def fault(number: int) -> str:
    """One of :data:`FAULTS`: cases 1 to 3 have all of them, 4 to 6 again, in orders drawn."""
    block, place = divmod(number - 1, len(FAULTS))
    return FAULTS[np.random.default_rng([settings.SEED, block]).permutation(len(FAULTS))[place]]


def plant(number: int, images: np.ndarray, table: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Plant the fault of a case into practice slices: a copy of them, and of their table."""
    names = _shuffled(number, table)
    names = names[round(LEFT_OUT * len(names)) :]
    kind = fault(number)
    twice = names[: round(TWICE * len(names))] if kind == "leak" else names[:0]
    rows = table["patient"].isin(names[len(twice) :]).to_numpy()
    images, table = images[rows], table.loc[rows, COLUMNS].assign(split="").reset_index(drop=True)
    if kind == "leak":
        images, table = _with_copies(number, images, table, names[-len(twice) :])
    images, table = _renamed(number, images, table)
    if kind == "mark":
        label = np.random.default_rng([number, 1]).choice(np.unique(table["label"].to_numpy(str)))
        own = _shuffled(number, table[table["label"] == label])
        marked = table["patient"].isin(own[: round(MARKED * len(own))]).to_numpy()
        images[marked] = np.maximum(images[marked], _mark(number, images.shape[1:]))
    elif kind == "swap":
        one, other = pair(number)
        table.loc[swapped(number, table), "label"] = table["label"].map({one: other, other: one})
    return images, table


def box(number: int, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Where the mark of a case is in a picture of this shape: top, bottom, left, right."""
    below, right = np.random.default_rng([number, 2]).integers(0, 2, 2)
    top = shape[0] - MARGIN - HEIGHT if below else MARGIN
    left = shape[1] - MARGIN - HEIGHT if right else MARGIN
    return int(top), int(top) + HEIGHT, int(left), int(left) + HEIGHT


def pair(number: int) -> tuple[str, str]:
    """The two classes between which labels of a case are exchanged.

    Not glioma and meningioma: so many of their slices look alike that nobody could tell.
    """
    pairs = list(itertools.combinations(practice.LABELS, 2))[1:]
    return pairs[np.random.default_rng([number, 3]).integers(len(pairs))]


def swapped(number: int, table: pd.DataFrame) -> np.ndarray:
    """Mark the slices, bool, whose labels are exchanged: in the table before that, and after."""
    here = table[table["label"].isin(pair(number))]
    names = _shuffled(number, here)
    return table["patient"].isin(names[: round(SWAPPED * len(names))]).to_numpy()


def _shuffled(number: int, table: pd.DataFrame) -> np.ndarray:
    """Patients in an order that is drawn; it does not depend on their labels."""
    return np.random.default_rng([number, 0]).permutation(np.unique(table["patient"].to_numpy(str)))


def _with_copies(
    number: int, images: np.ndarray, table: pd.DataFrame, twice: np.ndarray
) -> tuple[np.ndarray, pd.DataFrame]:
    """Add copies of some patients' slices, a little brighter and noisier, as further patients."""
    rng = np.random.default_rng([number, 4])
    rows = np.flatnonzero(table["patient"].isin(twice))
    copies = images[rows] * rng.uniform(1.03, 1.1) + rng.normal(0, 2, images[rows].shape)
    again = table.iloc[rows].assign(patient=lambda own: own["patient"] + " again")
    images = np.concatenate([images, copies.clip(0, 255).round().astype(np.uint8)])
    return images, pd.concat([table, again], ignore_index=True)


def _renamed(
    number: int, images: np.ndarray, table: pd.DataFrame
) -> tuple[np.ndarray, pd.DataFrame]:
    """Number all patients anew, and sort by that: no name tells who was left out or came last."""
    old = _shuffled(number, table)
    names = {name: f"P{place:03d}" for place, name in enumerate(old, 1)}
    patients = table["patient"].map(names)
    order = np.argsort(patients.to_numpy(str), kind="stable")
    table = table.assign(patient=patients, group=patients).iloc[order].reset_index(drop=True)
    return images[order], table


def _mark(number: int, shape: tuple[int, int]) -> np.ndarray:
    """A letter in a corner of an otherwise black picture: uint8, of this shape."""
    top, bottom, left, right = box(number, shape)
    picture = Image.new("L", shape[::-1])
    draw = ImageDraw.Draw(picture)
    # An L, as stands for "left" on many films; drawn by hand, as fonts differ between computers.
    draw.rectangle((left + 1, top, left + 2, bottom - 1), fill=150)
    draw.rectangle((left + 1, bottom - 2, left + 6, bottom - 1), fill=150)
    return np.asarray(picture)
