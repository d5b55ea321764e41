"""Predictions are kept before their results, and settled once."""

import json
import os
import subprocess
import sys

import pytest

from course_utils import exercises, settings
from course_utils.core.errors import CourseError
from course_utils.exercises import guesses, memory

OPTIONS = ("rises", "falls", "stays")


@pytest.fixture(autouse=True)
def shown(monkeypatch, own_data_folder):
    """What is displayed, as a list of texts, in a kernel that has shown no result."""
    texts = []
    monkeypatch.setattr(guesses, "display", lambda text: texts.append(text.data))
    monkeypatch.setattr(guesses, "_shown", set())
    return texts


def test_a_prediction_is_kept_and_settled(shown):
    exercises.predict("03.a", OPTIONS, " Falls", 80)
    assert exercises.predictions().empty
    exercises.settle("03.a", "rises")
    exercises.predict("03.b", OPTIONS, "stays", 34)
    exercises.settle("03.b", "stays")
    assert shown == [
        "● **Prediction 03.a** Kept: *falls*, 80% sure.",
        "✗ **Prediction 03.a** You said *falls*, and were 80% sure. The answer: rises.",
        "● **Prediction 03.b** Kept: *stays*, 34% sure.",
        "✓ **Prediction 03.b** You said *stays*, and were 34% sure. The answer: stays.",
    ]
    table = exercises.predictions()
    assert table.to_dict("list") == {
        "guess": ["falls", "stays"], "sure": [0.8, 0.34], "right": [False, True],
    }  # fmt: skip
    assert list(table.index) == ["03.a", "03.b"] and table["right"].dtype == bool


def test_an_untouched_prediction_says_what_to_type_and_settles_without_it(shown):
    exercises.predict("03.a", OPTIONS, guess=..., sure=...)
    exercises.predict("03.a", OPTIONS, "rises")
    exercises.settle("03.a", "rises")
    assert all('Not made yet: `guess` is one of "rises", "falls", "stays"' in t for t in shown[:2])
    assert shown[2] == "○ **Prediction 03.a** You made none. The answer: rises."
    assert not (settings.data_dir() / "progress.json").exists()


def test_it_can_be_changed_until_its_result_is_shown(shown):
    exercises.predict("03.a", OPTIONS, "rises", 50)
    exercises.predict("03.a", OPTIONS, "falls", 60)
    exercises.settle("03.a", "falls")
    exercises.predict("03.a", OPTIONS, "stays", 100)
    exercises.settle("03.a", "stays")
    assert "stands as you made it first: *falls*" in shown[3]
    assert exercises.predictions().loc["03.a"].to_list() == ["falls", 0.6, True]


def test_a_guess_after_the_result_does_not_count(shown):
    exercises.settle("03.a", "rises")
    exercises.predict("03.a", OPTIONS, "rises", 100)
    assert "does not count" in shown[1]
    exercises.settle("03.a", "rises")
    assert exercises.predictions().empty


@pytest.mark.parametrize(
    ("guess", "sure", "words"),
    [
        ("up", 80, "'up' is none of rises, falls, stays"),
        (3, 80, "in quotes"),
        ("rises", "80", "one number, without quotes"),
        ("rises", 20, "right 33% of the time: give a number from 33 to 100"),
        ("rises", 0.8, "give a number from 33 to 100"),
        ("rises", 101, "give a number from 33 to 100"),
    ],
)
def test_what_is_no_prediction_is_told_in_words(shown, guess, sure, words):
    exercises.predict("03.a", OPTIONS, guess, sure)
    assert shown[0].startswith("✗ **Prediction 03.a** ") and words in shown[0]
    assert not (settings.data_dir() / "progress.json").exists()


def test_a_list_of_an_older_version_is_read_and_kept():
    path = settings.data_dir() / "progress.json"
    path.parent.mkdir()
    path.write_text('["00.1", "03.2"]')
    exercises.predict("03.a", OPTIONS, "rises", 50)
    kept = json.loads(path.read_text())
    assert kept["version"] == memory.VERSION and kept["solved"] == ["00.1", "03.2"]
    assert kept["predictions"] == {"03.a": {"guess": "rises", "sure": 0.5, "right": None}}


def test_a_file_of_a_later_version_is_refused_and_kept(shown):
    path = settings.data_dir() / "progress.json"
    path.parent.mkdir()
    path.write_text('{"version": 3, "answers": []}')
    with pytest.raises(CourseError, match="later version of the course"):
        exercises.predictions()
    exercises.predict("03.a", OPTIONS, "rises", 50)
    exercises.settle("03.a", "rises")
    assert "not written down" in shown[0] and "The answer: rises" in shown[1]
    assert path.read_text() == '{"version": 3, "answers": []}'


def test_a_kill_in_the_middle_of_a_write_loses_nothing(monkeypatch):
    exercises.predict("03.a", OPTIONS, "rises", 50)
    path = settings.data_dir() / "progress.json"
    before = path.read_bytes()
    killed = (
        "import os, pathlib\n"
        "from course_utils.exercises import memory\n"
        "def half(self, text, **_):\n"
        "    open(self, 'w').write(text[: len(text) // 2])\n"
        "    os._exit(137)\n"
        "pathlib.Path.write_text = half\n"
        "with memory.changing() as kept: kept['solved'].append('00.1')\n"
    )
    environment = os.environ | {"COURSE_DATA": str(settings.data_dir())}
    assert subprocess.run([sys.executable, "-c", killed], env=environment).returncode == 137
    assert path.read_bytes() == before
    exercises.predict("03.b", OPTIONS, "rises", 50)
    assert set(memory.read()["predictions"]) == {"03.a", "03.b"}
    assert not list(path.parent.glob("*.partial"))


def test_two_notebooks_at_once_both_keep_theirs():
    writing = (
        "import sys\n"
        "from course_utils.exercises import memory\n"
        "for n in range(20):\n"
        "    with memory.changing() as kept: kept['solved'].append(f'{sys.argv[1]}.{n}')\n"
    )
    environment = os.environ | {"COURSE_DATA": str(settings.data_dir())}
    running = [
        subprocess.Popen([sys.executable, "-c", writing, who], env=environment) for who in "ab"
    ]
    assert [process.wait() for process in running] == [0, 0]
    assert len(memory.read()["solved"]) == 40
