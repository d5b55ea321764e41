"""Four hospitals: each has patients of its own, and shows slices as its scanner does.

What a hospital has lies in a file of its own, which only this hospital's trainings read.
"""

import dataclasses
import functools
from pathlib import Path

import numpy as np

from course_utils import settings
from course_utils.core import files
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset

NAMES = ("A", "B", "C", "D")
SIDE = 64  # small slices keep the many trainings short
ALPHA = 0.5  # one hospital is large, one small, and some hardly know a class


@dataclasses.dataclass(frozen=True)
class Look:
    """How a scanner shows a slice: ``black + (white - black) * grey ** gamma``."""

    name: str
    gamma: float = 1.0
    black: int = 0
    white: int = 255


# One look per hospital, in the order of their names.
LOOKS = (
    Look("as simulated"),
    Look("brighter", gamma=0.55),
    Look("darker", gamma=1.7),
    Look("washed out", black=60, white=190),
)


def dirichlet_partition(data: Dataset, alpha: float, seed: int = settings.SEED) -> np.ndarray:
    """Divide patients between the hospitals, and give the hospital of each slice: int, (slices,).

    The shares of each class are drawn from a Dirichlet distribution (Yurochkin et al. 2019, arXiv
    1905.12022): an infinite ``alpha`` gives all hospitals the same mix of classes, one near zero
    gives each class to one hospital. CourseError where it is not positive. The same seed draws the
    same shares, whatever the patients.
    """
    if not alpha > 0:
        raise CourseError(f"alpha is {alpha}, and must be larger than 0: try 0.5.")
    rng = np.random.default_rng(seed)
    shape = len(data.class_names), len(NAMES)
    even = np.full(shape, 1 / shape[1])
    shares = even if np.isinf(alpha) else rng.dirichlet([alpha] * shape[1], shape[0])
    # A group may hold two labels where somebody labelled a copy otherwise: its first one counts.
    labels = data.table.assign(number=data.labels).groupby("group", sort=True)["number"].first()
    of_group = {}
    for number, of_class in enumerate(shares):
        groups = rng.permutation(labels.index[labels == number])
        cuts = np.rint(np.cumsum(of_class)[:-1] * len(groups)).astype(int)
        for hospital, some in enumerate(np.split(groups, cuts)):
            of_group |= dict.fromkeys(some, hospital)
    return data.table["group"].map(of_group).to_numpy()


def as_seen(data: Dataset, assigned: np.ndarray) -> Dataset:
    """Show each slice as the scanner of its hospital does, at 64 by 64 pixels.

    What comes back has one contrast, no masks, and the column ``hospital`` in its table.
    """
    step = settings.IMAGE_SIZE // SIDE
    # Colours, where there are some, become their mean, a grey.
    small = data.images.reshape(len(data), SIDE, step, SIDE, step, -1).mean((2, 4, 5))
    small = np.rint(small).astype(np.uint8)
    greys = np.arange(256) / 255
    for number, look in enumerate(LOOKS):
        here = assigned == number
        shown = look.black + (look.white - look.black) * greys**look.gamma
        small[here] = np.rint(shown).astype(np.uint8)[small[here]]
    table = data.table.assign(hospital=assigned)
    return dataclasses.replace(data, contrasts={data.main: small}, masks=None, table=table)


def standardised(data: Dataset) -> Dataset:
    """Stretch the greys of each slice: its darkest becomes 0, its 99.5th percentile 255.

    Each hospital can do so at home. It undoes black and white levels, not a gamma.
    """
    pixels = data.images.astype(np.float32)
    low = pixels.min(axis=(1, 2), keepdims=True)
    high = np.percentile(pixels, 99.5, axis=(1, 2), keepdims=True)
    stretched = 255 * np.clip((pixels - low) / np.maximum(high - low, 1), 0, 1)
    return dataclasses.replace(data, contrasts={data.main: np.rint(stretched).astype(np.uint8)})


def of(data: Dataset, number: int) -> Dataset:
    """What one hospital has: its part of what :func:`as_seen` returns."""
    return data.take((data.table["hospital"] == number).to_numpy())


def mix(data: Dataset) -> np.ndarray:
    """Patients by hospital (a row each) and class (a column each): int, (hospitals, classes)."""
    first = data.table.assign(number=data.labels).drop_duplicates("group")
    counts = np.zeros((len(NAMES), len(data.class_names)), int)
    np.add.at(counts, (first["hospital"], first["number"]), 1)
    return counts


def store(train: Dataset, val: Dataset) -> None:
    """Write what each hospital has, to learn from and to test on, to a file of its own."""
    for number, name in enumerate(NAMES):
        learn, test = of(train, number), of(val, number)
        with files.atomic(path_of(name)) as new:
            files.write_arrays(
                new,
                images=learn.images,
                labels=learn.labels,
                val_images=test.images,
                val_labels=test.labels,
            )
    read.cache_clear()


@functools.lru_cache
def read(number: int, part: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 (slices, 64, 64), and labels, int (slices,), from a hospital's own file.

    Those to learn from, or with ``"val_"`` those to test on.
    """
    path = path_of(NAMES[number])
    remedy = "put this hospital's slices there, or have 'course federated up' fill all four"
    if not path.exists():
        raise CourseError(f"Hospital {NAMES[number]} has no file {path}: {remedy}.")
    with files.reading(f"Hospital {NAMES[number]}'s file {path}", remedy), np.load(path) as stored:
        return stored[f"{part}images"], stored[f"{part}labels"]


def path_of(name: str) -> Path:
    """File that holds the slices of the hospital with this name."""
    return settings.data_dir() / "federated" / f"hospital-{name}.npz"
