"""Data sets can be chosen where they can be used, and leafed through whatever is known of them."""

import asyncio

import numpy as np
import pandas as pd
import pytest

from course_utils import datasets, plots, settings, widgets
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.widgets.controls import PAUSE

NAMES = ("glioma", "meningioma", "notumor", "pituitary")


@pytest.fixture
def data():
    """Twelve patients with three slices each: two axial ones and a coronal one."""
    labels = np.repeat(NAMES, 9)
    patients = np.repeat([f"P{n:02d}" for n in range(12)], 3)
    table = pd.DataFrame({"label": labels, "patient": patients, "group": patients})
    table["plane"] = np.resize(["axial", "axial", "coronal"], 36)
    images = np.broadcast_to(np.arange(36, dtype=np.uint8)[:, None, None], (36, 128, 128))
    masks = np.zeros((36, 128, 128), bool)
    masks[table["label"] != "notumor", :64, :64] = True
    return Dataset("made up", {"t1ce": images, "flair": 255 - images}, masks, table)


def controls(box):
    return {child.description: child for child in box.children[0].children}


def says(box):
    return box.children[-1].value.split("<p")[1].split(">", 1)[1].removesuffix("</p>")


def settle(change):
    """Change controls inside a running event loop, as a kernel has one, and let it draw."""

    async def inside():
        change()
        await asyncio.sleep(4 * PAUSE)

    asyncio.run(inside())


def test_the_slice_explorer_offers_what_fits_and_shows_it(shown, data):
    widgets.slice_explorer(data)
    (box,) = shown
    knobs = controls(box)
    assert list(knobs["patient"].options) == ["P00", "P01", "P02"]
    assert knobs["slice"].max == 2
    assert says(box).startswith("Patient P00, glioma: axial slice 1 of 2, t1ce.")
    assert "covers 25.0%" in says(box)

    def change():
        knobs["class"].value = "pituitary"
        knobs["plane"].value = "coronal"
        knobs["patient"].value = "P10"
        knobs["contrast"].value = "flair"

    settle(change)
    assert says(box).startswith("Patient P10, pituitary: coronal slice 1 of 1, flair.")
    assert list(knobs["patient"].options) == ["P09", "P10", "P11"]


def test_the_slice_explorer_can_hide_the_outline(shown, data, monkeypatch):
    outlines = []
    monkeypatch.setattr(plots, "draw_slice", lambda axes, image, mask, plane: outlines.append(mask))
    widgets.slice_explorer(data)
    knobs = controls(shown[0])
    settle(lambda: setattr(knobs["outline the lesion"], "value", False))
    assert outlines[0].any()
    assert outlines[1] is None


def test_the_slice_explorer_starts_where_it_is_asked_to(shown, data, monkeypatch):
    outlines = []
    monkeypatch.setattr(plots, "draw_slice", lambda axes, image, mask, plane: outlines.append(mask))
    widgets.slice_explorer(data, "meningioma", outlined=False)
    widgets.slice_explorer(data, "no such class")
    assert ", meningioma:" in says(shown[0]) and ", glioma:" in says(shown[1])
    assert outlines[0] is None and outlines[1] is not None
    assert not controls(shown[0])["outline the lesion"].value


def test_the_slice_explorer_does_without_patients_planes_and_masks(shown, data):
    table = data.table.assign(patient=pd.NA, plane="unknown")
    bare = Dataset("bare", {"t1ce": data.images}, None, table)
    widgets.slice_explorer(bare)
    (box,) = shown
    knobs = controls(box)
    hidden = [name for name, knob in knobs.items() if knob.layout.display == "none"]
    assert hidden == ["plane", "contrast", "outline the lesion"]
    assert says(box) == "Group P00, glioma: slice 2 of 3, t1ce."


def test_every_control_can_be_reached_by_the_keyboard(shown, data):
    widgets.slice_explorer(data)
    for knob in controls(shown[0]).values():
        assert not knob.disabled
        # The widgets of hosted notebooks can all be reached.
        assert getattr(knob, "tabbable", None) is not False


def test_the_selector_remembers_a_choice(shown, own_data_folder):
    datasets.folder_of("kaggle").mkdir(parents=True)
    widgets.dataset_selector()
    choice, words = shown[0].children
    assert list(choice.options) == ["practice", "kaggle"]
    assert "practice data" in words.value
    choice.value = "kaggle"
    assert settings.dataset() == "kaggle"
    assert "use the kaggle data" in words.value


