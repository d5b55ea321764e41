"""Whole patients: the practice data's patients as volumes, one row per patient."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from nibabel import affines

from course_utils import datasets, settings, simulator
from course_utils.core import files
from course_utils.datasets import Dataset
from course_utils.simulator import anatomy, scans

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

    ``images`` and ``masks`` are (patients, 48, 56, 48), with axes to the right, front and top.
    """

    def __repr__(self) -> str:
        return f"<Volumes {self.name}: {len(self):,} patients>"

    def stacked(self, names: Sequence[str] = ()) -> np.ndarray:
        """Volumes with contrasts as channels: uint8, (patients, 48, 56, 48, contrasts).

        One contrast, too, has an axis of its own: of four axes the last could be either.
        """
        return np.stack([self.contrast(name) for name in names or (self.main,)], axis=-1)

    def affine(self, row: int) -> np.ndarray:
        """Voxels of one patient's volume to mm, RAS: float, (4, 4)."""
        return grid_affine(self.table[_CORNER].iloc[row])


def grid_affine(corner: Sequence[float]) -> np.ndarray:
    """Affine of the course's grid, (4, 4), from the middle of its first voxel in mm, RAS."""
    return affines.from_matvec(VOXEL * np.eye(3), np.asarray(corner, float))


def load() -> Volumes:
    """Load the practice data's patients as volumes; simulate them first where there are none.

    The 320 patients, their classes and ``split()`` are those of ``datasets.load("practice")``; the
    voxels are 4 mm wide, and the contrast is t1ce.
    """
    folder = folder_of()
    files.once(folder, lambda new: datasets.save(new, *make()))
    return Volumes(**vars(datasets.read("practice", folder)))


def folder_of() -> Path:
    """Folder that holds the volumes, whether it is there yet or not."""
    return settings.data_dir() / "volumes" / f"v{simulator.VERSION}.{VERSION}"


def make(
    seed: int = settings.SEED, patients: int = simulator.PATIENTS
) -> tuple[dict[str, np.ndarray], np.ndarray, pd.DataFrame]:
    """Simulate volumes of the patients that :func:`course_utils.simulator.make` cuts into slices.

    Returns contrasts (t1ce alone, uint8) and masks, (patients, 48, 56, 48), and a table of one row
    per patient with the columns of the slices' table that are not a slice's own; the diameter is
    that of a ball of the mask's volume, and corner_x, corner_y and corner_z are the middle of the
    first voxel in mm, RAS.
    """
    parts = simulator.each(_member, seed, patients, "Simulating volumes")
    images, masks, rows = zip(*parts, strict=True)
    return {"t1ce": np.stack(images)}, np.stack(masks), pd.DataFrame(rows)


def _member(
    head: anatomy.Head, number: int, seed: int, patients: int
) -> tuple[np.ndarray, np.ndarray, dict]:
    anatomy.use(head)
    person, _, listed = simulator.member(number, seed, patients)
    # Nobody lies in a scanner twice in the same way.
    middle = MIDDLE + np.float32(person.scanner.shift)
    corner = middle - VOXEL * (np.array(SHAPE, np.float32) - 1) / 2
    (image, _), mask = simulator.volume(person, corner, SHAPE, VOXEL)
    diameter = scans.ball_diameter(mask.sum() * VOXEL**3)
    row = {**listed, **person.findings, "lesion_diameter_mm": diameter}
    return image, mask, row | dict(zip(_CORNER, corner.tolist(), strict=True))
