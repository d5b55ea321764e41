"""The real data: the Kaggle set of brain MRI slices, downloaded or got by hand.

The set is ``masoudnickparvar/brain-tumor-mri-dataset``. Its version 1 is pinned, because version
2 has other slices and no longer matches what was published before it; whoever has version 2
imports it under a name of its own.
"""

import os
import re
from pathlib import Path, PurePosixPath
from typing import NoReturn

import numpy as np
import pandas as pd

from course_utils.core import pictures
from course_utils.core.errors import CourseError
from course_utils.realdata import archives, downloads, duplicates, reading

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
# Slices for training and for testing: how one version is told from the other.
COUNTS = {
    "kaggle": {
        "glioma": (1321, 300),
        "meningioma": (1339, 306),
        "notumor": (1595, 405),
        "pituitary": (1457, 300),
    },
    "kaggle-v2": dict.fromkeys(("glioma", "meningioma", "notumor", "pituitary"), (1400, 400)),
}
# The share of slices that may be missing, or be too many.
TOLERANCE = 0.05
# pHash of 32 test slices of version 1, eight a class, each of them 10 bits or more from all other
# pictures of the set; a copy at another resolution is 2 bits away, or none.
FINGERPRINTS = np.frombuffer(
    bytes.fromhex("""
    c24d3be43d38e433 969369c6341972ed 9698794b246d7371 869b3acc61666799
    91c16b8e6de4343e 87c67a9d31393638 c3923f69649332cd 96d3397c61c56649
    854e7b313cf434d2 a40b5b951f6ad239 d4cc4a3b333919e9 c46c0f767b633891
    96c83fcf686c1934 d50b1b9b2ae46ce4 90764f6932cd6d32 c26f2fa42c3364ce
    c20e1cfb3bb0ca78 d0f42f4a2ccf230f cb3c3ce1308f33d8 97fd1d8012451adf
    c24b2fb43ce66496 d3a548126f0a7f1b 9e30694b67cd9698 d4c16e1a393b656c
    84665e336f393833 95781e2c6e6169e3 d5ca0bed26cb0d64 945b2a2d6ca579e4
    d54e1aed3c697424 91d31e3e682c7c69 c05f0f696ab47da0 c3733e2c6dc43263
    """),
    ">u8",
)
FINGERPRINT_BITS = 4
SPLITS = {name: part for name, part in reading.PARTS.items() if part != "val"}
VALIDATION = reading.PARTS.keys() - SPLITS


def download() -> Path:
    """Download the data set, without an account, to a folder for :func:`read`.

    A download that stopped goes on.
    """
    import kagglehub

    with downloads.explained("Kaggle", PAGE):
        return Path(kagglehub.dataset_download(HANDLE))


def make() -> NoReturn:
    """Say how to get the data: it cannot be made here."""
    raise CourseError(
        "This version of the Kaggle data is not on this computer yet: fetch version 1 with 'course "
        "data download', or either with 'course data import PATH' from a zip or folder you have."
    )


def content(
    path: str | Path,
) -> tuple[dict[str, np.ndarray], None, pd.DataFrame, pd.DataFrame, list[str]]:
    """Read a zip or a folder, and group its near-duplicates: what a data set is made of.

    See :func:`read`; the table gains the column group, and its source says which version this is.
    Sentences about that come last.
    """
    images, table, problems = read(path)
    table["group"] = duplicates.duplicate_groups(images)
    table["source"], notes = _version(images, table)
    return {"t1ce": images}, None, table, problems, notes


def _version(images: np.ndarray, table: pd.DataFrame) -> tuple[str, list[str]]:
    """Name the version that has these counts, and say what speaks against comparing figures."""
    counts = table.groupby(["label", "split"]).size()
    off = {
        name: sum(
            abs(counts.get((label, split), 0) - count)
            for label, both in known.items()
            for split, count in zip(("train", "test"), both, strict=True)
        )
        for name, known in COUNTS.items()
    }
    name = min(off, key=off.get)
    if off[name] > TOLERANCE * sum(map(sum, COUNTS[name].values())):
        return "kaggle", []
    if name == "kaggle-v2":
        return name, [
            "By its counts, this is version 2 of Kaggle's data, and is kept as 'kaggle-v2': its "
            "figures do not compare with those published for version 1, or with this course's."
        ]
    hashes = duplicates.phashes(images[(table["split"] == "test").to_numpy()])
    distances = np.bitwise_count(FINGERPRINTS[:, None] ^ hashes[None])
    found = (distances.min(axis=1) <= FINGERPRINT_BITS).sum()
    if 2 * found >= len(FINGERPRINTS):
        return name, []
    return name, [
        "By its counts, this is version 1 of Kaggle's data, but of the "
        f"{len(FINGERPRINTS)} test slices by which that is known, it has {found or 'none'}: its "
        "figures do not compare with those published for version 1, or with this course's."
    ]


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
        places, stray = _places(path, names)
        if not places:
            reading.refuse_medical(path, names, get)
        _check_classes(path, set(places.values()))
        good, problems = reading.read(names, get, places, pictures.decode)

    table = pd.DataFrame([places[one.position] for one in good], columns=["split", "label"])
    lost = set(places.values()) - set(table.itertuples(index=False, name=None))
    reading.refuse_lost(path, [f"{split} slices of {label}" for split, label in lost], problems)
    table = table.assign(patient="", plane="unknown", source="kaggle")
    table = table[["label", "patient", "plane", "split", "source"]].join(reading.facts(good))
    images = np.stack([one.decoded[0] for one in good])
    return images, table, pd.DataFrame(stray + problems, columns=["file", "problem"])


def is_slice(name: str) -> bool:
    """Whether a file seems to be a slice of this data: a picture in a folder of a class."""
    return _is_image(name) and any(_letters(part) in CLASSES for part in PurePosixPath(name).parts)


def _is_image(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in reading.IMAGES


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
        if _is_image(name) and len(parts) > (0 if split is None else split_at + 1):
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


def _check_classes(path: Path, places: set[tuple[str, str]]) -> None:
    """Refuse data that lacks a class."""
    if not places:
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
