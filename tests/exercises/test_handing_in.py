"""Progress is handed in as a file, which is read in every form that it has had."""

import json

import pytest

from course_utils import exercises
from course_utils.core.errors import CourseError
from course_utils.exercises import handing_in

PREDICTIONS = {
    "03.a": {"guess": "rises", "sure": 80, "right": True},
    "03.b": {"guess": 0.7, "sure": 0.6, "right": False},
    "03.c": {"guess": "falls", "sure": 50, "right": None},
}


@pytest.fixture
def progress(own_data_folder, tmp_path, monkeypatch):
    """Function that writes progress as the course keeps it; the working folder is empty."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def write(content):
        own_data_folder.mkdir(exist_ok=True)
        (own_data_folder / "progress.json").write_text(json.dumps(content))

    return write


def test_what_was_solved_and_predicted_is_in_the_file(progress, capsys):
    progress({"version": 2, "solved": ["01.2", "01.1"], "predictions": PREDICTIONS})
    path = exercises.export("Ada Lovelace")
    assert path.name == "progress-Ada-Lovelace.json"
    written = json.loads(path.read_text())
    assert written["learner"] == "Ada Lovelace" and written["solved"] == ["01.1", "01.2"]
    assert written["predictions"]["03.a"] == {"guess": "rises", "sure": 0.8, "right": True}
    assert written["predictions"]["03.b"]["sure"] == 0.6
    assert "03.c" not in written["predictions"], "it has no result yet"
    assert str(path) in capsys.readouterr().out


def test_an_old_list_is_progress_too(progress):
    progress(["00.1"])
    assert handing_in.read(exercises.export("Ada"))["solved"] == ["00.1"]


def test_nothing_solved_yet_can_be_handed_in(progress):
    assert handing_in.read(exercises.export("Ada")) == {"solved": [], "predictions": {}}


@pytest.mark.parametrize("name", ["", "../..", " - "])
def test_a_name_needs_letters(progress, name):
    with pytest.raises(CourseError, match="is no name for a file"):
        exercises.export(name)


def test_a_name_leads_out_of_no_folder(progress, tmp_path):
    assert exercises.export("../Zoë").parent == tmp_path / "here"


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "7",
        '{"solved": 3}',
        '{"predictions": [1]}',
        '{"predictions": {"03.a": 1}}',
        '{"predictions": {"03.a": {"sure": 900, "right": true}}}',
        '{"predictions": {"03.a": {"sure": NaN, "right": true}}}',
        '{"predictions": {"03.a": {"right": true}}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "progress-Ada.json"
    path.write_text(content)
    with pytest.raises(CourseError, match=r"progress-Ada\.json is damaged .*handed in again"):
        handing_in.read(path)
