"""What a learner solved and predicted, in ``progress.json`` on their own computer."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from course_utils import settings
from course_utils.core import files
from course_utils.core.errors import CourseError

VERSION = 2
REMEDY = "rename it, and check your answers again"


def path() -> Path:
    """Where it is kept."""
    return settings.data_dir() / "progress.json"


def parsed(text: str) -> dict:
    """What a file of progress holds. Version 1 was the list of what was solved, alone."""
    kept = json.loads(text.strip() or "[]")
    return {"version": VERSION, "solved": kept} if isinstance(kept, list) else kept


def read() -> dict:
    """What is remembered: a list "solved", and "predictions", a dict by number.

    What only another version of the course knows is kept. Raises
    CourseError if the file is damaged, or a later version of the course has written it.
    """
    where = path()
    with files.reading(where, REMEDY):
        kept = parsed(where.read_text(encoding="utf-8") if where.exists() else "")
        if not isinstance(kept["version"], int):
            raise ValueError("its version is no whole number")
        if kept["version"] > VERSION:
            raise CourseError(
                f"{where} was written by a later version of the course: "
                "use that one, or rename the file."
            )
        kept["solved"] = [number for number in list(kept["solved"]) if isinstance(number, str)]
        for made in kept.setdefault("predictions", {}).values():
            made["guess"], made["right"], made["sure"] = (
                str(made["guess"]), made["right"], float(made["sure"]),
            )  # fmt: skip
    return kept


@contextlib.contextmanager
def changing() -> Iterator[dict]:
    """Give what is remembered to be changed, and write it whole; other notebooks wait meanwhile."""
    where = path()
    with files.lock(where):
        kept = read()
        yield kept
        kept["solved"] = sorted(set(kept["solved"]))
        with files.atomic(where) as new:
            new.write_text(json.dumps(kept), encoding="utf-8")
