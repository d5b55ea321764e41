"""Answers are judged against the data at hand, in words, and solved exercises are remembered."""

import json

import numpy as np
import pandas as pd
import pytest

from course_utils import datasets, exercises, settings
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.exercises import checks


@pytest.fixture
def data():
    """Forty patients of three slices; every class has ten patients and another brightness."""
    labels = np.repeat(datasets.CLASS_NAMES, 30)
    patients = np.repeat([f"P{n:02d}" for n in range(40)], 3)
    table = pd.DataFrame({"label": labels, "patient": patients, "group": patients})
    table["plane"] = np.resize(["axial", "axial", "coronal"], 120)
    table["split"] = "train"
    grey = np.repeat([20, 60, 40, 50], 30).astype(np.uint8)
    images = np.broadcast_to(grey[:, None, None], (120, 8, 8))
    return Dataset("made up", {"t1ce": images}, None, table)


@pytest.fixture
def shown(monkeypatch, data):
    """What exercises display, as a list of texts."""
    texts = []
    monkeypatch.setattr(exercises, "display", lambda text: texts.append(text.data))
    monkeypatch.setattr(datasets, "load", lambda name=None: data)
    return texts


def share_seen(data):
    train, _, test = data.split("slice")
    return test.table["group"].isin(train.table["group"]).mean()


def test_a_right_answer_is_told_and_remembered(shown):
    exercises.check("00.1", 120)
    assert shown == ["✓ **00.1** Right."]
    assert json.loads((settings.data_dir() / "progress.json").read_text()) == ["00.1"]


def test_an_untouched_answer_is_not_tried_yet(shown):
    exercises.check("01.4", ...)
    assert "Not tried yet" in shown[0]
    assert not (settings.data_dir() / "progress.json").exists()


def test_a_wrong_answer_is_told_in_words_and_unlearns_nothing(shown):
    exercises.check("00.1", 120)
    exercises.check("00.1", 7)
    assert shown[1].startswith("✗ **00.1** 7 is too low.")
    assert exercises.progress().loc["00", "solved"] == 1


def test_progress_counts_by_lesson(shown):
    assert exercises.progress()["solved"].sum() == 0
    exercises.check("01.1", 10)
    exercises.check("01.1", 10)
    exercises.check("01.2", "meningioma")
    progress = exercises.progress()
    assert progress.loc["01"].to_list() == [2, 4]
    assert progress["of"].sum() == len(exercises.numbers())


def test_an_unknown_exercise_is_named():
    with pytest.raises(CourseError, match="no exercise '99.1'"):
        exercises.check("99.1", 1)


def test_a_damaged_progress_file_is_named():
    settings.data_dir().mkdir()
    (settings.data_dir() / "progress.json").write_text("{")
    with pytest.raises(CourseError, match=r"progress\.json cannot be read"):
        exercises.progress()


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        ("00.1", 120, None),
        ("00.1", 120 * 64, "number of pixels"),
        ("00.1", 40, "number of groups"),
        ("00.1", 7, "too low"),
        ("00.1", "120", "got a str"),
        ("00.1", True, "got a bool"),
        ("00.1", len, "a function"),
        ("00.1", None, "does its last line give a value"),
        ("00.1", float("nan"), "finite"),
        ("00.1", np.array([120]), None),
        ("00.2", "axial", None),
        ("00.2", " Axial ", None),
        ("00.2", "coronal", "Another plane"),
        ("00.2", "oblique", "none of axial, coronal"),
        ("00.2", 0, "in quotes"),
        ("01.1", 10, None),
        ("01.1", 30, "number of slices"),
        ("01.1", 40, "all classes together"),
        ("01.2", "meningioma", None),
        ("01.2", "glioma", "darkest"),
        ("01.2", "pituitary", "look at the numbers again"),
        ("01.2", 1, "got an int"),
        ("01.3", share_seen, None),
        ("01.3", lambda data: 100 * share_seen(data), "percentage"),
        ("01.3", 0.0, "split by group"),
        ("01.3", lambda data: 1 - share_seen(data), "Here it is the others"),
        ("01.4", np.arange(120) % 30 < 9, None),
        ("01.4", np.flatnonzero(np.arange(120) % 30 < 9), None),
        ("01.4", list(range(0, 120, 4)), "slices on both sides"),
        ("01.4", np.arange(30), "no slice of meningioma, notumor, pituitary"),
        ("01.4", np.arange(6), "5% of the slices"),
        ("01.4", [0, 0, 1], "twice"),
        ("01.4", [119, 120], "Rows run from 0 to 119"),
        ("01.4", [0.5], "float64"),
        ("01.4", "all", "array of row numbers"),
        ("01.4", 3, "array of row numbers"),
    ],
)
def test_likely_answers_get_the_words_they_need(data, number, answer, words):
    if callable(answer) and answer is not len:
        answer = answer(data)
    told = checks.CHECKS[number](answer, data)
    assert told is None if words is None else words in told


def test_validation_slices_are_no_training_slices(data):
    singles = data.take(data.table.index % 3 < 2)
    train, val, test = singles.split("slice")
    seen = pd.concat([train.table["group"], val.table["group"]])
    told = checks.CHECKS["01.3"](test.table["group"].isin(seen).mean(), singles)
    assert "validation part too" in told


def test_planes_that_share_the_first_place_are_all_right(data):
    data.table["plane"] = np.resize(["axial", "coronal"], 120)
    assert checks.CHECKS["00.2"]("axial", data) is None
    assert checks.CHECKS["00.2"]("coronal", data) is None


def test_a_share_within_tolerance_is_right():
    assert checks.number(0.504, 0.5, tolerance=0.005) is None
    assert "too high" in checks.number(0.506, 0.5, tolerance=0.005)


def test_quiz_marks_the_first_answer_as_right(monkeypatch):
    asked = []
    monkeypatch.setattr(exercises, "display_quiz", lambda questions, **_: asked.extend(questions))
    exercises.quiz({"Which?": {"this": "Yes.", "that": "No.", "none": "No."}})
    assert asked[0]["question"] == "Which?"
    assert [a["correct"] for a in asked[0]["answers"]] == [True, False, False]
    assert asked[0]["answers"][1] == {"answer": "that", "correct": False, "feedback": "No."}
