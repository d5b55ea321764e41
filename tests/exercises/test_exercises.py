"""Answers are judged in words, and solved exercises are remembered."""

import json

import pytest

from course_utils import datasets, exercises, settings
from course_utils.core.errors import CourseError


@pytest.fixture
def shown(monkeypatch, data):
    """What exercises display, as a list of texts."""
    texts = []
    monkeypatch.setattr(exercises, "display", lambda text: texts.append(text.data))
    monkeypatch.setattr(datasets, "load", lambda name=None: data)
    return texts


@pytest.fixture
def progress_file(own_data_folder):
    own_data_folder.mkdir()
    return own_data_folder / "progress.json"


def test_a_right_answer_is_told_and_remembered(shown):
    exercises.check("00.1", 120)
    assert shown == ["✓ **00.1** Right."]
    assert json.loads((settings.data_dir() / "progress.json").read_text())["solved"] == ["00.1"]


def test_an_untouched_answer_is_not_tried_yet(shown):
    exercises.check("01.4", ...)
    exercises.check("02.3", lambda *inputs: ...)
    assert [text[:25] for text in shown] == [
        "○ **01.4** Not tried yet:",
        "○ **02.3** Not tried yet:",
    ]
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
    exercises.check("03.1", 18496)
    progress = exercises.progress()
    assert progress.loc["01"].to_list() == progress.loc["03"].to_list() == [1, 4]
    assert progress["of"].sum() == len(exercises.numbers())


@pytest.mark.parametrize("lesson", exercises.EXERCISES)
def test_every_exercise_that_is_counted_has_a_check(lesson):
    counted = [number for number in exercises.numbers() if number.startswith(lesson)]
    assert list(exercises.checks(lesson)) == counted


def test_an_unknown_exercise_is_named():
    with pytest.raises(CourseError, match="no exercise '99.1'"):
        exercises.check("99.1", 1)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '{"00.1": true}',
        "3",
        "null",
        "[" * 100_000,
        "\xff",
        '{"version": 2, "solved": 3}',
        '{"version": 2, "solved": [], "predictions": [1]}',
    ],
)
def test_a_damaged_progress_file_is_named_and_kept(shown, progress_file, content):
    progress_file.write_text(content, encoding="latin-1")
    with pytest.raises(CourseError, match=r"progress\.json is damaged .*: rename it"):
        exercises.progress()
    exercises.check("00.1", 120)
    assert shown[0] == "✓ **00.1** Right."
    assert "progress.json is damaged" in shown[1]
    assert progress_file.read_text(encoding="latin-1") == content


@pytest.mark.parametrize("content", ["", " \n", "[]", "[1.1, null, {}]"])
def test_a_progress_file_that_says_nothing_is_filled(shown, progress_file, content):
    progress_file.write_text(content)
    assert exercises.progress()["solved"].sum() == 0
    exercises.check("00.1", 120)
    assert exercises.progress()["solved"].sum() == 1


def test_exercises_of_another_version_are_kept_and_not_counted(shown, progress_file):
    progress_file.write_text('["01.1", "01.1", "01.9", "98.1"]')
    exercises.check("00.1", 120)
    assert exercises.progress()["solved"].sum() == 2
    assert json.loads(progress_file.read_text())["solved"] == ["00.1", "01.1", "01.9", "98.1"]


def test_hints_come_one_at_a_time_and_end(shown, monkeypatch):
    monkeypatch.setattr(exercises, "_given", {})
    for _ in range(4):
        exercises.hint("03.2")
    first, second, third = exercises.HINTS["03.2"]
    assert first in shown[0] and second not in shown[0]
    assert second in shown[1] and third not in shown[1] and "one more" in shown[1]
    assert all(text in shown[2] for text in (first, second, third)) and "last" in shown[2]
    assert shown[3] == shown[2]
    with pytest.raises(CourseError, match="no hints for '99.9'"):
        exercises.hint("99.9")


def test_every_exercise_of_the_core_lessons_has_three_hints():
    assert set(exercises.HINTS) <= set(exercises.numbers())
    assert {number for number in exercises.numbers() if number < "1"} <= set(exercises.HINTS)
    for steps in exercises.HINTS.values():
        assert len(set(steps)) == 3 and all(len(step) > 20 for step in steps)


def test_quiz_marks_the_first_answer_as_right(monkeypatch):
    asked = []
    monkeypatch.setattr(exercises, "display_quiz", lambda questions, **_: asked.extend(questions))
    exercises.quiz({"Which?": {"this": "Yes.", "that": "No.", "none": "No."}})
    assert asked[0]["question"] == "Which?"
    assert [a["correct"] for a in asked[0]["answers"]] == [True, False, False]
    assert asked[0]["answers"][1] == {"answer": "that", "correct": False, "feedback": "No."}
