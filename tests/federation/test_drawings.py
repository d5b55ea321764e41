"""Figures of a federation say what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.federation import drawings

NAMES = ("glioma", "meningioma", "notumor", "pituitary")


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_mixes_are_bars_of_patients():
    counts = np.array([[10, 20, 0, 5], [1, 0, 40, 0]])
    figure = drawings.mixes(counts, ["A", "B"], NAMES, "who")
    axes = figure.axes[0]
    assert sum(bar.get_width() for bar in axes.patches) == counts.sum()
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["hospital A", "hospital B"]
    said = texts(axes)
    assert {"35", "41"} <= set(said), "the sums"
    assert "0" not in said, "an empty bar has no number"
    # A comes first, at the top.
    assert axes.yaxis_inverted() and axes.patches[0].get_y() < axes.patches[1].get_y()


def test_kernels_share_one_scale():
    found = {"first": np.full((3, 3), 0.5), "second": np.full((3, 3), -2.0)}
    figure = drawings.kernels(found, "kernels")
    for axes, (name, kernel) in zip(figure.axes, found.items(), strict=True):
        assert axes.get_title(loc="left") == name
        assert texts(axes) == [f"{kernel[0, 0]:.2f}"] * 9
        assert axes.images[0].get_clim() == (-2, 2)


def test_a_matrix_has_a_percentage_in_each_cell():
    shares = np.array([[0.5, 0.25], [0.0, 0.75]])
    axes = drawings.matrix(shares, ["a", "b"], "m").axes[0]
    assert texts(axes) == ["50%", "25%", "0%", "75%"]
    assert [text.get_weight() for text in axes.texts] == ["bold", "normal", "normal", "bold"]
    assert axes.images[0].get_clim() == (0, 1)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]
