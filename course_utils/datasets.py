"""One form for every data set: arrays, a table with one row per slice, and splits by group."""

import dataclasses
import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from course_utils import settings
from course_utils.core import files
from course_utils.core.errors import CourseError, look_up

# Where each data set comes from: the module is imported when its data set is asked for. All other
# data sets are folders of the learner's own.
SOURCES = {
    "practice": "course_utils.simulator.practice",
    "kaggle": "course_utils.realdata.kaggle",
    "kaggle-v2": "course_utils.realdata.kaggle",
    "figshare": "course_utils.realdata.figshare",
}
FOLDERS = "course_utils.realdata.folders"
PROJECTS = "course_utils.simulator.planted"


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Slices with everything known about them.

    Attributes
    ----------
    contrasts : mapping of str to ndarray of uint8, (slices, height, width)
        The first one is the main one: ``"t1ce"``, or ``"picture"`` in a named data set, which may
        be in colour: (slices, height, width, 3).
    masks : ndarray of bool, (slices, height, width), or None
        Where the lesion is; None where nobody drew it.
    table : pandas.DataFrame
        One row per slice: label (class name), patient, plane, group, split, source, and whatever
        else the data set knows.
    class_names : tuple of str
        What the numbers in ``labels`` stand for: the labels in the table where it is left out. A
        part keeps the names of the whole, even of a class that it lacks.
    """

    name: str
    contrasts: Mapping[str, np.ndarray]
    masks: np.ndarray | None
    table: pd.DataFrame
    class_names: tuple[str, ...] = ()

    def __post_init__(self):
        if not self.class_names:
            object.__setattr__(self, "class_names", tuple(sorted(set(self.table["label"]))))

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        groups = self.table["group"].nunique()
        return f"<Dataset {self.name}: {len(self):,} slices in {groups:,} groups>"

    @property
    def main(self) -> str:
        """Name of the main contrast."""
        return next(iter(self.contrasts))

    @property
    def images(self) -> np.ndarray:
        """Slices in the main contrast: uint8, (slices, height, width), with 3 colours if any."""
        return self.contrasts[self.main]

    @property
    def has_patients(self) -> bool:
        """Whether the patient of every slice is known."""
        return bool(self.table["patient"].fillna("").ne("").all())

    @property
    def labels(self) -> np.ndarray:
        """Index into ``class_names``: int, (slices,)."""
        return pd.Categorical(self.table["label"], categories=self.class_names).codes.astype(int)

    def contrast(self, name: str) -> np.ndarray:
        """Slices in one contrast, shaped as ``images``; an error where the set has it not."""
        if name not in list(self.contrasts):
            raise CourseError(
                f"The {self.name} data has no contrast {name!r}, only "
                f"{', '.join(self.contrasts)}: choose one of these, or the practice data."
            )
        return self.contrasts[name]

    def stacked(self, names: Sequence[str] = ()) -> np.ndarray:
        """Slices in several contrasts, as channels: uint8, (slices, height, width, contrasts).

        One contrast alone, the main one where none is named, comes as :meth:`contrast` gives it,
        without the last axis.
        """
        found = [self.contrast(name) for name in tuple(names) or (self.main,)]
        return found[0] if len(found) == 1 else np.stack(found, axis=-1)

    def take(self, rows: Sequence[int] | np.ndarray) -> "Dataset":
        """Keep some slices, by row number or by a mask, as a data set of its own."""
        rows = _row_numbers(self, rows)
        return dataclasses.replace(
            self,
            contrasts={name: images[rows] for name, images in self.contrasts.items()},
            masks=None if self.masks is None else self.masks[rows],
            table=self.table.iloc[rows].reset_index(drop=True),
        )

    def split(
        self, by: str = "group", seed: int = settings.SEED
    ) -> tuple["Dataset", "Dataset", "Dataset"]:
        """Divide into training, validation and test slices, each class in equal shares.

        Parameters
        ----------
        by : {"group", "official", "slice"}
            ``"group"`` keeps every group (a patient, or a set of near-duplicates) on one side:
            60% train, 15% validation, 25% test. ``"official"`` takes the publisher's test slices,
            and divides the rest by group where no validation slices were set aside. ``"slice"``
            deals the slices out one by one: the mistake that lesson 01 measures.

        Raises
        ------
        CourseError
            If the publisher made no split, or there are too few groups.
        """
        train, val, test = split_rows(self, by, seed)
        return self.take(train), self.take(val), self.take(test)


def split_rows(
    data: Dataset, by: str = "group", seed: int = settings.SEED
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row numbers of the three parts that :meth:`Dataset.split` makes."""
    groups = data.table["group"].to_numpy()
    rows = np.arange(len(data))
    if by == "official":
        test, val = ((data.table["split"] == part).to_numpy() for part in ("test", "val"))
        if not test.any() or (test | val).all():
            raise CourseError(
                f"The {data.name} data came without a test set of its publisher's: "
                'use split("group").'
            )
        if val.any():
            return rows[~test & ~val], rows[val], rows[test]
        folds = _folds(data, rows[~test], groups, 5, seed)
        return np.sort(np.concatenate(folds[1:])), folds[0], rows[test]
    units = look_up({"group": groups, "slice": None, "official": None}, by, "split")
    folds = _folds(data, rows, units, 20, seed)
    val, test = max(1, round(0.15 * len(folds))), max(1, round(0.25 * len(folds)))
    parts = folds[val + test :], folds[:val], folds[val : val + test]
    return tuple(np.sort(np.concatenate(part)) for part in parts)


