"""The explorers of the error analysis show what their controls say."""

import dataclasses

import numpy as np
import pytest

from course_utils import plots, widgets
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset


@pytest.fixture
def data(table) -> Dataset:
    """Sixteen slices in eight groups, four of each class, a grey value of its own each."""
    masks = np.zeros((16, 128, 128), bool)
    masks[:12, 20:40, 20:40] = True
    images = np.arange(16, dtype=np.uint8)[:, None, None] * np.ones((128, 128), np.uint8)
    return Dataset("practice", {"t1ce": images}, masks, table)


@pytest.fixture
def probabilities(data):
    """All right, but slices 1 and 3 are gliomas called meningioma, 3 more confidently."""
    chances = np.full((16, 4), 0.1) + 0.6 * np.eye(4)[data.labels]
    chances[1] = [0.3, 0.6, 0.05, 0.05]
    chances[3] = [0.1, 0.8, 0.05, 0.05]
    return chances


def test_the_browser_begins_with_the_most_confident_mistake(data, probabilities, explored):
    widgets.error_browser(data, probabilities)
    controls = explored["controls"]
    assert controls["number"].max == 2
    figure, says = explored["draw"](**explored["values"]())
    assert figure.axes[0].images[0].get_array().max() == 3
    assert "Slice 1 of 2" in says and "80% to meningioma and 10% to glioma" in says
    plots.png(figure)
    figure, says = explored["draw"](**explored["values"]() | {"number": 2})
    assert figure.axes[0].images[0].get_array().max() == 1
    assert "group g0, axial" in says
    plots.png(figure)


def test_the_browser_begins_with_what_is_most_frequent(data, probabilities, explored):
    right = 0.1 + 0.6 * np.eye(4)[data.labels]
    widgets.error_browser(data, right)
    start = explored["values"]()
    assert (start["true"], start["predicted"]) == ("glioma", "glioma")
    probabilities[12:15] = right[0]
    widgets.error_browser(data, probabilities)
    start = explored["values"]()
    assert (start["true"], start["predicted"]) == ("pituitary", "glioma")


def test_choosing_another_cell_offers_its_slices(data, probabilities, explored):
    widgets.error_browser(data, probabilities)
    controls = explored["controls"]
    controls["number"].value = 2
    controls["predicted"].value = "glioma"
    assert (controls["number"].value, controls["number"].max) == (1, 2)
    controls["true"].value = "meningioma"
    with pytest.raises(CourseError, match="No meningioma is called glioma"):
        explored["draw"](**explored["values"]())


def test_the_browser_lays_heat_and_outline_over_the_slice(data, probabilities, explored):
    widgets.error_browser(data, probabilities, maps=np.ones((16, 128, 128)))
    on = explored["values"]() | {"heat": True}
    figure, _ = explored["draw"](**on)
    assert len(figure.axes[0].images) == 2
    assert len(figure.axes[0].collections) == 1
    plots.png(figure)
    figure, _ = explored["draw"](**on | {"heat": False, "outline": False})
    assert len(figure.axes[0].images) == 1 and not figure.axes[0].collections
    plots.png(figure)


def test_the_browser_works_without_masks_and_planes(data, probabilities, explored):
    bare = dataclasses.replace(data, masks=None, table=data.table.assign(plane="unknown"))
    widgets.error_browser(bare, probabilities)
    figure, says = explored["draw"](**explored["values"]())
    assert "group g1. The" in says
    assert explored["controls"]["outline"].layout.display == "none"
    plots.png(figure)


def test_referral_counts_all_four_outcomes(data, probabilities, explored):
    groups = data.table["group"]
    widgets.referral(data.labels, probabilities, groups)
    assert explored["controls"]["threshold"].min == 0.25, "the confidence of a guess"
    figure, says = explored["draw"](threshold=0.65)
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    # Answered: fourteen right ones at 70% and the mistake at 80%; referred: the one at 60%.
    assert widths == [14, 1, 0, 1]
    assert "15 of 16 slices are answered, 1 referred" in says and "93.3%" in says
    plots.png(figure)
    figure, says = explored["draw"](threshold=0.99)
    assert "0 of 16 slices are answered, 16 referred." in says and "right" not in says
    plots.png(figure)


def test_the_browser_works_for_two_classes(data, explored):
    table = data.table.assign(label=["low_grade"] * 10 + ["high_grade"] * 6)
    graded = dataclasses.replace(data, table=table, class_names=("high_grade", "low_grade"))
    widgets.error_browser(graded, np.full((16, 2), 0.5))
    figure, says = explored["draw"](**explored["values"]())
    assert "are low grade and are called high grade" in says
    plots.png(figure)


def test_the_browser_takes_any_slices(own_data, explored):
    chances = np.random.default_rng(0).dirichlet(np.ones(len(own_data.class_names)), len(own_data))
    widgets.error_browser(own_data, chances, np.ones(own_data.images.shape[:3]))
    figure, says = explored["draw"](**explored["values"]() | {"heat": True})
    assert says.startswith("Slice 1 of") and "are called kind" in says
    slice_, heat = figure.axes[0].images
    assert slice_.get_array().shape == own_data.images.shape[1:]
    plots.png(figure)
