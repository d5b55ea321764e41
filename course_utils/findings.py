"""What ``course audit`` finds wrong with a data set, and writes down."""

import dataclasses
from pathlib import Path

import numpy as np

from course_utils import audit, datasets, evaluation, probes, results
from course_utils.datasets import Dataset

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
        "conflicting_labels": len(audit.label_conflicts(data)),
        "copies": _copies(data),
        "leakage": {by: audit.leakage(data, by).T.to_dict() for by in SPLITS},
        "probes": {name: _accuracies(data, name) for name in _possible(data)},
    }
    return results.save(
        f"audit-{data.name}",
        figures,
        command=f"course audit --dataset {data.name}",
        dataset=data.name,
        same=audit.SAME,
        radius=audit.RADIUS,
    )


def _copies(data: Dataset) -> dict[str, dict[str, int]]:
    """Pairs, and the publisher's test slices that have a partner in training, by kind of copy."""
    pairs = audit.duplicates(data)
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
    return [name for name in names if name != "geometry" or set(probes.GEOMETRY) <= set(data.table)]


def _accuracies(data: Dataset, name: str) -> dict[str, dict]:
    found = {}
    for by in SPLITS:
        train, val, test = data.split(by)
        probabilities = getattr(probes, name)(test, train, val)
        parts = {by: np.ones(len(test), bool)}
        if by == "official":
            parts["official_clean"] = audit.clean_rows(test, train, val)
        for part, rows in parts.items():
            some = test.take(rows)
            estimate = evaluation.accuracy(some.labels, probabilities[rows], some.table["group"])
            found[part] = dataclasses.asdict(estimate) | {"slices": len(some)}
    return found
