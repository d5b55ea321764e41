"""What counts as right in the exercises of lesson 12."""

import numpy as np

from course_utils.exercises.common import Wrong, array, number_check, trying

# The affine and the voxel that exercise 12.1 asks about.
AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 3, -72], [0, 0, 0, 1]])
INDEX = np.array([30, 40, 20])
GIGABYTES = 256 * 256 * 160 * 32 * 4 / 1e9


def place_of_a_voxel(answer: object, data: object) -> None:
    """12.1: where voxel (30, 40, 20) lies, in mm."""
    shapes = (3,), (4,), (3, 1), (4, 1)
    given = array(answer, "three numbers, such as (1, 2, 3): x, y and z in mm", *shapes).ravel()[:3]
    matrix, origin = AFFINE[:3, :3], AFFINE[:3, 3]
    truth = matrix @ INDEX + origin
    if np.allclose(given, truth):
        return
    if np.allclose(given, matrix @ INDEX):
        raise Wrong("That is how far it is from voxel (0, 0, 0): add the last column.")
    if np.allclose(given, np.abs(matrix) @ INDEX + origin):
        raise Wrong("Mind the sign: the first axis of this file runs to the left.")
    if np.allclose(given, INDEX + origin):
        raise Wrong("A step is not 1 mm: multiply each index by the voxel's size first.")
    wrong = "xyz"[int(np.argmax(~np.isclose(given, truth)))]
    raise Wrong(f"{wrong} is not right: row by row, multiply, add up, and add the last column.")


def to_ras(answer: object, data: object) -> None:
    """12.4: a function that flips axes until all of them run to the right, front and top."""
    rng = np.random.default_rng(0)
    for signs in ((-1, 1, 1), (1, -1, 1), (-1, -1, 1), (1, 1, 1), (-1, 1, -1)):
        volume = rng.permutation(60).reshape(3, 4, 5)
        affine = np.diag([*np.array(signs) * (2.0, 2.5, 3), 1])
        affine[:3, 3] = -30, 40, 50
        with trying(answer, "a volume and its affine") as turn:
            turned, there = turn(volume, affine)
            turned = array(turned, f"a volume of {volume.shape} first", volume.shape)
            there = array(there, "a 4 by 4 affine second", (4, 4))
        if wrong := _misplaced(volume, affine, turned, there):
            raise Wrong(f"Given an affine with {' '.join(f'{s:+d}' for s in signs)}: {wrong}")


def _misplaced(volume, affine, turned, there) -> str | None:
    """What is wrong with a turned volume and its new affine, or nothing."""
    if (np.diag(there) < 0).any():
        return "an axis still runs to the left, back or bottom."
    if not np.allclose(np.abs(np.diag(there)), np.abs(np.diag(affine))):
        return "the voxels have changed their size."
    if not np.array_equal(np.sort(turned, axis=None), np.sort(volume, axis=None)):
        return "numbers have got lost."
    for value in (0, 59):
        before, after = (
            a[:3, :3] @ np.argwhere(v == value)[0] + a[:3, 3]
            for v, a in ((volume, affine), (turned, there))
        )
        if not np.allclose(before, after):
            return (
                f"a voxel that was at {before.round(1).tolist()} mm is now at "
                f"{after.round(1).tolist()} mm. What has become voxel (0, 0, 0)?"
            )
    return None


CHECKS = {
    "12.1": place_of_a_voxel,
    "12.2": number_check(  # weights of a convolution in 3-D from 32 to 64 channels, without bias
        27 * 32 * 64,
        {
            9 * 32 * 64: "That is in two dimensions. How many neighbours has a voxel, and itself?",
            27 * 64: "That would be for one channel coming in. Here 32 come in.",
            27 * 32: "That is one filter. There are 64 of them.",
            27 * 32 * 64 + 64: "Nearly: this layer has no bias.",
            3 * 32 * 64: "A kernel of 3 x 3 x 3 has more than 3 numbers.",
        },
        hint="3 x 3 x 3 numbers for each channel that comes in, and that for each filter.",
    ),
    "12.3": number_check(  # GB for 32 feature maps of 256 x 256 x 160 voxels in float32
        GIGABYTES,
        {
            GIGABYTES / 4: "That counts a byte for a number, and float32 takes four.",
            GIGABYTES / 32: "That is one feature map. There are 32.",
            GIGABYTES * 8: "A float32 has 32 bits, and 8 bits are a byte.",
            GIGABYTES * 1e3: "That is in megabytes. Asked is gigabytes.",
            GIGABYTES * 1e9: "That is in bytes. Asked is gigabytes: a billion bytes each.",
        },
        hint="Voxels, times feature maps, times four bytes, divided by a billion.",
        tolerance=0.1,
    ),
    "12.4": to_ras,
}
