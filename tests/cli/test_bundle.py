"""The archive for a room: wheels for each of its systems, and nothing of this computer alone."""

import subprocess
import zipfile

import pytest

from course_utils import settings
from course_utils.cli import bundle, commands
from course_utils.core import packages
from course_utils.core.errors import CourseError


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """What pip is asked to fetch, without a network: it writes an empty wheel for each pin."""
    commands = []
    root = tmp_path / "course"
    for name in (
        "make.py",
        "notebooks/00_first.ipynb",
        "data/README.md",
        "data/practice/v3/images.npy",
        "data/practice/v3.lock",
        "data/runs/mine.json",
        "data/progress.json",
        "build/book/index.html",
        "build/other.html",
        ".venv/pyvenv.cfg",
        ".git/config",
        "course_utils/__pycache__/a.pyc",
        "course.egg-info/PKG-INFO",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)

    def run(command):
        commands.append(command)
        for pin in (word for word in command if "==" in word):
            name, number = pin.replace("-", "_").split("==")
            wheel = f"{name}-{number}-py3-none-any.whl"
            (root / "build" / "wheels" / folder_of(command) / wheel).touch()
        return subprocess.CompletedProcess(command, 0)

    def folder_of(command):
        return command[command.index("--dest") + 1].replace("\\", "/").rpartition("/")[2]

    monkeypatch.setattr(settings, "ROOT", root)
    monkeypatch.setattr(bundle, "BUILD", root / "build")
    monkeypatch.setattr(bundle.subprocess, "run", run)
    return commands


@pytest.mark.parametrize(
    ("system", "has", "lacks"),
    [
        ("linux", "tensorflow-cpu", "pywinpty"),
        ("macos", "tensorflow", "tensorflow-cpu"),
        ("windows", "pywinpty", "uvloop"),
    ],
)
def test_each_system_gets_its_own_packages(system, has, lacks):
    found = bundle.pins(system, "3.12.0", extras=True)
    assert has in found and lacks not in found
    assert found["numpy"] == packages.pins()["numpy"]


def test_a_pin_for_the_last_of_a_python_comes_along_too(fetched):
    wheels = {path.name.partition("-")[0]: path for path in bundle.download("linux", "3.11")}
    both = {f"soupsieve=={number}" for number in ("2.10", "4.1.2")}
    asked = {word for command in fetched for word in command}
    assert both <= asked and "soupsieve" in wheels
    assert "--python-version=3.11.99" in asked and "--platform=manylinux_2_17_x86_64" in asked
    assert all("--no-deps" in c and "--only-binary=:all:" in c for c in fetched)


def test_what_an_earlier_bundle_fetched_stays_out(fetched):
    folder = bundle.BUILD / "wheels" / "macos-3.12"
    folder.mkdir(parents=True)
    (folder / "numpy-1.0-py3-none-any.whl").touch()
    names = {path.name for path in bundle.download("macos", "3.12")}
    assert "numpy-1.0-py3-none-any.whl" not in names
    assert any(name.startswith("numpy-") for name in names)


def test_the_archive_holds_the_course_its_data_and_wheels_and_nothing_more(fetched):
    path = bundle.bundle(["linux", "windows"], ["3.12"])
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    inside = {name.removeprefix("brain-mri-course/") for name in names}
    rest = {name for name in inside if not name.startswith("wheels/")}
    assert rest == {
        "make.py",
        "notebooks/00_first.ipynb",
        "data/README.md",
        "data/practice/v3/images.npy",
        "book/index.html",
    }
    wheels = sorted(name for name in inside if name.startswith("wheels/"))
    assert len(names) == len(set(names)), "no wheel twice"
    assert any("pywinpty" in name for name in wheels)
    assert "linux-windows-3.12" in path.name and path.parent == bundle.BUILD


def test_a_wheel_that_cannot_be_had_is_said_in_words(fetched, monkeypatch):
    failed = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(bundle.subprocess, "run", lambda command: failed)
    with pytest.raises(CourseError, match=r"Python 3\.12 on macos could not be fetched"):
        bundle.bundle(["macos"], ["3.12"])
    assert not list(bundle.BUILD.glob("*.zip*"))


@pytest.mark.parametrize("words", [("--systems", "beos"), ("--pythons", "2.7")])
def test_unknown_systems_and_pythons_are_refused(words, monkeypatch, capsys):
    monkeypatch.setattr("course_utils.datasets.load", lambda name: name)
    assert commands.main(["bundle", *words]) == 1
    assert "use one of" in capsys.readouterr().err
