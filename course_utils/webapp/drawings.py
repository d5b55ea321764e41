"""Figures of the web app's gate: each function takes data and returns the figure."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.plots import INK, OKABE_ITO, PALE, headlined

MARKS = {
    "validation slices": ("o", OKABE_ITO["sky"]),
    "test slices": ("o", OKABE_ITO["blue"]),
    "noise": ("^", OKABE_ITO["vermilion"]),
    "gradients": ("s", OKABE_ITO["orange"]),
    "pages": ("D", OKABE_ITO["purple"]),
}


def gate(
    found: Mapping[str, Mapping[str, np.ndarray]], limits: Mapping[str, float], headline: str
) -> Figure:
    """Draw both distances of every picture, and the limits that they must not pass.

    Parameters
    ----------
    found : mapping of str to mapping
        Kind of picture, one of :data:`MARKS`, to what :func:`course_utils.webapp.ood.distances`
        returns.
    limits : mapping of str to float
    """
    figure, axes = plt.subplots(figsize=(8, 4.6))
    for name, both in found.items():
        mark, colour = MARKS[name]
        axes.plot(
            both["picture"],
            both["features"],
            mark,
            color=colour,
            markersize=4,
            alpha=0.6,
            label=name,
            linestyle="none",
            markeredgewidth=0,
        )
    axes.set_xscale("log")
    # Distances differ a hundredfold: plain numbers are read more easily than powers of ten.
    axes.xaxis.set_major_formatter("{x:g}")
    axes.axvline(limits["picture"], color=INK, linestyle="--", linewidth=1.5)
    axes.axhline(limits["features"], color=INK, linestyle="--", linewidth=1.5)
    left, bottom = axes.get_xlim()[0], axes.get_ylim()[0]
    axes.fill_between(
        [left, limits["picture"]], bottom, limits["features"], color=PALE, alpha=0.18, zorder=0
    )
    axes.text(
        left * 1.05, limits["features"] * 0.97, "answered", va="top", color=INK, weight="bold"
    )
    axes.set(xlim=(left, None), ylim=(bottom, None))
    axes.set(
        xlabel="distance in plain numbers (standard deviations)", ylabel="distance in features"
    )
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.6)
    headlined(figure, headline)
    return figure
