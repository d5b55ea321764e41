"""Keras on TensorFlow: imported in this one place, quietly, and set to what the course needs.

``keras.json``, ``KERAS_BACKEND`` and their like may ask for another backend, precision, order of
the axes or number of epochs. They hold for other projects: here one name must mean one run.
"""

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Iterator

from course_utils.core.errors import CourseError, reason

BACKEND = "tensorflow"
VARIABLE = "KERAS_BACKEND"
# Settings of Keras that decide how a run comes out.
CONFIG = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "dtype_policy": "float32",
    "max_epochs": None,
    "max_steps_per_epoch": None,
}


@contextlib.contextmanager
def configured(**others) -> Iterator[None]:
    """Have :data:`CONFIG` hold in the block, with ``others`` in it, whatever a reader has set."""
    before = {name: getattr(keras.config, name)() for name in CONFIG if _known(name)}
    _set(CONFIG | others)
    try:
        yield
    finally:
        _set(before)


def _set(config: dict) -> None:
    for name, value in config.items():
        if _known(name):
            getattr(keras.config, f"set_{name}")(value)


def _known(name: str) -> bool:
    # An older Keras has no limits of epochs and steps, so nobody has set any.
    return hasattr(keras.config, f"set_{name}")


@contextlib.contextmanager
def _no_stderr() -> Iterator[None]:
    """Silence file 2 itself, since compiled code does not go through ``sys.stderr``."""
    stderr = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def _quietly(name: str):
    """Import TensorFlow or Keras without notes on processors, which fill red boxes in notebooks."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = BACKEND
    try:
        with _no_stderr():
            return importlib.import_module(name)
    # So Keras refuses a value in its file, an older one by an assertion without words.
    except (ValueError, AssertionError) as error:
        raise CourseError(
            f"Keras does not start: correct its keras.json ({reason(error)})"
        ) from None
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before


def _worth_saying(record: logging.LogRecord) -> bool:
    # Lessons look at one layer after the other, and each of these is a network to prepare.
    return "tf.function retracing" not in record.getMessage()


# What TensorFlow prints later, such as a missing GPU, is for the few who ask for it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("tensorflow").addFilter(_worth_saying)
keras = sys.modules.get("keras") or _quietly("keras")
if keras.config.backend() != BACKEND:
    raise CourseError(
        f"Keras was started on {keras.config.backend()}, and the course needs it on TensorFlow: "
        f"set {VARIABLE}={BACKEND} and restart the kernel."
    )
_set(CONFIG)
tf = _quietly("tensorflow")
