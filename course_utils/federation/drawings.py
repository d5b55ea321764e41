"""Figures of a federation: each function takes data and returns the figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.plots import COLOURS, INK, headlined, spoken


def mixes(
    counts: np.ndarray, names: Sequence[str], classes: Sequence[str], headline: str
) -> Figure:
    """Draw how many patients of each class every hospital has, a stacked bar a hospital.

    Parameters
    ----------
    counts : ndarray of int, (hospitals, classes)
    """
    figure, axes = plt.subplots(figsize=(7.5, 0.55 * len(names) + 1.3))
    lines = np.arange(len(names))[::-1]
    left = np.zeros(len(names))
    for label, column in zip(classes, counts.T, strict=True):
        axes.barh(
            lines, column, left=left, height=0.65, color=COLOURS[label], edgecolor="white",
            label=spoken(label),
        )  # fmt: skip
        for line, start, count in zip(lines, left, column, strict=True):
            # A number wider than its bar would stand on the neighbour's.
            if count >= 0.03 * counts.sum(axis=1).max():
                axes.text(start + count / 2, line, count, color="white", ha="center", va="center")
        left += column
    for line, total in zip(lines, left, strict=True):
        axes.text(total + 0.01 * left.max(), line, f"{total:.0f}", va="center", weight="bold")
    axes.set(xlabel="patients", xlim=(0, 1.08 * left.max()))
    axes.set_yticks(lines, [f"hospital {name}" for name in names])
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower center", ncols=len(classes), fontsize=10)
    headlined(figure, headline)
    return figure


def kernels(found: Mapping[str, np.ndarray], headline: str) -> Figure:
    """Draw small kernels side by side, each with its numbers: blue below zero, red above.

    Parameters
    ----------
    found : mapping of str to ndarray of float, (3, 3)
    """
    limit = max(np.abs(kernel).max() for kernel in found.values())
    figure, row = plt.subplots(1, len(found), figsize=(1.6 * len(found), 2.2))
    for axes, (name, kernel) in zip(row, found.items(), strict=True):
        axes.imshow(kernel, cmap="RdBu_r", vmin=-limit, vmax=limit)
        for (y, x), weight in np.ndenumerate(kernel):
            colour = "white" if abs(weight) > 0.6 * limit else "black"
            # Adding zero turns a minus zero, which says nothing, into zero.
            number = f"{round(float(weight), 2) + 0:.2f}"
            axes.text(x, y, number, ha="center", va="center", size=9, color=colour)
        axes.set(xticks=[], yticks=[])
        axes.set_title(name, size=10)
        axes.spines[:].set(visible=True, color=INK)
    headlined(figure, headline)
    return figure


def matrix(shares: np.ndarray, names: Sequence[str], headline: str) -> Figure:
    """Draw the accuracy of every hospital's network (a row) with every hospital's patients.

    Parameters
    ----------
    shares : ndarray of float, (hospitals, hospitals)
        From 0 to 1: where a network was trained by where it was tested.
    """
    figure, axes = plt.subplots(figsize=(0.95 * len(names) + 1.7, 0.6 * len(names) + 1.6))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (line, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.6 else "black"
        weight = "bold" if line == column else "normal"
        axes.text(
            column, line, f"{share:.0%}", ha="center", va="center", color=colour, weight=weight
        )
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="tested on patients of hospital", ylabel="trained in hospital")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    headlined(figure, headline)
    return figure
