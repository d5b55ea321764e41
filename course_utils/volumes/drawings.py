"""Figures of volumes: each function takes data and returns the figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.plots import COLOURS, INK, OKABE_ITO, OUTLINE, draw_slice, headlined, spoken
from course_utils.simulator.scanners import AXES, PLANES
from course_utils.volumes.nifti import voxel_sizes


def cut(volume: np.ndarray, plane: str, number: int) -> np.ndarray:
    """Take one slice out of a volume, turned as radiologists look at it.

    Parameters
    ----------
    volume : ndarray, (x, y, z)
        Axes to the patient's right, front and top (RAS).
    plane : {"axial", "coronal", "sagittal"}
    number : int
        Which slice, counted from left, back or bottom.

    Returns
    -------
    ndarray, (height, width)
        The patient's right is on the left of axial and coronal slices; on sagittal slices the
        nose points to the right.
    """
    picture = np.take(volume, number, axis=AXES[plane][2]).T[::-1]
    return picture if plane == "sagittal" else picture[:, ::-1]


def planes(
    volume: np.ndarray,
    affine: np.ndarray,
    at: Sequence[int],
    mask: np.ndarray | None = None,
    headline: str = "",
) -> Figure:
    """Draw the three slices through a voxel, in true proportions.

    Parameters
    ----------
    volume : ndarray of uint8, (x, y, z)
        Axes to the patient's right, front and top (RAS).
    affine : ndarray of float, (4, 4)
        Voxels to mm.
    at : sequence of int, (3,)
        The voxel. Thin lines show in each slice where the other two cut it.
    mask : ndarray of bool, (x, y, z), optional
        Outlined where it holds anything.
    """
    sizes = voxel_sizes(affine)
    extents = np.array(volume.shape) * sizes
    widths = [extents[AXES[plane][0]] for plane in PLANES]
    heights = [extents[AXES[plane][1]] for plane in PLANES]
    scale = 9.0 / sum(widths)
    figure, grid = plt.subplots(
        1, 3, figsize=(9.2, scale * max(heights) + 0.7), width_ratios=widths
    )
    figure.get_layout_engine().set(w_pad=0.02, wspace=0)
    for axes, plane in zip(grid, PLANES, strict=True):
        across, down, through = AXES[plane]
        outline = None if mask is None else cut(mask, plane, at[through])
        draw_slice(axes, cut(volume, plane, at[through]), outline, plane)
        axes.set_aspect(sizes[down] / sizes[across])
        column = at[across] if plane == "sagittal" else volume.shape[across] - 1 - at[across]
        line = {"color": OKABE_ITO["sky"], "linewidth": 0.7, "alpha": 0.8}
        axes.axvline(column, **line)
        axes.axhline(volume.shape[down] - 1 - at[down], **line)
        place = affine[through, :3] @ at + affine[through, 3]
        axes.set_title(f"{plane}, {'xyz'[through]} = {place:.0f} mm", size=10, weight="normal")
    headlined(figure, headline)
    return figure


def proportions(
    pictures: Sequence[tuple[str, np.ndarray, float]], plane: str, headline: str
) -> Figure:
    """Draw slices side by side, each with pixels of its own proportions.

    Parameters
    ----------
    pictures : sequence of (str, ndarray of uint8, float)
        Title, picture, and how many times as high as wide a pixel is.
    plane : str
    """
    shapes = [(picture.shape[1], picture.shape[0] * high) for _, picture, high in pictures]
    scale = 9.0 / sum(width for width, _ in shapes)
    figure, grid = plt.subplots(
        1,
        len(pictures),
        figsize=(9.2, scale * max(height for _, height in shapes) + 0.7),
        width_ratios=[width for width, _ in shapes],
    )
    for axes, (title, picture, high) in zip(grid, pictures, strict=True):
        draw_slice(axes, picture, plane=plane)
        axes.set_aspect(high)
        axes.set_title(title, size=10, weight="normal")
    headlined(figure, headline)
    return figure


def votes(
    patients: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
    class_names: Sequence[str],
    headline: str,
) -> Figure:
    """Draw what each slice of a patient votes for, from the bottom of the head to its top.

    Parameters
    ----------
    patients : mapping of str to (positions, probabilities, shows)
        Title to the positions in mm, (slices,); the probabilities, (slices, classes); and whether
        the lesion is in the slice, bool (slices,), shaded.
    class_names : sequence of str
    """
    figure, row = plt.subplots(1, len(patients), figsize=(9.2, 3.6), sharey=True, squeeze=False)
    for axes, (title, (positions, probabilities, shows)) in zip(
        row[0], patients.items(), strict=True
    ):
        if shows.any():
            half = np.diff(positions).mean() / 2
            low, high = positions[shows][[0, -1]]
            axes.axvspan(low - half, high + half, color=OUTLINE, alpha=0.35, linewidth=0)
        for column, name in enumerate(class_names):
            axes.plot(positions, probabilities[:, column], color=COLOURS[name], label=spoken(name))
        axes.set_title(title, size=11, color=INK)
        axes.set(xlabel="height of the slice (mm)", ylim=(0, 1.02))
    row[0, 0].set_ylabel("probability")
    row[0, 0].yaxis.set_major_formatter(PercentFormatter(1))
    handles, names = row[0, 0].get_legend_handles_labels()
    handles.append(plt.Rectangle((0, 0), 1, 1, color=OUTLINE, alpha=0.35))
    figure.legend(
        handles, [*names, "lesion is here"], loc="outside lower center", ncols=5, fontsize=10
    )
    headlined(figure, headline)
    return figure
