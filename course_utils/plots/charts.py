"""Bars and dots for what is counted: each function takes data and returns the figure."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_utils.datasets import Dataset
from course_utils.plots.pictures import draw_slice, lay_over
from course_utils.plots.style import INK, OKABE_ITO, PALE, colours, headlined, look, wrapped


@look()
def bars(values: Mapping[str, float], xlabel: str, headline: str, form: str = "{:,.2f}") -> Figure:
    """Draw a horizontal bar a value, with the number at its end."""
    figure, axes = plt.subplots(figsize=(7.5, 0.5 * len(values) + 1.1))
    most = max(values.values())
    _bars(axes, values, 1.15 * most, form, axis=True, height=0.6)
    axes.set_xlabel(xlabel)
    if most >= 10_000:
        # Matplotlib would write powers of ten into a corner.
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter("{x:,.0f}")
    return headlined(figure, headline)


@look()
def layers(table: pd.DataFrame, headline: str) -> Figure:
    """Draw columns of a table: numbers that come out of each layer, and weights it learns."""
    table = table.set_index("layer")
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 0.32 * len(table) + 1.2), sharey=True)
    for axes, column in ((left, "numbers"), (right, "weights")):
        _bars(axes, table[column], 1.3 * table[column].max(), height=0.7)
    left.set_title("numbers that come out of it")
    right.set_title("weights it learns")
    return headlined(figure, headline)


@look()
def counts(table: pd.DataFrame, headline: str) -> Figure:
    """Draw slices and groups of each class, and sizes of groups: a row a slice, label and group."""
    by_class = table.groupby("label")["group"]
    colour = colours(sorted(by_class.groups))
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9, max(2.9, 0.4 * len(colour))))
    left.set_title("slices")
    middle.set_title("groups")
    for axes, found in ((left, by_class.size()), (middle, by_class.nunique())):
        named = found[[*colour]].rename(wrapped)
        _bars(axes, named, 1.25 * found.max(), color=[*colour.values()])
        axes.spines["left"].set_visible(False)
    middle.set_yticklabels([])
    sizes = table["group"].value_counts().value_counts().sort_index()
    right.bar(sizes.index, sizes, color=PALE, width=0.8)
    right.set(title="slices in a group", ylabel="groups", xlim=(0, sizes.index.max() + 1))
    if len(sizes) > 1:
        right.set_yscale("log")
    right.xaxis.get_major_locator().set_params(integer=True)
    return headlined(figure, headline)


@look()
def sizes_and_greys(data: Dataset, sizes: pd.Series, size: str, headline: str) -> Figure:
    """Draw each slice's size (``size`` says of what, in which unit) or none, and its values."""
    labels, colour = data.table["label"], colours(data.class_names)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, max(3.4, 0.45 * len(colour))))
    names = [name for name in reversed(colour) if sizes[labels == name].notna().any()]
    rng = np.random.default_rng(0)
    for line, name in enumerate(names):
        own = sizes[labels == name].dropna()
        middle = own.median()
        # Dots are moved up and down at random so that equal values do not hide each other.
        height = line + rng.uniform(-0.28, 0.28, len(own))
        left.scatter(own, height, s=8, alpha=0.3, color=colour[name], linewidths=0)
        left.plot([middle] * 2, [line - 0.36, line + 0.36], color=INK, linewidth=3)
        left.text(middle, line + 0.38, f"{middle:.4g}", ha="center", size=10)
    left.set(xlabel=size, yticks=range(len(names)), yticklabels=map(wrapped, names))
    left.set(xlim=(0, 1.05 * sizes.quantile(0.995)), ylim=(-0.6, len(names) - 0.3))
    left.tick_params(axis="y", length=0)
    edges = np.arange(0, 257, 8)
    for name in colour:
        share, _ = np.histogram(data.images[labels == name], edges)
        right.plot(edges[:-1] + 4, share / share.sum(), color=colour[name], label=wrapped(name))
    colourful = data.images.ndim == 4
    value = "value of red, green or blue" if colourful else "grey value (0 black, 255 white)"
    share = "share of values" if colourful else "share of pixels"
    right.set(xlabel=value, ylabel=share, yscale="log")
    right.set_ylim(bottom=max(right.get_ylim()[0], 1e-5))
    right.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    if len(colour) > 6:
        figure.legend(loc="outside right center", fontsize=9)
    else:
        right.legend(loc="lower left", fontsize=9)
    return headlined(figure, headline)


@look()
def answer(
    image: np.ndarray, probabilities: Mapping[str, float], truth: str,
    mask: np.ndarray | None = None, heat: np.ndarray | None = None, plane: str = "",
) -> Figure:  # fmt: skip
    """Draw one slice as :func:`draw_slice` does, under ``heat`` from 0 to 1, and its answer."""
    size = 7.5, max(3.2, 0.4 * len(probabilities))
    figure, (left, right) = plt.subplots(1, 2, figsize=size, width_ratios=(1, 1.1))
    draw_slice(left, image, mask, plane)
    if heat is not None:
        lay_over(left, heat)
    named = {wrapped(name): share for name, share in probabilities.items()}
    _bars(right, named, 1.15, "{:.0%}", color=[*colours(probabilities).values()], height=0.6)
    right.set_title("probability")
    for text in right.get_yticklabels():
        text.set_weight("bold" if text.get_text() == wrapped(truth) else "normal")
    return figure


@look()
def outcomes(counts: Mapping[str, int], headline: str) -> Figure:
    """Draw how many slices are answered rightly and wrongly, and the same of the referred."""
    figure, axes = plt.subplots(figsize=(7.5, 2.2))
    begin = 0
    colours = ("green", "vermilion", "sky", "orange")
    for (name, count), colour in zip(counts.items(), colours, strict=True):
        part = {"color": OKABE_ITO[colour], "edgecolor": "white", "label": f"{name}: {count}"}
        axes.barh(0, count, left=begin, **part)
        begin += count
    axes.set(xlim=(0, begin), yticks=[], xlabel="slices")
    axes.spines["left"].set_visible(False)
    axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=9)
    return headlined(figure, headline)


def _bars(
    axes: Axes, values: Mapping, end: float, form: str = "{:,.0f}", axis: bool = False, **look
) -> None:
    """Draw horizontal bars, the first at the top: numbers at their ends, or below as well."""
    names, numbers = zip(*values.items(), strict=True)
    drawn = axes.barh(names, numbers, **{"color": OKABE_ITO["sky"]} | look)
    axes.bar_label(drawn, fmt=form, padding=3)
    axes.set_xlim(0, end)
    axes.yaxis.set_inverted(True)
    axes.tick_params(axis="y", length=0)
    if not axis:
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
