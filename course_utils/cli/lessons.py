"""Opening the lessons in JupyterLab, and running them without a browser."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from course_utils import settings
from course_utils.core import display, files, packages
from course_utils.core.errors import CourseError, reason

BUILD = settings.ROOT / "build"
FIRST = "00_start_here"
# A cell that takes longer hangs: on a slow computer a whole lesson takes less.
CELL_SECONDS = 1800
# Kernels of this environment, where keras is on TensorFlow even before the course is imported.
KERNEL = {"JUPYTER_PREFER_ENV_PATH": "1", "KERAS_BACKEND": "tensorflow"}


def chosen(words: Sequence[str]) -> list[Path]:
    """Notebooks whose names begin with one of the words, or all of them, in order."""
    lessons = sorted(settings.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    for word in words:
        if not any(lesson.name.startswith(word) for lesson in lessons):
            names = ", ".join(lesson.stem for lesson in lessons)
            raise CourseError(f"There is no lesson {word!r}: choose from {names}.")
    return [lesson for lesson in lessons if not words or lesson.name.startswith(tuple(words))]


def run(words: Sequence[str], dataset: str | None = None) -> int:
    """Run lessons, each in a fresh kernel, write them to ``build/``, and count those that failed.

    ``words`` are beginnings of their names; without any, all run but those whose packages are not
    installed. The notebooks stay as they are. After a failure, with which its page ends, comes the
    next lesson.
    """
    from course_utils import datasets

    lessons = chosen(words)
    dataset = dataset or settings.dataset()
    # Before the lessons: here one sees the progress, or reads what to do where data is missing.
    print(datasets.load(dataset))
    lacking = {number for name, number in packages.LESSONS.items() if packages.lacking(name)}
    # On a terminal the line says before which cell it is at.
    start_of_line = "\r" if sys.stdout.isatty() else ""
    outcomes = []
    for lesson in lessons:
        if not words and lesson.name[:2] in lacking:
            print(f"{lesson.stem:24} left out: '{packages.command()}' adds the packages it needs")
            continue
        start = time.perf_counter()
        outcomes.append(_execute(lesson, dataset))
        seconds = time.perf_counter() - start
        print(f"{start_of_line}{lesson.stem:24} {seconds:7.1f} s  {outcomes[-1]}", flush=True)
    good = outcomes.count("ok")
    print(f"{good} of {len(outcomes)} lessons ran; pages are in {BUILD}")
    return len(outcomes) - good


def open_lab(options: Sequence[str]) -> int:
    """Serve JupyterLab on the first lesson; options, such as ``--port=9999``, are its own."""
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={settings.ROOT}"]
    command += [f"--LabApp.default_url=/lab/tree/notebooks/{FIRST}.ipynb"]
    # Only the address, and what goes wrong; Ctrl-C stops it without a question.
    command += ["--log-level=ERROR", "-y", "--KernelManager.transport_encryption=auto"]
    if display.has_display():
        print("JupyterLab opens in your browser; if not, open the address below. Ctrl-C stops it.")
    else:
        command.append("--no-browser")
        print("Open the address below, which starts with http, in a browser. Ctrl-C stops it.")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    command += options
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], command, os.environ | KERNEL)
    # Windows hands Ctrl-C to both: JupyterLab answers it, and this waits for its end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(command, env=os.environ | KERNEL)


def _execute(lesson: Path, dataset: str) -> str:
    """Run one notebook, write its page, and say how it went: ``"ok"``, or what failed."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    try:
        notebook = nbformat.read(lesson, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        return f"failed: {lesson.name} cannot be read: {reason(error)}"
    where = {"metadata": {"path": str(lesson.parent)}}
    client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", resources=where)
    variables = os.environ | KERNEL | {"COURSE_DATASET": dataset, "COURSE_STATIC": "1"}
    outcome = "ok"
    try:
        # Cell by cell, because client.execute() takes Ctrl-C for a kernel that died.
        # What cells print to stderr is in the page; what the kernel logs beside is not for readers.
        with client.setup_kernel(env=variables, stderr=subprocess.DEVNULL):
            for index, cell in enumerate(notebook.cells):
                if sys.stdout.isatty():
                    place = f"cell {index + 1} of {len(notebook.cells)}"
                    print(f"\r{lesson.stem:24} {place}", end="", flush=True)
                client.execute_cell(cell, index, execution_count=client.code_cells_executed + 1)
            client.set_widgets_metadata()
    except CellExecutionError as error:
        outcome = f"failed: {error.ename}: {error.evalue}".strip().splitlines()[0]
    except CellTimeoutError:
        outcome = f"failed: a cell took longer than {CELL_SECONDS // 60} minutes"
    except DeadKernelError:
        outcome = "failed: the kernel died, most often because memory ran out: close other programs"
    _write(notebook, lesson.stem if dataset == "practice" else f"{lesson.stem}.{dataset}")
    return outcome


def _write(notebook, name: str) -> None:
    """Write ``build/<name>.html``, and the executed notebook beside it."""
    import nbformat
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_notebook_node(notebook, {"metadata": {"name": name}})
    with files.atomic(BUILD / f"{name}.html") as new:
        new.write_text(page, encoding="utf-8")
    with files.atomic(BUILD / f"{name}.ipynb") as new:
        nbformat.write(notebook, new)
