"""Figures of what attention weighs: each function takes data and returns the figure."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.plots.base import COLOURS, INK, draw_slice, headlined, spoken


def channels(weights: np.ndarray, labels: Sequence[str], headline: str) -> Figure:
    """Draw how much each channel counts: a row a class, a column a channel.

    Parameters
    ----------
    weights : ndarray of float, (classes, channels)
        From 0 (switched off) to 1 (passed on unchanged). Channels are sorted by how far the
        classes differ in them, the most telling first.
    labels : sequence of str
        Class names.
    """
    order = np.argsort(-np.ptp(weights, axis=0), kind="stable")
    figure, axes = plt.subplots(figsize=(8.5, 0.4 * len(weights) + 1.4))
    drawn = axes.imshow(weights[:, order], cmap="viridis", vmin=0, vmax=1, aspect="auto")
    axes.set_yticks(range(len(labels)), [spoken(label) for label in labels])
    for text, label in zip(axes.get_yticklabels(), labels, strict=True):
        text.set(color=COLOURS[label], weight="bold")
    axes.set(xlabel="channels, the most telling first", xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.9, pad=0.02)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1))
    bar.outline.set_visible(False)
    headlined(figure, headline)
    return figure


def places(
    image: np.ndarray,
    weights: np.ndarray,
    headline: str,
    mask: np.ndarray | None = None,
    plane: str = "",
) -> Figure:
    """Draw a slice, the grid of places laid over it, and the weight of each place.

    Parameters
    ----------
    image : ndarray of uint8, (height, width)
    weights : ndarray of float, (rows, columns)
        They add up to 1.
    mask : ndarray of bool, (height, width), optional
        Lesion to outline.
    plane : str
        For the orientation letters.
    """
    rows, columns = weights.shape
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4))
    draw_slice(left, image, mask, plane)
    for count, line in ((rows, left.axhline), (columns, left.axvline)):
        for edge in np.arange(1, count) * len(image) / count - 0.5:
            line(edge, color="white", linewidth=0.5, alpha=0.5)
    left.set_title("the slice", size=11)
    right.imshow(weights, cmap="inferno", vmin=0, vmax=weights.max())
    for (row, column), weight in np.ndenumerate(weights):
        shade = "black" if weight > 0.6 * weights.max() else "white"
        # Below half a per cent a number would only be noise.
        text = f"{100 * weight:.0f}" if weight >= 0.005 else "·"
        right.text(column, row, text, ha="center", va="center", color=shade, size=10)
    right.set(xticks=[], yticks=[])
    right.spines[:].set(visible=True, color=INK)
    right.set_title("weight of each place, in per cent", size=11)
    headlined(figure, headline)
    return figure
