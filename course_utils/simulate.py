"""Practice data: simulated patients with a lesion or without, as volumes and as slices.

A patient is the template head bent by one smooth warp, with one lesion and one scanner, in the
order of Billot et al. (SynthSeg, 2023). Everything about a patient follows from a seed.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence

import joblib
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from course_utils import anatomy, lesions, sampling, scanners, settings, warps
from course_utils.anatomy import SHAPE, VOXEL
from course_utils.files import CourseError

# Raise with every change of the pixels: the cache of the practice data goes by it.
VERSION = 3
LABELS = ("glioma", "meningioma", "notumor", "pituitary")
PATIENTS = 320
SLICES = 10
_TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class Patient:
    """A simulated patient; volumes are computed when first asked for.

    Attributes
    ----------
    label : str
        Class name.
    difficulty : str
        ``"easy"``, ``"medium"`` or ``"hard"``: how large and how bright the lesion is.
    lesion : lesions.Lesion
        What grows there; not ``visible`` in a patient without a tumour, where it only says which
        place the slices go through.
    centre : ndarray of float, (3,)
        Middle of the lesion in the patient, RAS, mm.
    warp : warps.Warp
        Shape of the head.
    scanner : scanners.Scanner
        Contrast, field of view, artefacts.
    """

    label: str
    difficulty: str
    lesion: lesions.Lesion
    centre: np.ndarray
    warp: warps.Warp
    scanner: scanners.Scanner

    @property
    def affine(self) -> np.ndarray:
        """Voxels of the volumes to mm, RAS, 2 mm: float, (4, 4)."""
        affine = np.diag([VOXEL, VOXEL, VOXEL, 1.0])
        affine[:3, 3] = anatomy.ORIGIN
        return affine

    @property
    def volumes(self) -> dict[str, np.ndarray]:
        """Contrast to volume: uint8, (99, 128, 122)."""
        return self._whole[0]

    @property
    def mask(self) -> np.ndarray:
        """Where the lesion is: bool, (99, 128, 122)."""
        return self._whole[1]

    @functools.cached_property
    def _whole(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        images, mask = volume(self, anatomy.ORIGIN, SHAPE)
        return dict(zip(scanners.CONTRASTS, images, strict=True)), mask

    @functools.cached_property
    def tissue(self) -> np.ndarray:
        """The template in this patient's contrasts: float32, (2, 99, 128, 122)."""
        return scanners.tissue_signal(self.scanner, self.warp)


def patient(seed: int | Sequence[int], label: str, difficulty: str | None = None) -> Patient:
    """Simulate one patient.

    Parameters
    ----------
    seed : int or sequence of int
        The same seed gives the same patient.
    label : {"glioma", "meningioma", "notumor", "pituitary"}
        The class.
    difficulty : {"easy", "medium", "hard"}, optional
        How large and how bright the lesion is; drawn at random where it is left out.

    Raises
    ------
    CourseError
        If there is no such class or difficulty.
    """
    for value, known in ((label, LABELS), (difficulty, (None, *lesions.DIFFICULTIES))):
        if value not in known:
            choice = ", ".join(filter(None, known))
            raise CourseError(f"A patient cannot be simulated as {value!r}: use one of {choice}.")
    rng = np.random.default_rng(seed)
    drawn = str(rng.choice(lesions.DIFFICULTIES))
    difficulty = difficulty or drawn
    warp, scanner = warps.draw(rng), scanners.draw(rng)
    lesion = lesions.draw(label, difficulty, rng)
    return Patient(label, difficulty, lesion, warps.find(warp, lesion.site), warp, scanner)


