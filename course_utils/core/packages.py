"""Packages: which versions are here, and which ones an extension still lacks."""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from course_utils.core.errors import CourseError

# The checkout, in which pyproject.toml names every package.
ROOT = Path(__file__).resolve().parents[2]
LESSONS = {"federated": "13", "app": "14"}
VERSIONS_OF = ("numpy", "scikit-learn", "keras", "tensorflow")


def project() -> dict:
    """What ``pyproject.toml`` says of the course."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(name: str = "requirements.txt", computer: dict[str, str] | None = None) -> dict[str, str]:
    """Versions by package that a file of requirements pins, on this computer or another one.

    ``computer`` holds values of environment markers, such as ``{"sys_platform": "win32"}``.
    """
    from packaging.requirements import Requirement

    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    held = [pin for pin in found if pin.marker is None or pin.marker.evaluate(computer)]
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in held}


def version_of(package: str) -> str | None:
    """Version of an installed package, None of another one."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Versions of the packages that decide what a figure comes out as."""
    found = {name: version_of(name) for name in VERSIONS_OF}
    # TensorFlow goes by another name where its CPU-only wheel is installed.
    found["tensorflow"] = found["tensorflow"] or version_of("tensorflow-cpu")
    return {name: number for name, number in found.items() if number}


def need(name: str) -> None:
    """Stop, with the command that adds them, where packages of an extra are not installed."""
    if missing := lacking(name):
        lesson = LESSONS.get(name)
        raise CourseError(
            f"{f'Lesson {lesson}' if lesson else f'The {name}'} needs packages that the other "
            f"lessons do without ({', '.join(missing)}): type '{command()}' in the folder of the "
            f"course, then {'restart the kernel' if lesson else 'try again'}."
        )


def lacking(name: str) -> list[str]:
    """Names of an extra's packages that are not installed."""
    from packaging.requirements import Requirement

    pins = map(Requirement, project()["optional-dependencies"][name])
    return [pin.name for pin in pins if not version_of(pin.name)]


def command() -> str:
    """What to type to add all extras to this environment."""
    if Path(sys.prefix) != ROOT / ".venv":
        # conda, or an environment of the reader's own.
        return "python -m pip install -r requirements-extras.txt"
    return "python make.py extras" if sys.platform == "win32" else "make extras"
