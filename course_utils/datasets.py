"""One form for every data set: arrays, a table with a row a slice, and splits by group."""

import dataclasses
import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from course_utils import settings
from course_utils.core import files
from course_utils.core.errors import CourseError, look_up

CLASS_NAMES = ("glioma", "meningioma", "notumor", "pituitary")
MAIN_CONTRAST = "t1ce"
# Where each data set comes from: the module is imported when its data set is asked for.
SOURCES = {
    "practice": "course_utils.simulator.practice",
    "kaggle": "course_utils.realdata.kaggle",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Slices with everything known about them.

    Attributes
    ----------
    name : str
        ``"practice"`` or ``"kaggle"``.
    contrasts : mapping of str to ndarray of uint8, (slices, 128, 128)
        The slices in each contrast; ``"t1ce"`` is always there.
    masks : ndarray of bool, (slices, 128, 128), or None
        Where the lesion is; None where nobody drew it.
    table : pandas.DataFrame
        A row a slice: label (class name), patient, plane, group, split, source, and whatever
        else the data set knows.
    class_names : tuple of str
        What the numbers in ``labels`` stand for.
    """

    name: str
    contrasts: Mapping[str, np.ndarray]
    masks: np.ndarray | None
    table: pd.DataFrame
    class_names: tuple[str, ...] = CLASS_NAMES

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        groups = self.table["group"].nunique()
        return f"<Dataset {self.name}: {len(self):,} slices in {groups:,} groups>"

    @property
    def images(self) -> np.ndarray:
        """Slices in the main contrast, t1ce: uint8, (slices, 128, 128)."""
        return self.contrasts[MAIN_CONTRAST]

    @property
    def labels(self) -> np.ndarray:
        """Index into ``class_names``: int, (slices,)."""
        return pd.Categorical(self.table["label"], categories=self.class_names).codes.astype(int)

    def contrast(self, name: str) -> np.ndarray:
        """Slices in one contrast: uint8, (slices, 128, 128).

        Raises
        ------
        CourseError
            If the data set does not have this contrast.
        """
        if name not in self.contrasts:
            raise CourseError(
                f"The {self.name} data has no contrast {name!r}, only "
                f"{', '.join(self.contrasts)}: choose one of these, or the practice data."
            )
        return self.contrasts[name]

    def stacked(self, names: Sequence[str]) -> np.ndarray:
        """Slices in several contrasts, as channels: uint8, (slices, 128, 128, contrasts).

        One contrast alone comes as :meth:`contrast` gives it, without the last axis.

        Raises
        ------
        CourseError
            If the data set does not have one of these contrasts.
        """
        found = [self.contrast(name) for name in names]
        return found[0] if len(found) == 1 else np.stack(found, axis=-1)

    def take(self, rows: Sequence[int] | np.ndarray) -> "Dataset":
        """Keep some slices, as a data set of its own.

        Parameters
        ----------
        rows : sequence of int, or ndarray of bool, (slices,)
            Row numbers, or True for each slice to keep.
        """
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(int)
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
            60% train, 15% validation, 25% test. ``"official"`` takes the publisher's test slices
            and divides the rest by group. ``"slice"`` deals the slices out one by one: the
            mistake that lesson 01 measures.
        seed : int
            Another seed gives another draw.

        Returns
        -------
        train, val, test : Dataset

        Raises
        ------
        CourseError
            If ``by`` is unknown, the publisher made no split, or there are too few groups.
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
        test = (data.table["split"] == "test").to_numpy()
        if not test.any() or test.all():
            raise CourseError(
                f"The {data.name} data came without a test set of its publisher's: "
                'use split("group").'
            )
        folds = _folds(data, rows[~test], groups, 5, seed)
        return np.sort(np.concatenate(folds[1:])), folds[0], rows[test]
    if by not in ("group", "slice"):
        raise CourseError(f"There is no split by {by!r}: use 'group', 'official' or 'slice'.")
    folds = _folds(data, rows, groups if by == "group" else None, 20, seed)
    val, test = max(1, round(0.15 * len(folds))), max(1, round(0.25 * len(folds)))
    parts = folds[val + test :], folds[:val], folds[val : val + test]
    return tuple(np.sort(np.concatenate(part)) for part in parts)


def load(name: str | None = None) -> Dataset:
    """Load a data set from its cache; make the practice data first where there is none.

    Parameters
    ----------
    name : {"practice", "kaggle"}, optional
        The chosen data set (:func:`course_utils.settings.dataset`) where it is left out.

    Raises
    ------
    CourseError
        If there is no such data set, or the Kaggle data has not been fetched.
    """
    name = name or settings.dataset()
    folder = folder_of(name)
    if not folder.exists():
        with files.lock(folder):
            # Another kernel may have finished while this one waited.
            if not folder.exists():
                save(folder, *source(name).make())
    return read(name, folder)


def import_data(path: Path, name: str = "kaggle") -> Dataset:
    """Read a data set from a zip or a folder, and keep it in place of an earlier import.

    Raises
    ------
    CourseError
        If nothing usable is there; the data imported before, if any, stays.
    """
    content = source(name).content(path)
    folder = folder_of(name)
    with files.lock(folder):
        save(folder, *content)
    return read(name, folder)


def source(name: str) -> ModuleType:
    """Import the module that a data set comes from.

    It has a ``VERSION`` for the cache, ``make()`` and, for data that is imported,
    ``content(path)``: both return what :func:`save` takes.

    Raises
    ------
    CourseError
        If there is no such data set.
    """
    return importlib.import_module(look_up(SOURCES, name, "data set"))


def folder_of(name: str) -> Path:
    """Folder that holds a data set's cache, whether it is there yet or not.

    Raises
    ------
    CourseError
        If there is no such data set.
    """
    # A changed simulator must not be answered from an old cache.
    return settings.data_dir() / name / f"v{source(name).VERSION}"


def save(
    folder: Path,
    contrasts: Mapping[str, np.ndarray],
    masks: np.ndarray | None,
    table: pd.DataFrame,
    problems: pd.DataFrame | None = None,
) -> None:
    """Write a data set's cache: all of it, or nothing."""
    with files.atomic(folder) as new:
        new.mkdir(parents=True)
        for name, images in contrasts.items():
            np.save(new / f"{name}.npy", images)
        if masks is not None:
            np.save(new / "masks.npy", masks)
        table.to_csv(new / "table.csv", index=False)
        if problems is not None:
            problems.to_csv(new / "problems.csv", index=False)
        (new / "contents.json").write_text(json.dumps({"contrasts": list(contrasts)}))
        # What cannot be read again must not take the place of what can.
        read(folder.parent.name, new)


def problems(name: str = "kaggle") -> pd.DataFrame:
    """Files that could not be imported: a row each, with the columns file and problem."""
    path = folder_of(name) / "problems.csv"
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["file", "problem"])


