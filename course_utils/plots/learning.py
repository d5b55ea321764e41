"""Figures of how a network learns: each function takes data and returns the figure."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from course_utils.plots.base import INK, OKABE_ITO, PALE, draw_slice, headlined

# Lines that are no class of slices must not wear a class's colour.
LINES = (OKABE_ITO["black"], OKABE_ITO["orange"], OKABE_ITO["sky"])


def lines(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    xlabel: str,
    ylabel: str,
    headline: str,
    level: tuple[str, float] | None = None,
    log: bool = False,
) -> Figure:
    """Draw curves.

    Parameters
    ----------
    curves : mapping of str to (x, y)
    level : tuple of str and float, optional
        Name and height of a dashed line to compare with.
    log : bool
        Whether equal steps upwards multiply.
    """
    figure, axes = plt.subplots(figsize=(7.5, 3.4))
    for (name, (x, y)), colour in zip(curves.items(), LINES, strict=False):
        axes.plot(x, y, color=colour, label=name)
    if level is not None:
        name, height = level
        axes.axhline(height, color=PALE, linestyle="--", linewidth=1.5, zorder=0, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    if len(curves) > 1 or level is not None:
        axes.legend()
    headlined(figure, headline)
    return figure


def bars(values: Mapping[str, float], xlabel: str, headline: str, form: str = "{:,.2f}") -> Figure:
    """Draw a horizontal bar a value, with the number at its end."""
    figure, axes = plt.subplots(figsize=(7.5, 0.5 * len(values) + 1.1))
    names = list(values)[::-1]
    drawn = axes.barh(names, [values[name] for name in names], color=OKABE_ITO["sky"], height=0.6)
    axes.bar_label(drawn, fmt=form, padding=3)
    axes.set(xlabel=xlabel, xlim=(0, 1.15 * max(values.values())))
    axes.tick_params(axis="y", length=0)
    if max(values.values()) >= 10_000:
        # Matplotlib would write powers of ten into a corner.
        axes.xaxis.set_major_locator(plt.MaxNLocator(5))
        axes.xaxis.set_major_formatter("{x:,.0f}")
    headlined(figure, headline)
    return figure


def scatters(
    panels: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    xlabel: str,
    ylabel: str,
    headline: str,
) -> Figure:
    """Draw clouds of points side by side, on the same axes."""
    figure, row = plt.subplots(
        1, len(panels), figsize=(3.8 * len(panels), 3.3), sharex=True, sharey=True, squeeze=False
    )
    for axes, (title, (x, y)) in zip(row[0], panels.items(), strict=True):
        axes.scatter(x, y, s=14, color=OKABE_ITO["black"], alpha=0.6, linewidths=0)
        axes.set_title(title, size=11)
        axes.set_xlabel(xlabel)
    row[0][0].set_ylabel(ylabel)
    headlined(figure, headline)
    return figure


def convolution(image: np.ndarray, kernel: np.ndarray, feature_map: np.ndarray) -> Figure:
    """Draw a slice, a kernel with its numbers, and the feature map that the two make.

    Parameters
    ----------
    image : ndarray of uint8, (height, width)
    kernel : ndarray of float, (3, 3)
    feature_map : ndarray of float, (height, width)
        Drawn from blue (most negative) over white (zero) to red (most positive).
    """
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(8.5, 3.2), width_ratios=(1, 0.7, 1.13)
    )
    draw_slice(left, image)
    left.set_title("slice", size=11)
    _diverging(middle, kernel)
    for (row, column), weight in np.ndenumerate(kernel):
        strong = abs(weight) > 0.6 * np.abs(kernel).max()
        middle.text(
            column, row, f"{weight:.4g}"[:5], ha="center", va="center", size=12,
            color="white" if strong else "black",
        )  # fmt: skip
    middle.set_title("kernel", size=11)
    drawn = _diverging(right, feature_map)
    right.set_title("feature map", size=11)
    figure.colorbar(drawn, ax=right, shrink=0.8)
    return figure


def history(runs: Mapping[str, pd.DataFrame | Mapping], headline: str) -> Figure:
    """Draw loss and accuracy over the epochs: training dashed, validation solid.

    Parameters
    ----------
    runs : mapping of str to a history
        A history has the columns loss, val_loss, accuracy and val_accuracy, a row an epoch.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    for (name, run), colour in zip(runs.items(), LINES, strict=False):
        epochs = np.arange(1, len(run["loss"]) + 1)
        prefix = f"{name}, " if len(runs) > 1 else ""
        for axes, score in ((left, "loss"), (right, "accuracy")):
            axes.plot(epochs, run[score], color=colour, linestyle="--", label=f"{prefix}training")
            axes.plot(epochs, run[f"val_{score}"], color=colour, label=f"{prefix}validation")
    left.set(xlabel="epoch", title="loss (cross-entropy)", ylim=(0, None))
    right.set(xlabel="epoch", title="accuracy", ylim=(0, 1.02))
    right.yaxis.set_major_formatter(PercentFormatter(1))
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles, names = right.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=10)
    headlined(figure, headline)
    return figure


