"""What data is on this computer, in words and tables, for the ``course data`` commands."""

from pathlib import Path

import pandas as pd

from course_utils import datasets, settings
from course_utils.datasets import Dataset

ABSENT = {
    "practice": "not made yet: the first lesson makes it, or 'course data simulate' does",
    "kaggle": "not here yet: 'course data download' fetches it, 'course data import PATH' reads "
    "a zip or folder you have",
}


def show() -> None:
    """Print a table of the data sets, a column each, and where they are."""
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
    failed = datasets.problems(data.name)
    if len(failed):
        print(f"{len(failed):,} files could not be used; the others were imported:")
        for row in failed.itertuples():
            print(f"  {row.file}: {row.problem}")
    print(f"Kept in {datasets.folder_of(data.name)}")
    print("Use it: COURSE_DATASET=kaggle, the selector in lesson 00, or make run DATASET=kaggle")


def _facts(data: Dataset) -> dict[str, str]:
    table = data.table
    counts = {"slices": len(data)}
    counts |= {f"  {name}": int((table["label"] == name).sum()) for name in data.class_names}
    counts |= {"groups": table["group"].nunique()}
    counts |= {
        f"official {part}": int((table["split"] == part).sum()) for part in ("train", "test")
    }
    counts |= {"files not usable": len(datasets.problems(data.name))}
    size = _bytes(datasets.folder_of(data.name))
    return {name: f"{count:,}" for name, count in counts.items()} | {
        "contrasts": ", ".join(data.contrasts),
        "lesion masks": "no" if data.masks is None else "yes",
        "on disk": f"{size / 1e6:,.0f} MB",
    }


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
