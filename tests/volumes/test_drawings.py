"""Planes through a volume are turned, cut and proportioned as a radiologist expects."""

import numpy as np
import pytest

from course_utils import plots
from course_utils.plots import pictures
from course_utils.volumes import drawings

AFFINE = np.array([[2.0, 0, 0, -10], [0, 2, 0, -20], [0, 0, 6, -30], [0, 0, 0, 1]])


@pytest.fixture
def volume():
    return np.random.default_rng(0).integers(0, 255, (10, 12, 6), dtype=np.uint8)


@pytest.mark.parametrize(
    ("plane", "number", "corner", "across", "down"),
    [
        # Where the picture's upper left corner comes from, and its right and lower neighbours.
        ("axial", 4, (9, 11, 4), (8, 11, 4), (9, 10, 4)),
        ("coronal", 7, (9, 7, 5), (8, 7, 5), (9, 7, 4)),
        ("sagittal", 3, (3, 0, 5), (3, 1, 5), (3, 0, 4)),
    ],
)
def test_cuts_are_radiological(volume, plane, number, corner, across, down):
    picture = drawings.cut(volume, plane, number)
    assert picture[0, 0] == volume[corner]
    assert picture[0, 1] == volume[across]
    assert picture[1, 0] == volume[down]


def test_planes_meet_in_the_voxel_and_have_true_proportions(volume):
    mask = np.zeros(volume.shape, bool)
    mask[3:6, 7:9, 4] = True
    at = (3, 7, 4)
    figure = drawings.planes(volume, AFFINE, at, mask, "headline")
    assert len(figure.axes) == 3
    for axes in figure.axes:
        column, row = axes.lines[0].get_xdata()[0], axes.lines[1].get_ydata()[0]
        assert axes.images[0].get_array()[row, column] == volume[at]
    assert [axes.get_aspect() for axes in figure.axes] == [1, 3, 3]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["axial, z = -6 mm", "coronal, y = -6 mm", "sagittal, x = -4 mm"]
    letters = ["".join(text.get_text() for text in axes.texts) for axes in figure.axes]
    assert letters == [pictures.LETTERS[plane] for plane in ("axial", "coronal", "sagittal")]
    assert all(axes.collections for axes in figure.axes)
    plots.png(figure)
    bare = drawings.planes(volume, AFFINE, at)
    assert not any(axes.collections for axes in bare.axes)
    plots.png(bare)


def test_proportions_are_those_given(volume):
    picture = volume[:, :, 2]
    figure = drawings.proportions(
        [("one", picture, 1), ("two", picture, 3)], "sagittal", "headline"
    )
    assert [axes.get_aspect() for axes in figure.axes] == [1, 3]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["one", "two"]
    plots.png(figure)


def test_votes_shade_the_lesion_and_draw_a_line_a_class():
    positions = np.arange(-20.0, 20, 8)
    chances = np.full((5, 4), 0.25)
    shows = np.array([False, True, True, False, False])
    figure = drawings.votes(
        {"a": (positions, chances, shows), "b": (positions, chances, ~shows & shows)},
        ("glioma", "meningioma", "notumor", "pituitary"),
        "headline",
    )
    with_lesion, without = figure.axes
    (shade,) = with_lesion.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (-16, 0)
    assert not without.patches
    assert len(with_lesion.lines) == len(without.lines) == 4
    assert figure.legends[0].get_texts()[2].get_text() == "no tumor"
    plots.png(figure)
