"""Lesions: what each class of tumour looks like, where it grows, and what it pushes aside.

Shapes, sizes and contrasts follow the textbook picture of each class, simplified for teaching.
All lengths are mm, all positions patient coordinates (RAS).
"""

import dataclasses

import numpy as np
from scipy import ndimage

from course_utils import anatomy

DIFFICULTIES = ("easy", "medium", "hard")
# Radius in mm, from the smallest to the largest lesion of a class.
RADII = {"glioma": (8.0, 24.0), "meningioma": (8.0, 20.0), "pituitary": (5.5, 13.0)}


@dataclasses.dataclass(frozen=True, eq=False)
class Lesion:
    """One lesion: where it is, how large, and how it looks.

    Attributes
    ----------
    label : str
        ``"glioma"``, ``"meningioma"`` or ``"pituitary"``.
    site : ndarray of float, (3,)
        Middle of the lesion in the template head.
    radius : float
        Typical radius in mm.
    visible : bool
        False in a patient without a tumour: the site then only says where slices are taken.
    grade : str
        ``"high"`` or ``"low"`` for a glioma, else empty.
    strength : float
        Share of the full contrast against the tissue around it.
    roughness : float
        How far the outline departs from round, as a share of the radius.
    stretch : ndarray of float, (3,)
        Scale along x, y, z.
    core : float
        Radius of the necrotic core as a share of the lesion's; 0 for a solid lesion.
    oedema : float
        Reach of the oedema beyond the outline in mm.
    tail : float
        Reach of the dural tail as a share of the radius; 0 without one.
    push : float
        Mass effect, 0 to 1: how much of its own volume the lesion pushes aside.
    texture : ndarray of int, (3,)
        Shift into the noise field, so that no two lesions share an outline.
    """

    label: str
    site: np.ndarray
    radius: float
    visible: bool
    grade: str
    strength: float
    roughness: float
    stretch: np.ndarray
    core: float
    oedema: float
    tail: float
    push: float
    texture: np.ndarray


def draw(label: str, difficulty: str, head: anatomy.Head, rng: np.random.Generator) -> Lesion:
    """Draw a lesion of a class; ``"notumor"`` gives the site of one of the others, left empty."""
    kind = str(rng.choice(list(RADII))) if label == "notumor" else label
    step = DIFFICULTIES.index(difficulty)
    smallest, largest = RADII[kind]
    # Hard lesions are small and faint, easy ones large and bright; neighbours overlap.
    share = np.clip(rng.uniform(0.45, 1.0) - 0.27 * step + rng.uniform(0, 0.2), 0, 1)
    low = kind == "glioma" and rng.random() < 1 / 3
    solid = kind != "glioma" and rng.random() > 0.15 or low or rng.random() < 0.15
    places = head.sites[kind]
    site = places[rng.integers(len(places))] + rng.uniform(-1, 1, 3)
    return Lesion(
        label=kind,
        site=site,
        radius=smallest + share * (largest - smallest),
        visible=label != "notumor",
        grade={True: "low", False: "high"}[low] if kind == "glioma" else "",
        strength=rng.uniform(0.85, 1.1) - 0.17 * step,
        roughness={"glioma": 0.3, "meningioma": 0.1, "pituitary": 0.08}[kind]
        * rng.uniform(0.6, 1.4),
        stretch=rng.uniform(0.85, 1.15, 3),
        core=0.0 if solid else rng.uniform(0.35, 0.7),
        oedema={"glioma": rng.uniform(3, 18), "meningioma": max(0, rng.uniform(-8, 14))}.get(
            kind, 0.0
        ),
        tail=rng.uniform(1.5, 2.2) if kind == "meningioma" and rng.random() < 0.7 else 0.0,
        push=rng.uniform(0.4, 0.9) * (0.6 if low else 1.0),
        texture=rng.integers(0, 64, 3),
    )


