"""Figures say what they show, keep their colours, and draw what they are given."""

import dataclasses
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from course_utils import datasets, plots
from course_utils.datasets import Dataset
from course_utils.evaluation.intervals import Estimate


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    labels = np.repeat(datasets.CLASS_NAMES, 6)
    table = pd.DataFrame({"label": labels, "plane": np.resize(["axial", "sagittal"], 24)})
    table["group"] = np.repeat([f"P{n}" for n in range(12)], 2)
    masks = np.zeros((24, 128, 128), bool)
    masks[:18, 40:60, 50:70] = True
    return Dataset("made up", {"t1ce": rng.integers(0, 256, masks.shape, np.uint8)}, masks, table)


def letters(axes):
    return "".join(text.get_text() for text in axes.texts)


def test_show_gives_a_picture_with_alternative_text_and_the_sentence(monkeypatch):
    displayed = []
    monkeypatch.setattr(plots, "display", displayed.append)
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    plots.show(figure, "A line goes up.")
    picture, words = displayed
    data, metadata = picture._repr_png_()
    assert metadata["alt"] == "A line goes up."
    assert words.data == "A line goes up."
    assert not plt.get_fignums(), "the figure is closed"


def test_pictures_are_small_and_look_the_same(data):
    ramps = np.broadcast_to(np.arange(0, 256, 2, dtype=np.uint8), data.images.shape)
    data = dataclasses.replace(data, contrasts={"t1ce": ramps})
    figure = plots.contact_sheet(data, np.arange(24).reshape(4, 6), "Greys and lines", True)
    file = BytesIO()
    figure.savefig(file, format="png", dpi=plots.DPI)
    small = plots.png(figure)
    pixels, exact = (
        np.asarray(Image.open(png).convert("RGB")).astype(int) for png in (BytesIO(small), file)
    )
    assert Image.open(BytesIO(small)).mode == "P", "colours are counted"
    assert np.abs(pixels - exact).max() <= 18, "lines keep their colour beside many greys"
    assert (pixels[0, 0] == 255).all(), "white stays white"


def test_the_same_figure_gives_the_same_file():
    files = [plots.png(plots.estimates({"a": Estimate(0.5, 0.4, 0.6)}, "", "x")) for _ in "ab"]
    assert files[0] == files[1]


def test_every_class_has_its_own_colour_of_the_colour_blind_safe_set():
    assert set(plots.COLOURS) == set(datasets.CLASS_NAMES)
    assert len(set(plots.COLOURS.values())) == 4
    assert set(plots.COLOURS.values()) <= set(plots.OKABE_ITO.values())


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
        ends = dict(zip(plots.LETTERS[plane], towards, strict=True))
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
    assert [n.get_color() for n in names] == list(plots.COLOURS.values())
    assert len(figure.axes) == 16
    assert sum(bool(axes.collections) for axes in figure.axes) == 12
    bare = plots.contact_sheet(data, rows, "All", outlines=False)
    assert not any(axes.collections for axes in bare.axes)


def test_pixels_shows_the_numbers_of_the_last_slice(data):
    figure = plots.pixels(data.images[:2], ["axial", ""], ["one", "two"], (60, 40), "Numbers")
    patch = figure.axes[-1]
    numbers = [int(text.get_text()) for text in patch.texts]
    assert numbers == data.images[1][60:68, 40:48].ravel().tolist()
    (square,) = figure.axes[1].patches
    assert square.get_xy() == (39.5, 59.5)


def test_estimates_are_in_order_with_their_intervals():
    rows = {"first": Estimate(0.5, 0.4, 0.6), "second": Estimate(0.8, 0.7, 0.9)}
    figure = plots.estimates(rows, "Two numbers", "accuracy", chance=0.25)
    (axes,) = figure.axes
    top = axes.get_yticklabels()[-1].get_text()
    heights = dict(
        zip((t.get_text() for t in axes.get_yticklabels()), axes.get_yticks(), strict=True)
    )
    assert top == "first"
    drawn = {tuple(line.get_xdata()): line.get_ydata()[0] for line in axes.lines}
    assert drawn[0.4, 0.6] == heights["first"]
    assert drawn[0.7, 0.9] == heights["second"]
    assert (0.25, 0.25) in drawn


def test_counts_tell_slices_from_groups(data):
    figure = plots.counts(data.table, "Who")
    slices, groups, sizes = figure.axes
    assert [bar.get_width() for bar in slices.patches] == [6, 6, 6, 6]
    assert [bar.get_width() for bar in groups.patches] == [3, 3, 3, 3]
    assert [bar.get_height() for bar in sizes.patches] == [12]


def test_sizes_leave_out_what_is_unknown(data):
    size = pd.Series(np.arange(24.0)).where(data.table["label"] != "notumor")
    figure = plots.sizes_and_greys(data, size, "mm²", "Sizes")
    left, right = figure.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["pituitary", "meningioma", "glioma"]
    medians = [float(text.get_text()) for text in left.texts]
    assert medians == [20.5, 8.5, 2.5]
    assert len(right.lines) == 4
    assert right.lines[0].get_ydata().sum() == pytest.approx(1)
