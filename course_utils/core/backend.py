"""Keras on TensorFlow: imported in this one place, quietly, and set to what the course needs.

``keras.json`` and ``KERAS_BACKEND`` may ask for another backend, another precision or another order
of the axes. They hold for other projects: here two runs under one name must be the same run.
"""

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Iterator

from course_utils.core.errors import CourseError

BACKEND = "tensorflow"
VARIABLE = "KERAS_BACKEND"


def _quietly(name: str):
    """Import TensorFlow or Keras without notes on processors, which fill red boxes in notebooks."""
    with _no_stderr():
        return importlib.import_module(name)


@contextlib.contextmanager
def _no_stderr() -> Iterator[None]:
    """Silence file 2 itself, since compiled code does not go through ``sys.stderr``."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def _chosen() -> Iterator[None]:
    """Have Keras start on TensorFlow, and leave the variable as it was."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = BACKEND
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _set_up(keras) -> None:
    """Undo what ``keras.json`` says, or say what has to be changed where that cannot be done."""
    if keras.config.backend() != BACKEND:
        raise CourseError(
            f"Keras was started on {keras.config.backend()}, and the course needs it on "
            f"TensorFlow: set {VARIABLE}=tensorflow and restart the kernel."
        )
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")


def _worth_saying(record: logging.LogRecord) -> bool:
    # Lessons look at one layer after the other, and each of these is a network to prepare.
    return "tf.function retracing" not in record.getMessage()


# What TensorFlow prints later, such as a missing GPU, is for the few who ask for it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("tensorflow").addFilter(_worth_saying)
if "keras" in sys.modules:
    keras = sys.modules["keras"]
else:
    with _chosen():
        keras = _quietly("keras")
_set_up(keras)
tf = _quietly("tensorflow")
