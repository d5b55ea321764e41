"""Real slices whose patients are known, and whose tumours were outlined.

Cheng, J. (2017), brain tumor dataset, figshare, doi 10.6084/m9.figshare.1512427, CC BY 4.0: 3,064
T1-weighted slices with contrast agent of 233 patients, half of what Kaggle's set was made from.
"""

import io
import os
import re
import zipfile
from contextlib import nullcontext
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from course_utils import settings
from course_utils.core import files, pictures
from course_utils.core.errors import BadFile, CourseError, printable
from course_utils.realdata import archives, downloads, duplicates, kaggle, reading

VERSION = 1
API = "https://api.figshare.com/v2"
PAGE = "https://doi.org/10.6084/m9.figshare.1512427"
CLASSES = {1: "meningioma", 2: "glioma", 3: "pituitary"}
PERCENTILES = 0.5, 99.5
# As the publisher states: pixels of 0.49 mm, in slices of 512 by 512.
FIELD_OF_VIEW_MM = 0.49 * 512
MOST_PIXELS_A_SIDE = 1024
HDF5 = b"\x89HDF\r\n\x1a\n"
PARTS = re.compile(r"braintumordatapublic.*\.zip|.*\.mat", re.IGNORECASE)
# Cheng's own five folds, and what to know of the files.
BESIDES = re.compile(r"cvind\.mat|readme.*", re.IGNORECASE)


def recognised(path: str | Path) -> bool:
    """Whether a zip, a folder or a file is this data set or a part of it, by its names alone."""
    try:
        names = _names(Path(os.path.expanduser(path)))
    except (OSError, ValueError):
        return False
    is_part = any(PARTS.fullmatch(PurePosixPath(name).name) for name in names)
    return is_part and not any(kaggle.is_slice(name) for name in names)


def make() -> NoReturn:
    """Say how to get the data: it cannot be made here."""
    raise CourseError(
        "The figshare data is not on this computer yet: fetch it with 'course data download "
        "figshare', or with 'course data import PATH' from a zip or folder you have."
    )


def download() -> Path:
    """Download the data set, about 880 MB, to a folder for :func:`content`.

    A download that stopped goes on, and what is there already is not fetched again.
    """
    folder = settings.data_dir() / "downloads" / "figshare"
    with files.lock(folder), downloads.explained("figshare", PAGE):
        for file in downloads.listed(f"{API}/articles/1512427"):
            downloads.fetch(folder, file)
    return folder


def content(
    path: str | Path,
) -> tuple[dict[str, np.ndarray], np.ndarray, pd.DataFrame, pd.DataFrame, list[str]]:
    """Read the slices of the data set, or of any part of it.

    It comes as one zip that holds four zips of MATLAB files; this zip, one of the four, a folder of
    them, a folder of the files or a single one will do. What lies there twice counts once.

    A slice is scaled from its 0.5th to its 99.5th percentile: scanners have no common unit, and by
    its extremes, a few bright pixels (vessels, fat, a fault) would darken all others. Slice and
    outline are shrunk alike, with black around what is not square.

    Returns the contrast "t1ce", uint8 (slices, 128, 128); masks, bool of the same shape; a table of
    label, patient, plane (unknown), group, split (none was published), source, file, sha256,
    width, height, mode (type of the pixels) and bytes of the file, and lesion_area_mm2, measured
    before shrinking: the publisher states pixels of 0.49 mm at 512 x 512, and a smaller picture
    is taken for the same field of view; a table of the files that could not be used; and notes on
    patients of one name, and on near-duplicates across patients, which stay in their patients'
    groups. CourseError if no slice can be used.
    """
    path = Path(os.path.expanduser(path))
    with _opened(path) as (names, get):
        named = [(number, PurePosixPath(name)) for number, name in enumerate(names)]
        named = [(number, name) for number, name in named if not BESIDES.fullmatch(name.name)]
        # A zip is still one where it could not be opened.
        parts = [n for n, name in named if name.suffix.lower() in (".mat", ".zip")]
        stray = [(names[n], "is no .mat file") for n, _ in named if n not in set(parts)]
        good, problems = reading.read(names, get, parts, _decoded)
    if not parts:
        raise CourseError(
            f"{path} holds no .mat files: give the zip that figshare hands out, or what it unpacks "
            "to."
        )
    reading.refuse_lost(path, [] if good else ["slices"], problems)

    images, _, masks, facts = zip(*(one.decoded for one in good), strict=True)
    table = pd.DataFrame(facts).assign(plane="unknown", split="", source="figshare")
    table = table.join(reading.facts(good))
    once = ~table["sha256"].duplicated().to_numpy()
    images, masks = np.stack(images)[once], np.stack(masks)[once]
    table = table[once].reset_index(drop=True)
    copies = len(once) - len(table)
    notes = [f"Files left out as copies of another: {copies:,}."] if copies else []
    notes += [*_namesakes(table), _twins(images, table)]
    problems = pd.DataFrame(stray + problems, columns=["file", "problem"])
    return {"t1ce": images}, masks, table, problems, notes


