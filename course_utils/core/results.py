"""Measured numbers: one JSON file each, with everything needed to measure them again."""

import dataclasses
import json
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path

from course_utils import settings
from course_utils.core import files, packages
from course_utils.core.errors import CourseError


def save(name: str, figures: Mapping, **how) -> Path:
    """Write figures to ``results/<name>.json`` in the data folder.

    A figure with an interval is ``{"value", "low", "high"}``, or an
    :class:`course_utils.evaluation.intervals.Estimate`, which becomes that. ``how`` is what it
    takes to measure again: data set, split, seed, command and so on.
    """
    system, processor = platform.system(), platform.machine()
    record = {
        "name": name,
        "figures": figures,
        "settings": {"seed": settings.SEED} | how,
        "versions": {"python": platform.python_version()} | packages.versions(),
        "machine": {"system": system, "processor": processor, "cores": os.cpu_count()},
    }
    text = json.dumps(record, indent=1, default=dataclasses.asdict)
    path = settings.data_dir() / "results" / f"{name}.json"
    with files.atomic(path) as new:
        new.write_text(f"{text}\n", encoding="utf-8")
    return path


def command(*words: str, **options) -> str:
    """Spell the command that measures it again; None and the usual seed are left out."""
    if options.get("seed") == settings.SEED:
        del options["seed"]
    given = (f"--{name} {value}" for name, value in options.items() if value is not None)
    return " ".join(["course", *words, *given])


def load(name: str) -> dict:
    """Read ``results/<name>.json``: your own measurement, else the one that comes along."""
    for folder in (settings.data_dir(), settings.ROOT / "data"):
        path = folder / "results" / f"{name}.json"
        if path.exists():
            with files.reading(path, "measure again, or take this file from the course again"):
                record = json.loads(path.read_text(encoding="utf-8"))
                if not (isinstance(record, dict) and "figures" in record):
                    raise ValueError("it holds no figures")
                return record
    raise CourseError(f"There is no result called {name!r} in {path.parent}: measure it first.")


def insert(path: Path, mark: str, text: str) -> None:
    """Put text into a Markdown file, between ``<!-- mark -->`` and ``<!-- /mark -->``."""
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    between = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    old = path.read_text(encoding="utf-8")
    new, count = between.subn(lambda _: f"{start}\n{text}\n{end}", old)
    if not count:
        raise CourseError(
            f"{path} lacks the marks {start} and {end}: write them, one below the other, "
            "where the text belongs."
        )
    with files.atomic(path) as whole:
        whole.write_text(new, encoding="utf-8")
