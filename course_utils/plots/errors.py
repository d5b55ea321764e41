"""Figures of how a classifier fails: each function takes data and returns the figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.plots.base import COLOURS, INK, OKABE_ITO, PALE, draw_slice, headlined, spoken


def confusion(table: pd.DataFrame, headline: str) -> Figure:
    """Draw a confusion matrix: how many slices of each true class were called what.

    Parameters
    ----------
    table : pandas.DataFrame
        Counts; a row a true class, a column a predicted one. Shades are shares of the row.
    """
    counts = table.to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(6.8, 4.4))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        text = f"{count}\n{shares[row, column]:.0%}"
        shade = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, text, ha="center", va="center", color=shade)
    names = [spoken(name) for name in table.index]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="true")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    headlined(figure, headline)
    return figure


def reliability(tables: Mapping[str, pd.DataFrame], headline: str) -> Figure:
    """Draw reliability diagrams side by side, and below each how many slices every bin holds.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Title to what :func:`course_utils.evaluation.calibration.reliability` returns.
    """
    figure, grid = plt.subplots(
        2,
        len(tables),
        figsize=(min(10, 4.2 * len(tables)), 4.6),
        height_ratios=(3, 1),
        sharex=True,
        sharey="row",
        squeeze=False,
    )
    for (title, table), axes, below in zip(tables.items(), *grid, strict=True):
        axes.plot([0, 1], [0, 1], color=PALE, linestyle="--", linewidth=1.5, label="honest")
        axes.vlines(
            table["confidence"], table["low"], table["high"], color=OKABE_ITO["sky"], linewidth=5
        )
        axes.plot(table["confidence"], table["accuracy"], "o-", color=INK, markersize=5)
        axes.set_title(title, size=11)
        below.bar(
            table["from"],
            table["slices"],
            width=table["to"] - table["from"],
            align="edge",
            color=OKABE_ITO["sky"],
            edgecolor="white",
        )
        below.set(xlabel="confidence", xlim=(0, 1))
        below.xaxis.set_major_formatter(PercentFormatter(1))
    grid[0, 0].set(ylabel="accuracy", ylim=(0, 1.02))
    grid[0, 0].yaxis.set_major_formatter(PercentFormatter(1))
    grid[0, 0].text(
        0.06,
        0.08,
        "as sure as right",
        color=INK,
        size=9,
        rotation=45,
        rotation_mode="anchor",
        transform_rotates_text=True,
    )
    grid[1, 0].set_ylabel("slices")
    headlined(figure, headline)
    return figure


def heat(
    images: Sequence[np.ndarray],
    rows: Mapping[str, Sequence[np.ndarray]],
    titles: Sequence[str],
    headline: str,
    masks: Sequence[np.ndarray] | None = None,
) -> Figure:
    """Draw slices in the first row, and heat maps of them in the rows below.

    Parameters
    ----------
    images : sequence of ndarray of uint8, (height, width)
    rows : mapping of str to sequence of ndarray of float, (height, width)
        Name of a row to the maps in it, from 0 to 1; a cross marks the hottest place.
    titles : sequence of str
        What stands above each slice.
    masks : sequence of ndarray of bool, (height, width), optional
        Lesions to outline.
    """
    figure, grid = plt.subplots(
        len(rows) + 1, len(images), figsize=(1.6 * len(images) + 0.4, 1.65 * len(rows) + 2.4)
    )
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    masks = [None] * len(images) if masks is None else masks
    for line, name in zip(grid, ("slice", *rows), strict=True):
        line[0].text(
            -0.06,
            0.5,
            name,
            color=INK,
            rotation=90,
            ha="right",
            va="center",
            transform=line[0].transAxes,
        )
        maps = rows.get(name, [None] * len(images))
        for axes, image, mask, one in zip(line, images, masks, maps, strict=True):
            draw_slice(axes, image, mask)
            if one is not None and one.any():
                axes.imshow(one, cmap="inferno", alpha=0.7 * one, vmin=0, vmax=1)
                row, column = np.unravel_index(one.argmax(), one.shape)
                axes.plot(column, row, "x", color="white", markersize=7, markeredgewidth=2)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, size=9, weight="normal")
    headlined(figure, headline)
    return figure


def bands(
    curves: Mapping[str, tuple[Sequence, Sequence, Sequence, Sequence]],
    xlabel: str,
    ylabel: str,
    headline: str,
    level: tuple[str, float],
) -> Figure:
    """Draw curves of shares side by side, each in its 95% interval.

    Parameters
    ----------
    curves : mapping of str to (x, y, low, high)
    level : tuple of str and float
        Name and height of a dashed line to compare with.
    """
    figure, row = plt.subplots(
        1, len(curves), figsize=(max(7.5, 2.5 * len(curves)), 3.4), sharey=True, squeeze=False
    )
    name, height = level
    for (title, (x, y, low, high)), axes in zip(curves.items(), row[0], strict=True):
        axes.axhline(height, color=PALE, linestyle="--", linewidth=1.5, zorder=0, label=name)
        axes.fill_between(x, low, high, color=OKABE_ITO["sky"], alpha=0.4, linewidth=0)
        axes.plot(x, y, "o-", color=INK, markersize=5)
        axes.set_title(title, size=11)
        axes.set_xlabel(xlabel)
    row[0, 0].set_ylabel(ylabel)
    row[0, 0].set_ylim(bottom=0)
    row[0, 0].yaxis.set_major_formatter(PercentFormatter(1))
    row[0, -1].legend(fontsize=9, loc="best")
    headlined(figure, headline)
    return figure


def answer(
    image: np.ndarray,
    probabilities: Mapping[str, float],
    truth: str,
    mask: np.ndarray | None = None,
    heat: np.ndarray | None = None,
    plane: str = "",
) -> Figure:
    """Draw one slice beside what a classifier makes of it.

    Parameters
    ----------
    image : ndarray of uint8, (height, width)
    probabilities : mapping of str to float
        Class name to its probability.
    truth : str
        Class name of the label.
    mask : ndarray of bool, (height, width), optional
        Lesion to outline.
    heat : ndarray of float, (height, width), optional
        Heat map to lay over the slice, from 0 to 1.
    plane : str
        For the orientation letters.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 3.2), width_ratios=(1, 1.1))
    draw_slice(left, image, mask, plane)
    if heat is not None:
        left.imshow(heat, cmap="inferno", alpha=0.7 * heat, vmin=0, vmax=1)
    names = list(probabilities)[::-1]
    bars = right.barh(
        [spoken(name) for name in names],
        [probabilities[name] for name in names],
        color=[COLOURS[name] for name in names],
        height=0.6,
    )
    right.bar_label(bars, fmt="{:.0%}", padding=3)
    right.set(xlim=(0, 1.15), xticks=[], title="probability")
    right.spines["bottom"].set_visible(False)
    right.tick_params(axis="y", length=0)
    for text, name in zip(right.get_yticklabels(), names, strict=True):
        text.set_weight("bold" if name == truth else "normal")
    return figure


def outcomes(counts: Mapping[str, int], headline: str) -> Figure:
    """Draw what becomes of all slices as one bar in four parts.

    Parameters
    ----------
    counts : mapping of str to int
        What becomes of how many: answered rightly and wrongly, then the same of the referred.
    """
    colours = [OKABE_ITO[name] for name in ("green", "vermilion", "sky", "orange")]
    figure, axes = plt.subplots(figsize=(7.5, 2.2))
    begin = 0
    for (name, count), colour in zip(counts.items(), colours, strict=True):
        axes.barh(0, count, left=begin, color=colour, edgecolor="white", label=f"{name}: {count}")
        begin += count
    axes.set(xlim=(0, begin), yticks=[], xlabel="slices")
    axes.spines["left"].set_visible(False)
    axes.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=9)
    headlined(figure, headline)
    return figure
