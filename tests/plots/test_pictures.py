"""Pictures of slices are turned, outlined and named as they should be."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils import plots
from course_utils.plots.pictures import LETTERS

NAMES = ("glioma", "meningioma", "notumor", "pituitary")


def letters(axes):
    return "".join(text.get_text() for text in axes.texts)


@pytest.mark.parametrize(
    ("plane", "expected"),
    [("axial", "RLAP"), ("coronal", "RLSI"), ("sagittal", "PASI"), ("unknown", ""), ("", "")],
)
def test_letters_tell_the_sides(plane, expected):
    axes = plt.figure().add_subplot()
    plots.draw_slice(axes, np.zeros((128, 128), np.uint8), plane=plane)
    assert letters(axes) == expected
    places = {text.get_text(): text.get_position() for text in axes.texts}
    if expected:
        left, right, top, bottom = (places[letter] for letter in expected)
        assert left[0] < 0.1 < 0.9 < right[0]
        assert bottom[1] < 0.1 < 0.9 < top[1]


def test_letters_agree_with_the_practice_data(practice):
    """The pituitary gland lies low in the head and before its middle, on no side of it."""
    for plane, sides in (("axial", "A"), ("coronal", "I"), ("sagittal", "AI")):
        rows = (practice.table["plane"] == plane) & (practice.table["label"] == "pituitary")
        _, y, x = np.nonzero(practice.masks[np.flatnonzero(rows)])
        towards = {"left": 64 - x.mean(), "right": x.mean() - 64}
        towards |= {"top": 64 - y.mean(), "bottom": y.mean() - 64}
        ends = dict(zip(LETTERS[plane], towards, strict=True))
        for letter in sides:
            assert towards[ends[letter]] > 3, f"{letter} in {plane}"


def test_the_lesion_is_outlined_where_there_is_one():
    mask = np.zeros((128, 128), bool)
    axes = plt.figure().add_subplot()
    plots.draw_slice(axes, np.zeros((128, 128), np.uint8), mask)
    assert not axes.collections
    mask[40:60, 50:70] = True
    plots.draw_slice(axes, np.zeros((128, 128), np.uint8), mask)
    (outline,) = axes.collections
    box = outline.get_paths()[0].get_extents()
    assert box.extents == pytest.approx([49.5, 39.5, 69.5, 59.5])


def test_grey_is_not_stretched():
    axes = plt.figure().add_subplot()
    plots.draw_slice(axes, np.full((128, 128), 100, np.uint8))
    assert axes.images[0].get_clim() == (0, 255)


def test_slices_stand_in_rows_with_their_titles(data):
    figure = plots.slices(
        data.images[:5],
        [f"slice {n}" for n in range(5)],
        data.masks[:5],
        data.table["plane"][:5],
        headline="Five slices",
        columns=3,
    )
    assert [axes.get_title("left") for axes in figure.axes] == [f"slice {n}" for n in range(5)]
    assert [letters(axes) for axes in figure.axes] == ["RLAP", "PASI", "RLAP", "PASI", "RLAP"]
    assert all(axes.collections for axes in figure.axes)
    assert figure.get_suptitle() == "Five slices"


def test_a_contact_sheet_has_a_named_row_a_class(data):
    rows = np.arange(24).reshape(4, 6)[:, :4]
    figure = plots.contact_sheet(data, rows, "All", outlines=True)
    first = [axes for axes in figure.axes if axes.get_subplotspec().colspan.start == 0]
    names = [axes.texts[-1] for axes in first]
    assert [n.get_text() for n in names] == ["glioma", "meningioma", "no tumor", "pituitary"]
    assert [n.get_color() for n in names] == list(plots.colours(NAMES).values())
    assert len(figure.axes) == 16
    assert sum(bool(axes.collections) for axes in figure.axes) == 12
    bare = plots.contact_sheet(data, rows, "All", outlines=False)
    assert not any(axes.collections for axes in bare.axes)


def test_heat_marks_the_hottest_place_and_leaves_cold_maps_alone():
    images = np.full((2, 8, 8), 90, np.uint8)
    maps = np.zeros((2, 8, 8))
    maps[0, 3, 5] = 1
    masks = np.zeros((2, 8, 8), bool)
    masks[0, 2:5, 4:7] = True
    figure = plots.heat(images, {"Grad-CAM": maps}, ["one", "two"], "headline", masks)
    above, _, hot, cold = figure.axes
    assert above.get_title(loc="left") == "one"
    assert hot.lines[0].get_xydata().tolist() == [[5, 3]]
    assert len(hot.images) == 2
    assert len(cold.images) == 1 and not cold.lines
    plots.png(figure)


def test_feature_maps_stand_in_a_row_for_each_layer():
    image = np.zeros((16, 16), np.uint8)
    maps = {"layer 1": np.random.default_rng(0).random((8, 8, 3)), "layer 2": np.zeros((4, 4, 2))}
    figure = plots.feature_maps(image, maps, "h")
    drawn = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(drawn) == 1 + 3 + 2
    np.testing.assert_array_equal(drawn[2], maps["layer 1"][..., 1])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert "layer 1, 8 x 8 pixels" in titles


def test_colour_pictures_are_drawn_as_they_are():
    axes = plt.figure().add_subplot()
    colours = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    plots.draw_slice(axes, colours, np.eye(8, dtype=bool), "axial")
    np.testing.assert_array_equal(axes.images[0].get_array(), colours)
    plots.png(plots.slices([colours, colours[..., 0]], ["colours", "grey"]))


def test_a_contact_sheet_has_room_for_twelve_long_names(twelve):
    figure = plots.contact_sheet(twelve, np.arange(72).reshape(12, 6)[:, :3], "Twelve", True)
    figure.draw_without_rendering()
    names = [axes.texts[-1].get_window_extent() for axes in figure.axes[::3]]
    assert not any(a.overlaps(b) for a, b in zip(names, names[1:], strict=False))
    assert figure.bbox.x0 <= min(name.x0 for name in names)
    plots.png(figure)


def test_any_slices_are_drawn_as_they_are(own_data):
    images, names = own_data.images, own_data.class_names
    sheet = np.arange(len(images)).reshape(-1, len(names)).T[:, :2]
    maps = np.random.default_rng(0).random((2, *images.shape[1:3]))
    chances = dict.fromkeys(names, 1 / len(names))
    sizes = own_data.table["bytes"].astype(float)
    feature_maps = {"conv1": np.ones((4, 4, 2))}
    for figure in (
        plots.slices(images[:2], ["a", "b"]),
        plots.contact_sheet(own_data, sheet, "h", True),
        plots.heat(images[:2], {"heat": maps}, ["a", "b"], "h"),
        plots.feature_maps(images[0], feature_maps, "h"),
        plots.answer(images[0], chances, names[0], heat=maps[0]),
        plots.places(images[0], np.full((4, 4), 1 / 16), "h"),
        plots.pixels(images[:1], [""], [""], (30, 30), "h"),
        plots.sizes_and_greys(own_data, sizes, "file size", "h"),
        plots.counts(own_data.table, "h"),
    ):
        drawn = [image.get_array() for axes in figure.axes for image in axes.images]
        if drawn:
            np.testing.assert_array_equal(drawn[0], images[0])
        plots.png(figure)