def fold_rows(
    data: Dataset, by: str = "group", count: int = 5, seed: int = settings.SEED
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Row numbers of training, validation and test, ``count`` times: each slice is tested once.

    ``by`` is ``"group"`` or ``"slice"``. A fifth of what is not tested validates.
    """
    groups = data.table["group"].to_numpy()
    units = look_up({"group": groups, "slice": None}, by, "split into folds")
    parts = []
    for test in _folds(data, np.arange(len(data)), units, count, seed):
        rest = np.setdiff1d(np.arange(len(data)), test)
        val, *train = _folds(data, rest, units, 5, seed, least=2)
        parts.append((np.sort(np.concatenate(train)), val, test))
    return parts


def load(name: str | None = None) -> Dataset:
    """Load a data set, the chosen one where none is named, from its cache.

    The practice data, and ``"project-1"`` to ``"project-99"`` of lesson 07, are simulated first
    where there is no cache; others raise a :class:`CourseError` until they are imported.
    """
    name = name or settings.dataset()
    folder = folder_of(name)
    number = [settings.CASES[name]] if name in settings.CASES else []
    files.once(folder, lambda new: save(new, *source(name).make(*number)))
    return read(name, folder)


def import_data(path: Path, name: str | None = None, **options) -> Dataset:
    """Read a data set from a zip or a folder, and keep it in place of an earlier import.

    When anything fails, the earlier import stays.

    Parameters
    ----------
    path : Path
    name : str, optional
        Of a folder of class folders, see :mod:`course_utils.realdata.folders`, which also says
        what the ``options`` are. Without it, the Kaggle or figshare data is meant, and told by
        what it is.
    """
    if name is not None:
        module = importlib.import_module(FOLDERS)
        module.check_name(name)
    else:
        figshare = importlib.import_module(SOURCES["figshare"])
        module = importlib.import_module(
            SOURCES["figshare" if figshare.recognised(path) else "kaggle"]
        )
    contrasts, masks, table, *rest = module.content(path, **options)
    if name is None:
        # Which of the known sets this is, its source column says.
        name = table["source"].iloc[0]
    table["source"] = name
    folder = _folder_of(name, module)
    with files.lock(folder), files.atomic(folder) as new:
        save(new, contrasts, masks, table, *rest)
    return read(name, folder)


def source(name: str) -> ModuleType:
    """Import the module that a data set comes from.

    It has a ``VERSION`` for the cache, ``make()`` and, for data that is imported,
    ``content(path)``: both return what :func:`save` takes.
    """
    if name in settings.CASES:
        return importlib.import_module(PROJECTS)
    known = dict.fromkeys(settings.datasets(), FOLDERS) | SOURCES
    return importlib.import_module(look_up(known, name, "data set"))


def folder_of(name: str) -> Path:
    """Folder that holds a data set's cache, whether it is there yet or not."""
    return _folder_of(name, source(name))


def _folder_of(name: str, module: ModuleType) -> Path:
    home = settings.data_dir() if name in SOURCES else settings.named_dir()
    # A changed simulator must not be answered from an old cache.
    return home / name / f"v{module.VERSION}"


def save(
    folder: Path,
    contrasts: Mapping[str, np.ndarray],
    masks: np.ndarray | None,
    table: pd.DataFrame,
    problems: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Write a data set's cache into a new folder, and fail where it cannot be read again.

    ``problems`` are files that could not be used: file, problem; ``notes`` are sentences for
    whoever imports the data.
    """
    folder.mkdir(parents=True)
    for name, images in {**contrasts, "masks": masks}.items():
        if images is not None:
            np.save(folder / f"{name}.npy", images)
    table.to_csv(folder / "table.csv", index=False)
    if problems is not None:
        problems.to_csv(folder / "problems.csv", index=False)
    contents = {"contrasts": list(contrasts), "notes": list(notes)}
    (folder / "contents.json").write_text(json.dumps(contents))
    read(folder.parent.name, folder)


def problems(name: str) -> pd.DataFrame:
    """Files that could not be imported: one row each, with the columns file and problem."""
    path = folder_of(name) / "problems.csv"
    if not path.exists():
        return pd.DataFrame(columns=["file", "problem"])
    with files.reading(path, "import the data again"):
        return pd.read_csv(path, dtype=str, keep_default_na=False)[["file", "problem"]]


def notes(name: str) -> list[str]:
    """Sentences about an import: what its owner should know, and nothing that stopped it."""
    path = folder_of(name) / "contents.json"
    with files.reading(path, "import the data again"):
        return json.loads(path.read_text()).get("notes", [])


def read(name: str, folder: Path) -> Dataset:
    """Read a data set's cache."""
    is_made = name == "practice" or name in settings.CASES
    remedy = "delete this folder and try again" if is_made else "import the data again"
    with files.reading(f"The cache in {folder}", remedy):
        contents = json.loads((folder / "contents.json").read_text())
        # A class may be called "1", and a patient "None".
        kinds = dict.fromkeys(["label", "split", "file"], str)
        kinds |= dict.fromkeys(["patient", "group"], "string")
        table = pd.read_csv(
            folder / "table.csv", dtype=kinds, keep_default_na=False, na_values=[""]
        )
        table["split"] = table["split"].fillna("")
        arrays = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
        if any(len(images) != len(table) for images in arrays.values()):
            raise ValueError("the table and the images do not belong together")
        contrasts = {contrast: arrays[contrast] for contrast in contents["contrasts"]}
        data = Dataset(name, contrasts, arrays.get("masks"), table)
    _check_classes(data)
    return data


def _check_classes(data: Dataset) -> None:
    if len(data.class_names) < 2:
        raise CourseError(
            f"The {data.name} data has slices of {' and '.join(data.class_names) or 'no class'} "
            "alone, and a classifier tells two or more classes apart: add another class."
        )


def _row_numbers(data: Dataset, rows: Sequence[int] | np.ndarray) -> np.ndarray:
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (len(data),):
        return np.flatnonzero(rows)
    if rows.dtype != bool and rows.shape == (0,):
        return rows.astype(int)  # NumPy takes an empty list for one of floats
    if rows.ndim == 1 and rows.dtype.kind in "iu" and 0 <= rows.min() <= rows.max() < len(data):
        return rows
    raise CourseError(
        f"These are no rows of the {data.name} data: give numbers from 0 to {len(data) - 1}, or "
        f"{len(data)} times True or False."
    )


def _folds(
    data: Dataset, rows: np.ndarray, groups: np.ndarray | None, most: int, seed: int, least: int = 3
) -> list[np.ndarray]:
    """Deal rows out into equal folds, by class, and by group where groups are given.

    Each class needs as many groups as there are parts to fill: ``least``.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    _check_classes(data)
    labels = data.labels[rows]
    units = rows if groups is None else groups[rows]
    fewest = min(len(np.unique(units[labels == label])) for label in np.unique(labels))
    if fewest < least:
        raise CourseError(
            f"The {data.name} data has a class with only {fewest} groups of slices, and a split "
            f"needs at least {least}: add more patients."
        )
    count = min(most, fewest)
    if groups is None:
        folds = StratifiedKFold(count, shuffle=True, random_state=seed).split(rows, labels)
    else:
        folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(
            rows, labels, groups[rows]
        )
    return [rows[test] for _, test in folds]