def test_the_selector_offers_only_what_is_here(shown):
    widgets.dataset_selector()
    choice, words = shown[0].children
    assert list(choice.options) == ["practice"]
    assert "course data download" in words.value


def test_the_selector_offers_every_data_set_that_is_here(shown, save_tiny):
    for name in ("figshare", "kaggle-v2", "moths"):
        save_tiny(name)
    widgets.dataset_selector()
    choice, words = shown[0].children
    assert list(choice.options) == ["practice", "kaggle-v2", "figshare", "moths"]
    assert "course data download</code>" in words.value and "--name NAME" in words.value
    for name, said in (
        ("figshare", "patients and lesions are known"),
        ("kaggle-v2", "figures do not compare"),
        ("moths", "8 slices of 4 classes (glioma, meningioma, no tumor, pituitary), whose"),
    ):
        choice.value = name
        assert said in words.value and settings.dataset() == name
    assert "the figshare data is not" not in words.value


def test_a_named_set_that_cannot_be_read_does_not_stop_the_selector(shown, save_tiny):
    save_tiny("moths")
    settings.choose_dataset("moths")
    (datasets.folder_of("moths") / "table.csv").write_text("<b>")
    widgets.dataset_selector()
    choice, words = shown[0].children
    assert choice.value == "moths" and "import the data again" in words.value


def test_the_selector_says_what_a_case_is_before_it_is_made(shown, monkeypatch):
    monkeypatch.setenv("COURSE_DATASET", "project-7")
    widgets.dataset_selector()
    choice, words = shown[0].children
    assert choice.value == "project-7" and "one fault is planted in it" in words.value


def test_the_selector_gives_way_to_the_environment(shown, monkeypatch):
    monkeypatch.setenv("COURSE_DATASET", "kaggle")
    widgets.dataset_selector()
    choice, words = shown[0].children
    assert choice.disabled
    assert "COURSE_DATASET=kaggle" in words.value


def test_a_blank_variable_does_not_lock_the_selector(shown, monkeypatch):
    monkeypatch.setenv("COURSE_DATASET", "")
    widgets.dataset_selector()
    choice, words = shown[0].children
    assert not choice.disabled and "COURSE_DATASET" not in words.value


def test_the_selector_is_words_on_paper(shown, monkeypatch):
    monkeypatch.setattr(settings, "static", lambda: True)
    widgets.dataset_selector()
    assert "practice data" in shown[0].data


def test_the_slice_explorer_shows_colours_of_any_size_and_their_patients(explored, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "draw_slice", lambda axes, image, mask, plane: drawn.append(image))
    table = pd.DataFrame({"label": ["rose", "rose", "tulip"], "group": ["7", "7", "8"]})
    table["patient"], table["plane"] = table["group"], "unknown"
    images = np.random.default_rng(0).integers(0, 255, (3, 96, 96, 3), np.uint8)
    flowers = Dataset("flowers", {"picture": images}, None, table)
    widgets.slice_explorer(flowers)
    assert explored["controls"]["group"].description == "patient"
    _, says = explored["draw"](**explored["values"]())
    assert says == "Patient 7, rose: slice 1 of 2, picture."
    assert np.array_equal(drawn[0], images[0])


def test_the_slice_explorer_works_for_any_classes(explored):
    table = pd.DataFrame(
        {"label": ["wolf", "red_fox", "wolf"], "patient": pd.NA, "group": list("abc")}
    )
    table["plane"] = ["sagittal", "unknown", "axial"]
    images = np.zeros((3, 128, 128), np.uint8)
    animals = Dataset("animals", {"t1ce": images}, None, table, ("badger", "red_fox", "wolf"))
    widgets.slice_explorer(animals)
    assert [name for name, _ in explored["controls"]["label"].options] == ["red fox", "wolf"]
    figure, says = explored["draw"](**explored["values"]())
    assert says == "Group b, red fox: slice 1 of 1, t1ce.", "where the first class is"
    plots.png(figure)
    with pytest.raises(CourseError, match="No slice is red fox and axial"):
        explored["draw"](**explored["values"]() | {"plane": "axial", "group": ""})
