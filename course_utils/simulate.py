"""Practice data: simulated patients with a lesion or without, as volumes and as slices.

A patient is the template head, bent by one smooth warp, with one draw of tissue contrast, one
lesion, and one scanner: the order of Billot et al. (SynthSeg, 2023). Everything about a patient
follows from a seed.
"""

import dataclasses
import functools

import joblib
import numpy as np
import pandas as pd
from scipy import ndimage
from tqdm.auto import tqdm

from course_utils import anatomy, lesions, settings

# Raise with every change of the pixels: the cache of the practice data goes by it.
VERSION = 1
LABELS = ("glioma", "meningioma", "notumor", "pituitary")
PLANES = ("axial", "coronal", "sagittal")
CONTRASTS = ("t1ce", "flair")
PATIENTS = 320
SLICES = 10

# Mean intensity of each tissue in t1ce and flair; 1 is white on the screen.
_LEVELS = {
    "csf": (0.10, 0.08),
    "grey": (0.34, 0.56),
    "white": (0.40, 0.44),
    "bone": (0.05, 0.05),
    "marrow": (0.45, 0.35),
    "fat": (0.92, 0.62),
    "muscle": (0.30, 0.34),
    "mucosa": (0.72, 0.60),
    "vessel": (0.80, 0.25),
    "vitreous": (0.14, 0.10),
    "enhancement": (0.82, 0.62),
    "oedema": (0.26, 0.85),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Patient:
    """A simulated patient; volumes are made when they are first asked for.

    Attributes
    ----------
    label : str
        Class name.
    difficulty : str
        ``"easy"``, ``"medium"`` or ``"hard"``.
    lesion : lesions.Lesion
        What grows there; not ``visible`` in a patient without a tumour.
    centre : ndarray of float, (3,)
        Middle of the lesion in patient coordinates, mm.
    affine : ndarray of float, (4, 4)
        Voxels to mm, RAS, 2 mm.
    look : dict
        What stays the same over all slices: levels, warp, bias field, noise, field of view.
    """

    label: str
    difficulty: str
    lesion: lesions.Lesion
    centre: np.ndarray
    affine: np.ndarray
    look: dict

    @functools.cached_property
    def volumes(self) -> dict[str, np.ndarray]:
        """Contrast to volume: uint8, (99, 128, 122)."""
        return self._whole[0]

    @functools.cached_property
    def mask(self) -> np.ndarray:
        """Where the lesion is: bool, (99, 128, 122)."""
        return self._whole[1]

    @functools.cached_property
    def _whole(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        points = _grid(anatomy.ORIGIN, anatomy.SHAPE)
        images, lesion = _sample(self, points.reshape(-1, 3))
        images = _scan(self, images.reshape(2, *anatomy.SHAPE), points, (0.4, 0.4, 0.4), 0)
        mask = lesion.reshape(anatomy.SHAPE) > 0.5
        return dict(zip(CONTRASTS, images, strict=True)), mask


def patient(seed: int, label: str, difficulty: str | None = None) -> Patient:
    """Simulate one patient.

    Parameters
    ----------
    seed : int
        The same seed gives the same patient.
    label : {"glioma", "meningioma", "notumor", "pituitary"}
        The class.
    difficulty : {"easy", "medium", "hard"}, optional
        How large and how bright the lesion is; drawn at random where it is left out.
    """
    rng = np.random.default_rng(seed)
    drawn = str(rng.choice(lesions.DIFFICULTIES))
    difficulty = difficulty or drawn
    head = anatomy.head()
    lesion = lesions.draw(label, difficulty, head, rng)
    look = _draw_look(rng)
    affine = np.diag([anatomy.VOXEL] * 3 + [1.0])
    affine[:3, 3] = anatomy.ORIGIN
    centre = _find(look, lesion.site)
    return Patient(label, difficulty, lesion, centre, affine, look)


def _draw_look(rng: np.random.Generator) -> dict:
    levels = {
        name: np.array(values) * rng.uniform(0.85, 1.15, 2) for name, values in _LEVELS.items()
    }
    angles = np.deg2rad(rng.normal(0, 4, 3))
    size = rng.uniform(0.93, 1.05) * rng.uniform(0.97, 1.03, 3)
    coarse = ndimage.gaussian_filter(
        rng.standard_normal((3, 14, 18, 17)), (0, 1.2, 1.2, 1.2), mode="wrap"
    )
    coarse *= rng.uniform(1.5, 3.0) / coarse.std()
    return {
        "levels": levels,
        "turn": _rotation(angles) / size,
        "elastic": np.stack([ndimage.zoom(part, 2, order=3) for part in coarse]),
        "ventricles": rng.uniform(-0.1, 0.45),
        "sulci": rng.uniform(0.05, 0.3),
        "folds": rng.integers(0, 90, 3),
        "bias": rng.normal(0, 0.12, (2, 9)),
        "noise": rng.uniform(0.01, 0.035),
        "blur": rng.uniform(0.3, 0.8),
        "thickness": rng.uniform(2, 6),
        "view": rng.uniform(215, 265),
        "shift": rng.normal(0, 5, 3),
        "gain": rng.uniform(0.75, 1.25),
        "gamma": rng.uniform(0.85, 1.2),
        "seed": int(rng.integers(2**31)),
    }


def _rotation(angles: np.ndarray) -> np.ndarray:
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


_MIDDLE = np.array([0.0, -18.0, -20.0])


def _to_template(look: dict, points: np.ndarray) -> np.ndarray:
    """Where in the template head the tissue at a point of the patient comes from."""
    source = (points - _MIDDLE) @ look["turn"].T + _MIDDLE
    index = (anatomy.to_index(source) / 4).T
    source = source + np.stack(
        [ndimage.map_coordinates(part, index, order=1, mode="nearest") for part in look["elastic"]],
        axis=-1,
    )
    # Larger ventricles: tissue beside them moves outwards.
    for side in (-1, 1):
        away = source - [side * 14, -16, 14]
        near = np.exp(-(((away / [14, 34, 20]) ** 2).sum(-1, keepdims=True)) / 2)
        source = source - look["ventricles"] * near * away * [1, 0.3, 0.7] * 0.6
    return source


def _find(look: dict, site: np.ndarray) -> np.ndarray:
    """Where in the patient a place of the template is: the warp inverted by fixed points."""
    point = site.copy()
    for _ in range(12):
        point = point + (site - _to_template(look, point[None])[0])
    return point


def _grid(origin: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.stack(
        np.meshgrid(
            *(o + anatomy.VOXEL * np.arange(n) for o, n in zip(origin, shape, strict=True)),
            indexing="ij",
        ),
        axis=-1,
    )


@functools.lru_cache(maxsize=2)
def _tissue(patient: Patient) -> np.ndarray:
    """The template head in this patient's contrasts, with this patient's folds: (2, x, y, z)."""
    head, look = anatomy.head(), patient.look
    levels = np.array([look["levels"][name] for name in anatomy.TISSUES], np.float32)
    images = np.tensordot(levels.T, head.tissues, 1)
    noise = np.roll(head.noise, look["folds"], (0, 1, 2))
    outer = np.clip((head.depth + 16) / 5, 0, 1) * (head.depth < 0)
    fold = np.clip(1 - np.abs(noise) / look["sulci"], 0, 1) * outer * 0.8
    for image, level in zip(images, look["levels"]["csf"], strict=True):
        image += fold * (level - image)
    return images


def _sample(patient: Patient, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tissue and lesion at points of a patient.

    Returns
    -------
    images : ndarray of float32, (2, n)
    lesion : ndarray of float32, (n,)
        Share of the point that is lesion.
    """
    head, look, lesion = anatomy.head(), patient.look, patient.lesion
    source = _to_template(look, points)
    away = points - patient.centre
    distance = np.linalg.norm(away, axis=1)
    near = np.flatnonzero(distance < 2.4 * lesion.radius + 20)
    index = anatomy.to_index(source).T
    depth = ndimage.map_coordinates(head.depth, index[:, near], order=1, mode="nearest")
    if lesion.visible:
        # Mass effect: soft tissue moves out of the way, bone does not.
        soft = np.clip(-depth / 6, 0, 1)
        fade = lesion.push * np.exp(-((distance[near] / (1.7 * lesion.radius)) ** 2)) * soft
        index[:, near] -= (away[near] * fade[:, None] / anatomy.VOXEL).T
    images = np.stack(
        [
            ndimage.map_coordinates(image, index, order=1, mode="constant")
            for image in _tissue(patient)
        ]
    )
    share = np.zeros(len(points), np.float32)
    if lesion.visible:
        white = ndimage.map_coordinates(
            head.tissues[anatomy.TISSUES.index("white")], index[:, near], order=1
        )
        part = images[:, near]
        share[near] = lesions.paint(
            lesion, head, part, points[near], patient.centre, depth, white, look["levels"]
        )
        images[:, near] = part
    else:
        surface = lesions.outline(lesion, head, points[near], patient.centre, depth)
        share[near] = surface < 0
    return images, share


def _scan(
    patient: Patient, images: np.ndarray, points: np.ndarray, blur: tuple[float, ...], stream: int
) -> np.ndarray:
    """What the scanner makes of it: bias field, blur, Rician noise, display window; uint8."""
    look = patient.look
    rng = np.random.default_rng([look["seed"], stream])
    x = (points - _MIDDLE) / 100
    terms = np.stack(
        [
            *np.moveaxis(x, -1, 0),
            *np.moveaxis(x**2, -1, 0),
            *np.moveaxis(x * np.roll(x, 1, -1), -1, 0),
        ]
    )
    result = []
    for image, bias in zip(images, look["bias"], strict=True):
        image = ndimage.gaussian_filter(image, blur)
        # The coil's reach ends at the neck.
        image = (
            image * np.exp(np.tensordot(bias, terms, 1)) / (1 + np.exp((-112 - points[..., 2]) / 8))
        )
        real, imaginary = rng.normal(0, look["noise"], (2, *image.shape))
        image = np.hypot(image + real, imaginary)
        image = (look["gain"] * image) ** look["gamma"]
        result.append(np.clip(np.rint(image * 255), 0, 255).astype(np.uint8))
    return np.stack(result)


def _slice_points(patient: Patient, plane: str, position: float) -> np.ndarray:
    """Positions of a slice's pixels in mm, (128, 128, 3), in display order.

    Radiological convention: on axial and coronal slices the patient's right is on the left; the
    front is up on axial slices; on sagittal slices the nose points to the right.
    """
    look = patient.look
    half = look["view"] / 2
    line = np.linspace(-half, half, settings.IMAGE_SIZE)
    middle = _MIDDLE + look["shift"]
    points = np.empty((settings.IMAGE_SIZE, settings.IMAGE_SIZE, 3))
    axes = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}[plane]
    across, down, through = axes
    sign = 1 if plane == "sagittal" else -1
    points[..., across] = middle[across] + sign * line
    points[..., down] = middle[down] - line[:, None]
    points[..., through] = position
    return points


def slices(
    patient: Patient, planes: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Cut a patient into slices through the lesion.

    Returns
    -------
    images : ndarray of uint8, (2, n, 128, 128)
    masks : ndarray of bool, (n, 128, 128)
    table : pandas.DataFrame
    """
    rng = np.random.default_rng([patient.look["seed"], 1])
    axis = {"axial": 2, "coronal": 1, "sagittal": 0}
    box = 2 * np.ceil(1.3 * patient.lesion.radius)
    count = int(box) + 1
    local = _grid(patient.centre - box, (count,) * 3)
    share = _sample(patient, local.reshape(-1, 3))[1].reshape((count,) * 3) > 0.5
    voxels = np.argwhere(share)
    diameter = 2 * (3 * len(voxels) * anatomy.VOXEL**3 / (4 * np.pi)) ** (1 / 3)
    images, masks, rows = [], [], []
    done = set()
    for number, plane in enumerate(planes):
        areas = share.sum(tuple({0, 1, 2} - {axis[plane]}))
        start = (patient.centre - box)[axis[plane]]
        middle = int(areas.argmax())
        rowis_middle = plane not in done
        done.add(plane)
        if rowis_middle:
            place = middle
        else:
            place = rng.choice(np.flatnonzero(areas > 0.25 * areas.max()))
        position = start + anatomy.VOXEL * place + (0 if rowis_middle else rng.uniform(-1, 1))
        points = _slice_points(patient, plane, position)
        layers = patient.look["thickness"] * np.array([-1, 1]) / 4
        stack = []
        for layer in layers:
            moved = points.copy()
            moved[..., axis[plane]] += layer
            stack.append(_sample(patient, moved.reshape(-1, 3)))
        shape = points.shape[:2]
        image = np.mean([s[0] for s in stack], axis=0).reshape(2, *shape)
        lesion = np.mean([s[1] for s in stack], axis=0).reshape(shape)
        images.append(_scan(patient, image, points, (patient.look["blur"],) * 2, 2 + number))
        mask = (lesion > 0.5) & patient.lesion.visible
        masks.append(mask)
        pixel = patient.look["view"] / (settings.IMAGE_SIZE - 1)
        rows.append(
            {
                "plane": plane,
                "position_mm": position,
                "middle": rowis_middle and patient.lesion.visible,
                "lesion_area_mm2": mask.sum() * pixel**2,
                "lesion_diameter_mm": diameter if patient.lesion.visible else 0.0,
                "difficulty": patient.difficulty,
                "grade": patient.lesion.grade if patient.lesion.visible else "",
            }
        )
    return np.stack(images, 1), np.stack(masks), pd.DataFrame(rows)


def practice(
    seed: int = settings.SEED,
    patients: int = PATIENTS,
) -> tuple[dict[str, np.ndarray], np.ndarray, pd.DataFrame]:
    """Simulate the practice data, on all cores, with a progress bar.

    Returns
    -------
    contrasts : dict of str to ndarray of uint8, (3200, 128, 128)
        The slices in t1ce and flair.
    masks : ndarray of bool, (3200, 128, 128)
        Where the lesion is.
    table : pandas.DataFrame
        A row a slice.
    """
    rng = np.random.default_rng(seed)
    # Which patient has what is dealt like cards, so that a number tells nothing.
    order = rng.permutation(patients)
    head = anatomy.head()
    jobs = []
    for number, card in enumerate(order):
        label = LABELS[card % len(LABELS)]
        turn = card // len(LABELS)
        planes = [PLANES[(turn + i) % 3] for i in range(SLICES)]
        difficulty = lesions.DIFFICULTIES[turn // 3 % 3]
        jobs.append((number, label, difficulty, tuple(planes)))
    work = joblib.Parallel(n_jobs=-1, return_as="generator")(
        joblib.delayed(_one)(head, seed, *job) for job in jobs
    )
    parts = list(tqdm(work, total=len(jobs), desc="Simulating patients", unit="patient"))
    images = np.concatenate([part[0] for part in parts], axis=1)
    masks = np.concatenate([part[1] for part in parts])
    table = pd.concat([part[2] for part in parts], ignore_index=True)
    # Every fourth patient of a class is for testing.
    test = {f"P{n + 1:03d}" for n, card in enumerate(order) if card // len(LABELS) % 4 == 3}
    table["split"] = np.where(table["patient"].isin(test), "test", "train")
    return dict(zip(CONTRASTS, images, strict=True)), masks, table


def _one(
    head: anatomy.Head, seed: int, number: int, label: str, difficulty: str, planes: tuple
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    anatomy.use(head)
    who = patient([seed, number], label, difficulty)
    images, masks, table = slices(who, planes)
    name = f"P{number + 1:03d}"
    table.insert(0, "label", label)
    table.insert(1, "patient", name)
    table["group"] = name
    table["source"] = "simulated"
    return images, masks, table
