"""One set of versions: pyproject.toml, both files of requirements, and environment.yml."""

import ast
import itertools
import sys
import tomllib
from importlib.metadata import packages_distributions

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import make
from course_utils import settings

PROJECT = tomllib.loads((settings.ROOT / "pyproject.toml").read_text())["project"]
PLATFORMS = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "AMD64")]
PYTHONS = ("3.11.9", "3.12.8", "3.13.0")


def environments():
    """Marker values of every computer the course promises to run on."""
    return [
        {
            "sys_platform": system,
            "platform_machine": machine,
            "os_name": "nt" if system == "win32" else "posix",
            "python_version": python.rsplit(".", 1)[0],
            "python_full_version": python,
            "implementation_name": "cpython",
        }
        for (system, machine), python in itertools.product(PLATFORMS, PYTHONS)
    ]


def versions(lines, environment):
    """Package versions that pinned lines give on one computer."""
    found = {}
    for line in lines:
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(environment):
            name = canonicalize_name(pin.name)
            assert name not in found, f"{name} is pinned twice for {environment}"
            found[name] = str(pin.specifier)
    return found


def requirement_lines(name="requirements.txt"):
    lines = (settings.ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


# Extras that requirements.txt holds; the others are in requirements-extras.txt alone.
CORE_EXTRAS = ("lab", "dev")


def direct_lines():
    extras = PROJECT["optional-dependencies"]
    return PROJECT["dependencies"] + [line for name in CORE_EXTRAS for line in extras[name]]


def extra_lines():
    extras = PROJECT["optional-dependencies"]
    return [line for name, lines in extras.items() if name not in CORE_EXTRAS for line in lines]


@pytest.mark.parametrize("environment", environments(), ids=lambda e: "-".join(e.values()))
def test_requirements_hold_what_the_project_pins(environment):
    everything = versions(requirement_lines(), environment)
    for name, wanted in versions(direct_lines(), environment).items():
        assert everything[name].removeprefix("==") in SpecifierSet(wanted), name
    assert all(pin.startswith("==") and "*" not in pin for pin in everything.values())
    assert len({"tensorflow", "tensorflow-cpu"} & set(everything)) == 1


def test_what_lessons_import_has_a_lowest_version_and_no_highest():
    lines = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"]
    assert all(str(Requirement(line).specifier).startswith(">=") for line in lines)
    assert not [line for line in lines if "," in line]


@pytest.mark.parametrize("environment", environments(), ids=lambda e: "-".join(e.values()))
def test_extras_add_to_the_requirements_and_change_none(environment):
    everything = versions(requirement_lines("requirements-extras.txt"), environment)
    core = versions(requirement_lines(), environment)
    assert {name: everything.get(name) for name in core} == core
    direct = versions(extra_lines(), environment)
    assert {name: everything.get(name) for name in direct} == direct
    assert all(pin.startswith("==") and "*" not in pin for pin in everything.values())
    assert not set(direct) & set(core), "the core waits for no extra"


@pytest.mark.parametrize(("system", "machine"), [("linux", "x86_64"), ("win32", "AMD64")])
def test_tensorflow_comes_without_gpu_where_there_is_such_a_wheel(system, machine):
    here = next(
        e for e in environments() if (e["sys_platform"], e["platform_machine"]) == (system, machine)
    )
    assert "tensorflow-cpu" in versions(requirement_lines(), here)


def test_conda_takes_the_same_files():
    conda = yaml.safe_load((settings.ROOT / "environment.yml").read_text())
    plain = [entry for entry in conda["dependencies"] if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict)]
    # No version of its own, but for Python's: everything else comes from requirements.txt.
    assert [name.split("=")[0] for name in plain] == ["python", "pip"]
    assert pip == ["-r requirements.txt", "-e ."]
    python = plain[0].split("=")[1]
    assert python + ".0" in SpecifierSet(PROJECT["requires-python"])


def test_the_set_up_supports_the_pythons_of_the_project():
    wanted = SpecifierSet(PROJECT["requires-python"])
    minors = [(3, minor) for minor in range(20) if f"3.{minor}.0" in wanted]
    assert list(make.SUPPORTED) == minors


def test_every_import_is_pinned():
    lines = direct_lines() + extra_lines()
    pinned = {canonicalize_name(Requirement(line).name) for line in lines}
    pinned.add("tensorflow-cpu")
    sources = {path: path.read_text() for path in settings.ROOT.glob("course_utils/**/*.py")}
    sources |= {path: path.read_text() for path in settings.ROOT.glob("tests/**/*.py")}
    for path in settings.ROOT.glob("notebooks/*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        sources[path] = "\n".join(
            "\n".join(line for line in cell.source.splitlines() if not line.startswith(("%", "!")))
            for cell in cells
            if cell.cell_type == "code"
        )
    own = {"course_utils", "make"} | {
        part for path in sources for part in (path.stem, path.parent.name)
    }
    distributions = packages_distributions()
    for path, source in sources.items():
        for name in imported(source) - sys.stdlib_module_names - own:
            owners = {canonicalize_name(owner) for owner in distributions.get(name, [name])}
            assert owners & pinned, f"{path.name} imports {name}, which pyproject.toml leaves out"


def imported(source):
    """Names of the packages that a source imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names
