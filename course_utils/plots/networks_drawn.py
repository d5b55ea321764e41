"""Networks as drawings: boxes for layers, arrows for what goes from one to the next."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_utils.plots.style import INK, OKABE_ITO, PALE, headlined, look

BLUE, SAND, GREY = "#d5e8f5", "#fbe3c0", "#eeeeee"


@look()
def cnn_drawn(stages: Sequence[tuple[int, int]], classes: int, headline: str) -> Figure:
    """Draw a CNN's maps as stacks of squares, each stage its side in pixels and its channels.

    Squares are as large as the maps (but for the last ones, which would hardly be seen), and
    stacks as thick as there are channels; behind them come the pooled numbers and the classes.
    """
    figure, axes = _sheet(9, 3, 15.5, 5)
    left, widest, most = 0.2, max(side for side, _ in stages), max(count for _, count in stages)
    for number, (side, channels) in enumerate(stages):
        size = 2.4 * max(side / widest, 0.12)
        depth = 0.15 + 1.2 * channels / most
        sheets = 2 + round(8 * channels / most)
        for sheet in reversed(range(sheets)):
            shift = depth * sheet / sheets
            corner = left + shift, 2.2 - size / 2 + 0.5 * shift
            _box(axes, *corner, size, size, BLUE if number else GREY, rounded=False)
        words = f"{side} × {side}\n{channels} {'channels' if channels > 1 else 'channel'}"
        axes.text(left, 0.75, words, va="top", size=8, color=INK)
        end = left + size + depth
        left = end + 0.75 + (0.45 if size < 1 else 0)
        _arrow(axes, (end + 0.1, 2.3), (left - 0.1, 2.3))
    for words, height, colour in (
        (f"pooled:\n{stages[-1][1]}\nnumbers", 2.6, BLUE),
        (f"{classes}\nclasses", 1.5, SAND),
    ):
        _box(axes, left, 2.3 - height / 2, 1.25, height, colour, words)
        if colour == BLUE:
            _arrow(axes, (left + 1.3, 2.3), (left + 1.75, 2.3))
        left += 1.8
    axes.set_xlim(0, left)
    return headlined(figure, headline)


@look()
def transfer_drawn(cut: str, headline: str) -> Figure:
    """Draw two networks, trunk, cut and head: the head trained alone, and with a tail."""
    figure, axes = _sheet(9, 3.6, 15, 6)
    rows = (
        (3.7, "new head only", [("slice", 1.5, GREY), ("trunk: all borrowed layers", 7.6, BLUE),
                                ("head", 1.7, SAND), ("classes", 1.6, GREY)]),
        (1.1, "fine-tuned", [("slice", 1.5, GREY), (f"trunk: up to {cut}", 4.4, BLUE),
                             ("tail", 2.7, SAND), ("head", 1.7, SAND),
                             ("classes", 1.6, GREY)]),
    )  # fmt: skip
    for height, name, boxes in rows:
        axes.text(0.1, height + 1.5, name, weight="bold", size=10, color=INK)
        left = 0.1
        for number, (words, width, colour) in enumerate(boxes):
            _box(axes, left, height, width, 1.2, colour, words)
            end = left + width
            left = end + 0.5
            if number < len(boxes) - 1:
                _arrow(axes, (end + 0.05, height + 0.6), (left - 0.05, height + 0.6))
            # The trunk comes right behind the slice.
            if number == 1:
                middle = (end + left) / 2
                cutting = {"color": OKABE_ITO["vermilion"], "linestyle": "--", "linewidth": 2}
                axes.plot([middle] * 2, [height - 0.25, height + 1.45], **cutting)
                axes.text(middle, height + 1.55, "cut", ha="center", size=9, color=cutting["color"])
    keys = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in (BLUE, SAND)]
    names = ["frozen: stays as it was borrowed", "trained on our slices"]
    axes.legend(keys, names, loc="lower left", ncols=2, fontsize=9, bbox_to_anchor=(0, -0.06))
    return headlined(figure, headline)


@look()
def residual_drawn(headline: str) -> Figure:
    """Draw a plain block beside one whose input takes a shortcut past it and is added."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.2))
    for axes, shortcut in ((left, False), (right, True)):
        axes.set(xlim=(-2.6, 3.6), ylim=(-0.4, 7.4))
        axes.set_axis_off()
        axes.set_title("with a shortcut: x + F(x)" if shortcut else "plain: F(x)")
        _arrow(axes, (0, 7.2), (0, 6.2))
        axes.text(0.2, 6.85, "x", size=12, style="italic", color=INK)
        for height in (5.2, 3.4):
            _box(axes, -1.5, height, 3, 1, BLUE, "convolution, batch norm")
        _arrow(axes, (0, 5.2), (0, 4.4))
        _arrow(axes, (0, 3.4), (0, 2.6 if shortcut else 0.6))
        axes.text(0.2, 2.85, "F(x)", size=11, style="italic", color=INK)
        if shortcut:
            along = {"color": OKABE_ITO["vermilion"], "linewidth": 2.5}
            axes.plot([0, 2.2, 2.2], [6.65, 6.65, 2.2], **along)
            _arrow(axes, (2.2, 2.2), (0.4, 2.2), along["color"], 2.5)
            axes.text(2.35, 4.3, "shortcut:\nx as it is", size=9, color=along["color"])
            axes.text(0, 2.15, "+", ha="center", va="center", size=14, bbox=_round(SAND))
            _arrow(axes, (0, 1.8), (0, 0.6))
        axes.text(0.2, 0.75, "to the next block", size=9, color=INK)
    return headlined(figure, headline)


def _sheet(width: float, height: float, right: float, top: float) -> tuple[Figure, Axes]:
    """An empty sheet with places from 0 to ``right`` and to ``top``."""
    figure, axes = plt.subplots(figsize=(width, height))
    axes.set(xlim=(0, right), ylim=(0, top))
    axes.set_axis_off()
    return figure, axes


def _box(
    axes: Axes, x: float, y: float, width: float, height: float, colour: str,
    words: str = "", rounded: bool = True,
) -> None:  # fmt: skip
    style = "round,pad=0,rounding_size=0.12" if rounded else "square,pad=0"
    edges = {"facecolor": colour, "edgecolor": PALE, "linewidth": 1}
    axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, **edges))
    middle = {"ha": "center", "va": "center", "size": 9, "color": INK}
    axes.text(x + width / 2, y + height / 2, words, **middle)


def _arrow(axes: Axes, start, end, colour: str = INK, width: float = 1.2) -> None:
    line = {"arrowstyle": "->", "color": colour, "linewidth": width, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=line)


def _round(colour: str) -> dict:
    return {"boxstyle": "circle,pad=0.15", "facecolor": colour, "edgecolor": PALE}
