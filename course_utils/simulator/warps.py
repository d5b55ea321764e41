"""The shape of a simulated patient's head: one smooth warp of the template, with its age in it."""

import dataclasses

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from course_utils.simulator import anatomy

# Middle and spread of a lateral ventricle in mm, and how much of its widening each axis takes.
_VENTRICLE = np.array([14, -16, 14], np.float32)
_SPREAD = np.array([14, 34, 20], np.float32)
_WIDENING = np.array([0.6, 0.2, 0.4], np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class Warp:
    """How one head differs in shape from the template."""

    linear: np.ndarray  # Rotation and size, (3, 3).
    elastic: np.ndarray  # Smooth displacement in mm on an 8 mm grid, (3, 28, 36, 34).
    ventricles: float  # How far the lateral ventricles widen; negative where they are narrow.
    sulci: float  # Width of the sulci; grows with age like the ventricles.
    folds: np.ndarray  # Shift into the noise field that the sulci follow, (3,).


def draw(rng: np.random.Generator) -> Warp:
    """Draw the shape of a head: turned a little, smaller or larger, young or old."""
    turn = Rotation.from_euler("xyz", rng.normal(0, 4, 3), degrees=True).as_matrix()
    size = rng.uniform(0.93, 1.05) * rng.uniform(0.97, 1.03, 3)
    elastic = rng.standard_normal((3, 28, 36, 34), dtype=np.float32)
    elastic = ndimage.gaussian_filter(elastic, (0, 2.4, 2.4, 2.4), mode="wrap")
    # Age widens ventricles and sulci together.
    age = rng.random()
    return Warp(
        linear=(turn / size).astype(np.float32),
        elastic=elastic * rng.uniform(1.5, 3.0) / elastic.std(),
        ventricles=0.5 * age - 0.1 + rng.normal(0, 0.08),
        sulci=0.05 + 0.22 * age + 0.05 * rng.random(),
        folds=rng.integers(0, 90, 3),
    )


def turned(warp: Warp, points: np.ndarray) -> np.ndarray:
    """Rotation and size alone: what :func:`to_template` begins with, good to about 10 mm."""
    return np.einsum("nj,ij->ni", points - anatomy.MIDDLE, warp.linear) + anatomy.MIDDLE


def to_template(warp: Warp, points: np.ndarray) -> np.ndarray:
    """Where in the template the tissue at points of a patient comes from: float32, (n, 3), mm."""
    source = turned(warp, points)
    index = (anatomy.to_index(source) / 4).T
    source = source + np.transpose(
        [ndimage.map_coordinates(part, index, order=1, mode="nearest") for part in warp.elastic]
    )
    # Wider ventricles, left and right: what lies beside them moves outwards.
    left = source[:, 0] < 0
    source[left, 0] *= -1
    away = source - _VENTRICLE
    fade = np.exp(-((away / _SPREAD) ** 2).sum(axis=1) / 2)
    source -= away * (np.float32(warp.ventricles) * fade)[:, None] * _WIDENING
    source[left, 0] *= -1
    return source


def find(warp: Warp, site: np.ndarray) -> np.ndarray:
    """Where in the patient a place of the template has gone: the warp inverted step by step."""
    point = site.astype(np.float32)
    for _ in range(12):
        point += site - to_template(warp, point[None])[0]
    return point
