"""Figures that compare draw each estimate where it belongs."""

import numpy as np
import pytest

from course_utils import plots
from course_utils.evaluation.intervals import Estimate


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
    assert one.get_ydata()[0] > other.get_ydata()[0] > 0.5 > one.get_ydata()[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["share", "hits"]
    ends = [path.vertices[:, 0].tolist() for path in axes.collections[0].get_paths()]
    assert ends == [[0.4, 0.6], [0.2, 0.7]]
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
    assert [text.get_text() for text in axes.texts] == ["+3.0%", "-12.0%"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["late", "early"]
    spans = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2]
    assert [list(span) for span in spans] == [[-0.01, 0.08], [-0.2, -0.04], [0, 0]]
    low, high = axes.get_xlim()
    assert low < -0.2 and high > 0.08 and np.isfinite([low, high]).all()
    plots.png(figure)


@pytest.mark.parametrize("rows", [{"a": Estimate(0.0, 0.0, 0.0)}])
def test_no_difference_at_all_can_be_drawn(rows):
    plots.png(plots.differences(rows, "difference", "headline"))
