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
}


def show() -> None:
    """Print a table of the data sets, one column each, and where they are."""
    present = [name for name in settings.DATASETS if datasets.folder_of(name).exists()]
    if present:
        print(pd.DataFrame({name: _facts(datasets.load(name)) for name in present}).to_string())
        print()
    chosen = settings.dataset()
    for name in settings.DATASETS:
        where = datasets.folder_of(name) if name in present else ABSENT[name]
        print(f"{name}{' (chosen)' if name == chosen else ''}: {where}")


def show_import(data: Dataset) -> None:
    """Print what an import found: slices by class and split, groups, and what failed."""
    counts = pd.crosstab(data.table["label"], data.table["split"], margins=True, margins_name="all")
    print(counts.rename_axis(index=None, columns=None).to_string())
    print(f"\n{len(data):,} slices in {data.table['group'].nunique():,} groups of near-duplicates.")
    _show_problems(datasets.problems(data.name))
    name = data.name
    print(f"Kept in {datasets.folder_of(name)}")
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
        "groups": data.table["group"].nunique(),
        **{f"official {part}": (splits == part).sum() for part in ("train", "test")},
        "files not usable": len(datasets.problems(data.name)),
    }
    files = filter(Path.is_file, datasets.folder_of(data.name).rglob("*"))
    size = sum(path.stat().st_size for path in files)
    return {name: f"{count:,}" for name, count in counts.items()} | {
        "contrasts": ", ".join(data.contrasts),
        "lesion masks": "no" if data.masks is None else "yes",
        "on disk": f"{size / 1e6:,.0f} MB",
    }
