"""Whether this computer can run the lessons, one finding in words after another."""

import dataclasses
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
from course_utils.models import weights

MARKS = {"good": "✓", "note": "!", "bad": "✗"}
PLAIN_MARKS = {"good": "ok ", "note": "!  ", "bad": "NO "}

# The hungriest lesson peaks below this, TensorFlow included.
MEMORY_GB = 4
DISK_GB = 1


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing looked at: ``"bad"`` stops a lesson, ``"note"`` does not."""

    state: str
    text: str


def findings() -> Iterator[Finding]:
    """Look at Python, packages, kernel, memory, disk, write access, weights, extras and data."""
    project = tomllib.loads((settings.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = project["project"]
    yield python(project["requires-python"])
    yield packages(project["dependencies"])
    yield tensorflow()
    yield kernel()
    yield memory(*_memory())
    yield disk(settings.data_dir())
    for folder in (settings.data_dir(), settings.ROOT / "notebooks"):
        yield writable(folder)
    yield from pretrained()
    yield from extensions()
    yield from data()


def show(found: Iterator[Finding]) -> bool:
    """Print findings as they come; tell whether every lesson can run."""
    try:
        "".join(MARKS.values()).encode(sys.stdout.encoding or "ascii")
        marks = MARKS
    except UnicodeEncodeError:
        marks = PLAIN_MARKS
    bad = 0
    for finding in found:
        print(marks[finding.state], finding.text, flush=True)
        bad += finding.state == "bad"
    stop = "one thing stops" if bad == 1 else f"{bad} things stop"
    print(f"\nNot ready: {stop} the lessons." if bad else "\nReady for every lesson.")
    return not bad


def python(wanted: str) -> Finding:
    """Compare this Python with the versions the course supports, such as ``">=3.11,<3.14"``."""
    from packaging.specifiers import SpecifierSet

    here = f"Python {platform.python_version()} in {sys.prefix}"
    if SpecifierSet(wanted).contains(platform.python_version(), prereleases=True):
        return Finding("good", here)
    return Finding("bad", f"{here}, but the course needs {wanted}: install one and run make setup")


def packages(pins: list[str]) -> Finding:
    """Compare installed packages with pins such as ``"numpy==2.4.6"``."""
    from packaging.requirements import Requirement

    wanted = [Requirement(pin) for pin in pins]
    wanted = [pin for pin in wanted if pin.marker is None or pin.marker.evaluate()]
    missing, others = [], []
    for pin in wanted:
        try:
            found = version(pin.name)
        except PackageNotFoundError:
            missing.append(pin.name)
            continue
        if found not in pin.specifier:
            others.append(f"{pin.name} {found} instead of {pin.specifier}".replace("==", ""))
    if missing:
        return Finding("bad", f"Packages missing: {', '.join(missing)}: run make setup")
    if others:
        return Finding(
            "note", f"Other versions than the course was tested with: {', '.join(others)}"
        )
    return Finding(
        "good", f"{len(wanted)} packages, each in the version the course was tested with"
    )


def tensorflow() -> Finding:
    """Start TensorFlow in a process of its own: on some processors it takes Python down."""
    code = "import keras, tensorflow as tf; print(tf.__version__, tf.reduce_sum([1, 1]).numpy())"
    started = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if started.returncode == 0:
        return Finding("good", f"TensorFlow {started.stdout.split()[-2]} starts")
    reason = (started.stderr.strip().splitlines() or ["it stopped without a word"])[-1]
    if started.returncode < 0:
        reason = "the processor or the memory does not suffice: it needs a 64-bit CPU with AVX"
    return Finding(
        "bad", f"TensorFlow does not start ({reason}): run make setup, or another computer"
    )


def kernel() -> Finding:
    """See whether notebooks will find the kernel of this environment."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Finding("bad", "The notebook kernel python3 is missing: run make setup")
    # "python" stands for the Python that JupyterLab itself runs in.
    if Path(command).stem.startswith("python") and not Path(command).is_absolute():
        return Finding("good", "Notebooks find their kernel in this environment")
    if Path(command).parent.parent == Path(sys.prefix):
        return Finding("good", "Notebooks find their kernel in this environment")
    return Finding(
        "note",
        f"The kernel python3 starts {command}: open lessons by make lab, which finds its own",
    )


def memory(total: float, free: float) -> Finding:
    """Compare memory in GB with what the hungriest lesson takes."""
    here = f"Memory: {total:.1f} GB, {free:.1f} GB of it free"
    if total < MEMORY_GB:
        return Finding("bad", f"{here}; lessons take up to {MEMORY_GB} GB: use another computer")
    if free < MEMORY_GB:
        return Finding("note", f"{here}; lessons take up to {MEMORY_GB} GB: close other programs")
    return Finding("good", here)


def disk(folder: Path) -> Finding:
    """Compare free disk space with what practice data and trained models take."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free / 1e9
    here = f"Disk: {free:.1f} GB free in {folder}"
    if free < DISK_GB:
        return Finding(
            "bad", f"{here}, and {DISK_GB} GB is needed: free some, or set COURSE_DATA elsewhere"
        )
    return Finding("good", here)


def writable(folder: Path) -> Finding:
    """Write a small file and delete it again."""
    trial = folder / ".write-trial"
    try:
        with files.atomic(trial) as new:
            new.write_text("trial")
        files.remove(trial)
    except (CourseError, OSError) as error:
        return Finding("bad", f"Cannot write: {error}")
    return Finding("good", f"Can write to {folder}")


def pretrained() -> Iterator[Finding]:
    """See which pretrained weights are in the Keras cache; the lessons run without them."""
    for name, backbone in weights.BACKBONES.items():
        path = weights.cached(name)
        if path.exists():
            yield Finding("good", f"ImageNet weights of {backbone.title}: {path}")
        else:
            yield Finding(
                "note",
                f"ImageNet weights of {backbone.title} are not in {path.parent}: transfer learning "
                "fetches them, or says what it takes instead",
            )


def extensions() -> Iterator[Finding]:
    """See which extensions lack packages of their own; the other lessons run without them."""
    for name, lesson in extras.LESSONS.items():
        missing = extras.lacking(name)
        if missing:
            names = ", ".join(missing)
            yield Finding("note", f"Lesson {lesson} needs {names}: '{extras.command()}' adds them")


def data() -> Iterator[Finding]:
    """See which data sets are there and whole, and whether the chosen one is."""
    # Late, so that the packages it needs are looked for first.
    from course_utils import datasets

    try:
        chosen = settings.dataset()
    except CourseError as error:
        yield Finding("bad", str(error))
        chosen = None
    for name in settings.DATASETS:
        if not datasets.folder_of(name).exists():
            if name == "practice":
                yield Finding("note", "Practice data: not made yet; the first lesson makes it")
            elif name == chosen:
                yield Finding(
                    "bad",
                    "Kaggle data: chosen, but not here: 'course data download' fetches it, or "
                    "choose the practice data in lesson 00",
                )
            else:
                yield Finding("note", "Kaggle data: not here; 'course data download' fetches it")
            continue
        try:
            yield Finding("good", f"{name.capitalize()} data: {len(datasets.load(name)):,} slices")
        except CourseError as error:
            yield Finding("bad", f"{name.capitalize()} data: {error}")


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
