"""The scanner of a simulated patient: tissue contrast, field of view, and all that goes wrong.

One draw holds for all slices of a patient, as it does in a hospital. That is why slices of one
patient look alike, and why a split by slice leaks.
"""

import dataclasses

import numpy as np
from scipy import ndimage

from course_utils import settings
from course_utils.simulator import anatomy, warps

CONTRASTS = ("t1ce", "flair")
PLANES = ("axial", "coronal", "sagittal")
# For each plane the axes (x, y, z) that run across, down and through the slice.
AXES = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}

# Mean brightness of each tissue in t1ce, in flair, and in T2, which only pretraining draws; 1 is
# white on the screen.
_LEVELS = {
    "csf": (0.10, 0.08, 0.95),
    "grey": (0.34, 0.56, 0.58),
    "white": (0.40, 0.44, 0.42),
    "bone": (0.05, 0.05, 0.05),
    "marrow": (0.50, 0.35, 0.45),
    "fat": (0.92, 0.62, 0.75),
    "muscle": (0.30, 0.34, 0.25),
    "mucosa": (0.54, 0.60, 0.70),
    "vessel": (0.62, 0.25, 0.08),
    "enhancement": (0.94, 0.62, 0.75),
    "oedema": (0.26, 0.85, 0.88),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Scanner:
    """What is the same in all images of one patient."""

    levels: dict[str, np.ndarray]  # Brightness of each tissue in t1ce and flair, (2,).
    bias: np.ndarray  # Of each contrast: its logarithm is a polynomial of second degree, (2, 9).
    noise: float  # Standard deviation of the noise in either channel, as a share of white.
    blur: float  # Standard deviation of the in-plane blur, in pixels.
    thickness: float  # Of a slice, in mm.
    view: float  # Side of the square field of view in mm.
    shift: np.ndarray  # How far the field of view is off the middle of the head, in mm, (3,).
    gain: float  # Display window: (gain * signal) ** gamma.
    gamma: float
    seed: int  # Of the noise.

    @property
    def pixel(self) -> float:
        """Side of a pixel in mm."""
        return self.view / settings.IMAGE_SIZE


def draw(rng: np.random.Generator) -> Scanner:
    """Draw a good scanner; the brightness of each tissue varies by 10%."""
    return Scanner(
        levels={name: values[:2] * rng.uniform(0.9, 1.1, 2) for name, values in _LEVELS.items()},
        bias=rng.normal(0, 0.08, (2, 9)),
        noise=rng.uniform(0.008, 0.03),
        blur=rng.uniform(0.2, 0.8),
        thickness=rng.uniform(2, 6),
        view=rng.uniform(205, 245),
        shift=rng.normal(0, 5, 3),
        gain=rng.uniform(0.8, 1.2),
        gamma=rng.uniform(0.9, 1.12),
        seed=int(rng.integers(2**31)),
    )


def draw_widely(rng: np.random.Generator) -> Scanner:
    """Draw a scanner that need not be a good one, for pretraining: any contrast, more artefacts.

    A network that has met every contrast can rely on none (Billot et al., SynthSeg, 2023). The
    first channel stays near t1ce, as most slices in practice are.
    """
    levels = {}
    second = rng.choice(["flair", "t2", "any"], p=[0.4, 0.3, 0.3])
    for name, (t1ce, flair, t2) in _LEVELS.items():
        level = rng.uniform(0.02, 1) if second == "any" else {"flair": flair, "t2": t2}[second]
        levels[name] = [t1ce, level] * rng.uniform(0.7, 1.3, 2)
    return Scanner(
        levels=levels,
        bias=rng.normal(0, 0.2, (2, 9)),
        noise=rng.uniform(0.002, 0.08),
        blur=rng.uniform(0, 1.4),
        thickness=rng.uniform(1, 8),
        view=rng.uniform(180, 270),
        shift=rng.normal(0, 10, 3),
        gain=rng.uniform(0.6, 1.5),
        gamma=rng.uniform(0.7, 1.5),
        seed=int(rng.integers(2**31)),
    )


def tissue_signal(scanner: Scanner, warp: warps.Warp) -> np.ndarray:
    """The template head in a patient's contrasts and sulci: float32, (2, 99, 128, 122)."""
    head = anatomy.head()
    levels = np.array([scanner.levels[name] for name in anatomy.TISSUES], np.float32)
    # Not by matrix product, whose last digit may depend on the number of threads.
    images = np.einsum("tc,txyz->cxyz", levels, head.tissues)
    # A sulcus is a thin sheet of fluid in the cortex; the zeros of a smooth field are such sheets.
    sheets = np.abs(np.roll(head.noise, warp.folds, (0, 1, 2)))
    cortex = np.clip((head.depth + 16) / 5, 0, 1) * (head.depth < 0)
    share = 0.8 * cortex * np.clip(1 - sheets / warp.sulci, 0, 1)
    for image, level in zip(images, scanner.levels["csf"], strict=True):
        image += share * (np.float32(level) - image)
    return images


def pixels(scanner: Scanner, plane: str, position: float) -> np.ndarray:
    """Where the pixels of a slice lie in the patient: float32, (128, 128, 3), mm, RAS.

    Radiological display: the patient's right is on the left of axial and coronal slices, the front
    is up on axial and to the right on sagittal ones. ``position`` is on the axis through the slice.
    """
    size = settings.IMAGE_SIZE
    line = (np.arange(size) - (size - 1) / 2) * scanner.pixel
    middle = anatomy.MIDDLE + scanner.shift
    across, down, through = AXES[plane]
    points = np.empty((size, size, 3), np.float32)
    points[..., across] = middle[across] + (line if plane == "sagittal" else -line)
    points[..., down] = middle[down] - line[:, None]
    points[..., through] = position
    return points


def voxels(corner: np.ndarray, shape: tuple[int, int, int], voxel: float) -> np.ndarray:
    """Where a volume's voxels lie, the first at ``corner``: float32, (*shape, 3), mm, RAS."""
    return np.moveaxis(corner[:, None, None, None] + voxel * np.indices(shape, np.float32), 0, -1)


def acquire(
    scanner: Scanner, images: np.ndarray, points: np.ndarray, blur: float, stream: int
) -> np.ndarray:
    """Blur, bias field, coil, Rician noise (Gudbjartsson and Patz, 1995) and display window.

    Noise-free images of a slice or a volume, (2, ...), at points (..., 3) in mm become uint8. The
    blur is a standard deviation in pixels or voxels; another ``stream`` gives other noise.
    """
    rng = np.random.default_rng([scanner.seed, stream])
    x, y, z = np.moveaxis((points - anatomy.MIDDLE) / 100, -1, 0)
    terms = np.stack([x, y, z, x * x, y * y, z * z, x * y, y * z, z * x])
    # The coil's reach ends at the neck.
    coil = 1 / (1 + np.exp((-112 - points[..., 2]) / 8))
    result = np.empty(images.shape, np.uint8)
    for index, (image, bias) in enumerate(zip(images, scanner.bias, strict=True)):
        shading = np.exp(np.einsum("t,t...", bias, terms))
        signal = ndimage.gaussian_filter(image, blur) * coil * shading
        real, imaginary = scanner.noise * rng.standard_normal((2, *image.shape), dtype=np.float32)
        signal = np.hypot(signal + real, imaginary)
        window = (scanner.gain * signal) ** scanner.gamma
        result[index] = np.clip(np.rint(255 * window), 0, 255)
    return result
