"""The data card of a named data set: what the course found, and blanks for what its owner knows."""

from pathlib import Path

import pandas as pd

from course_utils import datasets, settings
from course_utils.cli import figures
from course_utils.core import files, results
from course_utils.datasets import Dataset

MARK = "audit"
BLANKS = {
    "Where the pictures come from": "Which collection, of whom, from which years; whom to cite",
    "Who labelled them, and how": "How many people, with what training, by what evidence",
    "Consent and licence": "What the people in them agreed to, and what you may do with them",
    "Whom or what they show": "Age, sex, disease, place; who is missing",
    "How they were taken": "Scanner or camera, its settings, and what was done to them since",
    "What was left out": "Which pictures, why, and who decided",
    "What they are for, and what not": "The question they can answer, and one they cannot",
}


def path_of(name: str) -> Path:
    """Where the data card of a named data set is."""
    return settings.named_dir() / name / "README.md"


def write(data: Dataset, found: dict | None = None, table: str = "") -> None:
    """Start the card, or bring what stands between its marks up to date, and nothing else.

    ``found`` is what an audit found, and ``table`` its table in Markdown; without them, the card
    says how to get them. CourseError if the owner took the marks out.
    """
    path = path_of(data.name)
    if not path.exists():
        with files.atomic(path) as new:
            new.write_text(_blank(data.name), encoding="utf-8")
    notes = "\n".join(f"- {note}" for note in datasets.notes(data.name))
    rows = _facts(data) | (_audited(found) if found else {})
    table = table or f"Not audited yet: `course audit --dataset {data.name}` does it."
    parts = [figures.markdown(("", ""), *rows.items()), notes, table]
    results.insert(path, MARK, "\n\n".join(filter(None, parts)).replace("<!--", "&lt;!--"))


def _blank(name: str) -> str:
    blanks = "".join(f"## {title}\n\n_{what}:_ ...\n\n" for title, what in BLANKS.items())
    return (
        f"# Data card: {name}\n\n"
        "What stands between the two marks at the end, the course writes, and brings it up to\n"
        "date with every import and `course audit`. All else is yours and stays as it is: write\n"
        "what only you know in place of the dots. What nobody knows is worth a line, too.\n\n"
        f"{blanks}## What the course found\n\n<!-- {MARK} -->\n<!-- /{MARK} -->\n"
    )


def _facts(data: Dataset) -> dict[str, str]:
    """What the import found, as rows of a table."""
    table = data.table
    height, width, *colours = data.images.shape[1:]
    sides = [
        " to ".join(f"{side:,}" for side in sorted({table[of].min(), table[of].max()}))
        for of in ("width", "height")
    ]
    splits = table["split"][table["split"] != ""]
    patients = f"{table['patient'].nunique():,}"
    groups = table["group"].value_counts()
    return {
        "slices": f"{len(table):,}",
        "classes": _counted(table["label"]),
        "published split": _counted(splits) or "none",
        "patients": patients if data.has_patients else "not known: near-duplicates share a group",
        "groups": f"{len(groups):,}, the largest of {groups.max():,} slices",
        "files": f"{sides[0]} pixels wide, {sides[1]} high; mode {_counted(table['mode'])}",
        "kept as": f"{width} x {height} pixels, {'in colour' if colours else 'grey'}",
        "files that could not be used": f"{len(datasets.problems(data.name)):,}",
    }


def _audited(found: dict) -> dict[str, str]:
    same, near = (found["copies"][kind]["pairs"] for kind in ("exact", "all"))
    return {
        "pairs of near-duplicates": f"{near:,}; the same file twice, byte for byte: {same:,}",
        "slices in a group with two labels": f"{found['conflicting_labels']:,}",
    }


def _counted(values: pd.Series) -> str:
    counts = values.value_counts().sort_index()
    return ", ".join(f"{value} ({count:,})" for value, count in counts.items()).replace("|", "\\|")
