"""The signal at any points of a simulated patient: warp, tissue, and the lesion painted over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from course_utils import anatomy, lesions, warps
from course_utils.anatomy import SHAPE, VOXEL

if TYPE_CHECKING:
    from course_utils.simulate import Patient


def locate(
    patient: Patient, points: np.ndarray, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray, lesions.Place]:
    """Find what is near the lesion, and let the lesion push it aside.

    ``points`` and ``source``, both (n, 3) in mm, are places of the patient and where the warp
    alone finds them in the template. The answer is where they come from in voxels, (3, n), which
    of them the lesion can reach, and those seen from the lesion.
    """
    index = anatomy.to_index(source).T
    away = points - patient.centre
    near = np.flatnonzero((away**2).sum(axis=1) < patient.lesion.reach**2)
    depth = ndimage.map_coordinates(anatomy.head().depth, index[:, near], order=1, mode="nearest")
    place = lesions.Place(points[near], away[near], depth)
    index[:, near] -= lesions.mass_effect(patient.lesion, place).T / VOXEL
    return index, near, place


def sample(
    patient: Patient, points: np.ndarray, layers: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Signal without noise at points of a patient.

    Parameters
    ----------
    points : ndarray of float32, (..., 3)
    layers : sequence of ndarray of float32, (3,)
        Shifts in mm over which the signal is averaged.

    Returns
    -------
    images : ndarray of float32, (2, ...)
    share : ndarray of float32, (...)
        How much of each point is lesion.
    """
    head, warp, lesion = anatomy.head(), patient.warp, patient.lesion
    shape, points = points.shape[:-1], points.reshape(-1, 3)
    images = np.zeros((2, len(points)), np.float32)
    share = np.zeros(len(points), np.float32)
    # More than half of a picture is air, which needs no work.
    rough = (anatomy.to_index(warps.turned(warp, points)) + 0.5).astype(np.int32)
    solid = ((rough >= 0) & (rough < SHAPE)).all(axis=1)
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
