"""Lesions: what each class of tumour looks like, where it grows, and what it does around itself.

Each class is its textbook picture, simplified for teaching. All lengths are mm.
"""

import dataclasses
import functools

import numpy as np
from scipy import ndimage

from course_utils.simulator import anatomy

SELLA = np.array([0.0, 2.0, -33.0], np.float32)
DIFFICULTIES = ("easy", "medium", "hard")
# Radius in mm, from the smallest to the largest lesion of a class.
RADII = {"glioma": (10.0, 25.0), "meningioma": (10.0, 22.0), "pituitary": (7.5, 14.0)}
_ROUGHNESS = {"glioma": 0.3, "meningioma": 0.1, "pituitary": 0.08}
_UNEVENNESS = {"glioma": 0.2, "meningioma": 0.05, "pituitary": 0.07}


@dataclasses.dataclass(frozen=True, eq=False)
class Lesion:
    """One lesion: where it is, how large, and how it looks; lengths in mm."""

    kind: str  # A class with a tumour: decides place, outline and signal.
    visible: bool  # False in a patient without a tumour: the lesion is not painted.
    site: np.ndarray  # Its middle in the template head, (3,).
    radius: float
    stretch: np.ndarray  # Scale along x, y, z.
    roughness: float  # How far the outline departs from round, as a share of the radius.
    grade: str  # Of a glioma "high" or "low", else "".
    strength: float  # Share of the full contrast against white matter.
    core: float  # Radius of the dead or fluid core as a share of the lesion's; 0 if solid.
    oedema: float  # Reach of the oedema beyond the outline.
    tail: float  # Reach of the dural tail from the middle, as a share of the radius; 0 without.
    push: float  # Mass effect: how much of its own volume the lesion pushes aside.
    texture: np.ndarray  # Shift into the noise field, so that no two lesions share an outline.

    @property
    def reach(self) -> float:
        """Distance in mm from the middle beyond which nothing changes."""
        return 2.4 * self.radius + 1.6 * self.oedema


@dataclasses.dataclass(frozen=True, eq=False)
class Place:
    """Points of a patient around a lesion, in mm."""

    points: np.ndarray  # (n, 3)
    away: np.ndarray  # The same from the middle of the lesion.
    depth: np.ndarray  # Distance from the brain's surface, negative inside, (n,).


def draw(label: str, difficulty: str, rng: np.random.Generator) -> Lesion:
    """Draw a lesion of a class; for ``"notumor"`` one of any class that stays unpainted."""
    kind = str(rng.choice(list(RADII))) if label == "notumor" else label
    step = DIFFICULTIES.index(difficulty)
    smallest, largest = RADII[kind]
    # Hard lesions are small and faint, easy ones large and bright; neighbours overlap.
    size = np.clip(rng.uniform(0.5, 1.1) - 0.22 * step, 0, 1)
    low = kind == "glioma" and rng.random() < 1 / 3
    if low:
        # Without contrast agent a small one would be lost among the sulci.
        size = max(size, 0.3)
    hollow = rng.random() < (0.85 if kind == "glioma" else 0.15)
    oedema = {"glioma": rng.uniform(3, 18), "meningioma": max(0, rng.uniform(-8, 14))}
    return Lesion(
        kind=kind,
        visible=label != "notumor",
        site=rng.choice(_sites()[kind]) + rng.uniform(-1, 1, 3),
        radius=smallest + size * (largest - smallest),
        stretch=rng.uniform(0.85, 1.15, 3),
        roughness=_ROUGHNESS[kind] * rng.uniform(0.6, 1.4),
        grade=("low" if low else "high") if kind == "glioma" else "",
        strength=rng.uniform(0.9, 1.1) - 0.1 * step,
        core=rng.uniform(0.35, 0.7) if hollow and not low else 0.0,
        oedema=oedema.get(kind, 0.0),
        tail=rng.uniform(1.5, 2.2) if kind == "meningioma" and rng.random() < 0.7 else 0.0,
        push=rng.uniform(0.4, 0.9) * (0.6 if low else 1.0),
        texture=rng.integers(0, 64, 3),
    )


def outline(lesion: Lesion, place: Place) -> np.ndarray:
    """Approximate signed distance from the lesion's surface in mm, negative inside: (n,)."""
    offset = place.away / lesion.stretch
    radius = np.linalg.norm(offset, axis=1)
    if lesion.kind == "pituitary":
        # A snowman: a smaller ball has grown upwards, out of the sella.
        upper = np.linalg.norm(offset - [0, 0, 0.9 * lesion.radius], axis=1)
        radius = np.minimum(radius, upper + 0.3 * lesion.radius)
    wobble = _noise(lesion, place, 2.0 if lesion.kind == "glioma" else 3.0)
    surface = radius - lesion.radius * (1 + lesion.roughness * wobble)
    if lesion.kind == "pituitary":
        return surface
    # Nothing grows through the skull: that gives a meningioma its broad base.
    return np.maximum(surface, place.depth - 2)


