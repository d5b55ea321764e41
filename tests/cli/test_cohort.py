"""A class at a glance: what was solved, which predictions were right, and who was left out."""

import json

import pytest

from course_utils.cli import cohort, commands
from course_utils.core.errors import CourseError


@pytest.fixture
def folder(tmp_path):
    """Two learners, one of them with an old file, and two files that cannot be read."""
    predictions = {
        "03.a": {"guess": "rises", "sure": 0.9, "right": False},
        "03.b": {"guess": "stays", "sure": 0.55, "right": True},
    }
    new = {"version": 2, "solved": ["01.1", "03.2"], "predictions": predictions}
    (tmp_path / "progress-Ada.json").write_text(json.dumps(new))
    other = {"03.a": {"guess": "rises", "sure": 0.7, "right": False}}
    (tmp_path / "progress-Bo.json").write_text(json.dumps({"solved": [], "predictions": other}))
    (tmp_path / "progress-Cy.json").write_text('["01.1", "99.9"]')
    (tmp_path / "progress-Di.json").write_text('{"solved": [')
    (tmp_path / "progress-Ed.json").write_bytes(b"\xff\xfe")
    return tmp_path


def test_exercises_are_counted_by_lesson(folder):
    learners, _ = cohort.gather(folder)
    table = cohort.exercise_table(learners)
    assert table.loc[("01", "01.1")].tolist() == [2, 3]
    assert table.loc[("03", "03.2")].tolist() == [1, 3]
    assert table.loc[("03", "03.1"), "solved"] == 0, "nobody solved it, in a lesson begun"
    assert "02" not in table.index.get_level_values("lesson")


def test_predictions_are_counted_with_how_sure_they_were(folder):
    learners, _ = cohort.gather(folder)
    made = cohort.predictions(learners)
    table = cohort.prediction_table(made)
    assert table.loc["03.a", ["made", "right"]].tolist() == [2, 0]
    assert table.loc["03.a", "sure"] == pytest.approx(0.8)
    assert table.loc["03.a", "most_guessed"] == "rises"
    assert table.loc["03.b", "right"] == 1


def test_who_is_calibrated_is_right_as_often_as_sure(folder):
    learners, _ = cohort.gather(folder)
    table = cohort.calibration_table(cohort.predictions(learners))
    assert table.loc["50% to 60%", "right"] == 1
    assert table.loc["80% to 90%", "right"] == 0
    assert table["made"].sum() == 3


def test_files_that_cannot_be_read_are_named_and_the_rest_counts(folder, capsys):
    assert commands.main(["cohort", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "3 learners" in said
    assert "progress-Di.json is damaged" in said and "progress-Ed.json is damaged" in said
    assert "38% more sure than right" in said


def test_old_files_alone_have_no_predictions_to_show(tmp_path):
    (tmp_path / "progress-Cy.json").write_text('["01.1"]')
    said = cohort.report(tmp_path)
    assert "1 learners" in said and "01.1" in said and "Predictions" not in said


def test_a_folder_without_files_is_said_in_words(tmp_path):
    with pytest.raises(CourseError, match="holds no .json file"):
        cohort.gather(tmp_path)
    with pytest.raises(CourseError, match="holds no .json file"):
        cohort.gather(tmp_path / "nowhere")
