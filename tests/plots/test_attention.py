"""Figures of attention draw the weights that they are given."""

import numpy as np

from course_utils import plots
from course_utils.datasets import CLASS_NAMES


def test_channels_come_sorted_by_how_far_the_classes_differ():
    weights = np.full((4, 3), 0.5)
    weights[1, 2], weights[0, 0] = 0.9, 0.6
    figure = plots.channels(weights, CLASS_NAMES, "headline")
    drawn = figure.axes[0].images[0]
    np.testing.assert_allclose(drawn.get_array(), weights[:, [2, 0, 1]])
    assert drawn.get_clim() == (0, 1)
    names = figure.axes[0].get_yticklabels()
    assert [name.get_text() for name in names][2] == "no tumor"
    assert names[0].get_color() == plots.COLOURS["glioma"]
    plots.png(figure)


def test_places_have_their_weight_in_per_cent_and_a_grid_over_the_slice():
    weights = np.zeros((4, 4))
    weights[1, 2], weights[3, 0], weights[0, 0] = 0.7, 0.297, 0.003
    image, mask = np.full((128, 128), 90, np.uint8), np.zeros((128, 128), bool)
    figure = plots.places(image, weights, "headline", mask, "axial")
    left, right = figure.axes
    texts = {text.get_position(): text.get_text() for text in right.texts}
    assert texts[2, 1] == "70" and texts[0, 3] == "30"
    assert texts[0, 0] == "·" and texts[3, 3] == "·"
    assert len(left.lines) == 6
    assert left.lines[0].get_ydata()[0] == 31.5, "places are 32 pixels high"
    plots.png(figure)
