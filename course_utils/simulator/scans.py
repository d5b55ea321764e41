"""Scans of a simulated patient: slices through the lesion, and volumes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from course_utils.simulator import anatomy, lesions, patients, scanners, warps
from course_utils.simulator.anatomy import VOXEL
from course_utils.simulator.patients import Patient

_TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float32)


def slices(patient: Patient, planes: Sequence[str]) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Cut a patient into slices through the lesion, from its middle to near its edges.

    There is one slice for each of ``planes``; of each plane, one goes through the lesion's middle.

    Returns
    -------
    images : ndarray of uint8, (2, slices, 128, 128)
        In t1ce and flair.
    masks : ndarray of bool, (slices, 128, 128)
    table : pandas.DataFrame
        One row per slice: plane, position_mm (on the axis through the slice, RAS), middle,
        lesion_area_mm2, lesion_diameter_mm (of a ball of the same volume), difficulty, grade.
    """
    scanner, visible = patient.scanner, patient.lesion.visible
    rng = np.random.default_rng([scanner.seed, 0])
    body, corner = _body(patient)
    images, masks, rows = [], [], []
    for plane, position, middle in _positions(body, corner, planes, rng):
        points = scanners.pixels(scanner, plane, position)
        # Two layers stand for the thickness of the slice.
        step = scanner.thickness / 4 * np.eye(3, dtype=np.float32)[scanners.AXES[plane][2]]
        signal, share = patients.sample(patient, points, [-step, step])
        number = 1 + len(images)
        images.append(scanners.acquire(scanner, signal, points, scanner.blur, stream=number))
        masks.append(share > 0.5)
        rows.append((plane, position, middle and visible, masks[-1].sum() * scanner.pixel**2))
    table = pd.DataFrame(rows, columns=["plane", "position_mm", "middle", "lesion_area_mm2"])
    table["lesion_diameter_mm"] = ball_diameter(body.sum() * VOXEL**3) if visible else 0.0
    return np.stack(images, axis=1), np.stack(masks), table.assign(**patient.findings)


def volume(
    patient: Patient, corner: np.ndarray, shape: tuple[int, int, int], voxel: float = VOXEL
) -> tuple[np.ndarray, np.ndarray]:
    """Scan a patient as a volume, its axes along RAS.

    ``corner`` is the middle of the first voxel in mm, float32, (3,); ``voxel`` the side of one, at
    least the template's 2 mm. Returns t1ce and flair, uint8, (2, *shape), and the mask, bool, of
    the voxels of which more than half is lesion.
    """
    points = scanners.voxels(corner, shape, voxel)
    # Four points of a larger voxel stand for the tissue inside it.
    layers = np.unique((voxel - VOXEL) / 2 * _TETRAHEDRON, axis=0)
    images, share = patients.sample(patient, points, layers)
    # The blur is 1 mm, whatever the voxel.
    return scanners.acquire(patient.scanner, images, points, 1 / voxel, stream=0), share > 0.5


def whole(patient: Patient) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scan the whole head at 2 mm, (99, 128, 122): what :func:`volume` gives, and the affine."""
    affine = np.diag([VOXEL, VOXEL, VOXEL, 1.0])
    affine[:3, 3] = anatomy.ORIGIN
    return *volume(patient, anatomy.ORIGIN, anatomy.SHAPE), affine


def ball_diameter(volume: float) -> float:
    """Diameter in mm of a ball of a volume in mm³."""
    return 2 * (volume * 3 / (4 * np.pi)) ** (1 / 3)


def _body(patient: Patient) -> tuple[np.ndarray, np.ndarray]:
    """Where a lesion is, or would be, on a 2 mm grid around it, and that grid's corner in mm."""
    reach = int(np.ceil(0.8 * patient.lesion.radius))
    corner = patient.centre - VOXEL * reach
    shape = (2 * reach + 1,) * 3
    points = scanners.voxels(corner, shape, VOXEL).reshape(-1, 3)
    _, near, place = patients.locate(patient, points, warps.to_template(patient.warp, points))
    surface = lesions.outline(patient.lesion, place)
    body = np.zeros(np.prod(shape), bool)
    body[near] = surface < 0
    if not body.any():
        # A small and rough lesion may lie between all points of the grid.
        body[near[surface.argmin()]] = True
    return body.reshape(shape), corner


def _positions(
    body: np.ndarray, corner: np.ndarray, planes: Sequence[str], rng: np.random.Generator
) -> list[tuple[str, float, bool]]:
    """Plane, position in mm and "at the middle" for each slice, spread over the lesion."""
    result = []
    for plane in sorted(set(planes)):
        count = planes.count(plane)
        axis = scanners.AXES[plane][2]
        areas = body.sum(tuple({0, 1, 2} - {axis}))
        middle = int(areas.argmax())
        reach = np.flatnonzero(areas > 0.25 * areas.max())
        steps = (np.arange(count - 1) + rng.random(count - 1)) / max(1, count - 1)
        others = reach[0] + steps * (reach[-1] - reach[0])
        places = sorted([(middle, True), *((place, False) for place in others)])
        start = float(corner[axis])
        result += [(plane, start + VOXEL * place, at_middle) for place, at_middle in places]
    return result
