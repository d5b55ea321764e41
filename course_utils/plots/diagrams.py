"""Drawn diagrams: how a head is cut and what lies in it, how slices are dealt out, a descent."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy.interpolate import make_interp_spline

from course_utils.plots.pictures import LETTERS
from course_utils.plots.style import INK, LINES, OKABE_ITO, PALE, headlined, look

CUTS = {
    "axial": OKABE_ITO["orange"], "coronal": OKABE_ITO["sky"], "sagittal": OKABE_ITO["black"],
}  # fmt: skip
PARTS = {
    "training": OKABE_ITO["sky"], "validation": OKABE_ITO["orange"], "test": OKABE_ITO["black"],
}  # fmt: skip
SKIN, BRAIN, HIND, FLUID, GLAND = "#f0e2d0", "#d3d3d3", "#b5b5b5", "#5f7f9f", OKABE_ITO["purple"]
# Closed outlines in centimetres: x to the right of the picture, y upwards.
HEADS = {
    "axial": (
        (SKIN, [(0, 10.2), (1.2, 9.2), (5.2, 7.6), (7.7, 1), (6.3, -6), (0, -9), (-6.3, -6),
                (-7.7, 1), (-5.2, 7.6), (-1.2, 9.2)]),
        (BRAIN, [(0, 7.8), (4.4, 6.3), (6.5, 0.5), (5.3, -5.4), (0, -7.6), (-5.3, -5.4),
                 (-6.5, 0.5), (-4.4, 6.3)]),
        (FLUID, [(0.3, 0.5), (1.2, 3.2), (0.8, 0.3), (1.9, -3.2), (0.6, -1.2)]),
        (FLUID, [(-0.3, 0.5), (-1.2, 3.2), (-0.8, 0.3), (-1.9, -3.2), (-0.6, -1.2)]),
    ),
    "coronal": (
        (SKIN, [(0, 9), (5.4, 7.2), (7.6, 1.5), (6.4, -4.5), (4.4, -9), (0, -9.8), (-4.4, -9),
                (-6.4, -4.5), (-7.6, 1.5), (-5.4, 7.2)]),
        (BRAIN, [(0, 7.6), (4.6, 6.2), (6.5, 1.5), (5.8, -3), (3.2, -3.7), (1.5, -2.6), (0, -2.3),
                 (-1.5, -2.6), (-3.2, -3.7), (-5.8, -3), (-6.5, 1.5), (-4.6, 6.2)]),
        (FLUID, [(0.3, 1.4), (1.9, 2.8), (1.4, 1.2), (0.4, 0.4)]),
        (FLUID, [(-0.3, 1.4), (-1.9, 2.8), (-1.4, 1.2), (-0.4, 0.4)]),
        (GLAND, [(0, -2.3), (0.3, -2.9), (0.9, -3.3), (0.6, -4), (0, -4.2), (-0.6, -4),
                 (-0.9, -3.3), (-0.3, -2.9)]),
    ),
    "sagittal": (
        (SKIN, [(0, 9), (6, 7), (8.6, 2.5), (9, -0.8), (10.6, -3.6), (9.1, -4.6), (9.2, -6.6),
                (8, -9), (4.5, -9.4), (2, -9.6), (-3.5, -9.8), (-5, -7), (-8.3, -3), (-8.8, 2.5),
                (-6, 7.2)]),
        (BRAIN, [(0, 7.6), (5, 5.8), (7.3, 1.5), (5.8, -1.6), (2, -2.2), (-2.5, -1.2), (-7, -1.4),
                 (-7.6, 2.2), (-5.2, 6)]),
        (HIND, [(-2.4, -1.7), (-5.6, -1.9), (-6.6, -3.9), (-4.6, -5.5), (-2.6, -4.4)]),
        (HIND, [(0.2, -1.8), (-1.8, -1.6), (-2.2, -4.5), (-2.6, -9.2), (-1.2, -9.2), (-0.6, -4.8),
                (0.4, -3.6)]),
        (FLUID, [(3.2, 1.6), (0.5, 3), (-3.2, 1.4), (-0.5, 2)]),
        (GLAND, [(2.4, -2.2), (2.7, -2.7), (3.3, -3.1), (3, -3.9), (2.4, -4.1), (1.8, -3.9),
                 (1.5, -3.1), (2.1, -2.7)]),
    ),
}  # fmt: skip
# What to name in a plane: the words, the place they point to, and where they stand.
NAMES = {
    "axial": (("brain", (-4, -3.4), (-8.6, -12.4)), ("skull and scalp", (5.9, -5.6), (7, -12.4))),
    "coronal": (
        ("falx", (0, 5.4), (-8, 10.6)), ("ventricles", (1.4, 1.9), (8.4, 10.6)),
        ("membranes", (-5.9, -2.7), (-7.4, -12.4)), ("pituitary gland", (0.4, -3.7), (7, -12.4)),
    ),
    "sagittal": (
        ("cerebellum", (-5.2, -4.4), (-8, -12.4)), ("brain stem", (-1.7, -7.4), (-5, -14.6)),
        ("pituitary gland", (2.4, -3.9), (7, -12.4)),
    ),
}  # fmt: skip
LETTERED = (-10.6, 0, "right"), (10.6, 0, "left"), (0, 11.6, "center"), (0, -11.2, "center")
# Where the other two planes cut it: upright or level, and at which coordinate.
CROSSED = {
    "axial": {"coronal": ("level", -0.4), "sagittal": ("upright", 0.35)},
    "coronal": {"axial": ("level", 2.2), "sagittal": ("upright", 0.35)},
    "sagittal": {"axial": ("level", 2.2), "coronal": ("upright", -0.4)},
}


@look()
def planes(headline: str) -> Figure:
    """Draw a head cut in the three planes, with letters, names, and where the other two cut it."""
    figure, row = plt.subplots(1, 3, figsize=(9.6, 4.2))
    for axes, (plane, shapes) in zip(row, HEADS.items(), strict=True):
        axes.set(xlim=(-12.5, 12.5), ylim=(-15, 12.6), aspect="equal")
        axes.set_axis_off()
        for colour, corners in shapes:
            outline = INK if colour in (SKIN, BRAIN) else "none"
            axes.fill(*_rounded(corners), color=colour, ec=outline, lw=1.2 + (colour == BRAIN))
        if plane != "sagittal":
            top, bottom = (7.6, -7.4) if plane == "axial" else (7.5, 2.9)
            axes.plot((0, 0), (top, bottom), color=INK, linewidth=2)
        for other, (way, place) in CROSSED[plane].items():
            line = axes.hlines if way == "level" else axes.vlines
            line(place, -9.9, 9.9, color=CUTS[other], linestyle=(0, (4, 2)), linewidth=2.2)
        for letter, (x, y, ha) in zip(LETTERS[plane], LETTERED, strict=True):
            axes.text(x, y, letter, ha=ha, va="center", size=17, weight="bold")
        for words, there, here in NAMES[plane]:
            axes.annotate(words, there, here, ha="center", size=11, arrowprops={"arrowstyle": "-"})
        axes.set_title(plane, color=CUTS[plane], size=15)
    return headlined(figure, headline)


@look()
def dealt_out(ways: Mapping[str, Sequence[Sequence[str]]], headline: str) -> Figure:
    """Draw a column a group and a square a slice, in the colour of its part, for each split.

    The parts are called training, validation and test.
    """
    figure, row = plt.subplots(1, len(ways), figsize=(9.6, 3.6), sharey=True, squeeze=False)
    for (title, groups), axes in zip(ways.items(), row[0], strict=True):
        for part, colour in PARTS.items():
            at = [(x, y) for x, own in enumerate(groups) for y, one in enumerate(own)
                  if one == part]  # fmt: skip
            x, y = np.reshape(at, (-1, 2)).T
            axes.bar(x, 0.86, 0.8, y + 0.07, color=colour, label=part)
        axes.set(title=title, xticks=[], yticks=[], xlabel="a column is a group")
        axes.spines[:].set_visible(False)
    row[0, 0].set_ylabel("a square is a slice")
    figure.legend(*row[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return headlined(figure, headline)


@look()
def descent(valley: Sequence, walks: Mapping[str, Sequence], headline: str) -> Figure:
    """Draw losses over a weight, and walks down into that valley: weights and losses, by step."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.6), sharey=True)
    left.plot(*valley, color=PALE)
    for (name, (weights, losses)), colour in zip(walks.items(), LINES, strict=False):
        left.plot(weights, losses, "o-", color=colour, markersize=5, linewidth=1)
        right.plot(losses, "o-", color=colour, markersize=5, linewidth=1, label=name)
    left.set(xlabel="weight", ylabel="loss")
    right.set(xlabel="step")
    right.legend()
    return headlined(figure, headline)


def _rounded(corners: Sequence[tuple[float, float]]) -> np.ndarray:
    """A closed smooth line through corners: x and y."""
    closed = np.array([*corners, corners[0]], float)
    return make_interp_spline(range(len(closed)), closed, bc_type="periodic")(
        np.linspace(0, len(corners), 200)
    ).T
