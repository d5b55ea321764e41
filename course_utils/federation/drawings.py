"""Figures of a federation: each function takes data and returns the figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils import plots


@plots.look()
def mixes(
    counts: np.ndarray, names: Sequence[str], classes: Sequence[str], headline: str
) -> Figure:
    """Draw how many patients of each class every hospital has: int (hospitals, classes)."""
    figure, axes = plt.subplots(figsize=(7.5, 0.55 * len(names) + 1.3))
    lines = np.arange(len(names))
    left = np.zeros(len(names))
    for (label, colour), column in zip(plots.colours(classes).items(), counts.T, strict=True):
        part = {"color": colour, "edgecolor": "white", "label": plots.wrapped(label, 14)}
        drawn = axes.barh(lines, column, left=left, height=0.65, **part)
        # A number wider than its bar would stand on the neighbour's.
        widest = counts.sum(axis=1).max()
        numbers = [count if count >= 0.03 * widest else "" for count in column]
        axes.bar_label(drawn, numbers, label_type="center", color="white")
        left += column
    for line, total in zip(lines, left, strict=True):
        axes.text(total + 0.01 * left.max(), line, f"{total:.0f}", va="center", weight="bold")
    axes.set(xlabel="patients", xlim=(0, 1.08 * left.max()))
    axes.set_yticks(lines, [f"hospital {name}" for name in names])
    axes.yaxis.set_inverted(True)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower center", ncols=min(len(classes), 4), fontsize=10)
    return plots.headlined(figure, headline)


@plots.look()
def kernels(found: Mapping[str, np.ndarray], headline: str) -> Figure:
    """Draw kernels, (3, 3), side by side, each with its numbers: blue below zero, red above."""
    size = 1.6 * len(found), 2.2
    figure, row = plt.subplots(1, len(found), figsize=size, squeeze=False)
    for axes, (name, kernel) in zip(row[0], found.items(), strict=True):
        # Adding zero turns a minus zero, which says nothing, into zero.
        texts = [f"{round(float(weight), 2) + 0:.2f}" for weight in kernel.flat]
        plots.annotated(axes, kernel, texts, size=9, **plots.diverging(*found.values()))
        axes.set_title(name, size=10)
    return plots.headlined(figure, headline)


@plots.look()
def matrix(shares: np.ndarray, names: Sequence[str], headline: str) -> Figure:
    """Draw the accuracy of every hospital's network (a row) with every hospital's patients."""
    figure, axes = plt.subplots(figsize=(0.95 * len(names) + 1.7, 0.6 * len(names) + 1.6))
    texts = [f"{share:.0%}" for share in shares.flat]
    shades = {"cmap": "Blues", "vmin": 0, "vmax": 1, "aspect": "auto"}
    plots.annotated(axes, shares, texts, names=names, **shades)
    for diagonal in axes.texts[:: len(names) + 1]:
        diagonal.set_weight("bold")
    axes.set(xlabel="tested on patients of hospital", ylabel="trained in hospital")
    return plots.headlined(figure, headline)