def feature_maps(image: np.ndarray, maps: Mapping[str, np.ndarray], headline: str) -> Figure:
    """Draw a slice and, a row a layer, some of the feature maps it causes.

    Parameters
    ----------
    image : ndarray of uint8, (height, width)
    maps : mapping of str to ndarray of float, (height, width, channels)
        Feature maps of each layer, after ReLU; each is drawn from its zero to its maximum.
    """
    shown = max(stack.shape[-1] for stack in maps.values())
    figure, grid = plt.subplots(
        len(maps), shown + 1, figsize=(1.05 * (shown + 1), 1.35 * len(maps) + 0.4), squeeze=False
    )
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.02, wspace=0, hspace=0)
    for axes in grid.flat:
        axes.set_axis_off()
    draw_slice(grid[0][0], image)
    for row, (name, stack) in zip(grid, maps.items(), strict=True):
        row[1].set_title(f"{name}, {stack.shape[0]} x {stack.shape[1]} pixels", size=9)
        for axes, feature_map in zip(row[1:], np.moveaxis(stack, -1, 0), strict=False):
            axes.imshow(feature_map, cmap="magma", vmin=0, vmax=max(feature_map.max(), 1e-6))
    headlined(figure, headline)
    return figure


def layers(table: pd.DataFrame, headline: str) -> Figure:
    """Draw, layer by layer, how many numbers a slice becomes and how many weights are learned.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a layer, with the columns layer, numbers and weights.
    """
    figure, panels = plt.subplots(1, 2, figsize=(9, 0.32 * len(table) + 1.2), sharey=True)
    for axes, column in zip(panels, ("numbers", "weights"), strict=True):
        drawn = axes.barh(table["layer"], table[column], color=OKABE_ITO["sky"], height=0.7)
        axes.bar_label(drawn, fmt="{:,.0f}", padding=3, size=9)
        axes.set(xticks=[], xlim=(0, 1.3 * table[column].max()))
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(length=0)
    panels[0].set_title("numbers that come out of it", size=11)
    panels[1].set_title("weights it learns", size=11)
    panels[0].invert_yaxis()
    headlined(figure, headline)
    return figure


def starts(figures: Mapping[str, Mapping], headline: str) -> Figure:
    """Draw what each start is worth: a panel a recipe, a dot a seed, a bar at the mean.

    Parameters
    ----------
    figures : mapping of str to mapping
        The figures of ``results/starts-kaggle.json``: "recipe, start, count" to mean and seeds,
        in percent.
    """
    table = pd.DataFrame(
        [(*name.split(", "), found["mean"], found["seeds"]) for name, found in figures.items()],
        columns=["recipe", "start", "count", "mean", "seeds"],
    )
    panels = list(dict.fromkeys(table["recipe"]))
    colours = dict(zip(dict.fromkeys(table["start"]), LINES, strict=False))
    figure, row = plt.subplots(1, len(panels), figsize=(3.2 * len(panels), 3.5), sharey=True)
    for axes, recipe in zip(row, panels, strict=True):
        here = table[table["recipe"] == recipe]
        counts, own = list(dict.fromkeys(here["count"])), list(dict.fromkeys(here["start"]))
        for _, one in here.iterrows():
            shift = 0.24 * (own.index(one["start"]) - (len(own) - 1) / 2)
            x, colour = counts.index(one["count"]) + shift, colours[one["start"]]
            axes.plot([x - 0.09, x + 0.09], [one["mean"]] * 2, color=colour, linewidth=3)
            axes.scatter([x] * len(one["seeds"]), one["seeds"], color=colour, s=16, alpha=0.6)
            axes.annotate(
                f"{one['mean']:.0f}", (x, max(one["seeds"])), (0, 4), ha="center", color=colour,
                textcoords="offset points", size=9,
            )  # fmt: skip
        axes.set_xticks(range(len(counts)), counts)
        axes.set_xlim(-0.55, len(counts) - 0.45)
        axes.set_title(recipe, size=11)
    row[0].set(ylabel="test slices right, %", ylim=(20, 102))
    handles = [plt.Line2D([], [], color=colour, linewidth=3) for colour in colours.values()]
    names = [f"from {start}" for start in colours]
    figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=10)
    headlined(figure, headline)
    return figure


def _diverging(axes: Axes, values: np.ndarray):
    """Draw numbers in blue below zero, white at zero, red above."""
    limit = max(float(np.abs(values).max()), 1e-6)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=INK)
    return axes.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit)
