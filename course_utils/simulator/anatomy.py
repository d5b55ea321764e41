"""The head that every simulated patient is a warped copy of: tissue maps on a 2 mm grid.

The brain is the MNI152 average (Fonov et al., 2009 and 2011), as nilearn ships it. That average
ends at the brain's surface, so meninges, skull, scalp, face and neck are drawn around it here.

All coordinates are MNI millimetres, RAS: x to the right, y to the front, z to the top.
"""

import dataclasses

import numpy as np
from scipy import ndimage

TISSUES = ("csf", "grey", "white", "bone", "marrow", "fat", "muscle", "mucosa", "vessel")
VOXEL = 2.0
ORIGIN = np.array([-98.0, -134.0, -140.0], np.float32)
SHAPE = (99, 128, 122)
# Middle of the head: heads turn about it, and pictures are centred on it.
MIDDLE = np.array([0.0, -18.0, -20.0], np.float32)

# Ellipsoids, painted in this order: tissue, centre, radii. One off the midline has a mirror image.
_PARTS = [
    # Skull base and jaws.
    ("bone", (0, 44, -64), (40, 34, 22)),
    ("bone", (0, 10, -47), (20, 22, 13)),
    ("bone", (34, -22, -44), (26, 10, 9)),
    ("bone", (54, -34, -50), (11, 13, 16)),
    ("marrow", (0, -19, -54), (10, 7, 18)),
    ("marrow", (0, -6, -44), (10, 9, 6)),
    ("bone", (48, 8, -86), (5, 14, 30)),
    ("marrow", (48, 8, -90), (2.5, 10, 24)),
    ("bone", (34, 42, -116), (12, 34, 11)),
    ("marrow", (34, 42, -117), (8, 30, 7)),
    ("bone", (0, 70, -116), (24, 9, 12)),
    ("marrow", (0, 70, -118), (19, 5, 7)),
    # Fat of the cheeks, the orbits and the throat.
    ("fat", (48, 44, -74), (8, 14, 14)),
    ("fat", (0, 20, -124), (18, 14, 7)),
    ("fat", (32, 52, -36), (17, 24, 16)),
    # Eyes: globe (as dark as CSF), lens, optic nerve and the muscles around it.
    ("muscle", (34, 66, -36), (13.5, 13, 13.5)),
    ("csf", (34, 66, -36), (12, 11.5, 12)),
    ("muscle", (34, 76, -36), (5, 2, 5)),
    ("muscle", (26, 42, -36), (2.5, 16, 2.5)),
    ("mucosa", (31, 47, -25), (5, 17, 2.5)),
    ("mucosa", (31, 47, -47), (5, 17, 2.5)),
    ("mucosa", (20, 47, -36), (2.5, 17, 5)),
    ("mucosa", (45, 47, -36), (2.5, 17, 5)),
    # Nose and sinuses: air, and a lining that takes up contrast agent.
    ("mucosa", (0, 52, -60), (17, 36, 22)),
    ("air", (5.5, 54, -58), (5.5, 32, 19)),
    ("mucosa", (8, 50, -66), (4.5, 22, 4)),
    ("mucosa", (7, 48, -56), (3, 18, 3)),
    ("air", (7, 42, -40), (6, 20, 8)),
    ("mucosa", (30, 44, -62), (13.5, 17, 16.5)),
    ("air", (30, 44, -62), (12, 15.5, 15)),
    ("mucosa", (6, 17, -48), (9, 12, 9)),
    ("air", (6, 17, -48), (8, 11, 8)),
    ("air", (9, 79, -14), (10, 4, 11)),
    ("air", (56, -34, -52), (7, 8, 10)),
    # Mouth and throat.
    ("bone", (0, 54, -84), (24, 30, 4)),
    ("muscle", (0, 44, -100), (24, 34, 15)),
    ("bone", (22, 62, -96), (5, 14, 8)),
    ("bone", (0, 80, -96), (18, 5, 8)),
    ("mucosa", (0, 4, -76), (15, 11, 17)),
    ("air", (0, 5, -76), (9, 6, 14)),
    ("mucosa", (0, 0, -112), (13, 9, 26)),
    ("air", (0, 1, -112), (9, 5, 26)),
    # Neck: vertebrae, and the canal with the cord.
    *[("bone", (0, -20, z), (14, 11, 8.5)) for z in (-84, -102, -120, -138)],
    *[("marrow", (0, -20, z), (12, 9, 7)) for z in (-84, -102, -120, -138)],
    *[("bone", (0, -64, z), (4, 12, 5)) for z in (-90, -108, -126)],
    ("bone", (24, -36, -104), (9, 7, 44)),
    ("csf", (0, -43, -106), (9, 8, 50)),
    ("white", (0, -43, -100), (5.5, 4.5, 60)),
    # Ears.
    ("muscle", (84, -24, -46), (4, 13, 22)),
]

