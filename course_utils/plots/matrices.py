"""Numbers in rows and columns, as shades: each function takes data and returns the figure."""

from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.plots.pictures import draw_slice
from course_utils.plots.style import INK, OUTLINE, colours, headlined, look, titled, wrapped


def annotated(
    axes: Axes, numbers: np.ndarray, texts: Iterable[str],
    size: float | None = None, names: Sequence[str] | None = None, **shades,
) -> None:  # fmt: skip
    """Draw numbers, (rows, columns), as ``imshow`` shades them, and a text in each, row by row.

    They may be colours, (rows, columns, 3).
    ``names`` are those of the rows and of the columns alike; without them a frame is drawn.
    """
    drawn = axes.imshow(numbers, **shades)
    # How bright a screen's red, green and blue look (ITU-R BT.601).
    light = drawn.to_rgba(numbers)[..., :3] @ (0.299, 0.587, 0.114) > 0.5
    for (row, column), text in zip(np.ndindex(numbers.shape[:2]), texts, strict=True):
        colour = "black" if light[row, column] else "white"
        axes.text(column, row, text, ha="center", va="center", color=colour, size=size)
    if names is None:
        frame(axes)
        return
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def frame(axes: Axes) -> None:
    """Draw a thin frame in place of the two axes."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=INK)


def diverging(*arrays: np.ndarray) -> dict:
    """Shades that all arrays share: blue below zero, white at zero, red above."""
    limit = max(1e-6, *(float(np.abs(array).max()) for array in arrays))
    return {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}


@look()
def confusion(table: pd.DataFrame, headline: str) -> Figure:
    """Draw counts, a row a true class, a column a predicted one, and their shares of the row."""
    counts = table.to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    texts = [f"{count}\n{share:.0%}" for count, share in zip(counts.flat, shares.flat, strict=True)]
    larger = max(1, len(table) / 6)
    figure, axes = plt.subplots(figsize=(6.8 * larger, 4.4 * larger))
    names = [wrapped(name, 12) for name in table.index]
    annotated(axes, shares, texts, names=names, cmap="Blues", vmin=0, vmax=1)
    axes.tick_params(axis="x", rotation=90 if len(names) > 6 else 0)
    axes.set(xlabel="predicted", ylabel="true")
    return headlined(figure, headline)


@look()
def pixels(
    images: Sequence[np.ndarray], planes: Sequence[str], titles: Sequence[str],
    corner: tuple[int, int], headline: str,
) -> Figure:  # fmt: skip
    """Draw slices, and the numbers of 8 x 8 pixels of the last one, from a corner (row, column).

    Of a pixel in colour they stand below each other: red, green and blue.
    """
    row, column = corner
    widths = [1] * len(images) + [1.25]
    figure, (*grid, patch) = plt.subplots(1, len(widths), figsize=(9.5, 2.9), width_ratios=widths)
    for axes, image, plane, title in zip(grid, images, planes, titles, strict=True):
        draw_slice(axes, image, plane=plane)
        titled(axes, title, size=10)
    line = {"fill": False, "color": OUTLINE, "linewidth": 1.5}
    grid[-1].add_patch(plt.Rectangle((column - 0.5, row - 0.5), 8, 8, **line))
    numbers = images[-1][row : row + 8, column : column + 8]
    rows, columns, *colour = numbers.shape
    texts = ["\n".join(map(str, np.atleast_1d(numbers[at]))) for at in np.ndindex(rows, columns)]
    annotated(patch, numbers, texts, size=5 if colour else 8, vmin=0, vmax=255)
    patch.spines[:].set(color=OUTLINE, linewidth=3)
    titled(patch, "the numbers in the square", size=10)
    return headlined(figure, headline)


@look()
def convolution(image: np.ndarray, kernel: np.ndarray, feature_map: np.ndarray) -> Figure:
    """Draw a slice, a kernel with its numbers, and the feature map that the two make."""
    widths = 1, 0.7, 1.13
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(8.5, 3.2), width_ratios=widths)
    draw_slice(left, image)
    texts = [f"{weight:.4g}"[:5] for weight in kernel.flat]
    annotated(middle, kernel, texts, size=12, **diverging(kernel))
    drawn = right.imshow(feature_map, **diverging(feature_map))
    frame(right)
    figure.colorbar(drawn, ax=right, shrink=0.8)
    for axes, title in zip((left, middle, right), ("slice", "kernel", "feature map"), strict=True):
        axes.set_title(title)
    return figure


@look()
def channels(weights: np.ndarray, labels: Sequence[str], headline: str) -> Figure:
    """Draw how much each channel counts, (classes, channels): 0 switched off, 1 unchanged."""
    # The channels in which the classes differ most come first.
    order = np.argsort(-np.ptp(weights, axis=0), kind="stable")
    figure, axes = plt.subplots(figsize=(8.5, 0.4 * len(weights) + 1.4))
    drawn = axes.imshow(weights[:, order], cmap="viridis", vmin=0, vmax=1, aspect="auto")
    axes.set_yticks(range(len(labels)), [wrapped(label) for label in labels])
    for text, colour in zip(axes.get_yticklabels(), colours(labels).values(), strict=True):
        text.set(color=colour, weight="bold")
    axes.set(xlabel="channels, the most telling first", xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.9, pad=0.02, format=PercentFormatter(1))
    bar.outline.set_visible(False)
    return headlined(figure, headline)


@look()
def places(
    image: np.ndarray, weights: np.ndarray, headline: str,
    mask: np.ndarray | None = None, plane: str = "",
) -> Figure:  # fmt: skip
    """Draw a slice under a grid of places, and their weights, (rows, columns), which sum to 1."""
    rows, columns = weights.shape
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4))
    draw_slice(left, image, mask, plane)
    for count, line in ((rows, left.axhline), (columns, left.axvline)):
        for edge in np.arange(1, count) * len(image) / count - 0.5:
            line(edge, color="white", linewidth=0.5, alpha=0.5)
    left.set_title("the slice")
    # Below half a per cent a number would only be noise.
    texts = [f"{100 * weight:.0f}" if weight >= 0.005 else "·" for weight in weights.flat]
    annotated(right, weights, texts, size=10, cmap="inferno", vmin=0, vmax=weights.max())
    right.set_title("weight of each place, in per cent")
    return headlined(figure, headline)
