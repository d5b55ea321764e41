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

ROOT = packages.ROOT
SEED = 7
IMAGE_SIZE = 128
DATASETS = ("practice", "kaggle")


def data_dir() -> Path:
    """Folder for everything simulated, imported or trained: ``data/``, or ``$COURSE_DATA``."""
    return Path(os.environ.get("COURSE_DATA") or ROOT / "data").expanduser().resolve()


def dataset() -> str:
    """Name of the chosen data set.

    ``$COURSE_DATASET`` wins, then the choice remembered by :func:`choose_dataset`, then
    ``"practice"``.

    Raises
    ------
    CourseError
        If the name is not one of :data:`DATASETS`.
    """
    name = os.environ.get("COURSE_DATASET") or _remembered().get("dataset", "practice")
    return known_dataset(name)


def known_dataset(name: str) -> str:
    """Pass on the name of a data set that exists.

    Raises
    ------
    CourseError
        If the name is not one of :data:`DATASETS`.
    """
    if name not in DATASETS:
        raise CourseError(
            f"There is no data set called {name!r}: choose one of {', '.join(DATASETS)} "
            "with COURSE_DATASET or in lesson 00."
        )
    return name


def choose_dataset(name: str) -> None:
    """Remember a data set for all lessons until another one is chosen.

    Raises
    ------
    CourseError
        If the name is not one of :data:`DATASETS`.
    """
    choices = _remembered() | {"dataset": known_dataset(name)}
    with files.atomic(data_dir() / "settings.json") as path:
        path.write_text(json.dumps(choices, indent=1) + "\n")


def static() -> bool:
    """Whether explorers draw one still picture: no sliders in tests and in printed pages."""
    return bool(os.environ.get("COURSE_STATIC") or os.environ.get("PYTEST_CURRENT_TEST"))


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


def _remembered() -> dict:
    path = data_dir() / "settings.json"
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} cannot be read ({error}): delete it and choose again.") from None
