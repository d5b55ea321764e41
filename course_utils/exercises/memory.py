"""What a learner solved and predicted, in ``progress.json`` on their own computer."""

import contextlib
import json
from collections.abc import Iterator

from course_utils import settings
from course_utils.core import files
from course_utils.core.errors import CourseError

VERSION = 2


def read() -> dict:
    """What is remembered: a list "solved", and "predictions", a dict by number.

    Version 1 was the list alone. What only another version of the course knows is kept. Raises
    CourseError if the file is damaged, or a later version of the course has written it.
    """
    path = settings.data_dir() / "progress.json"
    with files.reading(path, "rename it, and check your answers again"):
        text = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        kept = json.loads(text or "[]")
        if isinstance(kept, list):
            kept = {"version": VERSION, "solved": kept}
        if not isinstance(kept["version"], int):
            raise ValueError("its version is no whole number")
        if kept["version"] > VERSION:
            raise CourseError(
                f"{path} was written by a later version of the course: "
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
    path = settings.data_dir() / "progress.json"
    with files.lock(path):
        kept = read()
        yield kept
        kept["solved"] = sorted(set(kept["solved"]))
        with files.atomic(path) as new:
            new.write_text(json.dumps(kept), encoding="utf-8")