def slices(patient: Patient, planes: Sequence[str]) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Cut a patient into slices through the lesion, from its middle to near its edges.

    Parameters
    ----------
    planes : sequence of str
        A plane for each slice; the first slice of a plane goes through the lesion's middle.

    Returns
    -------
    images : ndarray of uint8, (2, slices, 128, 128)
        In t1ce and flair.
    masks : ndarray of bool, (slices, 128, 128)
    table : pandas.DataFrame
        A row a slice: plane, position_mm (on the axis through the slice, RAS), middle,
        lesion_area_mm2, lesion_diameter_mm (of a ball of the same volume), difficulty, grade.
    """
    scanner, lesion = patient.scanner, patient.lesion
    rng = np.random.default_rng([scanner.seed, 0])
    body, corner = _body(patient)
    diameter = 2 * (body.sum() * VOXEL**3 * 3 / (4 * np.pi)) ** (1 / 3)
    images, masks, rows = [], [], []
    for plane, position, middle in _positions(body, corner, planes, rng):
        points = scanners.pixels(scanner, plane, position)
        # Two layers stand for the thickness of the slice.
        step = scanner.thickness / 4 * np.eye(3, dtype=np.float32)[scanners.AXES[plane][2]]
        signal, part = sampling.sample(patient, points, [-step, step])
        number = 1 + len(images)
        images.append(scanners.acquire(scanner, signal, points, scanner.blur, stream=number))
        masks.append(part > 0.5)
        rows.append((plane, position, middle, masks[-1].sum() * scanner.pixel**2))
    table = pd.DataFrame(rows, columns=["plane", "position_mm", "middle", "lesion_area_mm2"])
    known = (diameter, patient.difficulty, lesion.grade or None)
    names = ["lesion_diameter_mm", "difficulty", "grade"]
    table[names] = known if lesion.visible else (0.0, None, None)
    table["middle"] &= lesion.visible
    return np.stack(images, axis=1), np.stack(masks), table


def volume(
    patient: Patient, corner: np.ndarray, shape: tuple[int, int, int], voxel: float = VOXEL
) -> tuple[np.ndarray, np.ndarray]:
    """Scan a patient as a volume, its axes along RAS.

    Parameters
    ----------
    corner : ndarray of float32, (3,)
        Middle of the first voxel, RAS, mm.
    shape : tuple of int
    voxel : float
        Side of a voxel in mm, at least the template's 2 mm.

    Returns
    -------
    images : ndarray of uint8, (2, *shape)
        In t1ce and flair.
    mask : ndarray of bool, shape
        Where at least half of a voxel is lesion.
    """
    points = scanners.voxels(corner, shape, voxel)
    # Four points of a larger voxel stand for the tissue inside it.
    layers = np.unique((voxel - VOXEL) / 2 * _TETRAHEDRON, axis=0)
    images, share = sampling.sample(patient, points, layers)
    # The blur is 1 mm, whatever the voxel.
    return scanners.acquire(patient.scanner, images, points, 1 / voxel, stream=0), share > 0.5


def practice(
    seed: int = settings.SEED, patients: int = PATIENTS
) -> tuple[dict[str, np.ndarray], np.ndarray, pd.DataFrame]:
    """Simulate the practice data, on all cores, with a progress bar.

    Parameters
    ----------
    seed : int
        The same seed gives the same data, whatever the number of cores.
    patients : int
        Equal shares of the four classes, ten slices each.

    Returns
    -------
    contrasts : dict of str to ndarray of uint8, (slices, 128, 128)
        t1ce and flair.
    masks : ndarray of bool, (slices, 128, 128)
        Where the lesion is; oedema is not part of it.
    table : pandas.DataFrame
        A row a slice: label, patient, group, split, source, and the columns of :func:`slices`.
    """
    images, masks, tables = zip(*each(_member, seed, patients, "Simulating patients"), strict=True)
    contrasts = dict(zip(scanners.CONTRASTS, np.concatenate(images, axis=1), strict=True))
    return contrasts, np.concatenate(masks), pd.concat(tables, ignore_index=True)


def each(make: Callable[..., tuple], seed: int, patients: int, title: str) -> Iterator[tuple]:
    """Make something of every patient, on all cores, with a progress bar.

    Parameters
    ----------
    make : callable
        Takes the head, a patient's number, the seed and the number of patients.
    seed, patients : int
        See :func:`practice`.
    title : str
        What stands before the bar.

    Yields
    ------
    tuple
        What ``make`` returned, in the order of the patients.
    """
    head = anatomy.head()
    # Workers with nothing to do would otherwise hold their memory for minutes.
    with joblib.parallel_config(backend="loky", idle_worker_timeout=5):
        work = joblib.Parallel(n_jobs=-1, return_as="generator")(
            joblib.delayed(make)(head, number, seed, patients) for number in range(patients)
        )
    yield from tqdm(work, total=patients, desc=title, unit="patient")


def member(
    number: int, seed: int = settings.SEED, patients: int = PATIENTS
) -> tuple[Patient, list[str], dict[str, str]]:
    """One patient of the practice data, and how to cut and to list him.

    Returns
    -------
    patient : Patient
    planes : list of str
        A plane for each slice.
    known : dict of str to str
        label, patient, group, split and source, as in the table of :func:`practice`.
    """
    # Who has what is dealt like cards, so that a patient's number tells nothing.
    card = int(np.random.default_rng(seed).permutation(patients)[number])
    turn, suit = divmod(card, len(LABELS))
    person = patient([seed, number], LABELS[suit], lesions.DIFFICULTIES[turn // 3 % 3])
    name, split = f"P{number + 1:03d}", "test" if turn % 4 == 3 else "train"
    known = {"label": LABELS[suit], "patient": name, "group": name, "split": split}
    planes = [scanners.PLANES[(turn + index) % 3] for index in range(SLICES)]
    return person, planes, known | {"source": "simulated"}


def _member(
    head: anatomy.Head, number: int, seed: int, patients: int
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Slices of one patient of the practice data, with a table that says everything."""
    anatomy.use(head)
    person, planes, known = member(number, seed, patients)
    images, masks, table = slices(person, planes)
    return images, masks, pd.concat([pd.DataFrame(known, index=table.index), table], axis=1)


def _body(patient: Patient) -> tuple[np.ndarray, np.ndarray]:
    """Where a lesion is, or would be, on a 2 mm grid around it, and that grid's corner in mm."""
    reach = int(np.ceil(0.8 * patient.lesion.radius))
    corner = patient.centre - VOXEL * reach
    shape = (2 * reach + 1,) * 3
    points = scanners.voxels(corner, shape, VOXEL).reshape(-1, 3)
    _, near, place = sampling.locate(patient, points, warps.to_template(patient.warp, points))
    body = np.zeros(np.prod(shape), bool)
    body[near] = lesions.outline(patient.lesion, place) < 0
    return body.reshape(shape), corner


def _positions(
    body: np.ndarray, corner: np.ndarray, planes: Sequence[str], rng: np.random.Generator
) -> list[tuple[str, float, bool]]:
    """Plane, position in mm and "at the middle" for each slice, spread over the lesion."""
    result = []
    for plane in sorted(set(planes)):
        count = planes.count(plane)
        axis = scanners.AXES[plane][2]
        areas = body.sum(tuple({0, 1, 2} - {axis}))
        middle = int(areas.argmax())
        reach = np.flatnonzero(areas > 0.25 * areas.max())
        steps = (np.arange(count - 1) + rng.random(count - 1)) / max(1, count - 1)
        places = sorted([middle, *(reach[0] + steps * (reach[-1] - reach[0]))][:count])
        start = float(corner[axis])
        result += [(plane, start + VOXEL * place, place == middle) for place in places]
    return result
