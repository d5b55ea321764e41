"""What ``course audit`` finds wrong with a data set, and writes down."""

import dataclasses
from pathlib import Path

import numpy as np

from course_utils import datasets, evaluation, settings
from course_utils.core import results
from course_utils.datasets import Dataset
from course_utils.evaluation import intervals
from course_utils.realdata import duplicates, shortcuts

CARD = settings.ROOT / "data" / "README.md"
SPLITS = ("official", "group", "slice")


def measure(dataset: str | None = None) -> Path:
    """Count duplicates, leaks and label conflicts, and see how far each shortcut probe gets.

    Parameters
    ----------
    dataset : {"practice", "kaggle"}, optional
        See :func:`course_utils.datasets.load`.

    Returns
    -------
    Path
        The result: ``results/audit-<dataset>.json``. A probe has an accuracy for each way to
        split the data and, under ``official_clean``, for the publisher's test slices of which
        nothing was in training.

    Raises
    ------
    CourseError
        If there is no such data set.
    """
    data = datasets.load(dataset)
    sizes = data.table["group"].value_counts()
    figures = {
        "slices": len(data),
        "groups": len(sizes),
        "largest_group": int(sizes.max()),
        "conflicting_labels": len(duplicates.label_conflicts(data)),
        "copies": _copies(data),
        "leakage": {by: duplicates.leakage(data, by).T.to_dict() for by in SPLITS},
        "probes": {name: _accuracies(data, name) for name in _possible(data)},
    }
    return results.save(
        f"audit-{data.name}",
        figures,
        command=f"course audit --dataset {data.name}",
        dataset=data.name,
        same=duplicates.SAME,
        radius=duplicates.RADIUS,
    )


def table(figures: dict) -> str:
    """Draw what an audit found as Markdown, the published split beside the one by group.

    Parameters
    ----------
    figures : dict
        The figures of a result of :func:`measure`.
    """
    leaked = figures["copies"]
    rows = [("", "published split", "split by group"), ("---",) * 3]
    rows.append(("test slices", *_counts(figures, "slices")))
    rows.append(("the same file is in training", *_counts(figures, "exact")))
    upright = f"{leaked['upright']['leaked_test_slices']:,}"
    clean = _counts(figures, "group")[1]
    rows.append(("a near-duplicate is in training", upright, clean))
    rows.append(("one is, counting mirrored and turned ones", *_counts(figures, "group")))
    for probe, found in figures["probes"].items():
        cells = [str(_estimate(found[by])) for by in ("official", "group")]
        rows.append((f"accuracy from the {probe} alone (95% interval)", *cells))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write_table(card: Path = CARD) -> None:
    """Put the table of the Kaggle data between its two marks in the data card."""
    results.insert(card, "audit", table(results.load("audit-kaggle")["figures"]))


def _counts(figures: dict, kind: str) -> list[str]:
    return [f"{figures['leakage'][by]['all'][kind]:,}" for by in ("official", "group")]


def _estimate(found: dict) -> intervals.Estimate:
    return intervals.Estimate(found["value"], found["low"], found["high"])


def _copies(data: Dataset) -> dict[str, dict[str, int]]:
    """Pairs, and the publisher's test slices that have a partner in training, by kind of copy."""
    pairs = duplicates.duplicates(data)
    kinds = {
        "exact": pairs[pairs["exact"]],
        "upright": pairs[pairs["turn"] == "upright"],
        "all": pairs,
    }
    in_test = (data.table["split"] == "test").to_numpy()
    counts = {}
    for kind, found in kinds.items():
        ends = found.loc[found["across"], ["first", "second"]].to_numpy()
        leaked = np.unique(ends[in_test[ends]])
        counts[kind] = {"pairs": len(found), "leaked_test_slices": len(leaked)}
    return counts


def _possible(data: Dataset) -> list[str]:
    names = ["histogram", "border", "geometry"]
    return [
        name for name in names if name != "geometry" or set(shortcuts.GEOMETRY) <= set(data.table)
    ]


def _accuracies(data: Dataset, name: str) -> dict[str, dict]:
    found = {}
    for by in SPLITS:
        train, val, test = data.split(by)
        probabilities = getattr(shortcuts, name)(test, train, val)
        parts = {by: np.ones(len(test), bool)}
        if by == "official":
            parts["official_clean"] = duplicates.clean_rows(test, train, val)
        for part, rows in parts.items():
            some = test.take(rows)
            estimate = evaluation.accuracy(some.labels, probabilities[rows], some.table["group"])
            found[part] = dataclasses.asdict(estimate) | {"slices": len(some)}
    return found
