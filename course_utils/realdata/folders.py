"""Named data sets: any folder or zip of class folders, of tumours, flowers or anything else."""

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple, NoReturn

import numpy as np
import pandas as pd
from PIL import Image

from course_utils import settings
from course_utils.core import pictures
from course_utils.core.errors import CourseError
from course_utils.realdata import archives, duplicates, reading

# Raised when pictures, table or groups change, so that an older cache is not taken for a new one.
VERSION = 1
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,39}")
# Windows keeps these for devices, in every folder.
RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)
SIZES = range(32, 513, 16)
# Of so many pictures with colour the others can be grey; of fewer, colour was a slip.
COLOURED = 0.05
# Sub-folders of the same names in every class: so few are kinds of picture, and no patients.
KINDS = 5
MASKS = re.compile(r"(.*[ _-])?(masks?|segmentations?|ground[ _-]?truth)", re.IGNORECASE)
LAY_OUT = "put each class into a folder named after it, two classes or more"

Parts = tuple[str, ...]


class Place(NamedTuple):
    """Where a picture lies."""

    split: str
    label: str
    inside: str  # the sub-folder of its class folder, or ""


def check_name(name: str) -> None:
    """Raise a :class:`CourseError` where a new data set cannot have this name."""
    taken = {known.lower(): known for known in settings.datasets()}
    if not NAME.fullmatch(name) or RESERVED.fullmatch(name):
        raise CourseError(
            f"A data set cannot be called {name!r}: use at most 40 letters from a to z, digits, "
            "- and _, a letter or digit first, and no name that Windows reserves."
        )
    other = taken.get(name.lower(), name)
    if other in settings.DATASETS or name.lower() in settings.CASES:
        raise CourseError(f"The course has a data set called {other} already: use another name.")
    if other != name:
        raise CourseError(
            f"There is a data set called {other} already: use its name to replace it, or one that "
            "differs by more than capital letters."
        )


def make() -> NoReturn:
    """Say how to get the data again: it cannot be made here."""
    raise CourseError(
        "The pictures of this data set are not here in the form that the course reads: import "
        "them again with 'course data import PATH --name NAME'."
    )


def content(
    path: str | Path,
    patient: str | None = None,
    colour: bool | None = None,
    size: int = settings.IMAGE_SIZE,
) -> tuple[dict, None, pd.DataFrame, pd.DataFrame, list[str]]:
    """Read a zip or a folder of class folders: what a data set is made of.

    Class folders, two or more, hold pictures; they may lie inside other folders. Above them may
    lie one for each part of a published split: train, val and test, or words like these.

    Parameters
    ----------
    path : str or Path
    patient : str, optional
        A regular expression that finds the patient in the name of a file: its first group if it
        has one, else all that it matches. Without it, sub-folders of the class folders are
        patients. What is of no known patient is grouped by near-duplicates.
    colour : bool, optional
        Whether to keep red, green and blue; by default where the pictures have colour.
    size : int
        Pixels of a side, a multiple of 16 from 32 to 512.

    Returns
    -------
    contrasts : dict
        ``"picture"``: uint8, (slices, size, size) or (slices, size, size, 3).
    masks : None
    table, problems : pandas.DataFrame
        As of :func:`course_utils.realdata.kaggle.content`.
    notes : list of str
        What the owner of the pictures should know.

    A :class:`CourseError` says where there are no two classes, or ``path`` or an option is of no
    use.
    """
    if size not in SIZES:
        raise CourseError(
            f"Pictures of {size} pixels a side cannot be used: choose a multiple of 16 from "
            f"{SIZES[0]} to {SIZES[-1]}."
        )
    pattern = _compiled(patient)
    notes = []
    decode = functools.partial(pictures.decode, size=size, colour=colour)
    with archives.opened(path) as (names, get):
        _check_place(Path(path))
        if not names:
            raise CourseError(f"{path} holds no files: {LAY_OUT}.")
        if not any(map(_may_be_picture, names)):
            reading.refuse_medical(path, names, get)
            raise CourseError(f"{path} holds no pictures, only {names[0]} and the like: {LAY_OUT}.")
        places, stray = _places(path, names, notes)
        good, problems = reading.read(names, get, places, decode)
    table = pd.DataFrame([places[one.position] for one in good], columns=Place._fields)
    # Nothing can be learned of a class that is in the test folder alone.
    learned = set(table.loc[table["split"].isin(["", "train"]), "label"])
    lost = {place.label for place in places.values()} - learned
    reading.refuse_lost(path, [f"training pictures of {label}" for label in lost], problems)
    table = pd.concat([table, reading.facts(good)], axis=1)
    images = _stacked([one.decoded[0] for one in good], colour, notes)
    table["patient"] = _patients_named(path, table["file"], pattern) if pattern else ""
    if not pattern:
        table["patient"] = _patients_in_folders(table, notes)
    table["group"] = _groups(images, table, notes)
    table = table.drop(columns="inside").assign(plane="unknown")
    return {"picture": images}, None, table, _as_table(stray + problems), notes


