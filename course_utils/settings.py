"""Folders, the chosen data set, the seed, and whether explorers draw a still picture.

Everything a learner can choose is read from here, so that a lesson needs no options of its own.
"""

import json
import os
import platform
import sys
from pathlib import Path

from course_utils.core import files, packages
from course_utils.core.errors import CourseError as CourseError
from course_utils.core.errors import look_up, reason

ROOT = packages.ROOT
NOTEBOOKS = ROOT / "notebooks"
SEED = 7
IMAGE_SIZE = 128
# Those that the course knows; a learner's own folders become named data sets beside them.
DATASETS = ("practice", "kaggle", "kaggle-v2", "figshare")
# Cases of lesson 07, simulated as practice data with a planted fault, and then kept beside those.
CASES = {f"project-{number}": number for number in range(1, 100)}


def variable(name: str) -> str:
    """Value of an environment variable without blanks around it; ``""`` where it is not set."""
    return os.environ.get(name, "").strip()


def data_dir() -> Path:
    """Folder for everything simulated, imported or trained: ``data/``, or ``$COURSE_DATA``.

    A :class:`CourseError` says where ``$COURSE_DATA`` cannot be the name of a folder.
    """
    chosen = variable("COURSE_DATA")
    try:
        folder = Path(chosen or ROOT / "data").expanduser().resolve()
        folder.exists()  # raises where the name is too long, or the way to it is barred
        return folder
    except (OSError, RuntimeError, ValueError) as error:
        raise CourseError(
            f"COURSE_DATA={chosen} cannot be used ({reason(error)}): set COURSE_DATA to a "
            "folder of your own."
        ) from None


def named_dir() -> Path:
    """Folder of the named data sets: those imported from a learner's own folders."""
    return data_dir() / "named"


def datasets() -> tuple[str, ...]:
    """Names of all data sets: :data:`DATASETS`, and the named ones on this computer."""
    # What an import that was killed left behind is called v1.something.partial.
    tables = named_dir().glob("*/v*/table.csv")
    names = {path.parts[-3] for path in tables if path.parts[-2][1:].isdigit()}
    return DATASETS + tuple(sorted(names))


def dataset() -> str:
    """Name of the chosen data set: ``$COURSE_DATASET``, the remembered one, or ``"practice"``."""
    return _known(variable("COURSE_DATASET")) if dataset_is_fixed() else _remembered()


def dataset_is_fixed() -> bool:
    """Whether ``$COURSE_DATASET`` leaves nothing to choose."""
    return bool(variable("COURSE_DATASET"))


def choose_dataset(name: str) -> None:
    """Remember one of :func:`datasets` for all lessons until another one is chosen."""
    choice = json.dumps({"dataset": _known(name)}, indent=1)
    with files.atomic(data_dir() / "settings.json") as path:
        path.write_text(choice + "\n", encoding="utf-8")


def static() -> bool:
    """Whether explorers draw one still picture: no sliders in tests and in printed pages."""
    asked = variable("COURSE_STATIC").lower() not in ("", "0", "false", "no", "off")
    return asked or bool(os.environ.get("PYTEST_CURRENT_TEST"))


def show() -> None:
    """Print the versions, the data set and the device that a lesson runs with."""
    versions = packages.versions()
    # TensorFlow takes seconds to import: a lesson that does without it is not made to wait.
    tf = sys.modules.get("tensorflow")
    gpus = tf.config.list_physical_devices("GPU") if tf else []
    device = f"{len(gpus)} GPU" if gpus else f"CPU, {os.cpu_count()} cores"
    print(
        f"Python {platform.python_version()}, TensorFlow {versions.get('tensorflow')}, "
        f"Keras {versions.get('keras')}, on {device}"
    )
    print(f"data set: {dataset()}, seed: {SEED}")


def _known(name: str) -> str:
    return name if name in CASES else look_up({n: n for n in datasets()}, name, "data set")


def _remembered() -> str:
    path = data_dir() / "settings.json"
    with files.reading(path, "delete it and choose a data set again in lesson 00"):
        if not path.exists():
            return "practice"
        choices = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(choices, dict) or choices.get("dataset") not in (*datasets(), *CASES):
            raise ValueError("it names no data set of the course")
        return choices["dataset"]
