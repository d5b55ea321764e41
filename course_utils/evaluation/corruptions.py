"""What a scanner or a careless export does to a slice, in five steps from slight to severe.

The five follow the habit of Hendrycks & Dietterich (2019, arXiv 1903.12261).
"""

import dataclasses

import numpy as np
from scipy import fft, ndimage

from course_utils import settings
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset

# Kind to its strength at severities 1 to 5.
STRENGTHS = {
    "noise": (0.03, 0.06, 0.10, 0.15, 0.22),  # Standard deviation, as a share of white.
    "motion": (0.5, 1.0, 1.8, 2.8, 4.0),  # How far the head moves to each side, in pixels.
    "bias field": (0.2, 0.4, 0.6, 0.9, 1.2),  # Brightness times exp(-strength) to exp(strength).
    "low resolution": (0.7, 0.5, 0.35, 0.25, 0.17),  # Share of k-space kept along each axis.
}
SEVERITIES = (1, 2, 3, 4, 5)
# How far a patient moves between two contrasts, down and to the right, in pixels.
MOVED = 6


def corrupt(images: np.ndarray, kind: str, severity: int, seed: int = settings.SEED) -> np.ndarray:
    """Make slices, uint8 (slices, height, width), worse in one way; in colour all three alike.

    ``"noise"`` is that of a shorter scan. ``"motion"`` is a head that moves to and fro while
    k-space is measured line by line: phase errors between lines, which show as *ghosts*, fainter
    copies of the head above and below it (Zaitsev et al. 2015, doi 10.1002/jmri.24850). The
    ``"bias field"`` is the shading of an uneven coil; at ``"low resolution"`` fewer lines are
    measured, so true pixels are fewer and larger. Severity 0 leaves the slices as they are. Each
    kind has its own scale: severities of different kinds do not compare.
    """
    if kind not in STRENGTHS or severity not in (0, *SEVERITIES):
        raise CourseError(
            f"There is no corruption {kind!r} of severity {severity}: use one of "
            f"{', '.join(STRENGTHS)}, from 0 to {SEVERITIES[-1]}."
        )
    if severity == 0:
        return np.array(images)
    if images.ndim == 4:
        colours = np.moveaxis(images, -1, 0)
        return np.stack([corrupt(one, kind, severity, seed) for one in colours], axis=-1)
    rng = np.random.default_rng(seed)
    strength = STRENGTHS[kind][severity - 1]
    worse = np.asarray(images) / np.float32(255)
    number, height, width = worse.shape
    if kind == "noise":
        # Rician noise: a scanner measures two noisy numbers a pixel and shows their length.
        real, imaginary = strength * rng.standard_normal((2, *worse.shape), np.float32)
        worse = np.hypot(worse + real, imaginary)
    elif kind == "motion":
        # A shift is a phase that grows along k-space. Where it comes back every few lines, ghosts
        # lie as many pixels apart as it came and went during the scan.
        turns, starts = rng.uniform(10, 30, (number, 1)), rng.uniform(0, 2 * np.pi, (number, 1))
        shifts = strength * np.sin(2 * np.pi * turns * np.arange(height) / height + starts)
        # Lines are measured from one end of k-space to the other.
        phases = np.exp(-2j * np.pi * fft.ifftshift(shifts, axes=1) * fft.fftfreq(height))
        worse = abs(fft.ifft(fft.fft(worse, axis=1) * phases[:, :, None], axis=1))
    elif kind == "bias field":
        y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
        terms = np.stack([x, y, x * y, x**2, y**2]).astype(np.float32)
        fields = np.tensordot(rng.standard_normal((number, 5), np.float32), terms, axes=1)
        low, high = (edge(axis=(1, 2), keepdims=True) for edge in (fields.min, fields.max))
        worse = worse * np.exp(strength * (2 * (fields - low) / (high - low) - 1))
    else:
        # A scanner starts in the middle of k-space.
        across = fft.rfftfreq(width) <= strength / 2
        kept = (abs(fft.fftfreq(height)) <= strength / 2)[:, None] & across
        worse = fft.irfft2(fft.rfft2(worse) * kept, s=(height, width))
    return np.rint(np.clip(worse, 0, 1) * 255).astype(np.uint8)


def accidents(data: Dataset) -> dict[str, Dataset]:
    """What can become of t1ce or flair between the scanner and the network; missing is black."""
    t1ce, flair = data.contrast("t1ce"), data.contrast("flair")
    partners = np.arange(len(data))
    for rows in data.table.groupby("plane").indices.values():
        # Half-way through the table is another patient, and mostly another class.
        partners[rows] = np.roll(rows, len(rows) // 2)
    happened = {
        "as recorded": (t1ce, flair),
        "flair noisy": (t1ce, corrupt(flair, "noise", 3)),
        "flair moved": (t1ce, ndimage.shift(flair, (0, MOVED, MOVED), order=0)),
        "flair of another patient": (t1ce, flair[partners]),
        "flair missing": (t1ce, np.zeros_like(flair)),
        "t1ce missing": (np.zeros_like(t1ce), flair),
    }
    return {
        name: dataclasses.replace(data, contrasts=dict(zip(("t1ce", "flair"), both, strict=True)))
        for name, both in happened.items()
    }
