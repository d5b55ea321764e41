"""Extras: a missing package is said in one sentence, with the command that adds it."""

import sys
from importlib.metadata import PackageNotFoundError

import pytest

from course_utils import settings
from course_utils.core import packages
from course_utils.core.errors import CourseError


@pytest.fixture
def absent(monkeypatch):
    """Function that lets some packages be absent, and all others present."""

    def let(*missing):
        def version(name):
            if name in missing:
                raise PackageNotFoundError(name)
            return "1"

        monkeypatch.setattr(packages, "version", version)

    return let


def test_what_is_there_is_passed_over_in_silence(absent):
    absent()
    packages.need("app")
    packages.need("federated")


@pytest.mark.parametrize(
    ("name", "package", "lesson"), [("app", "pydicom", "14"), ("federated", "flwr", "13")]
)
def test_what_is_missing_is_said_with_the_command(absent, monkeypatch, name, package, lesson):
    absent(package)
    monkeypatch.setattr(sys, "prefix", str(settings.ROOT / ".venv"))
    monkeypatch.setattr(sys, "platform", "linux")
    said = rf"Lesson {lesson} needs .*\({package}\): type 'make extras'"
    with pytest.raises(CourseError, match=said):
        packages.need(name)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(CourseError, match="python make.py extras"):
        packages.need(name)
    monkeypatch.setattr(sys, "prefix", "/elsewhere")
    with pytest.raises(CourseError, match="pip install -r requirements-extras.txt"):
        packages.need(name)
