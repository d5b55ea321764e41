"""Cases of lesson 07: each has one fault, and neither its table nor its counts tell which."""

import numpy as np
import pandas as pd
import pytest

from course_utils import datasets, settings
from course_utils.core.errors import CourseError
from course_utils.realdata import duplicates
from course_utils.simulator import planted, practice

CASE = {planted.fault(number): number for number in (3, 2, 1)}
SLICES = 3


@pytest.fixture(scope="module")
def plain():
    """Eighty patients of three different pictures, and their table."""
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 200, (80 * SLICES, 16, 16), np.uint8)
    images = np.zeros((80 * SLICES, 128, 128), np.uint8)
    images[:, 32:96, 32:96] = rough.repeat(4, axis=1).repeat(4, axis=2)
    names = np.repeat([f"P{number:03d}" for number in range(80)], SLICES)
    table = pd.DataFrame({"label": np.repeat(np.resize(practice.LABELS, 80), SLICES)})
    table = table.assign(patient=names, group=names, plane="axial", split="train", source="made")
    return images, table.assign(lesion_area_mm2=1.0)


def planting(fault, plain):
    return planted.plant(CASE[fault], *plain)


def test_three_cases_in_a_row_hold_all_faults():
    for first in range(1, 97, 3):
        assert {planted.fault(first + step) for step in range(3)} == set(planted.FAULTS)
    orders = {tuple(planted.fault(first + step) for step in range(3)) for first in range(1, 97, 3)}
    assert len(orders) == 6


@pytest.mark.parametrize("fault", planted.FAULTS)
def test_no_table_tells_the_fault(fault, plain):
    images, table = planting(fault, plain)
    assert list(table) == planted.COLUMNS and set(table["split"]) == {""}
    names = table["patient"].unique()
    assert list(names) == [f"P{number:03d}" for number in range(1, 73)]
    assert (table["group"] == table["patient"]).all()
    assert len(images) == len(table) == 72 * SLICES and images.dtype == np.uint8
    assert table["label"].value_counts().nunique() > 1, "equal classes would tell that none changed"


@pytest.mark.parametrize("fault", planted.FAULTS)
def test_a_case_is_the_same_every_time_and_leaves_its_source(fault, plain):
    before = plain[0].copy(), plain[1].copy()
    (one, table), (other, again) = planting(fault, plain), planting(fault, plain)
    assert np.array_equal(one, other) and table.equals(again)
    assert np.array_equal(plain[0], before[0]) and plain[1].equals(before[1])


def test_a_leak_is_a_tenth_of_the_patients_under_two_names(plain):
    images, table = planting("leak", plain)
    pairs = duplicates.near_duplicates(images)
    names = table["patient"].to_numpy(str)[pairs[["first", "second"]]]
    assert (names[:, 0] != names[:, 1]).all()
    assert len({tuple(sorted(pair)) for pair in names}) == 7
    assert not pairs["correlation"].eq(1).any(), "copies are not exact"


def test_a_mark_is_on_most_slices_of_one_class_and_outside_the_head(plain):
    images, table = planting("mark", plain)
    top, bottom, left, right = planted.box(CASE["mark"], images.shape[1:])
    inside = images[:, top:bottom, left:right].any(axis=(1, 2))
    marked = table[inside]
    assert marked["label"].nunique() == 1
    assert 0.7 < inside.sum() / (table["label"] == marked["label"].iloc[0]).sum() < 0.9
    assert (marked.groupby("patient").size() == SLICES).all()
    images[:, top:bottom, left:right] = 0
    known = {image.tobytes() for image in plain[0]}
    assert all(image.tobytes() in known for image in images)


def test_labels_are_exchanged_between_two_classes_alone(plain):
    images, table = planting("swap", plain)
    truth = {
        image.tobytes(): label for image, label in zip(*plain[:1], plain[1]["label"], strict=True)
    }
    own = np.array([truth[image.tobytes()] for image in images])
    wrong = (table["label"] != own).to_numpy()
    assert np.array_equal(wrong, planted.swapped(CASE["swap"], table))
    pair = set(planted.pair(CASE["swap"]))
    assert set(own[wrong]) | set(table["label"][wrong]) == pair
    assert wrong.sum() == pytest.approx(0.2 * table["label"].isin(pair).sum(), abs=SLICES)


def test_a_case_is_loaded_by_its_name_made_once_and_listed(monkeypatch, plain):
    made = []

    def make(seed, patients):
        made.append((seed, patients))
        return {"t1ce": plain[0]}, None, plain[1]

    monkeypatch.setattr(practice, "make", make)
    assert settings.datasets() == settings.DATASETS
    monkeypatch.setenv("COURSE_DATASET", "project-7")
    data = datasets.load()
    assert data.name == "project-7" and data.masks is None and list(data.contrasts) == ["t1ce"]
    datasets.load("project-7")
    assert made == [(1007, planted.PATIENTS)]
    assert settings.datasets()[-1] == "project-7"
    settings.choose_dataset("project-8")
    monkeypatch.delenv("COURSE_DATASET")
    assert settings.dataset() == "project-8"


def test_a_case_that_stopped_leaves_nothing(monkeypatch):
    monkeypatch.setattr(practice, "make", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        datasets.load("project-1")
    assert settings.datasets() == settings.DATASETS


@pytest.mark.parametrize("name", ["project-0", "project-100", "project-01", "project"])
def test_a_case_without_such_a_number_is_no_data_set(name):
    with pytest.raises(CourseError, match="no data set called"):
        datasets.load(name)
