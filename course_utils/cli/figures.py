"""Estimates as results keep and show them: what cannot be measured is null, with the reason."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from course_utils.evaluation import Estimate, intervals

NO_SLICE = "Of every test slice, a copy or a slice of the same group is in training."
ONE_GROUP = "The test slices are of one group, and an interval needs two."
DASH = "–"


def missing(reason: str) -> dict:
    """Stand in for an estimate that cannot be had."""
    return {"value": None, "low": None, "high": None, "reason": reason}


def kept(estimate: Estimate) -> dict:
    """Turn an estimate into what JSON can hold."""
    numbers = dataclasses.asdict(estimate)
    known = {name: None if np.isnan(x) else x for name, x in numbers.items()}
    return known | ({"reason": ONE_GROUP} if known["low"] is None else {})


def share(values: np.ndarray, groups: np.ndarray, rows: np.ndarray) -> dict:
    """Mean of numbers of 0 to 1 on the test slices that ``rows``, bool (slices,), marks."""
    if not rows.any():
        return missing(NO_SLICE)
    return kept(intervals.mean(values[rows], groups[rows]))


def markdown(header: Collection[str], *rows: Iterable[str]) -> str:
    """Draw a table as Markdown."""
    cells = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def text(figure: Mapping, spec: str = "") -> str:
    """Read an estimate from JSON as a table shows it, a dash where there is none."""
    if figure["value"] is None:
        return DASH
    limits = (np.nan if figure[end] is None else figure[end] for end in ("low", "high"))
    return format(Estimate(figure["value"], *limits), spec)
