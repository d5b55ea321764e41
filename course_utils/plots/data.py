"""Figures of what a data set holds: each function takes data and returns the figure."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from course_utils.datasets import CLASS_NAMES, Dataset
from course_utils.plots.base import COLOURS, INK, PALE, headlined, spoken


def counts(table: pd.DataFrame, headline: str) -> Figure:
    """Draw how many slices and how many groups each class has, and how many slices a group has.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a slice, with the columns label and group.
    """
    figure, panels = plt.subplots(1, 3, figsize=(9, 2.9))
    by_class = table.groupby("label")["group"]
    names = [name for name in reversed(CLASS_NAMES) if name in by_class.groups]
    for axes, title, numbers in (
        (panels[0], "slices", by_class.size()),
        (panels[1], "groups", by_class.nunique()),
    ):
        bars = axes.barh(
            [spoken(name) for name in names], numbers[names], color=[COLOURS[n] for n in names]
        )
        axes.bar_label(bars, fmt="{:,.0f}", padding=3)
        axes.set(title=title, xticks=[], xlim=(0, 1.25 * numbers.max()))
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.tick_params(length=0)
    panels[1].set_yticklabels([])
    sizes = table["group"].value_counts().value_counts().sort_index()
    panels[2].bar(sizes.index, sizes, color=PALE, width=0.8)
    panels[2].set(title="slices in a group", ylabel="groups", xlim=(0, sizes.index.max() + 1))
    if len(sizes) > 1:
        panels[2].set_yscale("log")
    panels[2].xaxis.get_major_locator().set_params(integer=True)
    headlined(figure, headline)
    return figure


def sizes_and_greys(data: Dataset, sizes: pd.Series, size: str, headline: str) -> Figure:
    """Draw the size of every slice with each class's median, and how often grey values occur.

    Parameters
    ----------
    sizes : pandas.Series of float
        One a slice; NaN is left out.
    size : str
        What the sizes are, with their unit.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4))
    labels = data.table["label"]
    names = [n for n in reversed(CLASS_NAMES) if sizes[labels == n].notna().any()]
    rng = np.random.default_rng(0)
    for line, name in enumerate(names):
        own = sizes[labels == name].dropna()
        # Dots are moved up and down at random so that equal values do not hide each other.
        height = line + rng.uniform(-0.28, 0.28, len(own))
        left.scatter(own, height, s=8, alpha=0.3, color=COLOURS[name], linewidths=0)
        left.plot([own.median()] * 2, [line - 0.36, line + 0.36], color=INK, linewidth=3)
        left.text(own.median(), line + 0.38, f"{own.median():.4g}", ha="center", size=10)
    left.set(xlabel=size, yticks=range(len(names)), yticklabels=[spoken(n) for n in names])
    left.set(xlim=(0, 1.05 * sizes.quantile(0.995)), ylim=(-0.6, len(names) - 0.3))
    left.tick_params(axis="y", length=0)
    edges = np.arange(0, 257, 8)
    for name in CLASS_NAMES:
        share, _ = np.histogram(data.images[labels == name], edges)
        right.plot(edges[:-1] + 4, share / share.sum(), color=COLOURS[name], label=spoken(name))
    right.set(xlabel="grey value (0 black, 255 white)", ylabel="share of pixels", yscale="log")
    right.set_ylim(bottom=max(right.get_ylim()[0], 1e-5))
    right.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    right.legend(loc="lower left", fontsize=9)
    headlined(figure, headline)
    return figure