def mass_effect(lesion: Lesion, place: Place) -> np.ndarray:
    """How far a lesion has moved the tissue, in mm, away from its middle: (n, 3).

    Soft tissue moves out of the way, bone does not, and an invisible lesion moves nothing.
    """
    soft = np.clip(-place.depth / 6, 0, 1)
    fade = np.exp(-(place.away**2).sum(axis=1) / (1.7 * lesion.radius) ** 2)
    return place.away * (lesion.visible * lesion.push * soft * fade)[:, None]


def paint(
    lesion: Lesion, place: Place, images: np.ndarray, white: np.ndarray, levels: dict
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a lesion over healthy tissue: images in t1ce and flair, float32, (2, n).

    Oedema spreads along ``white``, the share of white matter, (n,); ``levels`` are a scanner's.
    Also returns how much of each point is lesion, (n,); oedema and dural tail do not count.
    """
    images = images.copy()

    def cover(share: np.ndarray, t1ce: np.ndarray | float, flair: np.ndarray | float) -> None:
        for image, level in zip(images, (t1ce, flair), strict=True):
            image += share * (level - image)

    surface = outline(lesion, place)
    inside = np.clip(0.5 - surface / 1.5, 0, 1)
    grain = _noise(lesion, place, 1.0)
    dark, wet = levels["white"][0], levels["oedema"][1]
    # Enhancement is contrast over white matter, and weaker in harder cases.
    bright = dark + lesion.strength * (levels["enhancement"][0] - dark)
    if lesion.oedema:
        reach = lesion.oedema * (1 + 0.5 * _noise(lesion, place, 2.5))
        swollen = np.sqrt(np.clip(1 - surface / np.maximum(reach, 1), 0, 1)) * (surface > -1)
        swollen *= np.clip(1.5 * white, 0, 1) * (place.depth < 0)
        cover(0.8 * swollen, 0.72 * dark, wet)
    if lesion.tail:
        away = np.linalg.norm(place.away, axis=1) / lesion.radius
        sheet = np.clip(1.5 - np.abs(place.depth - 0.5) / 2, 0, 1)
        cover(0.8 * sheet * np.clip(2 * (lesion.tail - away), 0, 1), bright, images[1])
    if lesion.grade == "low":
        faint = levels["grey"][0] * (0.75 - 0.3 * lesion.strength)
        cover(inside, faint * (1 + 0.05 * grain), wet * (1 + 0.05 * grain))
        return images, inside
    flair = wet if lesion.kind == "glioma" else levels["grey"][1]
    cover(inside, bright * (1 + _UNEVENNESS[lesion.kind] * grain), flair * (1 + 0.05 * grain))
    if lesion.core:
        rim = (1 - lesion.core) * lesion.radius * (1 + 0.5 * grain)
        cover(np.clip(0.5 - (surface + rim) / 2, 0, 1), 0.5 * dark, 0.8 * levels["grey"][1])
    return images, inside


@functools.lru_cache(maxsize=1)
def _sites() -> dict[str, np.ndarray]:
    """Places in the template where a lesion of a class can grow.

    A pituitary tumour is always in the sella. Most others share one or two of its coordinates, or
    the place of a slice would give the class away.
    """
    x, y, z = anatomy.axes()
    depth, white = anatomy.head().depth, anatomy.tissue("white")
    vault = (np.abs(depth + 2) < 1.5) & (z > -46) & ~((z < -20) & (y < -20) & (np.abs(x) < 30))
    falx = (np.abs(x) < 3) & (z > 32) & (depth < -3)
    masks = {"glioma": (white > 0.7) & (depth < -9) & (z > -46), "meningioma": vault | falx}
    rng = np.random.default_rng(0)
    sites = {"pituitary": SELLA[None]}
    for name, mask in masks.items():
        places = np.float32(anatomy.ORIGIN + anatomy.VOXEL * np.argwhere(mask))
        a, b, c = np.exp(-(((places - SELLA) / [8, 10, 10]) ** 2) / 2).T
        parts = [(1, a), (1, b), (1, c), (2, a * b), (2, b * c), (2, c * a)]
        chances = sum(share * part / part.sum() for share, part in parts)
        sites[name] = rng.choice(places, 4000, p=chances / chances.sum())
    return sites


def _noise(lesion: Lesion, place: Place, scale: float) -> np.ndarray:
    """The lesion's own piece of the noise field; its features measure about ``8 * scale`` mm."""
    index = (place.points / (scale * anatomy.VOXEL) + lesion.texture).T
    return ndimage.map_coordinates(anatomy.head().noise, index, order=1, mode="grid-wrap")
