"""Whole patients: the practice data's patients as volumes, a row a patient."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from course_utils import datasets, settings, simulator
from course_utils.core import files
from course_utils.datasets import Dataset
from course_utils.simulator import anatomy

# Raise with every change of the voxels that a new version of the simulator does not explain.
VERSION = 1
VOXEL = 4.0
SHAPE = (48, 56, 48)
# Middle of the grid in mm, for a head that lies straight: crown and skull base fit in, the neck
# is left out.
MIDDLE = np.array([0.0, -18.0, 8.0], np.float32)
_CORNER = ["corner_x", "corner_y", "corner_z"]


@dataclasses.dataclass(frozen=True, eq=False)
class Volumes(Dataset):
    """A data set with a volume in each row in place of a slice.

    Everything else is as in :class:`course_utils.datasets.Dataset`: ``images`` and ``masks`` have
    the shape (patients, 48, 56, 48), with axes to the patient's right, front and top.
    """

    def __repr__(self) -> str:
        return f"<Volumes {self.name}: {len(self):,} patients>"

    def stacked(self, names: Sequence[str]) -> np.ndarray:
        """Volumes with contrasts as channels: uint8, (patients, 48, 56, 48, contrasts).

        One contrast, too, has an axis of its own: of four axes the last could be either.
        """
        return np.stack([self.contrast(name) for name in names], axis=-1)

    def affine(self, row: int) -> np.ndarray:
        """Voxels of one patient's volume to mm, RAS: float, (4, 4)."""
        affine = np.diag([VOXEL, VOXEL, VOXEL, 1.0])
        affine[:3, 3] = self.table[_CORNER].iloc[row]
        return affine


def load() -> Volumes:
    """Load the practice data's patients as volumes; simulate them first where there are none.

    The patients, their classes and ``split()`` are those of ``datasets.load("practice")``.

    Returns
    -------
    Volumes
        320 patients in t1ce; 4 mm voxels.

    Raises
    ------
    CourseError
        If the cache is damaged or cannot be written.
    """
    folder = folder_of()
    files.once(folder, lambda new: datasets.save(new, *practice()))
    return Volumes(**vars(datasets.read("practice", folder)))


def axial(data: Volumes, every: int = 2) -> Dataset:
    """Cut volumes into axial slices, from bottom to top, wherever the lesion is.

    Parameters
    ----------
    data : Volumes
    every : int
        Which share of the slices to keep: 2 is every other one.

    Returns
    -------
    Dataset
        A row a slice, patient after patient: ``images`` and ``masks`` have the shape
        (slices, 48, 56), with axes to the patient's right and front. A slice has the label of its
        patient, whether the lesion is in it or not. The table gains plane, and position_mm on the
        axis through the slices.
    """
    numbers = np.arange(0, SHAPE[2], every)

    def cut(volumes: np.ndarray) -> np.ndarray:
        return np.moveaxis(volumes[..., numbers], -1, 1).reshape(-1, *SHAPE[:2])

    table = data.table.loc[data.table.index.repeat(len(numbers))].reset_index(drop=True)
    table["plane"] = "axial"
    table["position_mm"] = table["corner_z"] + VOXEL * np.tile(numbers, len(data))
    images = {name: cut(volumes) for name, volumes in data.contrasts.items()}
    return Dataset(data.name, images, cut(data.masks), table)


def folder_of() -> Path:
    """Folder that holds the volumes, whether it is there yet or not."""
    return settings.data_dir() / "volumes" / f"v{simulator.VERSION}.{VERSION}"


def practice(
    seed: int = settings.SEED, patients: int = simulator.PATIENTS
) -> tuple[dict[str, np.ndarray], np.ndarray, pd.DataFrame]:
    """Simulate the practice data's patients as volumes, on all cores, with a progress bar.

    Parameters
    ----------
    seed : int
        The same seed gives the same patients as :func:`course_utils.simulator.patients.practice`.
    patients : int

    Returns
    -------
    contrasts : dict of str to ndarray of uint8, (patients, 48, 56, 48)
        t1ce alone.
    masks : ndarray of bool, (patients, 48, 56, 48)
        Where the lesion is; oedema is not part of it.
    table : pandas.DataFrame
        A row a patient: label, patient, group, split, source, difficulty, grade,
        lesion_diameter_mm (of a ball of the volume that the mask has), and the middle of the
        first voxel in mm, RAS: corner_x, corner_y, corner_z.
    """
    parts = simulator.each(_member, seed, patients, "Simulating volumes")
    images, masks, rows = zip(*parts, strict=True)
    return {datasets.MAIN_CONTRAST: np.stack(images)}, np.stack(masks), pd.DataFrame(rows)


def _member(
    head: anatomy.Head, number: int, seed: int, patients: int
) -> tuple[np.ndarray, np.ndarray, dict]:
    anatomy.use(head)
    person, _, known = simulator.member(number, seed, patients)
    # Nobody lies in a scanner twice in the same way.
    middle = MIDDLE + np.float32(person.scanner.shift)
    corner = middle - VOXEL * (np.array(SHAPE, np.float32) - 1) / 2
    (image, _), mask = simulator.volume(person, corner, SHAPE, VOXEL)
    lesion = person.lesion
    known |= {"difficulty": person.difficulty, "grade": lesion.grade or None}
    if not lesion.visible:
        known |= {"difficulty": None, "grade": None}
    known["lesion_diameter_mm"] = 2 * (mask.sum() * VOXEL**3 * 3 / (4 * np.pi)) ** (1 / 3)
    return image, mask, known | dict(zip(_CORNER, corner.tolist(), strict=True))
