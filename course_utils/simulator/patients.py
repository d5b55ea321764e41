"""One simulated patient: who it is, and the signal at any point of the head.

A patient is the template head bent by one smooth warp, with one lesion and one scanner, in the
order of Billot et al. (SynthSeg, 2023). Everything about a patient follows from a seed.
"""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from course_utils.core.errors import CourseError
from course_utils.simulator import anatomy, lesions, scanners, warps

LABELS = ("glioma", "meningioma", "notumor", "pituitary")


@dataclasses.dataclass(frozen=True, eq=False)
class Patient:
    """A simulated patient: everything that is decided before a scan."""

    label: str
    difficulty: str  # How large and how bright the lesion is: "easy", "medium" or "hard".
    lesion: lesions.Lesion  # Not visible without a tumour: it says where the slices go through.
    centre: np.ndarray  # Middle of the lesion in the patient, RAS, mm, (3,).
    warp: warps.Warp
    scanner: scanners.Scanner

    @functools.cached_property
    def tissue(self) -> np.ndarray:
        """The template in this patient's contrasts: float32, (2, 99, 128, 122)."""
        return scanners.tissue_signal(self.scanner, self.warp)

    @property
    def findings(self) -> dict[str, str | None]:
        """Difficulty and grade, as tables list them: None where there is no tumour or no grade."""
        if not self.lesion.visible:
            return {"difficulty": None, "grade": None}
        return {"difficulty": self.difficulty, "grade": self.lesion.grade or None}


def patient(seed: int | Sequence[int], label: str, difficulty: str | None = None) -> Patient:
    """Simulate one patient of a class in :data:`LABELS`; the same seed gives the same patient.

    The difficulty, one of ``lesions.DIFFICULTIES``, is drawn at random where it is left out. A
    ``CourseError`` says what there is where label or difficulty is another.
    """
    for value, choices in ((label, LABELS), (difficulty, (None, *lesions.DIFFICULTIES))):
        if value not in choices:
            names = ", ".join(filter(None, choices))
            raise CourseError(f"A patient cannot be simulated as {value!r}: use one of {names}.")
    rng = np.random.default_rng(seed)
    drawn = str(rng.choice(lesions.DIFFICULTIES))
    difficulty = difficulty or drawn
    warp, scanner = warps.draw(rng), scanners.draw(rng)
    lesion = lesions.draw(label, difficulty, rng)
    return Patient(label, difficulty, lesion, warps.find(warp, lesion.site), warp, scanner)


def locate(
    patient: Patient, points: np.ndarray, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray, lesions.Place]:
    """Find where points of a patient come from once the lesion has pushed tissue aside.

    ``source`` is where the warp alone finds the points in the template, both in mm, (n, 3). Returns
    where they come from, in voxels of the template, (3, n); which of them the lesion can reach,
    int, (m,); and those as seen from the lesion.
    """
    index = anatomy.to_index(source).T
    away = points - patient.centre
    near = np.flatnonzero((away**2).sum(axis=1) < patient.lesion.reach**2)
    depth = ndimage.map_coordinates(anatomy.head().depth, index[:, near], order=1, mode="nearest")
    place = lesions.Place(points[near], away[near], depth)
    index[:, near] -= lesions.mass_effect(patient.lesion, place).T / anatomy.VOXEL
    return index, near, place


def sample(
    patient: Patient, points: np.ndarray, layers: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Signal without noise at points of a patient, float32, (..., 3), in mm.

    It is averaged over ``layers``, which are shifts in mm, (3,). Returns the signal in t1ce and
    flair, float32, (2, ...), and how much of each point is lesion, float32, (...).
    """
    head, warp, lesion = anatomy.head(), patient.warp, patient.lesion
    shape, points = points.shape[:-1], points.reshape(-1, 3)
    images = np.zeros((2, len(points)), np.float32)
    share = np.zeros(len(points), np.float32)
    # More than half of a picture is air, which needs no work.
    rough = (anatomy.to_index(warps.turned(warp, points)) + 0.5).astype(np.int32)
    solid = ((rough >= 0) & (rough < anatomy.SHAPE)).all(axis=1)
    solid[solid] = head.near[tuple(rough[solid].T)]
    solid = np.flatnonzero(solid)
    source = warps.to_template(warp, points[solid])
    white = anatomy.tissue("white")
    for shift in layers:
        # Over a slice's thickness the warp is as good as linear.
        index, near, place = locate(patient, points[solid] + shift, source + warp.linear @ shift)
        values = np.stack([ndimage.map_coordinates(t, index, order=1) for t in patient.tissue])
        if lesion.visible:
            fibres = ndimage.map_coordinates(white, index[:, near], order=1)
            values[:, near], part = lesions.paint(
                lesion, place, values[:, near], fibres, patient.scanner.levels
            )
            share[solid[near]] += part / len(layers)
        images[:, solid] += values / len(layers)
    return images.reshape(2, *shape), share.reshape(shape)
