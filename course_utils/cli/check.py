"""Whether this computer can run the lessons, one finding in words after another.

What may not load, or takes Python down on some processors, is tried in a process of its own before
anything here imports it.
"""

import dataclasses
import functools
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from course_utils import settings
from course_utils.core import files
from course_utils.core import packages as extras
from course_utils.core.errors import CourseError

MARKS = {"good": "✓", "note": "!", "bad": "✗"}
PLAIN_MARKS = {"good": "ok ", "note": "!  ", "bad": "NO "}
# The hungriest lesson peaks below this, TensorFlow included.
MEMORY_GB = 4
DISK_GB = 1
# What the course sets, whatever keras.json says.
KERAS = {"backend": "tensorflow", "floatx": "float32", "image_data_format": "channels_last"}
# What lessons compute with, by the names it is imported by; TensorFlow as the course starts it.
LIBRARIES = ("numpy", "scipy", "pandas", "sklearn", "matplotlib", "PIL", "h5py")
TRIAL = """
import importlib, sys
for name in sys.argv[1:]:
    print(name, flush=True)
    importlib.import_module(name)
print("tensorflow", flush=True)
from course_utils.core.backend import keras, tf
tf.reduce_sum([1, 1]).numpy()
"""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing looked at: ``"bad"`` stops a lesson, ``"note"`` does not."""

    state: str
    text: str


good, note, bad = (functools.partial(Finding, state) for state in MARKS)


def findings() -> Iterator[Finding]:
    """Look at Python, packages, kernel, memory, disk, write access, weights, extras and data."""
    text = (settings.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    yield python(project["requires-python"])
    yield packages(project["dependencies"])
    broken, why = _first_broken()
    yield loading(broken, why)
    yield from keras_settings()
    yield kernel()
    yield memory(*_memory())
    try:
        folder = settings.data_dir()
    except CourseError as error:
        yield bad(str(error))
        return
    yield disk(folder)
    yield writable(folder)
    yield writable(settings.NOTEBOOKS)
    if not broken:
        yield from pretrained()
    yield from extensions()
    if broken in ("", "tensorflow"):
        yield from data()


def show(found: Iterator[Finding]) -> bool:
    """Print findings as they come; tell whether every lesson can run."""
    try:
        "".join(MARKS.values()).encode(sys.stdout.encoding or "ascii")
        marks = MARKS
    except UnicodeEncodeError:
        marks = PLAIN_MARKS
    count = 0
    for finding in found:
        print(marks[finding.state], finding.text, flush=True)
        count += finding.state == "bad"
    stop = "one thing stops" if count == 1 else f"{count} things stop"
    print(f"\nNot ready: {stop} the lessons." if count else "\nReady for every lesson.")
    return not count


def python(wanted: str) -> Finding:
    """Compare this Python with the versions the course supports, such as ``">=3.11,<3.14"``."""
    from packaging.specifiers import SpecifierSet

    here = f"Python {platform.python_version()} in {sys.prefix}"
    if not SpecifierSet(wanted).contains(platform.python_version(), prereleases=True):
        return bad(f"{here}, but the course needs {wanted}: install one and run make setup")
    if (platform.system(), platform.machine()) == ("Darwin", "x86_64"):
        return bad(
            f"{here} is made for Intel Macs, and TensorFlow 2.21 is not: install a Python for "
            "Apple silicon if this Mac has it, else take a Linux container or another computer"
        )
    return good(here)


def packages(pins: list[str]) -> Finding:
    """Compare installed packages with pins such as ``"numpy==2.4.6"``."""
    from packaging.requirements import Requirement

    wanted = [pin for pin in map(Requirement, pins) if not pin.marker or pin.marker.evaluate()]
    missing, others = [], []
    for pin in wanted:
        try:
            if (found := version(pin.name)) not in pin.specifier:
                others.append(f"{pin.name} {found} instead of {pin.specifier}".replace("==", ""))
        except PackageNotFoundError:
            missing.append(pin.name)
    if missing:
        return bad(f"Packages missing: {', '.join(missing)}: run make setup")
    if others:
        return note(f"Other versions than the course was tested with: {', '.join(others)}")
    return good(f"{len(wanted)} packages, each in the version the course was tested with")


def loading(broken: str, why: str) -> Finding:
    """Say which package does not load, or that all do."""
    if not broken:
        return good(f"TensorFlow {extras.versions()['tensorflow']} starts")
    if broken == "tensorflow":
        return bad(f"TensorFlow does not start ({why}): run make setup, or use another computer")
    return bad(f"The package {broken} does not load ({why}): run make setup")


def keras_settings() -> Iterator[Finding]:
    """See where a variable or ``keras.json`` asks for another Keras than the course uses."""
    path = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "keras.json"
    try:
        asked = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        asked = {}
    variable = os.environ.get("KERAS_BACKEND")
    for name, ours in KERAS.items():
        value, where, remedy = asked.get(name, ours), f"{name} in {path}", f"set it to {ours}"
        if name == "backend" and variable:
            value, where, remedy = variable, "KERAS_BACKEND", "unset it"
        if value != ours:
            yield note(
                f"{where} is {value}, and the course uses {ours} all the same; a notebook of "
                f"yours that imports keras first gets {value}: {remedy}"
            )


def kernel() -> Finding:
    """See whether notebooks will find the kernel of this environment."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        command = Path(KernelSpecManager().get_kernel_spec("python3").argv[0])
    except NoSuchKernel:
        return bad("The notebook kernel python3 is missing: run make setup")
    # "python" alone stands for the Python that JupyterLab itself runs in.
    if not command.is_absolute() or command.parent.parent == Path(sys.prefix):
        return good("Notebooks find their kernel in this environment")
    return note(
        f"The kernel python3 starts {command}: open lessons by make lab, which finds its own"
    )