# Tubes from one point to another with a radius: arteries, veins and the sinuses of the dura, and
# last the pituitary gland and its stalk, which take up contrast agent like a vessel.
_TUBES = [
    ((26, -6, -150), (24, 2, -62), 3.5),
    ((24, 2, -62), (12, -10, -46), 3.0),
    ((12, -12, -42), (11, 8, -38), 3.5),
    ((11, 4, -36), (14, 2, -22), 2.0),
    ((14, 2, -22), (44, 4, -20), 1.6),
    ((14, 2, -22), (2, 24, -14), 1.3),
    ((2, 24, -14), (2, 40, 6), 1.3),
    ((4, -36, -70), (0, -24, -48), 1.8),
    ((0, -24, -48), (0, -20, -26), 1.8),
    ((0, -20, -26), (24, -36, -14), 1.2),
    ((36, -14, -150), (40, -28, -62), 4.5),
    ((40, -28, -62), (54, -46, -46), 5.0),
    ((54, -46, -46), (56, -60, -30), 4.5),
    ((56, -60, -30), (34, -90, -24), 4.0),
    ((34, -90, -24), (0, -100, -16), 4.0),
    ((0, -98, -16), (0, -50, 6), 2.4),
    ((0, -50, 6), (0, -38, 2), 2.4),
    ((2, -38, 4), (2, 0, 14), 1.2),
    ((0, 1, -40), (0, 2, -38), 4.0),
    ((0, 1, -38), (0, 0, -26), 1.3),
]

# The face and the neck, as ellipsoids that melt into the vault: centre, radii.
_FACE = [
    ((0, 34, -62), (66, 54, 62)),
    ((0, 40, -110), (46, 52, 30)),
    ((0, 94, -64), (13, 15, 14)),
    ((0, 88, -48), (8, 10, 22)),
    ((0, 88, -94), (22, 9, 12)),
    ((0, 80, -122), (20, 12, 10)),
    ((0, -30, -104), (58, 58, 92)),
]


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """The template head, on a grid of (99, 128, 122)."""

    tissues: np.ndarray  # Share of each of TISSUES in a voxel; what is missing to 1 is air.
    depth: np.ndarray  # Distance from the brain's surface in mm, negative inside the brain.
    noise: np.ndarray  # Smooth random field of mean 0 and deviation 1: makes shapes irregular.
    near: np.ndarray  # Within 10 mm of tissue: what lies further off is air in any patient.


_built: list[Head] = []


def head() -> Head:
    """Build the template head; the second call in a process is free."""
    if not _built:
        _built.append(_build())
    return _built[0]


def use(template: Head) -> None:
    """Take over the head that another process has built."""
    _built[:] = [template]


def tissue(name: str) -> np.ndarray:
    """Share of one tissue in each voxel of the template: float32, (99, 128, 122)."""
    return head().tissues[TISSUES.index(name)]


def to_index(points: np.ndarray) -> np.ndarray:
    """Turn positions in mm into positions in voxels of the template: the last axis is x, y, z."""
    return (points - ORIGIN) / VOXEL


