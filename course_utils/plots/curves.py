"""Curves and clouds of points: each function takes data and returns the figure."""

import itertools
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from scipy.stats import binomtest

from course_utils.plots.style import DASHED, INK, LINES, OKABE_ITO, headlined, look

# x, y, and what else there is at each x.
Curve = Sequence[Sequence[float]]


@look()
def lines(
    curves: Mapping[str, Curve], xlabel: str, ylabel: str, headline: str,
    level: tuple[str, float] | None = None, log: bool = False,
) -> Figure:  # fmt: skip
    """Draw curves, each x and y, and a dashed line of some name and height."""
    figure, axes = plt.subplots(figsize=(7.5, 3.4))
    for (name, (x, y)), colour in zip(curves.items(), itertools.cycle(LINES), strict=False):
        axes.plot(x, y, color=colour, label=name)
    if level is not None:
        axes.axhline(level[1], **DASHED, label=level[0])
    axes.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    if len(curves) > 1 or level is not None:
        axes.legend()
    return headlined(figure, headline)


@look()
def bands(
    curves: Mapping[str, Curve], xlabel: str, ylabel: str, headline: str,
    level: tuple[str, float], ticks: Sequence[float] | None = None,
) -> Figure:  # fmt: skip
    """Draw curves of shares, each x, y and the two ends of the 95% interval, side by side.

    With ``ticks``, whole numbers to name below, equal steps to the right multiply.
    """
    size = max(7.5, 2.5 * len(curves)), 3.4
    figure, row = plt.subplots(1, len(curves), figsize=size, sharey=True, squeeze=False)
    for (title, (x, y, low, high)), axes in zip(curves.items(), row[0], strict=True):
        axes.axhline(level[1], **DASHED, label=level[0])
        axes.fill_between(x, low, high, color=OKABE_ITO["sky"], alpha=0.4, linewidth=0)
        axes.plot(x, y, "o-", color=INK, markersize=5)
        axes.set(title=title, xlabel=xlabel)
        if ticks is not None:
            axes.set_xscale("log")
            axes.set_xticks([], minor=True)
            axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
    row[0, 0].set(ylabel=ylabel, ylim=(0, None))
    row[0, 0].yaxis.set_major_formatter(PercentFormatter(1))
    row[0, -1].legend(fontsize=9, loc="best")
    return headlined(figure, headline)


@look()
def overlaid(
    curves: Mapping[str, Curve], xlabel: str, ylabel: str, headline: str,
    names: Sequence[str] | None = None, level: tuple[str, float] | None = None,
    form: str = "{x:.0%}",
) -> Figure:  # fmt: skip
    """Draw curves over each other, each x, y and, where known, its interval's two ends.

    ``names`` are written below the places 0, 1, 2 and so on of x.
    """
    figure, axes = plt.subplots(figsize=(7.5, 3.8))
    for (name, (x, y, *ends)), colour in zip(curves.items(), itertools.cycle(LINES), strict=False):
        axes.plot(x, y, "o-", color=colour, markersize=4, label=name)
        if ends:
            axes.fill_between(x, *ends, color=colour, alpha=0.25, linewidth=0)
    if level is not None:
        axes.axhline(level[1], **DASHED, label=level[0])
    if names is not None:
        axes.set_xticks(range(len(names)), names)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.yaxis.set_major_formatter(form)
    figure.legend(loc="outside lower center", ncols=2, fontsize=10)
    return headlined(figure, headline)


@look()
def scatters(panels: Mapping[str, Curve], xlabel: str, ylabel: str, headline: str) -> Figure:
    """Draw clouds of points, (x, y), side by side on the same axes."""
    figure = plt.figure(figsize=(3.8 * len(panels), 3.3))
    row = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (title, (x, y)) in zip(row, panels.items(), strict=True):
        axes.scatter(x, y, s=14, color=OKABE_ITO["black"], alpha=0.6, linewidths=0)
        axes.set(title=title, xlabel=xlabel)
    row[0].set_ylabel(ylabel)
    return headlined(figure, headline)