def _names(path: Path) -> list[str]:
    """Name all files at a path, also those in the zips there."""
    if not path.is_dir():
        return [path.name] if _is_single(path) else _names_in_zip(path)
    names = []
    for folder, _, found in os.walk(path):
        for file in (Path(folder, name) for name in found):
            names.append(file.relative_to(path).as_posix())
            if file.suffix.lower() == ".zip":
                names += _names_in_zip(file)
    return names


def _names_in_zip(path: Path) -> list[str]:
    try:
        # A pipe would be waited for.
        if not path.is_file():
            return []
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except Exception:
        # What is wrong with it is said when it is imported.
        return []


def _is_single(path: Path) -> bool:
    return path.suffix.lower() == ".mat" and path.is_file()


def _opened(path: Path):
    if _is_single(path):
        return nullcontext(([printable(path.name)], lambda _: archives.read_file(path)))
    return archives.opened(path, nested=True)


def _decoded(data: bytes) -> tuple[np.ndarray, tuple[int, int, str], np.ndarray, dict[str, Any]]:
    """Read one file: a slice, (128, 128), its size and type, its mask, and more for the table."""
    image, mask, label, patient = _stored(data)
    height, width = image.shape
    area = mask.sum() * (FIELD_OF_VIEW_MM / max(image.shape)) ** 2
    facts = {"label": label, "patient": patient, "group": patient, "lesion_area_mm2": area.round(1)}
    return _scaled(image), (width, height, str(image.dtype)), _shrunk(mask), facts


def _stored(data: bytes) -> tuple[np.ndarray, np.ndarray, str, str]:
    """What a file holds: image and mask as stored but upright, class and patient."""
    # Late, since it takes a while, and most imports do without it.
    import h5py

    if data.startswith(b"MATLAB 5.0"):
        raise BadFile("is a file of MATLAB version 5, and version 7.3 is needed")
    if HDF5 not in (data[:8], data[512:520]):
        is_cut = data.startswith(b"MATLAB 7.3")
        raise BadFile("is a damaged or cut-off MATLAB file" if is_cut else "is no MATLAB file")
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            image, mask = (_pixels(file, name) for name in ("image", "tumorMask"))
            label, codes = (_numbers(file, name) for name in ("label", "PID"))
    except BadFile:
        raise
    except Exception:
        # A broken file makes HDF5 raise almost anything.
        raise BadFile("is a damaged or cut-off MATLAB file") from None
    if image.shape != mask.shape:
        sizes = " and a tumorMask of ".join(f"{w} x {h}" for h, w in (image.shape, mask.shape))
        raise BadFile(f"has an image of {sizes} pixels")
    mask = mask > 0
    if not mask.any():
        raise BadFile("has an empty tumorMask")
    if len(label) != 1 or label[0] not in CLASSES:
        known = ", ".join(f"{number} ({name})" for number, name in CLASSES.items())
        given = ", ".join(f"{number:g}" for number in label)
        raise BadFile(f"has the label {given}, which is none of {known}")
    try:
        patient = "".join(chr(int(code)) for code in codes).strip("\0 ")
    except (ValueError, OverflowError):
        raise BadFile("has a PID that is no text") from None
    if not patient:
        raise BadFile("has no PID")
    return image, mask, CLASSES[label[0]], printable(patient)


