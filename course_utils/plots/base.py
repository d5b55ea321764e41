"""How figures look, pictures of slices, and ``show``, which puts a figure into the lesson.

Every other function takes data and returns the figure.
"""

import io
from collections.abc import Iterable, Mapping, Sequence

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image as Picture
from IPython.display import Markdown, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import PercentFormatter
from PIL import Image

from course_utils.datasets import Dataset
from course_utils.evaluation.intervals import Estimate

# Okabe & Ito (2008), "Color Universal Design": colours that colour-blind readers tell apart too.
OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
}
COLOURS = {
    "glioma": OKABE_ITO["vermilion"],
    "meningioma": OKABE_ITO["blue"],
    "notumor": OKABE_ITO["green"],
    "pituitary": OKABE_ITO["purple"],
}
OUTLINE = OKABE_ITO["yellow"]
INK, PALE = "#333333", "#9a9a9a"
# What lies left, right, above and below in a picture, in the radiological convention: axial and
# coronal slices are seen from the feet and the front, so the right of the patient is on the left;
# on sagittal slices the nose points to the right.
LETTERS = {"axial": "RLAP", "coronal": "RLSI", "sagittal": "PASI"}
DPI = 100


def style() -> None:
    """Set the course's look for every figure drawn from now on."""
    matplotlib.rcdefaults()
    plt.rcParams.update(
        {
            "figure.dpi": DPI,
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": PALE,
            "axes.titlelocation": "left",
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": plt.cycler(color=[*COLOURS.values(), *OKABE_ITO.values()]),
            "xtick.color": INK,
            "ytick.color": INK,
            "lines.linewidth": 2,
            "legend.frameon": False,
            "image.cmap": "gray",
        }
    )


style()


def show(figure: Figure, says: str) -> None:
    """Put a figure into the lesson, with one sentence that says what it shows.

    The sentence stands below the figure and is its alternative text, so that somebody who cannot
    see the picture learns the same. The figure is closed.
    """
    display(Picture(png(figure), alt=says))
    display(Markdown(says))


def png(figure: Figure) -> bytes:
    """Draw a figure as a PNG file and close it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    plt.close(figure)
    # Some 50 greys and the even spread of colours look the same as all of them, and take a third
    # of the room in a notebook.
    rounded = [min(255, 5 * round(value / 5)) for value in range(256)]
    picture = Image.open(file).convert("RGB").point(rounded * 3)
    small = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    file = io.BytesIO()
    small.save(file, format="png", optimize=True)
    return file.getvalue()


def spoken(label: str) -> str:
    """A class's name as people say it: ``no tumor`` for ``notumor``."""
    return label.replace("notumor", "no tumor")


def draw_slice(
    axes: Axes,
    image: np.ndarray,
    mask: np.ndarray | None = None,
    plane: str = "",
    letters: float = 8,
) -> None:
    """Draw one slice in grey, with the lesion's outline and the plane's orientation letters.

    Parameters
    ----------
    image : ndarray of uint8, (height, width)
    mask : ndarray of bool, (height, width), optional
        Outlined where it holds anything.
    plane : str
        ``"axial"``, ``"coronal"`` or ``"sagittal"``; any other name draws no letters.
    letters : float
        Size of the letters in points.
    """
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()
    if mask is not None and mask.any():
        axes.contour(mask, levels=[0.5], colors=OUTLINE, linewidths=1.2)
    places = [(0.02, 0.5, "left"), (0.98, 0.5, "right"), (0.5, 0.98, "top"), (0.5, 0.02, "bottom")]
    for letter, (x, y, side) in zip(LETTERS.get(plane, ""), places, strict=False):
        axes.text(
            x,
            y,
            letter,
            color="white",
            size=letters,
            # A dark rim keeps the letter readable where the head reaches the picture's edge.
            path_effects=[withStroke(linewidth=1.5, foreground="black")],
            ha=side if side in ("left", "right") else "center",
            va=side if side in ("top", "bottom") else "center",
            transform=axes.transAxes,
        )


