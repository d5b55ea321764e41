"""What a learner can choose, however oddly it is written down."""

import json
import subprocess
import sys

import pytest

from course_utils import settings
from course_utils.core.errors import CourseError


def refusal(function, *arguments):
    with pytest.raises(CourseError) as caught:
        function(*arguments)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


def test_the_variable_wins_then_the_remembered_choice_then_practice(monkeypatch):
    assert settings.dataset() == "practice" and not settings.dataset_is_fixed()
    settings.choose_dataset("kaggle")
    assert settings.dataset() == "kaggle" and not settings.dataset_is_fixed()
    monkeypatch.setenv("COURSE_DATASET", "practice ")
    assert settings.dataset() == "practice" and settings.dataset_is_fixed()


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_variable_is_as_good_as_none(monkeypatch, blank):
    settings.choose_dataset("kaggle")
    monkeypatch.setenv("COURSE_DATASET", blank)
    assert settings.dataset() == "kaggle" and not settings.dataset_is_fixed()
    monkeypatch.setenv("COURSE_DATA", blank)
    assert settings.data_dir() == settings.ROOT / "data"
    monkeypatch.setenv("COURSE_WEIGHTS", blank)
    assert settings.variable("COURSE_WEIGHTS") == ""


def test_data_sets_that_do_not_exist(monkeypatch):
    said = "There is no data set called 'x-rays': use one of practice, kaggle, kaggle-v2, figshare."
    assert refusal(settings.choose_dataset, "x-rays") == said
    monkeypatch.setenv("COURSE_DATASET", "x-rays")
    assert refusal(settings.dataset) == said


def test_named_data_sets_stand_behind_those_of_the_course(own_data_folder, monkeypatch):
    assert settings.datasets() == settings.DATASETS
    for place in ("zebras/v1", "ants/v12", "half/v1.0a1b2c3d.partial", "bare/w1", "void/v1/deep"):
        folder = own_data_folder / "named" / place
        folder.mkdir(parents=True)
        (folder / "table.csv").touch()
    (own_data_folder / "named" / "a file").touch()
    assert settings.datasets() == (*settings.DATASETS, "ants", "zebras")
    settings.choose_dataset("ants")
    assert settings.dataset() == "ants"
    monkeypatch.setenv("COURSE_DATASET", "zebras")
    assert settings.dataset() == "zebras"
    monkeypatch.setenv("COURSE_DATASET", "half")
    assert refusal(settings.dataset).endswith("kaggle-v2, figshare, ants, zebras.")


@pytest.mark.parametrize(
    "content",
    [
        b"[1]",
        b"3",
        b"null",
        b'"kaggle"',
        b"{}",
        b'{"dataset": null}',
        b'{"dataset": ["kaggle"]}',
        b'{"dataset": "x-rays"}',
        b'{"dataset": "kaggl\xe9"}',
        b"\xff\xfe\x00",
        b"",
        b"[" * 100_000,
    ],
)
def test_odd_remembered_choices_are_said_in_words_and_chosen_anew(own_data_folder, content):
    own_data_folder.mkdir()
    path = own_data_folder / "settings.json"
    path.write_bytes(content)
    said = refusal(settings.dataset)
    assert said.startswith(f"{path} is damaged (") and "delete it" in said
    settings.choose_dataset("kaggle")
    assert settings.dataset() == json.loads(path.read_text())["dataset"] == "kaggle"


def test_a_folder_in_the_place_of_the_remembered_choice(own_data_folder):
    (own_data_folder / "settings.json").mkdir(parents=True)
    assert "settings.json" in refusal(settings.dataset)


@pytest.mark.parametrize("folder", ["~nobody-of-this-name/data", "x" * 300])
def test_what_cannot_be_a_folder(monkeypatch, folder):
    monkeypatch.setenv("COURSE_DATA", folder)
    for function in (settings.data_dir, settings.dataset):
        said = refusal(function)
        assert said.startswith(f"COURSE_DATA={folder} cannot be used (")
        assert "set COURSE_DATA to a folder of your own" in said


def test_a_folder_that_the_system_bars_the_way_to(monkeypatch):
    def no(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.stat", no)
    assert "cannot be used (Permission denied)" in refusal(settings.data_dir)


def test_folders_that_cannot_be_made(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "data", "/proc/x", "/dev/null"):
        monkeypatch.setenv("COURSE_DATA", str(folder))
        assert settings.dataset() == "practice"
        said = refusal(settings.choose_dataset, "kaggle")
        assert f"{folder} cannot be written (" in said
        assert "set COURSE_DATA to a folder of your own" in said


@pytest.mark.parametrize("off", ["0", "false", "No", " off ", "", " "])
def test_a_still_picture_is_asked_for_or_not(monkeypatch, off):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    assert not settings.static()
    monkeypatch.setenv("COURSE_STATIC", "1")
    assert settings.static()
    monkeypatch.setenv("COURSE_STATIC", off)
    assert not settings.static()


def test_settings_are_shown(capsys):
    settings.show()
    assert capsys.readouterr().out.endswith("data set: practice, seed: 7\n")


def test_settings_need_the_standard_library_alone():
    """A computer is to be told which package is broken, so none may be needed to say it."""
    code = (
        "import sys; before = set(sys.modules); import course_utils.settings; "
        "names = {name.split('.')[0] for name in set(sys.modules) - before}; "
        "print(names - {'course_utils', *sys.stdlib_module_names})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
