"""The laboratories show what their controls say, and explain what cannot be shown."""

import dataclasses

import numpy as np
import pytest

from course_utils import plots, widgets
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset


@pytest.fixture
def data(table) -> Dataset:
    """Two groups of two slices for each class; all but notumor have a square lesion."""
    masks = np.zeros((16, 128, 128), bool)
    for row in np.flatnonzero(table["label"] != "notumor"):
        # The second slice of a group has the larger lesion.
        masks[row, 20:40, 20 : 30 + 20 * (row % 2)] = True
    images = np.where(masks, 200, 40).astype(np.uint8)
    return Dataset("practice", {"t1ce": images}, masks, table)


def test_augmentation_lab_draws_the_slice_and_eight_draws(data, explored):
    widgets.augmentation_lab(data)
    figure, says = explored["draw"](**explored["values"]())
    assert len(figure.axes) == 9
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), data.images[1])
    assert "glioma" in says and "up to 15°" in says and "flipped" in says
    assert "The lesion keeps" in says
    plots.png(figure)


def test_augmentation_lab_with_all_knobs_at_zero_changes_nothing(data, explored):
    widgets.augmentation_lab(data)
    still = explored["values"]() | {"rotation": 0, "zoom": 0, "flip": False}
    figure, says = explored["draw"](**still)
    np.testing.assert_array_equal(figure.axes[5].images[0].get_array(), data.images[1])
    assert "keeps 100% to 100%" in says
    plots.png(figure)


def test_augmentation_lab_says_when_a_lesion_leaves_the_picture(data, explored):
    widgets.augmentation_lab(data)
    far = explored["values"]() | {"zoom": 90, "rotation": 0}
    told = []
    for draw in range(1, 4):
        figure, says = explored["draw"](**far | {"draw": draw})
        told.append("out of the picture" in says)
        plots.png(figure)
    assert any(told)


def test_augmentation_lab_works_without_masks(data, explored):
    widgets.augmentation_lab(dataclasses.replace(data, masks=None))
    figure, says = explored["draw"](**explored["values"]())
    assert "lesion" not in says
    plots.png(figure)


def test_kernel_lab_shows_the_feature_map_of_the_kernel(data, explored):
    widgets.kernel_lab(data)
    same = explored["values"]() | {"numbers": "0 0 0\n0 2 0\n0 0 0"}
    figure, says = explored["draw"](**same)
    np.testing.assert_allclose(
        figure.axes[2].images[0].get_array(), 2 * (data.images[1] / 255), rtol=1e-5
    )
    assert "add up to 2" in says
    plots.png(figure)


def test_kernel_lab_relu_takes_the_negative_away(data, explored):
    widgets.kernel_lab(data)
    figure, says = explored["draw"](**explored["values"]() | {"relu": True})
    assert figure.axes[2].images[0].get_array().min() == 0
    assert "after ReLU: from 0.00" in says
    plots.png(figure)


def test_kernel_lab_fills_in_the_chosen_kernel(data, explored):
    widgets.kernel_lab(data)
    controls = explored["controls"]
    controls["recipe"].value = "sharpen"
    assert controls["numbers"].value.split() == ["0", "-1", "0", "-1", "5", "-1", "0", "-1", "0"]


@pytest.mark.parametrize("text", ["", "1 2 3", "a b c\n0 0 0\n0 0 0", "1 2\n3 4", "nan 0 0\n" * 3])
def test_kernel_lab_explains_what_is_no_kernel(data, explored, text):
    widgets.kernel_lab(data)
    with pytest.raises(CourseError, match="three lines of three numbers"):
        explored["draw"](**explored["values"]() | {"numbers": text})


def test_the_laboratories_take_any_slices(own_data, explored):
    for lab in (widgets.augmentation_lab, widgets.kernel_lab):
        lab(own_data)
        figure, says = explored["draw"](**explored["values"]())
        assert "kind 0" in says
        shown = figure.axes[0].images[0].get_array()
        height, width = own_data.images.shape[1:3]
        # A kernel has one sheet, so it is shown what it sees: how bright the slice is.
        colours = own_data.images.shape[3:] if lab is widgets.augmentation_lab else ()
        assert shown.shape == (height, width, *colours)
        plots.png(figure)
