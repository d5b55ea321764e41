"""Volumes as files: NIfTI out and in, the right way round, and onto the grid of the course."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
from nibabel.affines import apply_affine, voxel_sizes
from scipy import ndimage

from course_utils.core import files
from course_utils.core.errors import CourseError
from course_utils.volumes.data import SHAPE, VOXEL, grid_affine

ENDINGS = (".nii", ".nii.gz")
# 512 x 512 x 256: what a laptop holds several times over, and more than a usual head scan has.
MOST_VOXELS = 2**26
SMALLEST_MM, LARGEST_MM = 0.1, 20.0
# From the crown to the top of the grid, in mm.
ABOVE = 8.0


def write(path: Path, volume: np.ndarray, affine: np.ndarray) -> Path:
    """Write a volume, (x, y, z), as NIfTI; a mask becomes 0 and 1.

    The path ends in ``.nii`` or, compressed, in ``.nii.gz``. The affine, (4, 4), takes voxels to
    mm, RAS. A ``CourseError`` says where the ending is another or the file cannot be written.
    """
    path = _named(path)
    numbers = volume.astype(np.uint8) if volume.dtype == bool else volume
    image = nibabel.Nifti1Image(numbers, affine, dtype=numbers.dtype)
    image.header.set_xyzt_units("mm")
    # Both fields of the header that can hold the affine: some programs read one, some the other.
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    data = image.to_bytes()
    with files.atomic(path) as new:
        # Without a date, the same volume makes the same file.
        new.write_bytes(gzip.compress(data, 6, mtime=0) if path.suffix == ".gz" else data)
    return path


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a volume, (x, y, z), with its axes turned to the patient's right, front and top (RAS).

    Numbers are moved, never mixed: an axis is flipped or swapped, nothing is resampled. They have
    the file's type, or float64 where it scales them. Also returns the affine, (4, 4). A
    ``CourseError`` says where the file is not one whole 3-D volume that says how it lies in space.
    """
    path = _named(path)
    if not path.is_file():
        raise CourseError(f"There is no file {path}: check its name and folder.")
    with files.reading(path, "get it anew, as a NIfTI file"):
        image = nibabel.load(path)
        codes = [int(image.header[name]) for name in ("sform_code", "qform_code")]
        _check_form(path, image.shape, image.get_data_dtype())
        _check_place(path, image.affine, codes)
        turned = nibabel.as_closest_canonical(image)
        # A fourth axis with a single place on it is no fourth dimension.
        volume = np.asanyarray(turned.dataobj).reshape(turned.shape[:3])
    _check_numbers(path, volume)
    return volume, turned.affine


def to_grid(volume: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bring what :func:`read` returns onto the course's grid of 4 mm voxels, the neck left out.

    Returns uint8, (48, 56, 48), and the affine. What the file does not show is black, and so is
    what lies below zero; the brightest 0.5% of the head are white.
    """
    sizes = voxel_sizes(affine)
    # Details finer than the new voxels are averaged. Left in, they would come back as patterns
    # that are not there (aliasing). A box as wide as a voxel has a variance of a twelfth of its
    # width squared.
    blur = np.sqrt(np.maximum(VOXEL**2 - sizes**2, 0) / 12) / sizes
    smooth = ndimage.gaussian_filter(np.maximum(volume, 0).astype(np.float32), blur)
    target = grid_affine(_corner(smooth, affine))
    there = np.linalg.inv(affine) @ target
    result = ndimage.affine_transform(smooth, there[:3, :3], there[:3, 3], SHAPE, order=1)
    head = result[result > 0.1 * result.max()]
    white = np.percentile(head, 99.5) if head.size else 1.0
    return np.rint(np.clip(result / white, 0, 1) * 255).astype(np.uint8), target


def _corner(smooth: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Middle of the grid's first voxel in mm, so that the head hangs from the grid's top."""
    # A voxel every 4 mm or so is enough to find a head.
    steps = np.maximum(1, np.rint(VOXEL / voxel_sizes(affine)).astype(int))
    some = smooth[:: steps[0], :: steps[1], :: steps[2]]
    found = steps * np.argwhere(some > 0.2 * np.percentile(some, 99))
    points = apply_affine(affine, found)
    # A few bright voxels above the head are noise.
    top = np.percentile(points[:, 2], 99.8)
    extent = VOXEL * (np.array(SHAPE) - 1)
    middle = points[points[:, 2] > top - extent[2]].mean(axis=0)
    return np.array([*(middle - extent / 2)[:2], top + ABOVE - extent[2]])


def _named(path: Path) -> Path:
    path = Path(path).expanduser()
    if not path.name.endswith(ENDINGS):
        raise CourseError(
            f"{path} does not end in .nii or .nii.gz: convert the scan to NIfTI first; for DICOM, "
            "the program dcm2niix does that."
        )
    return path


def _check_form(path: Path, shape: tuple[int, ...], kind: np.dtype) -> None:
    said = " x ".join(map(str, shape))
    if len(shape) < 3 or len(shape) > 3 and max(shape[3:]) > 1:
        raise CourseError(
            f"{path} is not one 3-D volume but {said} numbers: save one volume of it as a file of "
            "its own."
        )
    if min(shape[:3]) < 2:
        raise CourseError(f"{path} is a single slice or empty ({said}): a volume needs several.")
    if np.prod(shape, dtype=float) > MOST_VOXELS:
        raise CourseError(
            f"{path} has {said} voxels, and more than {MOST_VOXELS:,} may not fit into memory: "
            "resample it to larger voxels first."
        )
    if kind.kind not in "uif":
        raise CourseError(f"{path} holds {kind} and not one grey value a voxel: convert it first.")


def _check_place(path: Path, affine: np.ndarray, codes: list[int]) -> None:
    if not any(codes):
        raise CourseError(
            f"{path} does not say how the head lies in it (its sform and qform codes are 0), and "
            "left could be right: convert the scan again from its source."
        )
    sizes = voxel_sizes(affine)
    good = np.isfinite(affine).all() and SMALLEST_MM <= sizes.min() <= sizes.max() <= LARGEST_MM
    # Voxels whose three sides lie in one plane fill no space.
    if not good or abs(np.linalg.det(affine[:3, :3])) < 0.1 * sizes.prod():
        raise CourseError(
            f"{path} has voxels of {' x '.join(f'{size:.3g}' for size in sizes)} mm, which cannot "
            f"be: sides of {SMALLEST_MM:g} to {LARGEST_MM:g} mm, at about right angles, are "
            "expected, so convert the scan again from its source."
        )


def _check_numbers(path: Path, volume: np.ndarray) -> None:
    wrong = int((~np.isfinite(volume)).sum())
    if wrong:
        raise CourseError(
            f"{path} has {wrong:,} voxels that are no numbers (NaN or infinite): replace them, "
            "mostly by 0, and save it again."
        )
    if volume.min() == volume.max():
        raise CourseError(f"{path} is empty: each voxel is {volume.min()}, so take another file.")
