"""A notebook opened alone: what its first cell adds to a Python, and what it leaves alone."""

import os
import subprocess
import sys
import tomllib

import pytest

from course_utils import settings
from course_utils.cli import badges
from course_utils.core import alone

PROJECT = {
    "project": {"dependencies": ["numpy>=2", "tensorflow-cpu>=2.19", "no>=1; os_name == 'amiga'"]}
}


@pytest.fixture
def pip(monkeypatch):
    """What is asked of pip, for a Python with these packages."""
    asked = []
    here = {"numpy": "2.0.2", "tensorflow": "2.19.0", "pandas": "1.0"}
    monkeypatch.setattr(alone, "installed", lambda: dict(here))
    monkeypatch.setattr(alone, "pip", lambda *what: asked.append(list(what)))
    return asked


@pytest.mark.parametrize("name", ["tensorflow", "tensorflow-cpu"])
def test_the_tensorflow_that_is_here_stays(name):
    found = alone.requirements(PROJECT, {name: "2.19.0"})
    assert found == ["numpy>=2", f"{name}>=2.19"]


def test_without_a_tensorflow_it_takes_the_one_that_the_course_names():
    assert "tensorflow-cpu>=2.19" in alone.requirements(PROJECT, {})


def test_what_is_new_enough_is_held_and_the_rest_is_asked_for(pip):
    alone.set_up()
    (first, second) = pip
    assert "numpy==2.0.2" in first and "tensorflow==2.19.0" in first
    assert "pandas==1.0" not in first and any(what.startswith("pandas>=") for what in first)
    assert not [what for what in first if what.startswith("tensorflow-cpu")]
    assert second == ["--no-deps", "--editable", str(settings.ROOT)]


def test_says_in_one_line_what_it_did(monkeypatch):
    states = iter([{"numpy": "2.0.2"}, {"numpy": "2.0.2", "nilearn": "0.12.0"}])
    monkeypatch.setattr(alone, "installed", lambda: next(states))
    monkeypatch.setattr(alone, "pip", lambda *what: None)
    said = alone.set_up()
    assert "1 packages added, none renewed" in said and str(settings.ROOT) in said
    assert "\n" not in said and "Restart" not in said


@pytest.mark.parametrize(("package", "asks"), [("numpy", True), ("voila-of-old", False)])
def test_what_was_renewed_asks_for_a_restart_where_it_is_loaded(monkeypatch, package, asks):
    states = iter([{package: "1.26.4"}, {package: "2.0.2"}])
    monkeypatch.setattr(alone, "installed", lambda: next(states))
    monkeypatch.setattr(alone, "pip", lambda *what: None)
    said = alone.set_up()
    assert f"{package} renewed" in said and ("Restart the kernel" in said) is asks


def test_pip_that_fails_is_said_in_words(monkeypatch):
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(RuntimeError, match=r"check the network[\s\S]*No matching distribution"):
        alone.pip("no-such-package==1")


def test_it_needs_nothing_of_the_course():
    code = "import runpy, sys; runpy.run_path('course_utils/core/alone.py', run_name='other'); "
    code += "assert not [name for name in sys.modules if name.startswith('course_utils')]"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def alone_in(monkeypatch, tmp_path):
    """Function that runs the first cell in a folder of a Python that lacks the course."""
    monkeypatch.delenv("COURSE_REPOSITORY", raising=False)

    def run(folder, address=""):
        folder.mkdir(parents=True, exist_ok=True)
        with monkeypatch.context() as bare:
            bare.chdir(folder)
            bare.setattr("importlib.util.find_spec", lambda name: None)
            exec(badges.CELL.format(address=address), {})

    return run


@pytest.fixture
def repository(tmp_path):
    """A git repository with a course that only says that it was set up, and from where."""
    course = tmp_path / "hosted"
    script = course / "course_utils" / "core" / "alone.py"
    script.parent.mkdir(parents=True)
    script.write_text("if __name__ == '__main__':\n    print('set up', __file__)\n")
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *words], cwd=course, check=True)
    return course


def test_the_cell_does_nothing_where_the_course_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(badges.CELL.format(address="nowhere"), {})
    assert capsys.readouterr().out == "" and not list(tmp_path.iterdir())


def test_the_cell_fetches_the_course_once(alone_in, repository, tmp_path, capsys):
    alone_in(tmp_path / "empty", repository.as_uri())
    assert "set up brain-mri-course/course_utils/core/alone.py" in capsys.readouterr().out
    alone_in(tmp_path / "empty", "nowhere")
    assert "set up" in capsys.readouterr().out, "set up again, from what is there"


def test_a_variable_names_another_address(alone_in, repository, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_REPOSITORY", repository.as_uri())
    alone_in(tmp_path / "empty", "nowhere")
    assert "set up" in capsys.readouterr().out


def test_the_cell_takes_the_checkout_around_it(alone_in, repository, capsys):
    alone_in(repository / "notebooks")
    assert "set up ../course_utils" in capsys.readouterr().out.replace(os.sep, "/")
    assert not list((repository / "notebooks").iterdir())


def test_without_an_address_the_cell_says_what_to_do(alone_in, tmp_path):
    with pytest.raises(AssertionError, match="set COURSE_REPOSITORY to the address"):
        alone_in(tmp_path / "empty")


def test_an_address_that_leads_nowhere_is_said_in_words(alone_in, tmp_path):
    with pytest.raises(AssertionError, match="could not fetch the course from .*nowhere: fatal"):
        alone_in(tmp_path / "empty", (tmp_path / "nowhere").as_uri())
    assert not list((tmp_path / "empty").iterdir())


def test_every_version_that_is_held_is_in_range():
    project = tomllib.loads((settings.ROOT / "pyproject.toml").read_text("utf-8"))
    here = alone.installed()
    wanted = alone.requirements(project, here)
    assert set(alone.kept(wanted, here)) == {w.partition(">")[0] for w in wanted}
