"""Running lessons without a browser, and the command that opens JupyterLab."""

import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from course_utils import datasets, settings
from course_utils.cli import lessons
from course_utils.core import display, packages
from course_utils.core.errors import CourseError

NAMES = ("COURSE_DATASET", "COURSE_STATIC", "KERAS_BACKEND")
CHOICES = f"import os\nprint(*map(os.environ.get, {NAMES}))"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three lessons, the middle one with an error, and a build folder of their own."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    cells = {"00_one": CHOICES, "01_two": "raise ValueError('no such plane')", "12_three": "2 + 2"}
    for name, source in cells.items():
        cell = nbformat.v4.new_code_cell(source)
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / f"{name}.ipynb")
    monkeypatch.setattr(settings, "NOTEBOOKS", folder)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setattr(lessons, "BUILD", tmp_path / "build")
    monkeypatch.setattr(datasets, "load", lambda name: f"<Dataset {name}>")
    return folder


@pytest.mark.parametrize(
    ("words", "names"),
    [([], "00 01 12"), (["12", "00"], "00 12"), (["0"], "00 01"), (["01_two"], "01")],
)
def test_words_choose_lessons_in_order(folder, words, names):
    assert [path.name[:2] for path in lessons.chosen(words)] == names.split()


def test_an_unknown_lesson_is_said_in_words(folder):
    with pytest.raises(CourseError, match="no lesson '07'.*00_one, 01_two, 12_three"):
        lessons.chosen(["00", "07"])


def test_a_failed_lesson_does_not_stop_the_next(folder, capsys):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert lessons.run([], "practice") == 1
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("00_one") and said[1].endswith("ok")
    assert said[2].startswith("01_two") and said[2].endswith("failed: ValueError: no such plane")
    assert said[3].startswith("12_three") and said[3].endswith("ok")
    build = lessons.BUILD
    assert "practice 1 tensorflow" in (build / "00_one.html").read_text()
    assert "no such plane" in (build / "01_two.html").read_text()
    assert nbformat.read(build / "12_three.ipynb", 4).cells[0].outputs
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_lesson_without_its_packages_is_left_out_unless_asked_for(folder, capsys, monkeypatch):
    monkeypatch.setattr(packages, "LESSONS", {"app": "12"})
    monkeypatch.setattr(packages, "lacking", lambda name: ["voila"])
    assert lessons.run([], "practice") == 1
    said = capsys.readouterr().out.splitlines()
    assert said[3].startswith("12_three") and "left out" in said[3]
    assert said[4].startswith("1 of 2 lessons ran")
    assert lessons.run(["12"], "practice") == 0


def test_another_data_set_has_pages_of_its_own(folder):
    assert lessons.run(["00"], "kaggle") == 0
    assert "kaggle 1 tensorflow" in (lessons.BUILD / "00_one.kaggle.html").read_text()


def test_a_notebook_that_cannot_be_read_fails(folder, capsys):
    (folder / "00_one.ipynb").write_text("{")
    assert lessons.run(["00"], "practice") == 1
    assert "00_one.ipynb cannot be read" in capsys.readouterr().out


def test_a_cell_that_hangs_fails(folder, monkeypatch, capsys):
    cell = nbformat.v4.new_code_cell("import time\ntime.sleep(60)")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "00_one.ipynb")
    monkeypatch.setattr(lessons, "CELL_SECONDS", 1)
    assert lessons.run(["00"], "practice") == 1
    assert "a cell took longer" in capsys.readouterr().out


class Started(Exception):
    """JupyterLab took the place of this process."""


@pytest.fixture
def started(monkeypatch):
    """Function that returns the command which open_lab starts JupyterLab with."""
    if os.name != "posix":
        pytest.skip("Windows has no root and no exec")

    def start(*options, root=False, screen=True):
        def execve(path, command, env):
            # As in truth, it does not return.
            raise Started(command, env)

        monkeypatch.setattr(display, "has_display", lambda: screen)
        monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr(os, "execve", execve)
        monkeypatch.setenv("KERAS_BACKEND", "torch")
        with pytest.raises(Started) as caught:
            lessons.open_lab(options)
        command, env = caught.value.args
        assert env["KERAS_BACKEND"] == "tensorflow"
        return command

    return start


def test_a_screen_gets_a_browser_on_the_first_lesson(started):
    command = started("--port=9999")
    assert not {"--no-browser", "--allow-root"} & set(command)
    assert command[0] == sys.executable
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in command
    assert command[-1] == "--port=9999"


def test_root_is_allowed_and_gets_an_address(started):
    assert {"--allow-root", "--no-browser"} <= set(started(root=True, screen=False))


def test_no_screen_no_browser(started):
    command = started(screen=False)
    assert "--no-browser" in command
    assert "--allow-root" not in command


@pytest.mark.skipif(os.name != "posix", reason="Windows sends no signal to one process")
def test_ctrl_c_stops_a_lesson_without_a_traceback(tmp_path):
    begun = tmp_path / "begun"
    source = f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(60)"
    cell = nbformat.v4.new_code_cell(source)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "00_one.ipynb")
    # A shell's background job ignores Ctrl-C, and so would all that it starts.
    command = (
        "import pathlib, signal, sys; from course_utils import datasets, settings; "
        "from course_utils.cli import commands, lessons; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        "settings.NOTEBOOKS = lessons.BUILD = pathlib.Path(sys.argv[1]); "
        "datasets.load = str; sys.exit(commands.main(['run']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", command, str(tmp_path)], stderr=subprocess.PIPE, text=True
    ) as process:
        while not begun.exists():
            assert process.poll() is None
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().strip() == "Stopped."
    assert process.returncode == 130
