"""What ``course audit`` finds wrong with a data set, and writes down."""

from pathlib import Path

import numpy as np
import pandas as pd

from course_utils import datasets, evaluation, settings
from course_utils.cli import cards, figures
from course_utils.core import results
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.realdata import duplicates, shortcuts

CARD = settings.ROOT / "data" / "README.md"
SPLITS = ("official", "group", "slice")
PROBES = ("histogram", "border", "geometry")
NO_TEST = "The data came without a test set of its publisher's."


def audit(dataset: str | None = None) -> Path:
    """Count duplicates, leaks and label conflicts, and see how far each shortcut probe gets.

    The result is ``results/audit-<dataset>.json``. A probe has an accuracy for each way to split
    the data and, under ``official_clean``, for the publisher's test slices of which nothing was in
    training. What cannot be measured is null, with the reason. Where patients are known,
    ``across_patients`` counts the pairs of near-duplicates that show two of them. The data card of
    a named data set is brought up to date.
    """
    data = datasets.load(dataset)
    sizes = data.table["group"].value_counts()
    pairs = duplicates.duplicates(data)
    found = {
        "slices": len(data),
        "groups": len(sizes),
        "largest_group": int(sizes.max()),
        "conflicting_labels": len(duplicates.label_conflicts(data)),
        "copies": _copies(data, pairs),
        "leakage": {by: _leakage(data, by) for by in SPLITS},
        "probes": {name: _accuracies(data, name) for name in PROBES},
    }
    if data.has_patients:
        one, other = (data.table["patient"].to_numpy()[pairs[end]] for end in ("first", "second"))
        found["across_patients"] = int((one != other).sum())
    path = results.save(
        f"audit-{data.name}",
        found,
        command=results.command("audit", dataset=data.name),
        dataset=data.name,
        same=duplicates.SAME,
        radius=duplicates.RADIUS,
    )
    if data.name not in settings.DATASETS:
        cards.write(data, found, table(found))
    return path


def table(found: dict) -> str:
    """Draw what :func:`audit` found as Markdown.

    The published split, or the one by slice where there is none, stands beside the one by group.
    """
    published = found["leakage"]["official"]["all"]["slices"] is not None
    by = ("official", "group") if published else ("slice", "group")
    parts = [found["leakage"][way] for way in by]

    def both(kind: str) -> list[str]:
        return [_count(part["all"][kind]) for part in parts]

    rows = [("test slices", *both("slices")), ("the same file is in training", *both("exact"))]
    copy = "a near-duplicate is in training"
    notes = [part.get("reason") for part in parts]
    if "across_patients" in found:
        rows.append(("a slice of the same patient is in training", *both("group")))
    elif published:
        upright = _count(found["copies"]["upright"]["leaked_test_slices"])
        rows.append((copy, upright, both("group")[1]))
        rows.append(("one is, counting mirrored and turned ones", *both("group")))
    else:
        rows.append((copy, *both("group")))
    for name, probe in found["probes"].items():
        pair = [probe[way] for way in by]
        rows.append((f"accuracy from the {name} alone (95% interval)", *map(figures.text, pair)))
        notes += [one.get("reason") for one in pair]
    header = "", "published split" if published else "split by slice", "split by group"
    notes = [f"\n{figures.DASH} {note}" for note in dict.fromkeys(notes) if note]
    if "across_patients" in found:
        notes.append(f"\nPairs of near-duplicates with two patients: {found['across_patients']:,}.")
    return "\n".join([figures.markdown(header, *rows), *notes])


def _count(number: int | None) -> str:
    return figures.DASH if number is None else f"{number:,}"


def _copies(data: Dataset, pairs: pd.DataFrame) -> dict[str, dict]:
    """Pairs, and the publisher's test slices that have a partner in training, by kind of copy."""
    upright = pairs[pairs["turn"] == "upright"]
    in_test = (data.table["split"] == "test").to_numpy()
    counts = {}
    for kind, some in (("exact", pairs[pairs["exact"]]), ("upright", upright), ("all", pairs)):
        ends = some.loc[some["across"], ["first", "second"]].to_numpy()
        leaked = {"leaked_test_slices": len(np.unique(ends[in_test[ends]]))}
        if not in_test.any() or in_test.all():
            leaked = {"leaked_test_slices": None, "reason": NO_TEST}
        counts[kind] = {"pairs": len(some)} | leaked
    return counts


def _leakage(data: Dataset, by: str) -> dict[str, dict]:
    try:
        return duplicates.leakage(data, by).T.to_dict()
    except CourseError as error:
        return {"all": dict.fromkeys(("slices", "exact", "group")), "reason": str(error)}


def _accuracies(data: Dataset, probe: str) -> dict[str, dict]:
    found = {}
    for by in SPLITS:
        names = ("official", "official_clean") if by == "official" else (by,)
        try:
            train, val, test = data.split(by)
            probabilities = getattr(shortcuts, probe)(test, train, val)
        except CourseError as error:
            found |= dict.fromkeys(names, figures.missing(str(error)) | {"slices": None})
            continue
        marks = np.ones(len(test), bool), duplicates.clean_rows(test, train, val)
        for name, rows in zip(names, marks, strict=False):
            right = evaluation.predictions(probabilities) == test.labels
            accuracy = figures.share(right, test.table["group"].to_numpy(), rows)
            found[name] = accuracy | {"slices": int(rows.sum())}
    return found