@look()
def history(runs: Mapping[str, pd.DataFrame | Mapping], headline: str) -> Figure:
    """Draw loss and accuracy over the epochs: training dashed, validation solid."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    for (name, run), colour in zip(runs.items(), itertools.cycle(LINES), strict=False):
        epochs = np.arange(1, len(run["loss"]) + 1)
        prefix = f"{name}, " if len(runs) > 1 else ""
        for axes, score in ((left, "loss"), (right, "accuracy")):
            axes.plot(epochs, run[score], color=colour, linestyle="--", label=f"{prefix}training")
            axes.plot(epochs, run[f"val_{score}"], color=colour, label=f"{prefix}validation")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.set(title="loss (cross-entropy)", ylim=(0, None))
    right.set(title="accuracy", ylim=(0, 1.02))
    right.yaxis.set_major_formatter(PercentFormatter(1))
    runs_named = right.get_legend_handles_labels()
    figure.legend(*runs_named, loc="outside lower center", ncols=4, fontsize=10)
    return headlined(figure, headline)


@look()
def reliability(tables: Mapping[str, pd.DataFrame], headline: str) -> Figure:
    """Draw what :func:`~course_utils.evaluation.calibration.reliability` returns, side by side."""
    sky, size = OKABE_ITO["sky"], (min(10, 4.2 * len(tables)), 4.6)
    shape = {"figsize": size, "height_ratios": (3, 1), "squeeze": False}
    figure, grid = plt.subplots(2, len(tables), sharex=True, sharey="row", **shape)
    for (title, table), axes, below in zip(tables.items(), *grid, strict=True):
        axes.plot([0, 1], [0, 1], **DASHED)
        axes.vlines(table["confidence"], table["low"], table["high"], color=sky, linewidth=5)
        axes.plot(table["confidence"], table["accuracy"], "o-", color=INK, markersize=5)
        axes.set_title(title)
        bins = {"width": table["to"] - table["from"], "align": "edge", "edgecolor": "white"}
        below.bar(table["from"], table["slices"], color=sky, **bins)
        # No number at the edges, where it would run into that of the next diagram.
        below.set(xlabel="confidence", xlim=(0, 1), xticks=(0.25, 0.5, 0.75))
        below.xaxis.set_major_formatter(PercentFormatter(1))
    grid[0, 0].set(ylabel="accuracy", ylim=(0, 1.02))
    grid[0, 0].yaxis.set_major_formatter(PercentFormatter(1))
    along = {"rotation": 45, "rotation_mode": "anchor", "transform_rotates_text": True}
    grid[0, 0].text(0.04, 0.1, "as sure as right", color=INK, size=9, **along)
    grid[1, 0].set_ylabel("slices")
    return headlined(figure, headline)


@look()
def two_calibrations(
    network: pd.DataFrame, sure: Sequence[float], right: Sequence[bool], headline: str
) -> Figure:
    """Draw a network's reliability, and beside it that of a person's predictions, if any.

    ``sure`` is how sure one was, 0 to 1. Predictions are few, so their bins are five, and each has
    the 95% interval of a share by Wilson (1927, doi 10.1080/01621459.1927.10502953).
    """
    figure, axes = plt.subplots(figsize=(6.5, 4.6))
    axes.plot([0, 1], [0, 1], **DASHED, label="as sure as right")
    drawn = {"the network": (network, OKABE_ITO["sky"], INK, 0)}
    if len(sure):
        mine = pd.DataFrame({"confidence": sure, "accuracy": right}, dtype=float)
        # An upper edge belongs to its bin, as in a reliability diagram.
        bins = np.maximum(np.ceil(5 * mine["confidence"]), 1)
        table = mine.groupby(bins).agg(
            confidence=("confidence", "mean"), accuracy=("accuracy", "mean"), n=("accuracy", "size")
        )
        found = [
            binomtest(round(row.accuracy * row.n), int(row.n)).proportion_ci(method="wilson")
            for row in table.itertuples()
        ]
        table["low"], table["high"] = zip(*found, strict=True)
        drawn["you"] = table, OKABE_ITO["orange"], OKABE_ITO["vermilion"], 0.012
        for row in table.itertuples():
            axes.text(row.confidence + 0.03, row.accuracy, f"{row.n:.0f}", va="center", size=9)
    for name, (table, band, colour, aside) in drawn.items():
        # Two intervals at one confidence stand side by side.
        x = table["confidence"] + aside
        axes.vlines(x, table["low"], table["high"], color=band, linewidth=5, alpha=0.7)
        axes.plot(x, table["accuracy"], "o-", color=colour, markersize=5, label=name)
    axes.set(xlim=(0, 1.04), ylim=(0, 1.04), xlabel="how sure", ylabel="how often right")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="upper left")
    return headlined(figure, headline)


@look()
def starts(figures: Mapping[str, Mapping], headline: str) -> Figure:
    """Draw the figures of ``results/starts-kaggle.json``: a dot a seed, a bar at the mean."""
    table = pd.DataFrame.from_dict(dict(figures), orient="index")
    table[["recipe", "start", "size"]] = [name.split(", ") for name in figures]
    recipes = table["recipe"].unique()
    colours = dict(zip(table["start"].unique(), LINES, strict=False))
    figure, row = plt.subplots(1, len(recipes), figsize=(3.2 * len(recipes), 3.5), sharey=True)
    for axes, recipe in zip(row, recipes, strict=True):
        here = table[table["recipe"] == recipe]
        sizes, own = [*here["size"].unique()], [*here["start"].unique()]
        for one in here.itertuples():
            x = sizes.index(one.size) + 0.24 * (own.index(one.start) - (len(own) - 1) / 2)
            colour = colours[one.start]
            axes.plot([x - 0.09, x + 0.09], [one.mean] * 2, color=colour, linewidth=3)
            axes.scatter([x] * len(one.seeds), one.seeds, color=colour, s=16, alpha=0.6)
            axes.text(x, max(one.seeds) + 1.5, f"{one.mean:.0f}", color=colour, ha="center", size=9)
        axes.set_xticks(range(len(sizes)), sizes)
        axes.set(xlim=(-0.55, len(sizes) - 0.45), title=recipe)
    row[0].set(ylabel="test slices right, %", ylim=(20, 102))
    handles = [plt.Line2D([], [], color=colour, linewidth=3) for colour in colours.values()]
    names = [f"from {start}" for start in colours]
    figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=10)
    return headlined(figure, headline)
