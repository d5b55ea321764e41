"""The head that every simulated patient is a warped copy of: tissue maps on a 2 mm grid.

The brain is the MNI152 average (Fonov et al., 2009 and 2011), as nilearn ships it. That average
ends at the brain's surface, so meninges, skull, scalp, face and neck are drawn around it here.

All coordinates are MNI millimetres, RAS: x to the right, y to the front, z to the top.
"""

import dataclasses

import numpy as np
from scipy import ndimage

TISSUES = (
    "csf",
    "grey",
    "white",
    "bone",
    "marrow",
    "fat",
    "muscle",
    "mucosa",
    "vessel",
    "vitreous",
)
VOXEL = 2.0
ORIGIN = np.array([-98.0, -134.0, -140.0])
SHAPE = (99, 128, 122)
SELLA = np.array([0.0, 2.0, -33.0])


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """The template head.

    Attributes
    ----------
    tissues : ndarray of float32, (tissues, 99, 128, 122)
        Share of each of ``TISSUES`` in a voxel; what is missing to 1 is air.
    depth : ndarray of float32, (99, 128, 122)
        Distance from the brain's surface in mm, negative inside the brain.
    noise : ndarray of float32, (99, 128, 122)
        Smooth random field, mean 0, standard deviation 1: the raw material of all irregular
        shapes.
    sites : dict of str to ndarray of float32, (places, 3)
        Where a lesion of a class can grow, in mm.
    """

    tissues: np.ndarray
    depth: np.ndarray
    noise: np.ndarray
    sites: dict[str, np.ndarray]


def to_index(points: np.ndarray) -> np.ndarray:
    """Turn positions in mm into positions in voxels of the template: the last axis is x, y, z."""
    return (points - ORIGIN) / VOXEL


_built: list[Head] = []


def use(head: Head) -> None:
    """Take over a head that another process has built."""
    _built[:] = [head]


def head() -> Head:
    """Build the template head; the second call in a process is free."""
    if not _built:
        _built.append(_build())
    return _built[0]


def _build() -> Head:
    grey, white = _mni("gm"), _mni("wm")
    # The average of many brains is soft; a single brain has edges.
    white = np.clip((white - 0.5) * 1.5 + 0.5, 0, 1)
    grey = np.minimum(np.clip((grey - 0.4) * 1.5 + 0.4, 0, 1), 1 - white)
    inside = ndimage.binary_closing(grey + white > 0.4, iterations=4)
    inside = ndimage.binary_fill_holes(inside)
    depth = _distance(inside)
    maps = {name: np.zeros(SHAPE, np.float32) for name in TISSUES}
    random = np.random.default_rng(0)
    noise = ndimage.gaussian_filter(random.standard_normal(SHAPE, dtype=np.float32), 2, mode="wrap")
    noise /= noise.std()
    _draw_shell(maps, depth, noise)
    _draw_parts(maps, _FACE, noise)
    _draw_brain(maps, grey, white, depth)
    _draw_vessels(maps, depth)
    tissues = np.stack([maps[name] for name in TISSUES])
    return Head(tissues, depth, noise, _sites(white, depth))