def read(name: str, folder: Path) -> Dataset:
    """Read a data set's cache; its class names are the labels that occur, in order."""
    with files.reading(f"The cache in {folder}", "delete this folder and try again"):
        contents = json.loads((folder / "contents.json").read_text())
        table = pd.read_csv(folder / "table.csv", dtype={"patient": "string", "group": "string"})
        arrays = {c: np.load(folder / f"{c}.npy", mmap_mode="r") for c in contents["contrasts"]}
        masks = folder / "masks.npy"
        masks = np.load(masks, mmap_mode="r") if masks.exists() else None
        if any(len(images) != len(table) for images in arrays.values()):
            raise ValueError("the table and the images do not belong together")
    return Dataset(name, arrays, masks, table, tuple(sorted(table["label"].unique())))


def _folds(
    data: Dataset, rows: np.ndarray, groups: np.ndarray | None, most: int, seed: int
) -> list[np.ndarray]:
    """Deal rows out into equal folds, by class, and by group where groups are given."""
    labels = data.labels[rows]
    units = rows if groups is None else groups[rows]
    fewest = min(len(np.unique(units[labels == label])) for label in np.unique(labels))
    if fewest < 3:
        raise CourseError(
            f"The {data.name} data has a class with only {fewest} groups of slices, and a split "
            "needs at least 3: add more patients."
        )
    count = min(most, fewest)
    if groups is None:
        folds = StratifiedKFold(count, shuffle=True, random_state=seed).split(rows, labels)
    else:
        folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(
            rows, labels, groups[rows]
        )
    return [rows[test] for _, test in folds]
