"""One archive for a room without a network: the course, its data, and wheels for its computers."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from course_utils import settings
from course_utils.cli.lessons import BUILD
from course_utils.core import files, packages
from course_utils.core.errors import CourseError, look_up

# Where make.py looks for packages, beside itself.
WHEELS = "wheels"
# By system: what its markers say there, and the platforms whose wheels it takes.
_MANYLINUX = [f"manylinux_2_{n}_x86_64" for n in (5, 12, 17, 24, 26, 27, 28, 31, 34)]
SYSTEMS = {
    "linux": (
        {"sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix"},
        [*_MANYLINUX, *(f"manylinux{year}_x86_64" for year in (1, 2010, 2014))],
    ),
    "macos": (
        {"sys_platform": "darwin", "platform_machine": "arm64", "os_name": "posix"},
        # pip takes wheels for older versions, too.
        ["macosx_14_0_arm64", "macosx_14_0_universal2"],
    ),
    "windows": (
        {"sys_platform": "win32", "platform_machine": "AMD64", "os_name": "nt"},
        ["win_amd64"],
    ),
}
PYTHONS = ("3.11", "3.12", "3.13")
# What is of this computer alone.
LEFT_OUT = {".git", ".venv", "build", WHEELS, "__pycache__", ".ipynb_checkpoints"}
LEFT_OUT |= {".pytest_cache", ".ruff_cache", ".partial"}
DATA = {"README.md", "weights", "results", "practice"}


def bundle(systems: Sequence[str], pythons: Sequence[str], extras: bool = False) -> Path:
    """Write the archive, and return where it is.

    ``systems`` are names of :data:`SYSTEMS`, ``pythons`` versions such as ``"3.12"``. With
    ``extras`` the packages of lessons 13 and 14 come along. CourseError if a system or a Python is
    unknown, or a wheel cannot be had.
    """
    for python in pythons:
        look_up(dict.fromkeys(PYTHONS), python, "Python")
    wheels = {}
    for system in systems:
        look_up(SYSTEMS, system, "system")
        for python in pythons:
            print(f"Packages for Python {python} on {system} ...", flush=True)
            # Many are the same file for several computers.
            wheels |= {wheel.name: wheel for wheel in download(system, python, extras)}
    words = ("brain-mri-course", packages.project()["version"], *systems, *pythons)
    path = BUILD / f"{'-'.join(words)}.zip"
    with files.atomic(path) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, inside in contents():
            archive.write(file, f"brain-mri-course/{inside}")
        for name, wheel in sorted(wheels.items()):
            # Wheels are compressed already.
            archive.write(wheel, f"brain-mri-course/{WHEELS}/{name}", zipfile.ZIP_STORED)
    return path


def contents() -> Iterator[tuple[Path, str]]:
    """Files of the course that go along, each with its name inside of it."""
    for path in sorted(settings.ROOT.rglob("*")):
        inside = path.relative_to(settings.ROOT)
        if any(part in LEFT_OUT or part.endswith(".egg-info") for part in inside.parts):
            continue
        if path.suffix == ".lock" or not path.is_file():
            continue
        if inside.parts[0] != "data" or inside.parts[1] in DATA:
            yield path, inside.as_posix()
    for path in sorted((BUILD / "book").rglob("*")):
        if path.is_file():
            yield path, path.relative_to(BUILD).as_posix()


def pins(system: str, python: str, extras: bool = False) -> dict[str, str]:
    """Versions of packages, by name, that the files of requirements hold for one computer.

    ``python`` is a version in full: some pins hold for the last of a number only.
    """
    markers, _ = SYSTEMS[system]
    minor = python.rpartition(".")[0]
    version = {"python_version": minor, "python_full_version": python}
    version |= {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    return packages.pins(
        "requirements-extras.txt" if extras else "requirements.txt", markers | version
    )


def download(system: str, python: str, extras: bool = False) -> set[Path]:
    """Fetch the wheels of one system and Python, those not there yet, and return all of them."""
    from packaging.utils import parse_wheel_filename

    _, platforms = SYSTEMS[system]
    folder = BUILD / WHEELS / f"{system}-{python}"
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    # No dependencies: all are pinned, and pip would look for those of this computer.
    command += ["--dest", str(folder), "--no-deps", "--only-binary=:all:", "--implementation=cp"]
    command += [f"--abi={abi}" for abi in ("cp" + python.replace(".", ""), "abi3", "none")]
    command += [f"--platform={platform}" for platform in platforms]
    wanted = set()
    for full in (f"{python}.0", f"{python}.99"):
        asked = [f"{name}=={number}" for name, number in pins(system, full, extras).items()]
        if not set(asked) <= wanted:
            wanted.update(asked)
            if subprocess.run([*command, f"--python-version={full}", *asked]).returncode:
                raise CourseError(
                    f"A package for Python {python} on {system} could not be fetched: see above, "
                    "check the network, and try again; what was fetched is kept."
                )
    # What an earlier bundle wanted stays here, and out of this one.
    named = {wheel: parse_wheel_filename(wheel.name) for wheel in folder.glob("*.whl")}
    return {wheel for wheel, (name, number, *_) in named.items() if f"{name}=={number}" in wanted}
