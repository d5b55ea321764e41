"""The figure of the gate."""

import numpy as np

from course_utils import plots
from course_utils.webapp import drawings


def test_the_gate_shows_every_kind_and_both_limits():
    rng = np.random.default_rng(0)
    found = {
        name: {"picture": rng.uniform(1, 50, 20), "features": rng.uniform(0.01, 1, 20)}
        for name in drawings.MARKS
    }
    figure = drawings.gate(found, {"picture": 6.0, "features": 0.2}, "A headline")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(found)
    ends = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2]
    assert 6.0 in ends
    assert axes.get_xscale() == "log"
    assert plots.png(figure)