# Ellipsoids, painted in this order: tissue, centre, radii; x other than 0 stands for both sides.
_FACE = [
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
    ("fat", (50, 46, -76), (11, 20, 18)),
    ("fat", (0, 14, -122), (26, 18, 12)),
    ("fat", (32, 52, -36), (18, 24, 17)),
    # Eyes: globe, lens, optic nerve and the muscles around it.
    ("muscle", (34, 66, -36), (13.5, 13, 13.5)),
    ("vitreous", (34, 66, -36), (12, 11.5, 12)),
    ("muscle", (34, 76, -36), (5, 2, 5)),
    ("muscle", (26, 42, -36), (2.5, 16, 2.5)),
    ("mucosa", (31, 47, -24), (5, 17, 2)),
    ("mucosa", (31, 47, -48), (5, 17, 2)),
    ("mucosa", (19, 47, -36), (2, 17, 5)),
    ("mucosa", (46, 47, -36), (2, 17, 5)),
    # Nose and sinuses: air with a lining that takes up contrast agent.
    ("mucosa", (0, 52, -60), (17, 38, 22)),
    ("air", (7, 56, -58), (4.5, 34, 19)),
    ("mucosa", (8, 50, -66), (4, 22, 4)),
    ("mucosa", (7, 48, -56), (3, 18, 3)),
    ("air", (7, 42, -40), (6, 20, 8)),
    ("mucosa", (30, 44, -62), (13.5, 17, 16.5)),
    ("air", (30, 44, -62), (11.5, 15, 14.5)),
    ("mucosa", (6, 17, -48), (9, 12, 9)),
    ("air", (6, 17, -48), (7.5, 10.5, 7.5)),
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
    # Neck: vertebrae, the canal with the cord, muscles parted by fat.
    *[("bone", (0, -20, z), (14, 11, 8.5)) for z in (-84, -102, -120, -138)],
    *[("marrow", (0, -20, z), (12, 9, 7)) for z in (-84, -102, -120, -138)],
    *[("bone", (0, -64, z), (4, 12, 5)) for z in (-90, -108, -126)],
    ("bone", (24, -36, -104), (10, 8, 44)),
    ("csf", (0, -43, -106), (9, 8, 50)),
    ("white", (0, -43, -100), (5.5, 4.5, 60)),
    ("vessel", (26, -4, -100), (3.5, 3.5, 46)),
    ("vessel", (34, -12, -100), (5, 4.5, 46)),
    # Ears.
    ("fat", (84, -24, -44), (5, 15, 24)),
]

# Vessels that fill with contrast agent, and the pituitary gland, which has no blood-brain barrier.
_ENHANCING = [
    ("vessel", (11, -2, -40), (5, 11, 6)),
    ("vessel", (0, 1, -39), (6, 4.5, 4)),
    ("vessel", (0, 0, -31), (1.2, 1.6, 6)),
    ("vessel", (34, -82, -24), (24, 6, 5)),
    ("vessel", (54, -52, -34), (5, 14, 8)),
    ("vessel", (46, -38, -50), (5, 6, 12)),
    ("vessel", (0, -96, -16), (8, 6, 7)),
    ("vessel", (0, -66, -4), (1.8, 22, 3)),
    ("vessel", (0, -44, 6), (2, 6, 2.5)),
    ("vessel", (0, -28, -106), (1.5, 1.5, 1.5)),
    ("vessel", (22, 2, -22), (14, 2, 2)),
    ("vessel", (0, -30, -32), (1.8, 2, 14)),
]


def _mni(kind: str) -> np.ndarray:
    """One MNI152 map on the template's grid, which reaches further down than the original."""
    import nilearn.datasets

    load = getattr(nilearn.datasets, f"load_mni152_{kind}_template")
    source = load(resolution=int(VOXEL)).get_fdata(dtype=np.float32)
    result = np.zeros(SHAPE, np.float32)
    nx, ny, nz = source.shape
    # Both grids start at the same x and y; in z the template starts 68 mm lower.
    result[:nx, :ny, 34 : 34 + nz] = source[:, :, : SHAPE[2] - 34]
    return np.clip(result, 0, 1)


def _distance(inside: np.ndarray) -> np.ndarray:
    """Signed distance from a surface in mm, negative inside."""
    out = ndimage.distance_transform_edt(~inside) - ndimage.distance_transform_edt(inside)
    return ndimage.gaussian_filter(out.astype(np.float32) * VOXEL, 0.8)


def _axes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.meshgrid(
        *(o + VOXEL * np.arange(n, dtype=np.float32) for o, n in zip(ORIGIN, SHAPE, strict=True)),
        indexing="ij",
        sparse=True,
    )


def _ellipsoid(centre: tuple, radii: tuple) -> np.ndarray:
    """Approximate signed distance from an ellipsoid's surface in mm; x other than 0 is mirrored."""
    x, y, z = _axes()
    x = np.abs(x) if centre[0] else x
    scaled = [(a - c) / r for a, c, r in zip((x, y, z), centre, radii, strict=True)]
    return (np.sqrt(sum(a**2 for a in scaled)) - 1) * min(radii)


def _ramp(distance: np.ndarray) -> np.ndarray:
    """Share of a voxel inside a surface: 1 inside, 0 outside, soft over one voxel."""
    return np.clip(0.5 - distance / VOXEL, 0, 1)


def _paint(maps: dict[str, np.ndarray], tissue: str, share: np.ndarray) -> None:
    # Most parts are small: only the box around them needs work.
    box = tuple(
        slice(found[0], found[-1] + 1)
        for found in (
            np.flatnonzero((share > 0).any(others)) for others in ((1, 2), (0, 2), (0, 1))
        )
        if len(found)
    )
    share = share[box]
    for part in maps.values():
        part[box] *= 1 - share
    if tissue != "air":
        maps[tissue][box] += share


