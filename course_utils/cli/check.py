"""Whether this computer can run the lessons, one finding in words after another.

What may not load, or takes Python down on some processors, is tried in a process of its own before
anything here imports it.
"""

import functools
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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


class Finding(NamedTuple):
    """One thing looked at: ``"bad"`` stops a lesson, ``"note"`` does not."""

    state: str
    text: str


good, note, bad = (functools.partial(Finding, state) for state in MARKS)


def findings() -> Iterator[Finding]:
    """Look at Python, packages, kernel, memory, disk, write access, weights, extras and data."""
    project = extras.project()
    yield python(project["requires-python"])
    needed = project["dependencies"] + project["optional-dependencies"]["lab"]
    yield packages(needed, extras.pins())
    broken, finding = loading()
    yield finding
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


def packages(wanted: list[str], tested: dict[str, str]) -> Finding:
    """Compare installed packages with ranges such as ``"numpy>=2"``, and with tested versions."""
    from packaging.requirements import Requirement

    asked = [one for one in map(Requirement, wanted) if not one.marker or one.marker.evaluate()]
    here = {one: _version_of(one.name) for one in asked}
    missing = [one.name for one, found in here.items() if not found]
    old = [
        f"{one.name} {found} instead of {one.specifier}"
        for one, found in here.items()
        if found and found not in one.specifier
    ]
    others = [
        f"{one.name} {found} instead of {tested[one.name]}"
        for one, found in here.items()
        if found != tested.get(one.name, found)
    ]
    if missing:
        return bad(f"Packages missing: {', '.join(missing)}: run make setup")
    if old:
        return bad(f"Packages too old: {', '.join(old)}: run make setup")
    if others:
        return note(f"Other versions than the course was tested with: {', '.join(others)}")
    return good(f"{len(asked)} packages, each in the version the course was tested with")


def _version_of(name: str) -> str | None:
    # Whichever TensorFlow is here is the one that Python imports.
    return extras.versions().get("tensorflow") if "tensorflow" in name else extras.version_of(name)


def loading() -> tuple[str, Finding]:
    """Name the first package that another Python cannot import, ``""`` if none, and say it."""
    command = [sys.executable, "-c", TRIAL, *LIBRARIES]
    done = subprocess.run(command, cwd=settings.ROOT, capture_output=True, errors="replace")
    if done.returncode == 0:
        return "", good(f"TensorFlow {extras.versions()['tensorflow']} starts")
    # An exception ends Python with 1, a signal with another number.
    why = "the processor or the memory does not suffice: it needs a 64-bit CPU with AVX"
    if done.returncode == 1:
        why = done.stderr.strip().rpartition("\n")[2] or "it stopped without a word"
    broken = ["python", *done.stdout.split()][-1]
    what, remedy = f"The package {broken} does not load", "run make setup"
    if broken == "tensorflow":
        what, remedy = "TensorFlow does not start", f"{remedy}, or use another computer"
    return broken, bad(f"{what} ({why}): {remedy}")


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
    if free >= MEMORY_GB:
        return good(here)
    here += f"; lessons take up to {MEMORY_GB} GB"
    if total >= MEMORY_GB:
        return note(f"{here}: close other programs")
    return bad(f"{here}: use another computer")


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

    without = "transfer learning fetches them, or says what it takes instead"
    for name, backbone in weights.BACKBONES.items():
        path, what = weights.cached(name), f"ImageNet weights of {backbone.title}"
        if path.exists():
            yield good(f"{what}: {path}")
        else:
            yield note(f"{what} are not in {path.parent}: {without}")


def extensions() -> Iterator[Finding]:
    """See which extensions lack packages of their own; the other lessons run without them."""
    for name, lesson in extras.LESSONS.items():
        if missing := ", ".join(extras.lacking(name)):
            yield note(f"Lesson {lesson} needs {missing}: '{extras.command()}' adds them")


def data() -> Iterator[Finding]:
    """See which data sets are there and whole, and whether the chosen one is."""
    from course_utils import datasets
    from course_utils.cli import inventory

    chosen = None
    try:
        chosen = settings.dataset()
    except CourseError as error:
        yield bad(str(error))
    for name in settings.datasets():
        title = f"{name[0].upper()}{name[1:]} data"
        try:
            if datasets.folder_of(name).exists():
                yield good(f"{title}: {len(datasets.load(name)):,} slices")
            elif name == chosen != "practice":
                yield bad(f"{title}: chosen, but {inventory.absent(name)}")
            elif name != "kaggle-v2":
                yield note(f"{title}: {inventory.absent(name)}")
        except (CourseError, OSError) as error:
            yield bad(f"{title}: {error}")


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
