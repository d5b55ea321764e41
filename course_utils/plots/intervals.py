"""Figures that set classifiers side by side: each function takes data and returns the figure."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.evaluation.intervals import Estimate
from course_utils.plots.base import INK, OKABE_ITO, PALE, headlined
from course_utils.plots.learning import LINES

COMPETITORS = (*LINES, PALE)


def compared(
    rows: Mapping[str, Mapping[str, Estimate]],
    xlabel: str,
    headline: str,
    level: tuple[str, float] | None = None,
) -> Figure:
    """Draw the same numbers of a few competitors below each other, with their 95% intervals.

    Parameters
    ----------
    rows : mapping of str to mapping of str to Estimate
        What was measured, to the estimate of each of up to four competitors; one may be left out
        of a row.
    level : tuple of str and float, optional
        Name and place of a dashed line to compare with.
    """
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    figure, axes = plt.subplots(figsize=(8, 0.32 * len(rows) * len(names) + 1.5))
    for competitor, name in enumerate(names):
        # However many they are, the lines of a row stay closer to each other than to the next row.
        offset = min(0.24, 0.66 / len(names)) * ((len(names) - 1) / 2 - competitor)
        places = {
            len(rows) - 1 - i + offset: r[name] for i, r in enumerate(rows.values()) if name in r
        }
        found = list(places.values())
        colour = COMPETITORS[competitor]
        axes.hlines(
            list(places),
            [e.low for e in found],
            [e.high for e in found],
            color=colour,
            linewidth=2.5,
        )
        axes.plot([e.value for e in found], list(places), "o", color=colour, label=name)
        for place, estimate in places.items():
            axes.text(estimate.high, place, f"  {estimate.value:.0%}", va="center", size=9)
    if level is not None:
        name, place = level
        axes.axvline(place, color=PALE, linestyle="--", linewidth=1.5, zorder=0, label=name)
    axes.set_yticks(range(len(rows)), list(rows)[::-1])
    # Room for the number behind the longest line.
    highest = max(estimate.high for row in rows.values() for estimate in row.values())
    axes.set(xlim=(0, 1.08 * highest), ylim=(-0.5, len(rows) - 0.5), xlabel=xlabel)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    headlined(figure, headline)
    return figure


def differences(rows: Mapping[str, Estimate], xlabel: str, headline: str) -> Figure:
    """Draw differences with their 95% intervals, a line each, around a line at zero."""
    figure, axes = plt.subplots(figsize=(7.5, 0.5 * len(rows) + 1.2))
    for line, estimate in enumerate(reversed(rows.values())):
        axes.plot([estimate.low, estimate.high], [line] * 2, color=OKABE_ITO["sky"], linewidth=6)
        axes.plot(estimate.value, line, "o", color=INK, markersize=7)
        axes.text(
            estimate.value, line + 0.15, f"{estimate.value:+.1%}", ha="center", va="bottom", size=10
        )
    axes.axvline(0, color=PALE, linestyle="--", linewidth=1.5, zorder=0)
    axes.set(ylim=(-0.5, len(rows) - 0.3), xlabel=xlabel)
    axes.set_yticks(range(len(rows)), reversed(rows.keys()))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(axis="y", length=0)
    headlined(figure, headline)
    return figure
