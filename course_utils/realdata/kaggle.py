"""The real data: the Kaggle set of brain MRI slices, downloaded or got by hand.

The set is ``masoudnickparvar/brain-tumor-mri-dataset``. Its version 1 is pinned, because version
2 has other slices and no longer matches what was published before it.
"""

import hashlib
import os
import re
import warnings
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import NoReturn

import numpy as np
import pandas as pd
from PIL import Image
from tqdm.auto import tqdm

from course_utils.core import pictures
from course_utils.core.errors import BadFile, CourseError, reason
from course_utils.realdata import archives, duplicates

# Raised when slices, table or groups change, so that an older cache is not taken for a new one.
VERSION = 2
HANDLE = "masoudnickparvar/brain-tumor-mri-dataset/versions/1"
PAGE = f"https://www.kaggle.com/datasets/{HANDLE}"
# Folder names, small letters only: Kaggle's own, and those of the older SARTAJ set.
CLASSES = {
    "glioma": "glioma",
    "gliomatumor": "glioma",
    "meningioma": "meningioma",
    "meningiomatumor": "meningioma",
    "notumor": "notumor",
    "pituitary": "pituitary",
    "pituitarytumor": "pituitary",
}
SPLITS = {"training": "train", "train": "train", "testing": "test", "test": "test"}
VALIDATION = {"validation", "valid", "val"}
SAVE_AS = (
    "save each slice as a PNG or JPEG file in a folder named after its class, and import those"
)
IMAGES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp"}


def download() -> Path:
    """Download the data set, without an account, to a folder for :func:`read`.

    A download that stopped goes on.
    """
    import kagglehub
    import requests

    try:
        return Path(kagglehub.dataset_download(HANDLE))
    except (requests.ConnectionError, requests.Timeout) as error:
        what, cause = "There is no connection to Kaggle", error
    except Exception as error:
        # kagglehub raises a dozen kinds of its own, besides those of the operating system.
        what, cause = f"Kaggle's data could not be fetched ({reason(error)})", error
    raise CourseError(
        f"{what}: try again later, or fetch the zip from {PAGE} in a browser, on any computer, "
        "and use 'course data import PATH'."
    ) from cause


def make() -> NoReturn:
    """Say how to get the data: it cannot be made here."""
    raise CourseError(
        "The Kaggle data is not on this computer yet: fetch it with 'course data download', "
        "or with 'course data import PATH' from a zip or folder you have."
    )


def content(path: str | Path) -> tuple[dict, None, pd.DataFrame, pd.DataFrame]:
    """Read a zip or a folder, and group its near-duplicates: what a data set is made of.

    See :func:`read`; the table gains the column group.
    """
    images, table, problems = read(path)
    table["group"] = duplicates.duplicate_groups(images)
    return {"t1ce": images}, None, table, problems


