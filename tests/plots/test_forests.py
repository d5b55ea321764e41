"""Estimates stand where they belong, and their intervals end where they end."""

import numpy as np

from course_utils import plots
from course_utils.evaluation.intervals import Estimate


def intervals(axes) -> list[list[float]]:
    """Both ends of every interval, in order."""
    paths = [path for lines in axes.collections for path in lines.get_paths()]
    return [path.vertices[:, 0].tolist() for path in paths]


def test_estimates_are_in_order_with_their_intervals():
    rows = {"first": Estimate(0.5, 0.4, 0.6), "second": Estimate(0.8, 0.7, 0.9)}
    figure = plots.estimates(rows, "Two numbers", "accuracy", chance=0.25)
    (axes,) = figure.axes
    assert axes.yaxis_inverted() and axes.get_yticks().tolist() == [0, 1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert intervals(axes) == [[0.4, 0.6], [0.7, 0.9]]
    dots, chance = axes.lines
    assert dots.get_xydata().tolist() == [[0.5, 0], [0.8, 1]]
    assert chance.get_xdata() == [0.25, 0.25]


def test_compared_draws_a_line_for_each_competitor_in_each_row():
    rows = {
        "hits": {"one": Estimate(0.5, 0.4, 0.6), "other": Estimate(0.2, 0.1, 0.3)},
        "share": {"one": Estimate(0.3, 0.2, 0.7)},
    }
    figure = plots.compared(rows, "share", "headline", ("chance", 0.25))
    (axes,) = figure.axes
    one, other, chance = axes.lines
    assert one.get_xdata().tolist() == [0.5, 0.3] and other.get_xdata().tolist() == [0.2]
    # The first row is at the top, and in it the first competitor.
    assert axes.yaxis_inverted()
    assert one.get_ydata()[0] < other.get_ydata()[0] < 0.5 < one.get_ydata()[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["hits", "share"]
    assert intervals(axes) == [[0.4, 0.6], [0.2, 0.7], [0.1, 0.3]]
    assert chance.get_xdata() == [0.25, 0.25]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "other", "chance"]
    assert len({line.get_color() for line in axes.lines}) == 3
    plots.png(figure)


def test_four_competitors_have_four_colours():
    row = {str(number): Estimate(0.1 * number, 0, 0.5) for number in range(4)}
    (axes,) = plots.compared({"hits": row}, "share", "headline").axes
    assert len({line.get_color() for line in axes.lines}) == 4


def test_differences_lie_around_zero_and_carry_their_sign():
    rows = {"early": Estimate(-0.12, -0.2, -0.04), "late": Estimate(0.03, -0.01, 0.08)}
    figure = plots.differences(rows, "difference", "headline")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["-12.0%", "+3.0%"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["early", "late"]
    assert intervals(axes) == [[-0.2, -0.04], [-0.01, 0.08]]
    assert axes.lines[-1].get_xdata() == [0, 0]
    low, high = axes.get_xlim()
    assert low < -0.2 and high > 0.08 and np.isfinite([low, high]).all()
    plots.png(figure)


def test_no_difference_at_all_can_be_drawn():
    plots.png(plots.differences({"a": Estimate(0.0, 0.0, 0.0)}, "difference", "headline"))


def test_intervals_do_not_reach_past_their_ends():
    for figure in (
        plots.estimates({"all": Estimate(1.0, 0.9, 1.0)}, "h", "x"),
        plots.differences({"all": Estimate(0.1, 0.0, 0.2)}, "x", "h"),
        plots.compared({"all": {"one": Estimate(1.0, 0.9, 1.0)}}, "x", "h"),
    ):
        # A projecting cap would make the line longer by half its width at either end.
        assert {lines.get_capstyle() for lines in figure.axes[0].collections} == {"butt"}


def test_no_competitor_is_left_out():
    row = {str(number): Estimate(0.1 * number, 0, 0.5) for number in range(6)}
    (axes,) = plots.compared({"hits": row}, "share", "headline").axes
    assert [line.get_label() for line in axes.lines] == list(row)
