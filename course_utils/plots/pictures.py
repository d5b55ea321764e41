"""Pictures of slices: each function takes data and returns the figure."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from course_utils.datasets import Dataset
from course_utils.plots.style import OUTLINE, close_up, colours, headlined, look, titled, wrapped

# What lies left, right, above and below in a picture, in the radiological convention: axial and
# coronal slices are seen from the feet and the front, so the right of the patient is on the left;
# on sagittal slices the nose points to the right.
LETTERS = {"axial": "RLAP", "coronal": "RLSI", "sagittal": "PASI"}
EDGES = (
    (0.02, 0.5, "left", "center"), (0.98, 0.5, "right", "center"),
    (0.5, 0.98, "center", "top"), (0.5, 0.02, "center", "bottom"),
)  # fmt: skip
# A dark rim keeps a letter readable where the head reaches the picture's edge.
RIM = withStroke(linewidth=2, foreground="black")


def draw_slice(
    axes: Axes, image: np.ndarray, mask: np.ndarray | None = None,
    plane: str = "", letters: float = 11,
) -> None:  # fmt: skip
    """Draw one slice, with the lesion's outline and the plane's orientation letters.

    The image is uint8, (height, width), in greys that are never stretched, or (height, width, 3)
    in colours; the mask bool, (height, width). Planes that have no letters get none.
    """
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()
    if mask is not None and mask.any():
        axes.contour(mask, levels=[0.5], colors=OUTLINE, linewidths=1.2)
    written = {"color": "white", "size": letters, "path_effects": [RIM]}
    for letter, (x, y, ha, va) in zip(LETTERS.get(plane, ""), EDGES, strict=False):
        axes.text(x, y, letter, ha=ha, va=va, transform=axes.transAxes, **written)


def lay_over(axes: Axes, heat: np.ndarray) -> None:
    """Lay a heat map, float (height, width) from 0 to 1, over a slice."""
    axes.imshow(heat, cmap="inferno", alpha=0.7 * heat, vmin=0, vmax=1)


@look()
def slices(
    images: Iterable[np.ndarray], titles: Sequence[str] | None = None,
    masks: Iterable[np.ndarray] | None = None, planes: Sequence[str] | None = None,
    headline: str = "", columns: int = 4, size: float = 1.9,
) -> Figure:  # fmt: skip
    """Draw slices as :func:`draw_slice` does, ``columns`` in a row, each ``size`` inches wide."""
    images = list(images)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    height = rows * (size + (0.28 if titles is not None else 0)) + 0.25
    figure, grid = plt.subplots(rows, columns, figsize=(columns * size, height), squeeze=False)
    for axes in grid.flat[len(images) :]:
        axes.remove()
    about = (itertools.repeat(None) if one is None else one for one in (titles, masks, planes))
    for axes, image, title, mask, plane in zip(grid.flat, images, *about, strict=False):
        draw_slice(axes, image, mask, plane)
        titled(axes, title)
    return headlined(figure, headline)


@look()
def contact_sheet(data: Dataset, rows: np.ndarray, headline: str, outlines: bool) -> Figure:
    """Draw a row of slices for every class; ``rows`` are row numbers, int (classes, slices)."""
    count, columns = np.shape(rows)
    size = 1.25 * columns + 0.3, 1.3 * count + 0.3
    figure, grid = plt.subplots(count, columns, figsize=size, squeeze=False)
    close_up(figure)
    colour = colours(data.class_names)
    for line, chosen in zip(grid, rows, strict=True):
        label = data.table["label"].iloc[chosen[0]]
        for axes, row in zip(line, chosen, strict=True):
            mask = data.masks[row] if outlines and data.masks is not None else None
            draw_slice(axes, data.images[row], mask, data.table["plane"].iloc[row], letters=9)
        _name_row(line[0], wrapped(label, 12), color=colour[label], weight="bold")
    return headlined(figure, headline)


@look()
def heat(
    images: Sequence[np.ndarray], rows: Mapping[str, Sequence[np.ndarray]],
    titles: Sequence[str], headline: str, masks: Sequence[np.ndarray] | None = None,
) -> Figure:  # fmt: skip
    """Draw slices and, below, heat maps of them from 0 to 1, a cross at each hottest place."""
    size = 1.6 * len(images) + 0.4, 1.65 * len(rows) + 2.4
    figure, grid = plt.subplots(len(rows) + 1, len(images), figsize=size, squeeze=False)
    close_up(figure)
    masks = [None] * len(images) if masks is None else masks
    for line, name in zip(grid, ("slice", *rows), strict=True):
        _name_row(line[0], name)
        maps = rows.get(name, [None] * len(images))
        for axes, image, mask, one in zip(line, images, masks, maps, strict=True):
            draw_slice(axes, image, mask)
            if one is not None and one.any():
                lay_over(axes, one)
                row, column = np.unravel_index(one.argmax(), one.shape)
                axes.plot(column, row, "x", color="white", markersize=7, markeredgewidth=2)
    for axes, title in zip(grid[0], titles, strict=True):
        titled(axes, title)
    return headlined(figure, headline)


@look()
def feature_maps(image: np.ndarray, maps: Mapping[str, np.ndarray], headline: str) -> Figure:
    """Draw a slice and, a row a layer, its feature maps, (height, width, channels) after ReLU."""
    columns = 1 + max(stack.shape[-1] for stack in maps.values())
    size = 1.05 * columns, 1.35 * len(maps) + 0.4
    figure, grid = plt.subplots(len(maps), columns, figsize=size, squeeze=False)
    close_up(figure)
    for axes in grid.flat:
        axes.set_axis_off()
    draw_slice(grid[0, 0], image)
    for row, (name, stack) in zip(grid, maps.items(), strict=True):
        row[1].set_title(f"{name}, {stack.shape[0]} x {stack.shape[1]} pixels", size=9)
        for axes, feature_map in zip(row[1:], np.moveaxis(stack, -1, 0), strict=False):
            axes.imshow(feature_map, cmap="magma", vmin=0, vmax=max(feature_map.max(), 1e-6))
    return headlined(figure, headline)


def _name_row(axes: Axes, name: str, **written) -> None:
    """Write the name of a row of pictures upright at the left of its first one."""
    left = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "right"}
    axes.annotate(name, (0, 0.5), (-6, 0), va="center", rotation=90, **left, **written)
