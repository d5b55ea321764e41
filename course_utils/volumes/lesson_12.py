"""What counts as right in the exercises of lesson 12."""

from collections.abc import Callable, Iterable

import numpy as np

from course_utils.datasets import Dataset
from course_utils.exercises.checks import number

# The affine and the voxel that exercise 12.1 asks about.
AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 3, -72], [0, 0, 0, 1]])
INDEX = np.array([30, 40, 20])


def place_of_a_voxel(answer: object, data: Dataset) -> str | None:
    """12.1: where voxel (30, 40, 20) lies, in mm."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return "This wants three numbers, such as (1, 2, 3): x, y and z in mm."
    try:
        given = np.asarray(list(answer), float)
    except (TypeError, ValueError):
        return "This wants three numbers: x, y and z in mm."
    if given.shape not in ((3,), (4,)) or not np.isfinite(given).all():
        return f"This wants three finite numbers, and it got {len(given)}."
    given = given[:3]
    truth = AFFINE[:3, :3] @ INDEX + AFFINE[:3, 3]
    if np.allclose(given, truth):
        return None
    if np.allclose(given, AFFINE[:3, :3] @ INDEX):
        return "That is how far it is from voxel (0, 0, 0): the last column is still to be added."
    if np.allclose(given, np.abs(AFFINE[:3, :3]) @ INDEX + AFFINE[:3, 3]):
        return "Mind the sign: the first axis of this file runs to the left."
    if np.allclose(given, INDEX + AFFINE[:3, 3]):
        return "A step along an axis is not 1 mm: multiply each index by the voxel's size first."
    wrong = "xyz"[int(np.argmax(~np.isclose(given, truth)))]
    return f"{wrong} is not right: row by row, multiply, add up, and add the last column."


def weights_of_a_layer(answer: object, data: Dataset) -> str | None:
    """12.2: weights of a convolution in 3-D from 32 to 64 channels, without bias."""
    return number(
        answer,
        27 * 32 * 64,
        mistakes={
            9 * 32 * 64: "That is in two dimensions. How many neighbours has a voxel, and itself?",
            27 * 64: "That would be for one channel coming in. Here 32 come in.",
            27 * 32: "That is one filter. There are 64 of them.",
            27 * 32 * 64 + 64: "Nearly: this layer has no bias.",
            3 * 32 * 64: "A kernel of 3 x 3 x 3 has more than 3 numbers.",
        },
        hint="3 x 3 x 3 numbers for each channel that comes in, and that for each filter.",
    )


def gigabytes_of_a_layer(answer: object, data: Dataset) -> str | None:
    """12.3: memory of 32 feature maps of 256 x 256 x 160 voxels in float32, in GB."""
    voxels = 256 * 256 * 160
    return number(
        answer,
        voxels * 32 * 4 / 1e9,
        tolerance=0.1,
        mistakes={
            voxels * 32 / 1e9: "That counts a byte for a number, and float32 takes four.",
            voxels * 4 / 1e9: "That is one feature map. There are 32.",
            voxels * 32 * 32 / 1e9: "A float32 has 32 bits, and 8 bits are a byte.",
            voxels * 32 * 4 / 1e6: "That is in megabytes. Asked is gigabytes.",
            voxels * 32 * 4: "That is in bytes. Asked is gigabytes: a billion bytes each.",
        },
        hint="Voxels, times feature maps, times four bytes, divided by a billion.",
    )


def to_ras(answer: object, data: Dataset) -> str | None:
    """12.4: a function that flips axes until all of them run to the right, front and top."""
    if not isinstance(answer, Callable):
        return "This wants a function of a volume and its affine: give its name, without brackets."
    rng = np.random.default_rng(0)
    for signs in ((-1, 1, 1), (1, -1, 1), (-1, -1, 1), (1, 1, 1), (-1, 1, -1)):
        volume = rng.permutation(60).reshape(3, 4, 5)
        affine = np.diag([*np.array(signs) * (2.0, 2.5, 3), 1])
        affine[:3, 3] = -30, 40, 50
        try:
            turned, there = answer(volume.copy(), affine.copy())
            turned, there = np.asarray(turned), np.asarray(there, float)
        except Exception as error:
            return f"It stopped with {type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        wrong = _told(volume, affine, turned, there)
        if wrong:
            return f"Given an affine with {' '.join(f'{s:+d}' for s in signs)}: {wrong}"
    return None


def _told(
    volume: np.ndarray, affine: np.ndarray, turned: np.ndarray, there: np.ndarray
) -> str | None:
    """What is wrong with a turned volume and its new affine, or nothing."""
    if turned.shape != volume.shape or there.shape != (4, 4):
        return f"it must return a volume of {volume.shape} and a 4 by 4 affine."
    if (np.diag(there) < 0).any():
        return "an axis still runs to the left, back or bottom."
    if not np.allclose(np.abs(np.diag(there)), np.abs(np.diag(affine))):
        return "the voxels have changed their size."
    if not np.array_equal(np.sort(turned, axis=None), np.sort(volume, axis=None)):
        return "numbers have got lost."
    for value in (0, 59):
        places = [
            a[:3, :3] @ np.argwhere(v == value)[0] + a[:3, 3]
            for v, a in ((volume, affine), (turned, there))
        ]
        if not np.allclose(*places):
            return (
                f"a voxel that was at {places[0].round(1).tolist()} mm is now at "
                f"{places[1].round(1).tolist()} mm. What has become voxel (0, 0, 0)?"
            )
    return None


CHECKS = {
    "12.1": place_of_a_voxel,
    "12.2": weights_of_a_layer,
    "12.3": gigabytes_of_a_layer,
    "12.4": to_ras,
}