def read(path: str | Path) -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Read all slices from a zip or folder that is laid out as Kaggle does it.

    ``Training`` and ``Testing`` hold a folder for each class; they may lie inside other folders,
    or be missing, and then everything is training data. Class folders may carry the names of
    the older SARTAJ set (``glioma_tumor``, ``no_tumor``).

    Returns the slices, uint8 (slices, 128, 128); a table of label, patient (unknown, so empty),
    plane ("unknown"), split (train or test), source, file (its path inside the zip or folder),
    sha256, width, height, mode and bytes of the file; and a table of the files that could not be
    used: file, problem. Raises CourseError if the four classes are not there, or not once, or
    ``path`` cannot be trusted or read.
    """
    with archives.opened(path) as (names, get):

        def slice_of(position: int) -> tuple:
            data = b""
            try:
                data = get(position)
                return *pictures.decode(data), hashlib.sha256(data).hexdigest(), len(data)
            except BadFile as bad:
                kind = archives.medical(names[position], data)
                return names[position], f"is {kind} and no picture" if kind else str(bad)

        places, stray = _places(path, names)
        _check_classes(path, set(places.values()), map(slice_of, range(min(len(names), 20))))
        # Pillow warns of large images, which are listed as problems anyway.
        with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)
            reading = pool.map(slice_of, places)
            results = list(tqdm(reading, "reading slices", len(places), unit=" slices"))

    problems = [result for result in results if len(result) == 2]
    good = [
        (names[position], *places[position], *result)
        for position, result in zip(places, results, strict=True)
        if len(result) > 2
    ]
    _check_complete(path, places, good, problems)
    file, split, label, images, facts, sha256, size = zip(*good, strict=True)
    width, height, mode = zip(*facts, strict=True)
    table = pd.DataFrame({"label": label, "patient": "", "plane": "unknown", "split": split})
    table = table.assign(source="kaggle", file=file, sha256=sha256)
    table = table.assign(width=width, height=height, mode=mode, bytes=size)
    return np.stack(images), table, pd.DataFrame(stray + problems, columns=["file", "problem"])


def _places(path: Path, names: list[str]) -> tuple[dict, list[tuple[str, str]]]:
    """Say of each file which split and class it lies in, and list those that lie in none."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    # Folders that hold everything say nothing, even when one of them is called "test".
    common = len(os.path.commonprefix(folders))
    places, stray, homes, unknown = {}, [], {}, {}
    for position, (name, parts) in enumerate(zip(names, folders, strict=True)):
        split, split_at = _named(path, parts, common, SPLITS)
        label, label_at = _named(path, parts, common, CLASSES)
        # Where the four class folders, or Training and Testing, lie side by side.
        home = parts[: min(split_at, label_at, max(len(parts) - 1, 0))], split is None
        if label is not None:
            places[position] = (split or "train", label)
            homes[home] = "/".join(parts)
            continue
        stray.append((name, "lies outside the class folders"))
        is_image = PurePosixPath(name).suffix.lower() in IMAGES
        if is_image and len(parts) > (0 if split is None else split_at + 1):
            unknown[home] = "/".join(parts)
    if len(homes) > 1:
        for folder in (folder for home, _ in homes for folder in home):
            if _letters(folder) in VALIDATION:
                raise CourseError(
                    f"{path} has a folder {folder}, and the course takes validation slices from "
                    "the training slices by itself: move its files into the class folders of the "
                    "training slices, or take it out, and import again."
                )
        raise CourseError(
            f"{path} holds class folders in several places (such as "
            f"{' and '.join(list(homes.values())[:2])}), so it is not clear which are meant: "
            "unpack it, keep one set, and import that folder."
        )
    for folder in (unknown[home] for home in homes if home in unknown):
        raise CourseError(
            f"{path} has a folder {folder}, which is none of the classes glioma, meningioma, "
            "notumor and pituitary: rename it or take it out."
        )
    return places, stray


def _letters(folder: str) -> str:
    return re.sub("[^a-z]", "", folder.lower().replace("tumour", "tumor"))


def _named(
    path: Path, parts: tuple[str, ...], common: int, known: dict[str, str]
) -> tuple[str | None, int]:
    """Find the folder with a known name: what it means, and its position among the parts."""
    meanings = [known.get(_letters(part)) for part in parts]
    inner = [meaning for meaning in meanings[common:] if meaning]
    found = inner or [meaning for meaning in meanings[:common] if meaning][-1:]
    if len(set(found)) > 1:
        raise CourseError(
            f"{path} has a folder {'/'.join(parts)}, which could be {' or '.join(found)}: move "
            "its files to where they belong, and import again."
        )
    if not found:
        return None, len(parts)
    return found[0], meanings.index(found[0], common if inner else 0)


def _is_medical(result: tuple) -> bool:
    return len(result) == 2 and result[1].endswith("no picture")


def _check_classes(path: Path, places: set[tuple[str, str]], first: Iterable[tuple]) -> None:
    """Refuse data that lacks a class; ``first`` says what its first files are."""
    if not places:
        for name, what in (result for result in first if _is_medical(result)):
            raise CourseError(f"{path} holds {name}, which {what}: {SAVE_AS}.")
        raise CourseError(
            f"{path} has no folder called glioma, meningioma, notumor or pituitary with files in "
            "it: give the zip that Kaggle hands out, or the folder that it unpacks to."
        )
    for split in sorted({split for split, _ in places}):
        missing = sorted(set(CLASSES.values()) - {c for s, c in places if s == split})
        if missing:
            raise CourseError(
                f"{path} has no {split} slices of {', '.join(missing)}: the folder is missing or "
                "empty, so fetch the data again, or complete it."
            )


def _check_complete(path: Path, places: dict, good: list, problems: list) -> None:
    """Refuse data in which a whole class is unusable."""
    lost = set(places.values()) - {(split, label) for _, split, label, *_ in good}
    if lost:
        split, label = min(lost)
        most, _ = Counter(what for _, what in problems).most_common(1)[0]
        remedy = SAVE_AS if _is_medical((path, most)) else "fetch the data again"
        raise CourseError(
            f"None of the {split} slices of {label} in {path} can be used (most often, a file "
            f"{most}): {remedy}."
        )
