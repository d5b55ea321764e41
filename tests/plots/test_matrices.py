"""Numbers in rows and columns are written in the cells whose shade they give."""

import numpy as np
import pandas as pd

from course_utils import plots

NAMES = ("glioma", "meningioma", "notumor", "pituitary")


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_pixels_shows_the_numbers_of_the_last_slice(data):
    figure = plots.pixels(data.images[:2], ["axial", ""], ["one", "two"], (60, 40), "Numbers")
    patch = figure.axes[-1]
    numbers = [int(text.get_text()) for text in patch.texts]
    assert numbers == data.images[1][60:68, 40:48].ravel().tolist()
    (square,) = figure.axes[1].patches
    assert square.get_xy() == (39.5, 59.5)


def test_confusion_writes_counts_and_shares_of_each_row():
    counts = np.arange(16).reshape(4, 4)
    counts[2] = 0
    figure = plots.confusion(pd.DataFrame(counts, NAMES, NAMES), "headline")
    (axes,) = figure.axes
    assert texts(axes)[7] == f"7\n{7 / 22:.0%}"
    # A class without slices has no shares, and no warning.
    assert texts(axes)[8] == "0\n0%"
    assert [label.get_text() for label in axes.get_yticklabels()][2] == "no tumor"
    assert axes.get_ylabel() == "true"
    plots.png(figure)


def test_convolution_shows_all_three_and_zero_is_white():
    image = np.full((8, 8), 100, np.uint8)
    kernel = np.arange(9.0).reshape(3, 3)
    feature_map = np.linspace(-1, 3, 64).reshape(8, 8)
    left, middle, right, _ = plots.convolution(image, kernel, feature_map).axes
    np.testing.assert_array_equal(left.images[0].get_array(), image)
    assert [text.get_text() for text in middle.texts] == [str(n) for n in range(9)]
    np.testing.assert_array_equal(right.images[0].get_array(), feature_map)
    assert right.images[0].get_clim() == (-3, 3)


def test_channels_come_sorted_by_how_far_the_classes_differ():
    weights = np.full((4, 3), 0.5)
    weights[1, 2], weights[0, 0] = 0.9, 0.6
    figure = plots.channels(weights, NAMES, "headline")
    drawn = figure.axes[0].images[0]
    np.testing.assert_allclose(drawn.get_array(), weights[:, [2, 0, 1]])
    assert drawn.get_clim() == (0, 1)
    names = figure.axes[0].get_yticklabels()
    assert [name.get_text() for name in names][2] == "no tumor"
    assert names[0].get_color() == plots.colours(NAMES)["glioma"]
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


def test_texts_are_dark_on_light_cells_and_light_on_dark_ones():
    axes = plots.confusion(pd.DataFrame([[9, 1], [5, 5]], list("ab"), list("ab")), "h").axes[0]
    assert [text.get_color() for text in axes.texts] == ["white", "black", "black", "black"]


def test_a_confusion_matrix_grows_with_its_classes(twelve):
    names = twelve.class_names
    counts = pd.DataFrame(np.arange(144).reshape(12, 12), names, names)
    figure = plots.confusion(counts, "Twelve classes")
    figure.draw_without_rendering()
    labels = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert not any(a.overlaps(b) for a, b in zip(labels, labels[1:], strict=False))
    plots.png(figure)
    plots.png(plots.channels(np.random.default_rng(0).random((12, 5)), names, "h"))


def test_pixels_in_colour_have_three_numbers_each():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    patch = plots.pixels([image], [""], ["one"], (60, 40), "Numbers").axes[-1]
    assert len(patch.texts) == 4 * 8, "at the edge there are fewer"
    red, green, blue = image[61, 42]
    assert texts(patch)[8 + 2] == f"{red}\n{green}\n{blue}"


def test_confusion_has_room_for_any_number_of_classes():
    for count in (2, 3, 5, 12, 16):
        names = [f"kind_{number}" for number in range(count)]
        figure = plots.confusion(pd.DataFrame(np.eye(count, dtype=int) * 100, names, names), "h")
        figure.draw_without_rendering()
        (axes,) = figure.axes
        boxes = [text.get_window_extent() for text in axes.texts]
        assert not any(a.overlaps(b) for a, b in zip(boxes, boxes[1:], strict=False))
        plots.png(figure)
