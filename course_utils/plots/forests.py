"""Estimates with their 95% intervals: each function takes data and returns the figure."""

import itertools
from collections.abc import Iterable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.evaluation.intervals import Estimate
from course_utils.plots.style import DASHED, INK, LINES, OKABE_ITO, headlined, look


@look()
def estimates(
    rows: Mapping[str, Estimate], headline: str, xlabel: str, chance: float | None = None
) -> Figure:
    """Draw shares with their 95% intervals, a line each, and a dashed line at chance."""
    figure, axes = _one_a_row(rows, xlabel, ".0%")
    if chance is not None:
        axes.axvline(chance, **DASHED)
        axes.text(chance, -0.55, " chance", color=INK, size=9)
    axes.set_xlim(0, 1.02)
    return headlined(figure, headline)


@look()
def differences(rows: Mapping[str, Estimate], xlabel: str, headline: str) -> Figure:
    """Draw differences with their 95% intervals, a line each, around a line at zero."""
    figure, axes = _one_a_row(rows, xlabel, "+.1%")
    axes.axvline(0, **DASHED)
    return headlined(figure, headline)


@look()
def compared(
    rows: Mapping[str, Mapping[str, Estimate]], xlabel: str, headline: str,
    level: tuple[str, float] | None = None,
) -> Figure:  # fmt: skip
    """Draw what was measured of each competitor, with 95% intervals; one may lack in a row."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    figure, axes = plt.subplots(figsize=(8, 0.32 * len(rows) * len(names) + 1.5))
    # However many they are, the lines of a row stay closer to each other than to the next row.
    offsets = min(0.24, 0.66 / len(names)) * (np.arange(len(names)) - (len(names) - 1) / 2)
    for name, offset, colour in zip(names, offsets, itertools.cycle(LINES), strict=False):
        found = {place + offset: r[name] for place, r in enumerate(rows.values()) if name in r}
        _draw(axes, found, colour, 2.5, color=colour, label=name)
        for place, estimate in found.items():
            axes.text(estimate.high, place, f"  {estimate.value:.0%}", va="center", size=9)
    if level is not None:
        axes.axvline(level[1], **DASHED, label=level[0])
    # Room for the number behind the longest line.
    axes.set_xlim(0, 1.08 * np.nanmax([e.high for row in rows.values() for e in row.values()]))
    _name_rows(axes, rows, xlabel, above=0.5)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return headlined(figure, headline)


def _one_a_row(rows: Mapping[str, Estimate], xlabel: str, form: str) -> tuple[Figure, Axes]:
    """Draw an estimate a row, with its number above."""
    figure, axes = plt.subplots(figsize=(7.5, 0.55 * len(rows) + 1.2))
    found = dict(enumerate(rows.values()))
    _draw(axes, found, OKABE_ITO["sky"], 6, color=INK, markersize=7)
    for place, estimate in found.items():
        number = f"{estimate.value:{form}}"
        # On white, so that no line runs through the number.
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        where = {"ha": "center", "va": "bottom", "zorder": 1}
        axes.text(estimate.value, place - 0.2, number, bbox=behind, **where)
    _name_rows(axes, rows, xlabel, above=0.7)
    return figure, axes


def _draw(axes: Axes, found: Mapping[float, Estimate], colour: str, width: float, **dots) -> None:
    """Draw, at each height, an interval as a line that ends where it does, and a dot."""
    lows, highs = [e.low for e in found.values()], [e.high for e in found.values()]
    axes.hlines([*found], lows, highs, color=colour, linewidth=width, capstyle="butt")
    axes.plot([e.value for e in found.values()], [*found], "o", **dots)


def _name_rows(axes: Axes, names: Iterable[str], xlabel: str, above: float) -> None:
    """Name the rows from the top, with some room above the first, and write shares in per cent."""
    axes.set_yticks(range(len(names)), names)
    axes.set(ylim=(len(names) - 0.5, -above), xlabel=xlabel)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(axis="y", length=0)
