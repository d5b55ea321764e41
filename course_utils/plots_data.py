"""Figures of what a data set holds: each function takes data and returns the figure."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from course_utils.datasets import CLASS_NAMES
from course_utils.plots import COLOURS, INK, PALE, headlined, spoken


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
    panels[2].set(title="slices in a group", ylabel="groups")
    panels[2].xaxis.get_major_locator().set_params(integer=True)
    headlined(figure, headline)
    return figure


def intensities(images: np.ndarray, labels: Sequence[str], headline: str) -> Figure:
    """Draw how often each grey value occurs, a curve a class.

    Parameters
    ----------
    images : ndarray of uint8, (slices, height, width)
    labels : sequence of str, (slices,)
        Class names.
    """
    labels = np.asarray(labels)
    edges = np.arange(0, 257, 8)
    figure, axes = plt.subplots(figsize=(7.5, 3.6))
    for name in (n for n in CLASS_NAMES if n in labels):
        share, _ = np.histogram(images[labels == name], edges)
        share = share / share.sum()
        axes.plot(edges[:-1] + 4, share, color=COLOURS[name], label=spoken(name))
    axes.set(xlabel="grey value (0 black, 255 white)", ylabel="share of pixels", yscale="log")
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    axes.legend(ncols=4, loc="upper right")
    headlined(figure, headline)
    return figure


def spread(values: Sequence[float], labels: Sequence[str], xlabel: str, headline: str) -> Figure:
    """Draw a dot a value and the median of every class, a line a class.

    Parameters
    ----------
    values : sequence of float
    labels : sequence of str
        The class name of each value.
    """
    values, labels = np.asarray(values, float), np.asarray(labels)
    names = [name for name in reversed(CLASS_NAMES) if name in labels]
    # Dots are moved up and down at random so that equal values do not hide each other.
    jitter = np.random.default_rng(0).uniform(-0.28, 0.28, len(values))
    figure, axes = plt.subplots(figsize=(7.5, 0.7 * len(names) + 1.1))
    for line, name in enumerate(names):
        own = labels == name
        axes.scatter(values[own], line + jitter[own], s=9, alpha=0.35, color=COLOURS[name], lw=0)
        median = np.median(values[own])
        axes.plot([median] * 2, [line - 0.36, line + 0.36], color=INK, linewidth=3)
        axes.text(median, line + 0.36, f"{median:,.0f}", ha="center", va="bottom", size=10)
    axes.set(xlabel=xlabel, yticks=range(len(names)), yticklabels=[spoken(n) for n in names])
    axes.set_xlim(left=0)
    axes.tick_params(axis="y", length=0)
    headlined(figure, headline)
    return figure