def outline(
    lesion: Lesion, head: anatomy.Head, points: np.ndarray, centre: np.ndarray, depth: np.ndarray
) -> np.ndarray:
    """Approximate signed distance from the lesion's surface in mm, negative inside.

    Parameters
    ----------
    points : ndarray of float, (n, 3)
        Where to evaluate it.
    centre : ndarray of float, (3,)
        The lesion's middle in the patient.
    depth : ndarray of float, (n,)
        Distance from the brain's surface, negative inside.
    """
    offset = (points - centre) / lesion.stretch
    radius = np.linalg.norm(offset, axis=1)
    if lesion.label == "pituitary":
        # A snowman: the part that has grown up through the diaphragm sits on the part below it.
        upper = np.linalg.norm(offset - [0, 0, 0.9 * lesion.radius], axis=1)
        radius = np.minimum(radius, upper + 0.3 * lesion.radius)
    wobble = _noise(lesion, head, points, 2.0 if lesion.label == "glioma" else 3.0)
    surface = radius - lesion.radius * (1 + lesion.roughness * wobble)
    if lesion.label == "pituitary":
        return surface
    # Nothing grows through the skull.
    return np.maximum(surface, depth - 2)


def paint(
    lesion: Lesion,
    head: anatomy.Head,
    images: np.ndarray,
    points: np.ndarray,
    centre: np.ndarray,
    depth: np.ndarray,
    white: np.ndarray,
    levels: dict[str, np.ndarray],
) -> np.ndarray:
    """Draw the lesion into sampled tissue, in place.

    Parameters
    ----------
    images : ndarray of float32, (2, n)
        Intensities in t1ce and flair, changed in place.
    white : ndarray of float, (n,)
        Share of white matter: oedema spreads along it.
    levels : dict of str to ndarray, (2,)
        Intensity of each tissue in both contrasts.

    Returns
    -------
    ndarray of float32, (n,)
        Share of each point that is lesion; oedema and dural tail do not count.
    """
    surface = outline(lesion, head, points, centre, depth)
    inside = np.clip(0.5 - surface / 1.5, 0, 1).astype(np.float32)
    fine = _noise(lesion, head, points, 1.0)

    def blend(share: np.ndarray, t1ce: np.ndarray | float, flair: np.ndarray | float) -> None:
        for image, level in zip(images, (t1ce, flair), strict=True):
            image += share * (level - image)

    white_t1, white_flair = levels["white"]
    bright = levels["enhancement"]
    if lesion.oedema:
        reach = lesion.oedema * (1 + 0.5 * _noise(lesion, head, points, 2.5))
        swollen = np.clip(1 - surface / np.maximum(reach, 1), 0, 1) * (surface > -1)
        swollen *= np.clip(white * 1.5, 0, 1) * (depth < 0)
        blend(0.8 * np.sqrt(swollen), 0.72 * white_t1, levels["oedema"][1])
    if lesion.tail:
        away = np.linalg.norm(points - centre, axis=1) / lesion.radius
        sheet = np.clip(1.5 - np.abs(depth - 0.5) / 2, 0, 1) * np.clip(
            (lesion.tail - away) * 2, 0, 1
        )
        blend(sheet * lesion.strength * 0.8, bright[0], images[1])
    if lesion.grade == "low":
        blend(
            inside * min(1, lesion.strength),
            white_t1 * (0.55 + 0.05 * fine),
            levels["oedema"][1] * (1 + 0.05 * fine),
        )
        return inside
    # Enhancement is contrast over white matter: weaker in harder cases.
    t1ce = white_t1 + lesion.strength * (bright[0] - white_t1)
    uneven = {"glioma": 0.16, "meningioma": 0.05, "pituitary": 0.07}[lesion.label]
    flair = levels["oedema"][1] if lesion.label == "glioma" else levels["grey"][1]
    blend(inside, t1ce * (1 + uneven * fine), flair * (1 + 0.05 * fine))
    if lesion.core:
        wall = -surface - (1 - lesion.core) * lesion.radius * (1 + 0.5 * fine)
        blend(np.clip(0.5 + wall / 2, 0, 1), 0.5 * white_t1, 0.8 * levels["grey"][1])
    return inside


def _noise(lesion: Lesion, head: anatomy.Head, points: np.ndarray, scale: float) -> np.ndarray:
    """The lesion's own piece of the noise field; features of about ``4 * scale`` mm."""
    index = (points / (scale * anatomy.VOXEL) + lesion.texture).T
    return ndimage.map_coordinates(head.noise, index, order=1, mode="grid-wrap")