def _dataset(file, name: str, most: int):
    """Find ``cjdata/name``, and make sure that it is no more than it should be, before reading."""
    import h5py

    found = file
    for part in ("cjdata", name):
        # Links may lead to other files on this computer.
        is_here = isinstance(found, h5py.Group) and isinstance(
            found.get(part, getlink=True), h5py.HardLink
        )
        if not is_here:
            raise BadFile(f"has no {name}")
        found = found[part]
    if not isinstance(found, h5py.Dataset) or "MATLAB_empty" in found.attrs or not found.size:
        raise BadFile(f"has no {name}")
    if found.dtype.kind not in "biuf" or found.external or found.is_virtual:
        raise BadFile(f"has no numbers in its {name}")
    # The header may claim any size, and what is packed may unpack to more than it claims.
    if found.size > most or found.id.get_storage_size() > 4 * found.nbytes + 4096:
        raise BadFile(f"claims far too much for its {name}")
    return found


def _pixels(file, name: str) -> np.ndarray:
    """Read a picture, upright: MATLAB stores columns first."""
    found = _dataset(file, name, MOST_PIXELS_A_SIDE**2)
    if found.ndim != 2:
        raise BadFile(f"has {found.ndim} dimensions in its {name}, not 2")
    if min(found.shape) < pictures.FEWEST_PIXELS_A_SIDE:
        raise BadFile(f"has only {found.shape[0]} x {found.shape[1]} pixels in its {name}")
    if max(found.shape) > MOST_PIXELS_A_SIDE:
        raise BadFile(f"has {found.shape[0]} x {found.shape[1]} pixels in its {name}")
    return found[()].T


def _numbers(file, name: str) -> np.ndarray:
    return _dataset(file, name, 64)[()].ravel(order="F")


def _scaled(image: np.ndarray) -> np.ndarray:
    """Bring intensities to 0 to 255, and the picture to (128, 128): uint8."""
    with np.errstate(over="ignore"):
        pixels = image.astype(np.float32)
    if not np.isfinite(pixels).all():
        raise BadFile("has pixels that are no numbers")
    low, high = np.percentile(pixels, PERCENTILES)
    if not low < high:
        raise BadFile("has an image that is blank")
    return _fitted((pixels.clip(low, high) - low) / (high - low) * 255).round().astype(np.uint8)


def _shrunk(mask: np.ndarray) -> np.ndarray:
    """Shrink a mask as its slice: bool, (128, 128), where at least half of a pixel is lesion."""
    covered = _fitted(mask.astype(np.float32))
    # A lesion smaller than that must not vanish.
    return covered >= min(0.5, covered.max())


def _fitted(pixels: np.ndarray) -> np.ndarray:
    """Shrink or enlarge to (128, 128), as :func:`pictures.fitted`: float32 in and out."""
    size = (settings.IMAGE_SIZE,) * 2
    image = Image.fromarray(np.ascontiguousarray(pixels, np.float32))
    return np.asarray(ImageOps.pad(image, size, Image.Resampling.BILINEAR))


def _namesakes(table: pd.DataFrame) -> list[str]:
    """Tell patients of one number and two classes apart, by their class; the group stays one."""
    shared = table.groupby("group")["label"].transform("nunique") > 1
    if not shared.any():
        return []
    table.loc[shared, "patient"] += " (" + table.loc[shared, "label"] + ")"
    one, other, *_ = sorted(set(table.loc[shared, "patient"]))
    count = table.loc[shared, "group"].nunique()
    return [
        f"Patients' numbers on slices of two classes: {count:,}, such as that of {one} and "
        f"{other}; each class counts as a patient, and a split keeps them together."
    ]


def _twins(images: np.ndarray, table: pd.DataFrame) -> str:
    """Report near-duplicates that are said to be of two patients."""
    pairs = duplicates.near_duplicates(images)
    one, other = (table.iloc[pairs[end]].reset_index(drop=True) for end in ("first", "second"))
    across = np.flatnonzero(one["group"] != other["group"])
    said = f"Pairs of near-duplicates across patients: {len(across):,} of {len(pairs):,}"
    if not len(across):
        return f"{said}."
    best = across[pairs["correlation"].to_numpy()[across].argmax()]
    example = " and ".join(f"{end['file'][best]} of {end['patient'][best]}" for end in (one, other))
    return f"{said}, such as {example}; groups are patients all the same, so a split may part them."
