"""Packages that only one extension needs: whether they are here, and how to add them."""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from course_utils import settings
from course_utils.files import CourseError

LESSONS = {"federated": "13", "app": "14"}


def need(name: str) -> None:
    """Go on only where the packages of an extra are installed.

    Parameters
    ----------
    name : {"federated", "app"}

    Raises
    ------
    CourseError
        If one of them is missing: with the command that adds it.
    """
    missing = lacking(name)
    if not missing:
        return
    raise CourseError(
        f"Lesson {LESSONS[name]} needs packages that the other lessons do without "
        f"({', '.join(missing)}): type '{command()}' in the folder of the "
        "course, then restart the kernel."
    )


def lacking(name: str) -> list[str]:
    """Names of an extra's packages that are not installed."""
    from packaging.requirements import Requirement

    project = tomllib.loads((settings.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = map(Requirement, project["project"]["optional-dependencies"][name])
    return [pin.name for pin in pins if not _is_here(pin.name)]


def command() -> str:
    """What to type to add all extras to this environment."""
    if Path(sys.prefix) != settings.ROOT / ".venv":
        # conda, or an environment of the reader's own.
        return "python -m pip install -r requirements-extras.txt"
    return "python make.py extras" if sys.platform == "win32" else "make extras"


def _is_here(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
