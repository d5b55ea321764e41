"""The house keeps its floors: imports lead downwards, and a lesson needs the top and its own wing.

``course_utils/README.md`` is the map of it.
"""

import ast
import json
import re
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from course_utils import settings

PACKAGE = settings.ROOT / "course_utils"
NINE = {
    "settings",
    "datasets",
    "augment",
    "models",
    "training",
    "evaluation",
    "plots",
    "exercises",
    "widgets",
}
# From the bottom up. A room imports from itself and from rooms below; of two on one floor neither
# imports from the other, but for core and settings, whose modules stand on each other.
FLOORS = (
    {"core", "settings"},
    {"simulator", "realdata"},
    {"datasets"},
    {"augment"},
    {"models"},
    {"training"},
    {"evaluation"},
    {"plots"},
    {"widgets", "exercises"},
    {"volumes", "federation", "webapp", "pretraining"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
OWN_WING = {"12": "volumes", "13": "federation", "14": "webapp"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def dotted(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


NAMES = {dotted(path) for path in MODULES}


def imports(tree):
    """Modules of the course that a tree imports, without the package's own name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name.partition(".")[2] for a in node.names if _is_ours(a.name))
        elif isinstance(node, ast.ImportFrom) and not node.level and _is_ours(node.module or ""):
            base = node.module.partition(".")[2]
            for alias in node.names:
                name = f"{base}.{alias.name}".lstrip(".")
                yield name if name in NAMES else base


def _is_ours(name):
    return name.split(".")[0] == "course_utils"


def test_the_package_opens_on_nine_names_and_eight_wings():
    names = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("__")}
    assert names == {room for room in FLOOR if room != "__main__"} | {"README"}


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_lead_downwards(path):
    room = dotted(path).partition(".")[0]
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        other = name.partition(".")[0]
        below = FLOOR[other] < FLOOR.get(room, 0)
        assert other == room or below or {room, other} == {"core", "settings"}, name


def test_no_circle():
    graph = {
        dotted(path): set(imports(ast.parse(path.read_text(encoding="utf-8")))) for path in MODULES
    }
    # What hands names on for others is no part of a circle among those.
    tuple(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("path", sorted((settings.ROOT / "notebooks").glob("*.ipynb")))
def test_lessons_import_from_the_top_and_their_own_wing(path):
    allowed = NINE | {OWN_WING.get(path.name[:2])}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            code = re.sub(r"^\s*[!%].*$", "", "".join(cell["source"]), flags=re.M)
            rooms = {name.partition(".")[0] for name in imports(ast.parse(code))}
            assert rooms <= allowed


def test_what_needs_no_network_does_not_import_tensorflow():
    rooms = ("settings", "datasets", "plots", "exercises", "widgets")
    code = "import importlib, sys\n"
    code += f"for room in {rooms}:\n    importlib.import_module('course_utils.' + room)\n"
    code += "    assert not {'tensorflow', 'keras'} & set(sys.modules), room"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_form_of_data_knows_neither_simulator_nor_real_data():
    found = loaded(
        "import course_utils.datasets", "course_utils.simulator", "course_utils.realdata"
    )
    assert found == []


def test_a_lesson_loads_its_own_checks_alone():
    code = "from course_utils import exercises; exercises.checks('01')"
    found = loaded(code, *(f"course_utils.exercises.lesson_{n:02}" for n in range(15)))
    assert found == ["course_utils.exercises.lesson_01"]


def test_importing_the_course_changes_nothing():
    # Libraries do as they please, and are imported before.
    code = (
        "import logging, os, sys, matplotlib, sklearn.metrics; "
        "before = (dict(os.environ), list(sys.meta_path), dict(matplotlib.rcParams), "
        "list(logging.getLogger('tensorflow').filters)); "
        "import course_utils, course_utils.datasets, course_utils.plots; "
        "assert before == (dict(os.environ), list(sys.meta_path), dict(matplotlib.rcParams), "
        "list(logging.getLogger('tensorflow').filters))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def loaded(code, *names):
    """Those of some modules that a line of code imports in a fresh Python."""
    code += f"; import sys; print(*[name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()