def _draw_shell(maps: dict[str, np.ndarray], depth: np.ndarray, noise: np.ndarray) -> None:
    """Skin, fat and muscle of head and neck, then the vault of the skull with its marrow."""
    face = np.minimum.reduce(
        [
            _ellipsoid((0, 34, -62), (66, 56, 62)),
            _ellipsoid((0, 40, -110), (46, 54, 30)),
            _ellipsoid((0, 100, -62), (13, 18, 17)),
            _ellipsoid((0, 94, -46), (8, 12, 24)),
            _ellipsoid((0, 92, -94), (22, 9, 12)),
            _ellipsoid((0, 84, -122), (20, 12, 10)),
            _ellipsoid((0, -26, -110), (58, 60, 90)),
        ]
    )
    skin = ndimage.gaussian_filter(np.minimum(depth - 17, face), 1.5)
    _paint(maps, "muscle", _ramp(skin))
    # Fat under the skin, and in sheets between the muscles.
    _paint(maps, "fat", _ramp(skin + 1.5) * (1 - _ramp(skin + 7)))
    _paint(maps, "fat", _ramp(skin + 7) * np.clip(1 - np.abs(noise) / 0.25, 0, 1) * 0.8)
    below = np.clip((-58 - _axes()[2]) / 6, 0, 1)
    _paint(maps, "bone", _ramp(depth - 11) * (1 - below))
    _paint(maps, "marrow", _ramp(depth - 9) * (1 - _ramp(depth - 5)) * (1 - below) * 0.9)
    _paint(maps, "csf", _ramp(depth - 2.5))


def _draw_parts(maps: dict[str, np.ndarray], parts: list, noise: np.ndarray) -> None:
    for tissue, centre, radii in parts:
        wobble = noise * min(1.2, min(radii) / 5)
        _paint(maps, tissue, _ramp(_ellipsoid(centre, radii) + wobble))


def _draw_brain(
    maps: dict[str, np.ndarray], grey: np.ndarray, white: np.ndarray, depth: np.ndarray
) -> None:
    _paint(maps, "csf", _ramp(depth))
    _paint(maps, "grey", grey)
    _paint(maps, "white", white)


def _draw_vessels(maps: dict[str, np.ndarray], depth: np.ndarray) -> None:
    x, y, z = _axes()
    for tissue, centre, radii in _ENHANCING:
        _paint(maps, tissue, _ramp(_ellipsoid(centre, radii)))
    # The superior sagittal sinus follows the vault; the falx hangs from it.
    vault = (z > -10) & (y < 68) & (depth > -3)
    _paint(maps, "vessel", _ramp(np.hypot(x / 1.3, depth - 2) - 3.5) * vault)
    under = _ellipsoid((0, -14, 0), (1e3, 58, 40)) > 0
    _paint(
        maps, "vessel", np.clip(1 - np.abs(x) / 2, 0, 1) * 0.45 * (under & (z > 0) & (depth < 0))
    )
    # The dura takes up a little; the choroid plexus hangs in the ventricles.
    _paint(maps, "vessel", np.clip(1 - np.abs(depth - 3) / 2, 0, 1) * 0.15 * (z > -60))
    for centre, radii in (((20, -38, 10), (5, 9, 7)), ((8, -8, 18), (4, 16, 4))):
        _paint(maps, "vessel", _ramp(_ellipsoid(centre, radii)) * maps["csf"] * 0.8)


def _sites(white: np.ndarray, depth: np.ndarray) -> dict[str, np.ndarray]:
    x, y, z = _axes()
    surface = (np.abs(depth + 2) < 1.5) & (z > -52) & ~((z < -20) & (y < -20) & (np.abs(x) < 30))
    falx = (np.abs(x) < 3) & (z > 32) & (depth < -3)
    masks = {
        "glioma": (white > 0.7) & (depth < -9) & (z > -56),
        "meningioma": surface | falx,
    }
    sites = {
        name: (np.argwhere(mask) * VOXEL + ORIGIN).astype(np.float32)
        for name, mask in masks.items()
    }
    return sites | {"pituitary": SELLA[None].astype(np.float32)}
