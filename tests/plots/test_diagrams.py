"""Drawn diagrams say which side is which, and show the numbers that they were given."""

import numpy as np
from matplotlib.colors import to_hex

from course_utils import plots
from course_utils.plots.diagrams import CUTS, PARTS
from course_utils.plots.pictures import LETTERS


def test_planes_have_letters_names_and_the_cuts_of_the_other_two():
    figure = plots.planes("Three planes")
    for axes in figure.axes:
        plane = axes.get_title(loc="left")
        texts = {text.get_text(): text for text in axes.texts}
        right, left, above, below = (texts[letter].get_position() for letter in LETTERS[plane])
        assert right[0] < 0 < left[0] and below[1] < 0 < above[1]
        cuts = {to_hex(colour) for lines in axes.collections for colour in lines.get_color()}
        assert cuts == {colour.lower() for other, colour in CUTS.items() if other != plane}
    plots.png(figure)


def test_every_slice_is_a_square_in_the_colour_of_its_part():
    groups = [["training", "test"], ["validation"], ["training"]]
    ways = {"mixed": groups, "whole": [["test"], ["test"]]}
    mixed, whole = plots.dealt_out(ways, "Dealt out").axes
    drawn = {bars.get_label(): [bar.get_xy() for bar in bars] for bars in mixed.containers}
    assert {part: len(bars) for part, bars in drawn.items()} == {
        "training": 2, "validation": 1, "test": 1,
    }  # fmt: skip
    assert np.allclose(drawn["test"], (-0.4, 1.07)), "the second slice of the first group"
    colours = {bars.get_label(): bars[0].get_facecolor() for bars in mixed.containers}
    assert {part: to_hex(colour) for part, colour in colours.items()} == {
        part: colour.lower() for part, colour in PARTS.items()
    }
    assert sum(len(bars) for bars in whole.containers) == 2


def test_a_descent_is_drawn_in_the_valley_and_by_step():
    walk = [0, 0.5, 0.75], [1, 0.25, 0.06]
    figure = plots.descent(([0, 1, 2], [1, 0, 1]), {"some rate": walk}, "Down")
    left, right = figure.axes
    assert left.lines[1].get_xydata().tolist() == list(map(list, zip(*walk, strict=True)))
    assert right.lines[0].get_xydata().tolist() == [[0, 1], [1, 0.25], [2, 0.06]]
    plots.png(figure)
