"""Figures of volumes: each function takes data and returns the figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils import plots
from course_utils.plots import OKABE_ITO, OUTLINE
from course_utils.simulator.scanners import AXES, PLANES
from course_utils.volumes.nifti import voxel_sizes


def cut(volume: np.ndarray, plane: str, number: int) -> np.ndarray:
    """Take one slice, counted from left, back or bottom, out of a volume, (x, y, z) in RAS.

    It is turned as radiologists look at it: the patient's right is on the left of axial and
    coronal slices, and on sagittal ones the nose points to the right.
    """
    picture = np.take(volume, number, axis=AXES[plane][2]).T[::-1]
    return picture if plane == "sagittal" else picture[:, ::-1]


@plots.look()
def planes(
    volume: np.ndarray, affine: np.ndarray, at: Sequence[int],
    mask: np.ndarray | None = None, headline: str = "",
) -> Figure:  # fmt: skip
    """Draw the three slices through a voxel, in true proportions, and where they cut each other."""
    sizes = voxel_sizes(affine)
    extents = np.array(volume.shape) * sizes
    widths = [extents[AXES[plane][0]] for plane in PLANES]
    heights = [extents[AXES[plane][1]] for plane in PLANES]
    figure, grid = _side_by_side(widths, heights)
    figure.get_layout_engine().set(w_pad=0.02, wspace=0)
    for axes, plane in zip(grid, PLANES, strict=True):
        across, down, through = AXES[plane]
        outline = None if mask is None else cut(mask, plane, at[through])
        plots.draw_slice(axes, cut(volume, plane, at[through]), outline, plane)
        axes.set_aspect(sizes[down] / sizes[across])
        column = at[across] if plane == "sagittal" else volume.shape[across] - 1 - at[across]
        line = {"color": OKABE_ITO["sky"], "linewidth": 0.7, "alpha": 0.8}
        axes.axvline(column, **line)
        axes.axhline(volume.shape[down] - 1 - at[down], **line)
        place = affine[through, :3] @ at + affine[through, 3]
        plots.titled(axes, f"{plane}, {'xyz'[through]} = {place:.0f} mm", size=10)
    return plots.headlined(figure, headline)


@plots.look()
def proportions(
    pictures: Sequence[tuple[str, np.ndarray, float]], plane: str, headline: str
) -> Figure:
    """Draw slices side by side: title, picture, and how many times as high as wide a pixel is."""
    widths = [picture.shape[1] for _, picture, _ in pictures]
    figure, grid = _side_by_side(widths, [len(picture) * high for _, picture, high in pictures])
    for axes, (title, picture, high) in zip(grid, pictures, strict=True):
        plots.draw_slice(axes, picture, plane=plane)
        axes.set_aspect(high)
        plots.titled(axes, title, size=10)
    return plots.headlined(figure, headline)


def _side_by_side(widths: Sequence[float], heights: Sequence[float]) -> tuple[Figure, np.ndarray]:
    """Make room for pictures in a row, all at one scale."""
    size = 9.2, 9 * max(heights) / sum(widths) + 0.7
    return plt.subplots(1, len(widths), figsize=size, width_ratios=widths)


@plots.look()
def votes(
    patients: Mapping[str, tuple[np.ndarray, ...]], class_names: Sequence[str], headline: str
) -> Figure:
    """Draw what each slice of a patient votes for, from the bottom of the head to its top.

    Each title leads to the slices' positions in mm, (slices,); their probabilities, (slices,
    classes); and whether the lesion, which is shaded, is in them, bool (slices,).
    """
    lines = plots.colours(class_names).items()
    figure, row = plt.subplots(1, len(patients), figsize=(9.2, 3.6), sharey=True, squeeze=False)
    shade = {"color": OUTLINE, "alpha": 0.35}
    for axes, (title, found) in zip(row[0], patients.items(), strict=True):
        positions, probabilities, shows = found
        if shows.any():
            half = np.diff(positions).mean() / 2
            low, high = positions[shows][[0, -1]]
            axes.axvspan(low - half, high + half, linewidth=0, **shade)
        for (name, colour), chances in zip(lines, probabilities.T, strict=True):
            axes.plot(positions, chances, color=colour, label=plots.wrapped(name, 14))
        axes.set(title=title, xlabel="height of the slice (mm)", ylim=(0, 1.02))
    row[0, 0].set_ylabel("probability")
    row[0, 0].yaxis.set_major_formatter(PercentFormatter(1))
    handles, names = row[0, 0].get_legend_handles_labels()
    handles.append(plt.Rectangle((0, 0), 1, 1, **shade))
    names.append("lesion is here")
    figure.legend(handles, names, loc="outside lower center", ncols=5, fontsize=10)
    return plots.headlined(figure, headline)
