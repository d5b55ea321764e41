"""Figures of the web app's gate: each function takes data and returns the figure."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.plots import INK, OKABE_ITO, PALE

MARKS = {
    "validation slices": ("o", OKABE_ITO["sky"]),
    "test slices": ("o", OKABE_ITO["blue"]),
    "noise": ("^", OKABE_ITO["vermilion"]),
    "gradients": ("s", OKABE_ITO["orange"]),
    "pages": ("D", OKABE_ITO["purple"]),
}


@plots.look()
def gate(
    found: Mapping[str, Mapping[str, np.ndarray]], limits: Mapping[str, float], headline: str
) -> Figure:
    """Draw what :func:`.ood.distances` returns for each kind in :data:`MARKS`, and the limits."""
    figure, axes = plt.subplots(figsize=(8, 4.6))
    dots = {"linestyle": "none", "markersize": 4, "markeredgewidth": 0, "alpha": 0.6}
    for name, both in found.items():
        mark, colour = MARKS[name]
        axes.plot(both["picture"], both["features"], mark, color=colour, label=name, **dots)
    axes.set_xscale("log")
    # Distances differ a hundredfold: plain numbers are read more easily than powers of ten.
    axes.xaxis.set_major_formatter("{x:g}")
    across, up = limits["picture"], limits["features"]
    axes.axvline(across, **plots.DASHED | {"color": INK})
    axes.axhline(up, **plots.DASHED | {"color": INK})
    left, bottom = axes.get_xlim()[0], axes.get_ylim()[0]
    axes.fill_between([left, across], bottom, up, color=PALE, alpha=0.18, zorder=0)
    axes.text(left * 1.05, up * 0.97, "answered", va="top", color=INK, weight="bold")
    axes.set(xlim=(left, None), xlabel="distance in plain numbers (standard deviations)")
    axes.set(ylim=(bottom, None), ylabel="distance in features")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.6)
    return plots.headlined(figure, headline)