def axes(mirrored: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates of the grid in mm, ready to be broadcast; mirrored: the distance from x = 0."""
    lines = (o + VOXEL * np.arange(n) for o, n in zip(ORIGIN, SHAPE, strict=True))
    x, y, z = np.meshgrid(*lines, indexing="ij", sparse=True)
    return np.float32(np.abs(x) if mirrored else x), np.float32(y), np.float32(z)


def _build() -> Head:
    grey, white = _mni("gm"), _mni("wm")
    # The average of many brains is soft; a single brain has edges.
    white = np.clip((white - 0.5) * 1.5 + 0.5, 0, 1)
    grey = np.minimum(np.clip((grey - 0.4) * 1.5 + 0.4, 0, 1), 1 - white)
    inside = ndimage.binary_closing(grey + white > 0.4, iterations=4)
    inside = ndimage.binary_fill_holes(inside)
    depth = ndimage.distance_transform_edt(~inside) - ndimage.distance_transform_edt(inside)
    depth = ndimage.gaussian_filter(depth.astype(np.float32) * VOXEL, 0.8)
    noise = np.random.default_rng(0).standard_normal(SHAPE, dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, 2, mode="wrap")
    noise /= noise.std()
    maps = {name: np.zeros(SHAPE, np.float32) for name in TISSUES}
    _draw_shell(maps, depth, noise)
    for tissue, centre, radii in _PARTS:
        # Anatomy is never as smooth as an ellipsoid.
        rough = noise * min(1.2, min(radii) / 5)
        _paint(maps, tissue, _ramp(_ellipsoid(centre, radii) + rough))
    _paint(maps, "csf", _ramp(depth))
    _paint(maps, "grey", grey)
    _paint(maps, "white", white)
    _draw_vessels(maps, depth, noise)
    tissues = np.stack([maps[name] for name in TISSUES])
    near = ndimage.distance_transform_edt(tissues.sum(0) < 0.01) * VOXEL < 10
    return Head(tissues, depth, noise, near)


def _mni(kind: str) -> np.ndarray:
    """One MNI152 map on the template's grid, which reaches further down than the original."""
    import nilearn.datasets

    load = getattr(nilearn.datasets, f"load_mni152_{kind}_template")
    source = load(resolution=int(VOXEL)).get_fdata(dtype=np.float32)
    result = np.zeros(SHAPE, np.float32)
    nx, ny, nz = source.shape
    # Both grids start at the same x and y; in z the original starts 68 mm higher.
    low = 34
    result[:nx, :ny, low : low + nz] = source[:, :, : SHAPE[2] - low]
    return np.clip(result, 0, 1)


def _ellipsoid(centre: tuple, radii: tuple) -> np.ndarray:
    """Approximate signed distance from an ellipsoid's surface in mm."""
    sides = zip(axes(mirrored=centre[0] != 0), centre, radii, strict=True)
    squares = [((a - c) / r) ** 2 for a, c, r in sides]
    return (np.sqrt(sum(squares)) - 1) * min(radii)


def _tube(start: tuple, end: tuple, radius: float) -> np.ndarray:
    """Signed distance from a tube's surface in mm."""
    start, end = np.array(start, np.float32), np.array(end, np.float32)
    along = end - start
    away = [a - s for a, s in zip(axes(mirrored=True), start, strict=True)]
    share = sum(a * v for a, v in zip(away, along, strict=True)) / np.float32(along @ along)
    share = np.clip(share, 0, 1)
    squares = [(a - share * v) ** 2 for a, v in zip(away, along, strict=True)]
    return np.sqrt(sum(squares)) - np.float32(radius)


def _ramp(distance: np.ndarray) -> np.ndarray:
    """Share of a voxel inside a surface: 1 inside, 0 outside, soft over one voxel."""
    return np.clip(0.5 - distance / np.float32(VOXEL), 0, 1)


def _paint(maps: dict[str, np.ndarray], tissue: str, share: np.ndarray) -> None:
    """Put a tissue over what is there, in place."""
    # Most parts are small: only the box around them needs work.
    found = (np.flatnonzero(share.any(others)) for others in ((1, 2), (0, 2), (0, 1)))
    box = tuple(slice(where[0], where[-1] + 1) for where in found)
    share = share[box]
    for part in maps.values():
        part[box] *= 1 - share
    if tissue != "air":
        maps[tissue][box] += share


def _draw_shell(maps: dict[str, np.ndarray], depth: np.ndarray, noise: np.ndarray) -> None:
    """Skin, fat and muscle of head and neck, then the vault of the skull with its marrow."""
    _, _, z = axes()
    skin = depth - 17
    for centre, radii in _FACE:
        # A soft minimum: necks and noses have no seams.
        skin = -3 * np.logaddexp(-skin / 3, -_ellipsoid(centre, radii) / 3)
    _paint(maps, "muscle", _ramp(skin))
    # Fat under the skin, and in sheets between the muscles, which run up and down.
    _paint(maps, "fat", _ramp(skin + 1.5) * (1 - _ramp(skin + 6)))
    sheets = ndimage.gaussian_filter(noise, (0, 0, 3))
    sheets = np.clip(1 - np.abs(sheets / sheets.std()) / 0.25, 0, 1)
    _paint(maps, "fat", _ramp(skin + 6) * sheets * 0.7)
    vault = np.clip((z + 64) / 6, 0, 1)
    _paint(maps, "bone", _ramp(depth - 11) * vault)
    _paint(maps, "marrow", _ramp(depth - 9) * (1 - _ramp(depth - 5)) * vault * 0.9)
    _paint(maps, "csf", _ramp(depth - 2.5))


def _draw_vessels(maps: dict[str, np.ndarray], depth: np.ndarray, noise: np.ndarray) -> None:
    """Everything that contrast agent fills: vessels, dura, choroid plexus, pituitary gland."""
    x, y, z = axes()
    for start, end, radius in _TUBES:
        _paint(maps, "vessel", _ramp(_tube(start, end, radius) + 0.25 * radius * noise))
    # The superior sagittal sinus follows the vault, and grows towards the back.
    width = np.clip((70 - y) / 40, 0, 1) * 3 + 0.8
    above = np.clip((z + 16) / 10, 0, 1)
    _paint(maps, "vessel", _ramp(np.hypot(x / 1.3, depth - 2) - width) * above)
    # The falx hangs from it, down to the corpus callosum: a thin sheet, so a faint one.
    falx = _ramp(-_ellipsoid((0, -14, 0), (1e3, 60, 42)) - 4) * above
    _paint(maps, "vessel", np.clip(1 - np.abs(x) / 2, 0, 1) * 0.25 * falx * (depth < 0))
    _paint(maps, "vessel", np.clip(1 - np.abs(depth - 3) / 2, 0, 1) * 0.15 * (z > -60))
    for centre, radii in (((20, -38, 10), (5, 9, 7)), ((8, -8, 18), (4, 16, 4))):
        _paint(maps, "vessel", _ramp(_ellipsoid(centre, radii)) * maps["csf"] * 0.8)