def slices(
    images: Iterable[np.ndarray],
    titles: Sequence[str] | None = None,
    masks: Iterable[np.ndarray] | None = None,
    planes: Sequence[str] | None = None,
    headline: str = "",
    columns: int = 4,
    size: float = 1.9,
) -> Figure:
    """Draw slices side by side.

    Parameters
    ----------
    images : iterable of ndarray of uint8, (height, width)
    titles, masks, planes : sequence, optional
        One a slice: see :func:`draw_slice`.
    headline : str
        What the figure says.
    columns : int
        Slices in a row, at most.
    size : float
        Inches that a slice is wide.
    """
    images = list(images)
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    height = size + (0.28 if titles is not None else 0)
    figure, grid = plt.subplots(
        rows, columns, figsize=(columns * size, rows * height + 0.25), squeeze=False
    )
    for axes in grid.flat[len(images) :]:
        axes.remove()
    masks = [None] * len(images) if masks is None else masks
    planes = [""] * len(images) if planes is None else planes
    for axes, image, mask, plane in zip(grid.flat, images, masks, planes, strict=False):
        draw_slice(axes, image, mask, plane)
    for axes, title in zip(grid.flat, titles if titles is not None else (), strict=False):
        axes.set_title(title, size=9, weight="normal")
    headlined(figure, headline)
    return figure


def contact_sheet(data: Dataset, rows: np.ndarray, headline: str, outlines: bool) -> Figure:
    """Draw a row of slices for every class.

    Parameters
    ----------
    rows : ndarray of int, (classes, slices)
        Row numbers of the slices to draw, class by class.
    outlines : bool
        Whether to outline the lesions, where masks are known.
    """
    rows = np.asarray(rows)
    figure, grid = plt.subplots(*rows.shape, figsize=(1.25 * rows.shape[1] + 0.3, 5.5))
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    for line, chosen in zip(grid, rows, strict=True):
        label = data.table["label"].iloc[chosen[0]]
        for axes, row in zip(line, chosen, strict=True):
            mask = data.masks[row] if outlines and data.masks is not None else None
            draw_slice(axes, data.images[row], mask, data.table["plane"].iloc[row], letters=6)
        line[0].text(
            -0.08,
            0.5,
            spoken(label),
            color=COLOURS[label],
            weight="bold",
            rotation=90,
            ha="right",
            va="center",
            transform=line[0].transAxes,
        )
    headlined(figure, headline)
    return figure


def pixels(
    images: Sequence[np.ndarray],
    planes: Sequence[str],
    titles: Sequence[str],
    corner: tuple[int, int],
    headline: str,
) -> Figure:
    """Draw slices, and beside them the numbers of a patch of 8 by 8 pixels of the last one.

    Parameters
    ----------
    corner : (int, int)
        Row and column at which the patch starts.
    """
    count = 8
    row, column = corner
    figure, (*grid, patch) = plt.subplots(
        1, len(images) + 1, figsize=(9.5, 2.9), width_ratios=[1] * len(images) + [1.25]
    )
    for axes, image, plane, title in zip(grid, images, planes, titles, strict=True):
        draw_slice(axes, image, plane=plane)
        axes.set_title(title, size=10, weight="normal")
    square = plt.Rectangle(
        (column - 0.5, row - 0.5), count, count, fill=False, color=OUTLINE, linewidth=1.5
    )
    grid[-1].add_patch(square)
    numbers = images[-1][row : row + count, column : column + count]
    patch.imshow(numbers, vmin=0, vmax=255)
    for (y, x), number in np.ndenumerate(numbers):
        shade = "black" if number > 130 else "white"
        patch.text(x, y, number, color=shade, size=8, ha="center", va="center")
    patch.set_title("the numbers in the square", size=10, weight="normal")
    patch.set(xticks=[], yticks=[])
    patch.spines[:].set(visible=True, color=OUTLINE, linewidth=3)
    headlined(figure, headline)
    return figure


def estimates(
    rows: Mapping[str, Estimate], headline: str, xlabel: str, chance: float | None = None
) -> Figure:
    """Draw numbers with their 95% intervals, a line each, and a dashed line at chance."""
    figure, axes = plt.subplots(figsize=(7.5, 0.55 * len(rows) + 1.2))
    for line, estimate in enumerate(reversed(rows.values())):
        axes.plot([estimate.low, estimate.high], [line] * 2, color=OKABE_ITO["sky"], linewidth=6)
        axes.plot(estimate.value, line, "o", color=INK, markersize=7)
        axes.text(estimate.value, line + 0.2, f"{estimate.value:.0%}", ha="center", va="bottom")
    if chance is not None:
        axes.axvline(chance, color=PALE, linestyle="--", linewidth=1.5, zorder=0)
        axes.text(chance, len(rows) - 0.45, " chance", color=INK, size=9)
    axes.set(xlim=(0, 1.02), ylim=(-0.5, len(rows) - 0.3), xlabel=xlabel)
    axes.set_yticks(range(len(rows)), reversed(rows.keys()))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.tick_params(axis="y", length=0)
    headlined(figure, headline)
    return figure


def headlined(figure: Figure, headline: str) -> None:
    """Write what a figure says above it, at the left."""
    if headline:
        figure.suptitle(headline, x=0.01, ha="left", weight="bold", size=12)