def _as_table(problems: list[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(problems, columns=["file", "problem"])


def _compiled(patient: str | None) -> re.Pattern | None:
    try:
        return re.compile(patient) if patient is not None else None
    except (re.error, RecursionError, OverflowError) as error:
        raise CourseError(
            f"{patient!r} is no regular expression ({error}): write one that finds the patient in "
            "the name of a file, such as 'patient([0-9]+)'."
        ) from None


def _check_place(path: Path) -> None:
    place = path.expanduser().resolve()
    homes = [settings.named_dir(), *(settings.data_dir() / name for name in settings.DATASETS)]
    for home in homes:
        if place.is_relative_to(home):
            raise CourseError(
                f"{path} lies in {home}, where the course keeps what it imported: give the folder "
                "that the pictures came in."
            )


def _may_be_picture(name: str) -> bool:
    suffix = PurePosixPath(name).suffix.lower()
    return not suffix or suffix in reading.IMAGES or bool(archives.medical(name, b""))


def _places(
    path: Path, names: Sequence[str], notes: list[str]
) -> tuple[dict[int, Place], list[tuple[str, str]]]:
    """Say of each file which split and class it lies in, and list those that lie in none."""
    folders = {PurePosixPath(name).parts[:-1] for name in filter(_may_be_picture, names)}
    homes = dict(_class_folders(path, folders, notes))
    _check_labels(path, homes)
    places, stray = {}, []
    for position, name in enumerate(names):
        parts = PurePosixPath(name).parts[:-1]
        home = next((parts[:end] for end in range(len(parts) + 1) if parts[:end] in homes), None)
        if home is None:
            stray.append((name, "lies outside the class folders"))
        elif any(map(MASKS.fullmatch, parts[len(home) :])):
            stray.append((name, "lies in a folder of masks"))
        else:
            inside = parts[len(home) :][:1]
            places[position] = Place(homes[home], _label(home[-1]), *inside or [""])
    return places, stray


def _class_folders(
    path: Path, folders: set[Parts], notes: list[str]
) -> Iterator[tuple[Parts, str]]:
    """Find every class folder, and which part of a published split it belongs to, ``""`` if none.

    ``folders`` are those with pictures right in them.
    """
    root, children = _down(folders, ())
    parts = {name: part for name in children if (part := _part(name))}
    # A class may be called "train", but then there are pictures in it, and no more classes.
    if not any(_children(folders, (*root, name)) for name in parts):
        if len(children) < 2 or len(parts) == len(children):
            where = f"in {'/'.join((*root, *children[:1]))}" if root or children else "there"
            raise CourseError(
                f"{path} has no class folders side by side, only pictures {where}: {LAY_OUT}."
            )
        yield from (((*root, name), "") for name in children)
        return
    known, found = set(), []
    # Training first: how deep its classes lie tells where those of the other parts are.
    for name in sorted(children, key=lambda name: (parts.get(name) != "train", name)):
        home, classes = _down(folders, (*root, name), known)
        if not classes:
            notes.append(
                f"The folder {name} holds no class folders, so its pictures were left out."
            )
        elif name not in parts:
            raise CourseError(
                f"{path} has a folder {name} beside {' and '.join(parts)}: rename it to what it "
                "is, train, val or test, or take it out."
            )
        elif only := sorted(set(classes) - known) if parts[name] != "train" else []:
            raise CourseError(
                f"{path} has pictures of {only[0]} in {name} and none in a folder train, so "
                "nothing can be learned of this class: complete it, or take it out."
            )
        else:
            known |= set(classes) if parts[name] == "train" else set()
            found += [((*home, label), parts[name]) for label in classes]
    if len(known) < 2:
        raise CourseError(f"{path} has fewer than two class folders for training: {LAY_OUT}.")
    # One part alone is no split.
    alone = len({part for _, part in found}) == 1
    yield from ((folder, "" if alone else part) for folder, part in found)


def _children(folders: set[Parts], root: Parts) -> list[str]:
    depth = len(root)
    return sorted({at[depth] for at in folders if len(at) > depth and at[:depth] == root})


def _down(folders: set[Parts], root: Parts, known: set[str] = frozenset()) -> tuple[Parts, list]:
    """Go down from one folder to the next while it is the only one, and no known class."""
    while len(children := _children(folders, root)) == 1 and not known & set(children):
        root = (*root, *children)
    return root, children


def _part(name: str) -> str:
    """Part of a split that a folder such as ``"Training"`` or ``"seg_test"`` stands for."""
    found = {reading.PARTS.get(word) for word in re.findall("[a-z]+", name.lower())} - {None}
    return found.pop() if len(found) == 1 else ""


def _label(folder: str) -> str:
    # Two systems write the same accent in two ways.
    return unicodedata.normalize("NFC", folder).strip()


def _check_labels(path: Path, homes: dict[Parts, str]) -> None:
    """Refuse class folders whose names differ by capitals or blanks, which are hardly two."""
    seen: dict[str, dict[Parts, str]] = {}
    for *above, folder in homes:
        label = _label(folder)
        if not label:
            raise CourseError(f"{path} has a class folder without a name: give it one.")
        alike = seen.setdefault(label.casefold(), {})
        for place, other in alike.items():
            # In train and test the same class has one name.
            if place == tuple(above) or _label(other) != label:
                raise CourseError(
                    f"{path} has class folders {other!r} and {folder!r}, which may be the same: "
                    "rename one, or put their pictures together."
                )
        alike[tuple(above)] = folder


def _stacked(found: list[np.ndarray], colour: bool | None, notes: list[str]) -> np.ndarray:
    """Put pictures into one array: in colour if that is asked for, or a good part of them is."""
    coloured = sum(picture.ndim == 3 for picture in found)
    in_colour = coloured > COLOURED * len(found) if colour is None else colour
    if coloured and not in_colour:
        notes.append(
            f"{coloured:,} of {len(found):,} pictures have colour, and all were made grey: "
            "--colour keeps it."
        )
    size = len(found[0])
    images = np.empty((len(found), size, size, 3)[: 4 if in_colour else 3], np.uint8)
    # From the end, so that each picture is let go once it is copied.
    for position in reversed(range(len(found))):
        picture = found.pop()
        if in_colour and picture.ndim == 2:
            picture = picture[..., None]
        elif picture.ndim == 3 and not in_colour:
            picture = Image.fromarray(picture).convert("L")
        images[position] = picture
    return images


def _patients_named(path: Path, files: pd.Series, pattern: re.Pattern) -> list[str]:
    """Find each file's patient in its name."""
    names = [PurePosixPath(file).name for file in files]
    matches = [pattern.search(name) for name in names]
    # A group that took no part in the match is None.
    patients = [found[min(pattern.groups, 1)] or "" if found else "" for found in matches]
    without = [file for file, patient in zip(files, patients, strict=True) if not patient]
    if without:
        which = "none of the file names" if len(without) == len(files) else "some file names only"
        raise CourseError(
            f"--patient {pattern.pattern!r} finds a patient in {which} of {path}, and not in "
            f"{without[0]}: write one that fits all, or leave it out."
        )
    return patients


def _patients_in_folders(table: pd.DataFrame, notes: list[str]) -> pd.Series:
    """Take sub-folders of the class folders for patients, or say why they are not."""
    inside = table["inside"]
    counts = inside[inside != ""].value_counts()
    if counts.empty:
        return inside
    here = table[inside != ""].groupby("label")["inside"].agg(lambda names: frozenset(names))
    in_every_class = len(here) == table["label"].nunique() and here.nunique() == 1
    if in_every_class and len(counts) < KINDS:
        why = f"The same sub-folders ({', '.join(sorted(counts.index))}) stand in every class"
    elif counts.max() == 1:
        why = "No sub-folder of a class holds more than one picture"
    elif here.map(len).max() == 1:
        why = "No class has more than one sub-folder"
    else:
        some = (inside == "").sum()
        if some:
            notes.append(
                f"Pictures in no sub-folder of their class: {some:,}; their patients are unknown, "
                "and near-duplicates group them."
            )
        return inside
    notes.append(f"{why}, so sub-folders were not taken for patients.")
    return pd.Series("", table.index)


def _groups(images: np.ndarray, table: pd.DataFrame, notes: list[str]) -> np.ndarray:
    """Name each slice's group, and note what is odd about patients and groups."""
    patients = table["patient"].to_numpy(str)
    pairs = duplicates.near_duplicates(images)
    groups = duplicates.groups_of(pairs, patients)
    known = table[patients != ""]
    classes = known.groupby("patient")["label"].nunique()
    if several := list(classes.index[classes > 1]):
        notes.append(
            f"Patients in two classes or more: {len(several):,}, such as {several[0]}; each is one "
            "group, so that nothing leaks, and where two have one name, rename one."
        )
    one, other = patients[pairs["first"]], patients[pairs["second"]]
    across = np.flatnonzero((one != "") & (other != "") & (one != other))
    if len(across):
        files = table["file"].iloc[pairs.loc[across[0], ["first", "second"]]]
        notes.append(
            f"Pairs of near-duplicates with two patients: {len(across):,}, such as "
            f"{' and '.join(files)}; look whether they are one."
        )
    counts = pd.Series(groups).groupby(table["label"].to_numpy()).nunique()
    if few := list(counts.index[counts < 3]):
        notes.append(
            f"{', '.join(few)} {'has' if len(few) == 1 else 'have'} fewer than 3 groups (patients, "
            "or near-duplicates where those are unknown), and a split needs 3: add more."
        )
    return groups
