"""Import TensorFlow without the notes that it prints, and Flower without its reports home.

The notes say that the last digits may differ between processors. No setting turns them off, and
in a notebook they fill a red box at the top of every lesson, where a reader looks for an error.
"""

import contextlib
import importlib.abc
import importlib.util
import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec

# Read when Flower is imported.
REPORTS_OFF = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
}


class _Finder(importlib.abc.MetaPathFinder):
    """Steps in for the one import of TensorFlow, whoever asks for it, and then leaves."""

    def find_spec(self, name, path, target=None) -> ModuleSpec | None:
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            execute = spec.loader.exec_module

            def execute_quietly(module) -> None:
                with _no_stderr():
                    execute(module)

            spec.loader.exec_module = execute_quietly
        return spec


def tensorflow() -> None:
    """Make the first import of TensorFlow a quiet one; errors are raised as ever."""
    # What it prints later, such as a missing GPU, is for the few who ask for it.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _Finder())


def flower() -> None:
    """Have Flower report to nobody that it runs, nor look for a newer version."""
    for name, value in REPORTS_OFF.items():
        os.environ.setdefault(name, value)


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
