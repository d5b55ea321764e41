"""Figures keep the course's look, and other figures theirs; classes keep their colours."""

import dataclasses
from io import BytesIO

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from course_utils import plots
from course_utils.evaluation.intervals import Estimate
from course_utils.plots import style

NAMES = ("glioma", "meningioma", "notumor", "pituitary")


def drawn():
    return plots.png(plots.estimates({"a": Estimate(0.5, 0.4, 0.6)}, "says", "x"))


def test_show_gives_a_picture_with_alternative_text_and_the_sentence(monkeypatch):
    displayed = []
    monkeypatch.setattr(style, "display", displayed.append)
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
    figure.savefig(file, format="png", dpi=style.DPI)
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
    colours = [plots.OKABE_ITO[name] for name in ("vermilion", "blue", "green", "purple")]
    assert plots.colours(NAMES) == dict(zip(NAMES, colours, strict=True))
    assert plots.colours(reversed(NAMES)) == plots.colours(NAMES), "in any order"


def test_a_reader_s_own_settings_stay_and_do_not_leak_in():
    plain = drawn()
    own = {"font.size": 30, "axes.facecolor": "black", "figure.constrained_layout.use": False}
    with matplotlib.rc_context(own | {"savefig.facecolor": "red", "xtick.color": "white"}):
        before = dict(matplotlib.rcParams)
        assert drawn() == plain
        assert dict(matplotlib.rcParams) == before
        figure, axes = plt.subplots()
        assert axes.get_facecolor() == (0, 0, 0, 1)
        assert figure.get_layout_engine() is None


def test_the_look_stays_out_of_a_reader_s_process_when_drawing_fails():
    before = dict(matplotlib.rcParams)
    with pytest.raises(ValueError):
        plots.outcomes({"too": 1, "few": 2}, "")
    assert dict(matplotlib.rcParams) == before


def test_other_classes_get_colours_that_nobody_has():
    mixed = plots.colours(["cat", "glioma", "dog"])
    assert mixed["glioma"] == plots.colours(NAMES)["glioma"]
    assert len(set(mixed.values())) == 3
    assert set(mixed.values()) <= set(plots.OKABE_ITO.values())


def test_however_many_classes_there_are_their_colours_differ():
    colours = [*plots.colours(f"class {number}" for number in range(24)).values()]
    assert colours[:7] == [*plots.OKABE_ITO.values()][:7], "all but yellow, which outlines lesions"
    rgb = np.array([matplotlib.colors.to_rgb(colour) for colour in colours])
    apart = np.abs(rgb[:, None] - rgb).max(axis=2)[~np.eye(24, dtype=bool)]
    assert apart.min() > 0.08


def test_names_of_classes_are_said_as_people_say_them():
    assert plots.spoken("notumor") == "no tumor"
    assert plots.spoken("low_grade_glioma") == "low grade glioma"
    assert plots.wrapped("a_rather_long_name_of_a_class") == "a rather long name of a\nclass"
