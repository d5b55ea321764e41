"""What data is on this computer, in words and tables, for the ``course data`` commands."""

from pathlib import Path

import pandas as pd

from course_utils import datasets, settings
from course_utils.core.errors import printable
from course_utils.datasets import Dataset

# What a reader takes in of a long list.
MOST_KINDS = 10
MOST_NAMES = 3

ABSENT = {
    "practice": "not made yet: the first lesson makes it, or 'course data simulate' does",
    "kaggle": "not here yet: 'course data download' fetches it, 'course data import PATH' reads "
    "a zip or folder you have",
    "kaggle-v2": "not here yet: 'course data import PATH' reads a zip or folder you have",
    "figshare": "not here yet: 'course data download figshare' fetches it, 'course data import "
    "PATH' reads a zip or folder you have",
}
CASE = "not made yet: lesson 07 makes it when it is asked for"
OUTDATED = "kept in an older form: 'course data import PATH --name NAME' reads it again"


def absent(name: str) -> str:
    """Say of a data set that is not here how to get it."""
    return CASE if name in settings.CASES else ABSENT.get(name, OUTDATED)


def show() -> None:
    """Print a table of the data sets, one column each, and where they are."""
    chosen, names = settings.dataset(), settings.datasets()
    present = [name for name in names if datasets.folder_of(name).exists()]
    if present:
        facts = pd.DataFrame({name: _facts(datasets.load(name)) for name in present}).fillna("")
        # Each set has its classes, and they stand together below the number of slices.
        order = sorted(facts.index, key=lambda row: (row != "slices", not row.startswith(" ")))
        print(f"{facts.loc[order].to_string()}\n")
    for name in names:
        # Nobody need get the version that matches nothing published.
        if name in present or name != "kaggle-v2" or name == chosen:
            where = datasets.folder_of(name) if name in present else absent(name)
            print(f"{name}{' (chosen)' if name == chosen else ''}: {where}")


def show_import(data: Dataset) -> None:
    """Print what an import found: slices by class and split, groups, and what failed."""
    name, counts = data.name, pd.crosstab(data.table["label"], data.table["split"])
    # Without a published split there is one column, and its name is empty.
    counts = counts.drop(columns="", errors="ignore").assign(all=data.table["label"].value_counts())
    # A class may be called "all", too.
    counts = pd.concat([counts, counts.sum().rename("all").to_frame().T])
    print(counts.rename_axis(index=None, columns=None).to_string())
    groups = f"{data.table['group'].nunique():,}"
    kind = "of {} patients" if data.has_patients else "in {} groups of near-duplicates"
    print(f"\n{len(data):,} slices {kind.format(groups)}.")
    for note in datasets.notes(name):
        print(printable(note))
    _show_problems(datasets.problems(name))
    print(f"Saved in {datasets.folder_of(name)}")
    print(f"Use it: COURSE_DATASET={name}, the selector in lesson 00, or make run DATASET={name}")


def _show_problems(problems: pd.DataFrame) -> None:
    """Count what failed by folder and reason, and name a few files of each."""
    if problems.empty:
        return
    print(f"{len(problems):,} files could not be used; the others were imported:")
    folder, _, file = zip(*(name.rpartition("/") for name in problems["file"]), strict=True)
    kinds = problems.assign(folder=folder, file=file).groupby(["folder", "problem"])["file"]
    # Where everything failed in the same way comes first.
    kinds = sorted(kinds, key=lambda kind: -len(kind[1]))
    for (folder, problem), names in kinds[:MOST_KINDS]:
        where = printable(f"{folder}/{names.iloc[0]}".lstrip("/"))
        if len(names) > 1:
            few = ", ".join(names[:MOST_NAMES]) + (", ..." if len(names) > MOST_NAMES else "")
            where = printable(f"{len(names):,} files in {folder or '.'} ({few})")
        print(f"  {where}: {printable(problem)}")
    rest = sum(len(names) for _, names in kinds[MOST_KINDS:])
    if rest:
        print(f"  and {rest:,} more, in {len(kinds) - MOST_KINDS:,} other ways or folders")


def _facts(data: Dataset) -> dict[str, str]:
    labels, splits = data.table["label"], data.table["split"]
    counts = {
        "slices": len(data),
        **{f"  {name}": (labels == name).sum() for name in data.class_names},
        "patients": data.table["patient"].nunique(),
        "groups": data.table["group"].nunique(),
        **{f"official {part}": (splits == part).sum() for part in ("train", "val", "test")},
        "files not usable": len(datasets.problems(data.name)),
    }
    files = filter(Path.is_file, datasets.folder_of(data.name).rglob("*"))
    size = sum(path.stat().st_size for path in files)
    return {name: f"{count:,}" for name, count in counts.items()} | {
        "contrasts": ", ".join(data.contrasts),
        "lesion masks": "no" if data.masks is None else "yes",
        "on disk": f"{size / 1e6:,.0f} MB",
    }
