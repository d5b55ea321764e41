"""A learner's progress as a file: read in every form it has had, and written to be handed in."""

import json
import re
from pathlib import Path

from course_utils.core import files, packages
from course_utils.core.errors import CourseError
from course_utils.exercises import memory


def export(who: str) -> Path:
    """Write what you solved and predicted to a file to hand in, beside the notebook; say where.

    ``who`` is the name under which it is counted. Nothing is sent anywhere. CourseError if the name
    holds no letter, or your progress cannot be read.
    """
    word = re.sub(r"\W+", "-", who).strip("-_")
    if not word:
        raise CourseError(f"{who!r} is no name for a file: use letters, such as in export('Ada').")
    kept = memory.path()
    progress = {"solved": [], "predictions": {}}
    if kept.exists():
        progress = read(kept, memory.REMEDY)
    record = {
        "version": memory.VERSION,
        "course": packages.project()["version"],
        "learner": who,
        **progress,
    }
    path = Path.cwd() / f"progress-{word}.json"
    with files.atomic(path) as new:
        text = json.dumps(record, indent=1, ensure_ascii=False)
        new.write_text(text + "\n", encoding="utf-8")
    solved, made = len(progress["solved"]), len(progress["predictions"])
    print(f"{solved} exercises and {made} predictions are in {path}: hand in this file.")
    return path


def read(path: Path, remedy: str = "have it handed in again") -> dict:
    """Read progress: ``solved``, a list such as ``["01.2"]``, and ``predictions`` by number.

    A prediction holds ``guess``, ``sure`` (0 to 1) and ``right``; one without a result is left out.
    Files from before there were predictions hold the list alone. CourseError, which ends with the
    ``remedy``, if it is neither.
    """
    with files.reading(path, remedy):
        found = memory.parsed(path.read_text(encoding="utf-8"))
        solved, predictions = found.get("solved", []), found.get("predictions", {})
        if not isinstance(solved, list):
            raise ValueError("what was solved is no list")
        solved = sorted({number for number in solved if isinstance(number, str)})
        settled = {n: p for n, p in predictions.items() if isinstance(p.get("right"), bool)}
        kept = {number: _prediction(number, one) for number, one in sorted(settled.items())}
    return {"solved": solved, "predictions": kept}


def _prediction(number: str, one: dict) -> dict:
    sure = float(one["sure"])
    # In a cell it is typed in percent.
    sure = sure / 100 if sure > 1 else sure
    if not 0 <= sure <= 1:
        raise ValueError(f"in {number} somebody is {one['sure']} sure")
    return {"guess": one.get("guess"), "sure": sure, "right": one["right"]}