def memory(total: float, free: float) -> Finding:
    """Compare memory in GB with what the hungriest lesson takes."""
    here = f"Memory: {total:.1f} GB, {free:.1f} GB of it free"
    if total < MEMORY_GB:
        return bad(f"{here}; lessons take up to {MEMORY_GB} GB: use another computer")
    if free < MEMORY_GB:
        return note(f"{here}; lessons take up to {MEMORY_GB} GB: close other programs")
    return good(here)


def disk(folder: Path) -> Finding:
    """Compare free disk space with what practice data and trained models take."""
    existing = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    free = shutil.disk_usage(existing).free / 1e9
    here = f"Disk: {free:.1f} GB free in {folder}"
    if free < DISK_GB:
        return bad(f"{here}, and {DISK_GB} GB is needed: free some, or set COURSE_DATA elsewhere")
    return good(here)


def writable(folder: Path) -> Finding:
    """Write a small file and delete it again."""
    trial = folder / ".write-trial"
    try:
        with files.atomic(trial) as new:
            new.write_text("trial")
        files.remove(trial)
    except CourseError as error:
        return bad(f"Cannot write: {error}")
    return good(f"Can write to {folder}")


def pretrained() -> Iterator[Finding]:
    """See which pretrained weights are in the Keras cache; the lessons run without them."""
    from course_utils.models import weights

    for name, backbone in weights.BACKBONES.items():
        path = weights.cached(name)
        if path.exists():
            yield good(f"ImageNet weights of {backbone.title}: {path}")
        else:
            yield note(
                f"ImageNet weights of {backbone.title} are not in {path.parent}: transfer learning "
                "fetches them, or says what it takes instead"
            )


def extensions() -> Iterator[Finding]:
    """See which extensions lack packages of their own; the other lessons run without them."""
    for name, lesson in extras.LESSONS.items():
        missing = extras.lacking(name)
        if missing:
            yield note(
                f"Lesson {lesson} needs {', '.join(missing)}: '{extras.command()}' adds them"
            )


def data() -> Iterator[Finding]:
    """See which data sets are there and whole, and whether the chosen one is."""
    from course_utils import datasets
    from course_utils.cli import inventory

    chosen = None
    try:
        chosen = settings.dataset()
    except CourseError as error:
        yield bad(str(error))
    for name in settings.DATASETS:
        title = f"{name.capitalize()} data"
        try:
            if datasets.folder_of(name).exists():
                yield good(f"{title}: {len(datasets.load(name)):,} slices")
            elif name == chosen != "practice":
                yield bad(f"{title}: chosen, but {inventory.ABSENT[name]}")
            else:
                yield note(f"{title}: {inventory.ABSENT[name]}")
        except (CourseError, OSError) as error:
            yield bad(f"{title}: {error}")


def _first_broken() -> tuple[str, str]:
    """The first package that another Python cannot import, and why; ``("", "")`` if none."""
    done = subprocess.run(
        [sys.executable, "-c", TRIAL, *LIBRARIES],
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return "", ""
    why = (done.stderr.strip().splitlines() or ["it stopped without a word"])[-1]
    # An exception ends Python with 1, a signal with another number.
    if done.returncode != 1:
        why = "the processor or the memory does not suffice: it needs a 64-bit CPU with AVX"
    return ["python", *done.stdout.split()][-1], why


def _memory() -> tuple[float, float]:
    """Total and free memory in GB; a container's limit counts where there is one."""
    import psutil

    here = psutil.virtual_memory()
    total, free = here.total, here.available
    try:
        # Control groups, version 2; "max" stands for no limit.
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        total, free = min(total, limit), min(free, limit - used)
    except (OSError, ValueError):
        pass
    return total / 1e9, free / 1e9
