"""Texts of the project: they list every lesson, and no link leads nowhere."""

import json
import re

import pytest

from course_utils import exercises, settings
from course_utils.cli import commands

TEXTS = sorted(settings.ROOT.glob("*.md")) + [settings.ROOT / "data" / "README.md"]


def links(path):
    targets = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    return [target for target in targets if not target.startswith(("http", "#", "mailto:"))]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in links(path):
        assert (path.parent / target.partition("#")[0]).exists(), f"{target} does not exist"


def test_the_readme_lists_every_lesson_in_order():
    lessons = sorted((settings.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    listed = [link for link in links(settings.ROOT / "README.md") if link.endswith(".ipynb")]
    assert listed == [f"notebooks/{path.name}" for path in lessons]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_commands_in_texts_exist(path):
    text = path.read_text(encoding="utf-8")
    for word in set(re.findall(r"(?:`|bin/)course ([a-z]+)", text)):
        with pytest.raises(SystemExit) as stopped:
            commands.main([word, "--help"])
        assert stopped.value.code == 0, f"{path.name} speaks of course {word}"


def test_the_minutes_for_teachers_are_those_of_the_lessons():
    text = (settings.ROOT / "INSTRUCTOR.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\d) · [^|]+ \| ([\d +]+) \| ([\d +]+) \|$", text, re.M)
    planned = {number: (sections, asked) for number, sections, asked in rows}
    assert sorted(planned) == sorted(exercises.EXERCISES)
    for path in sorted((settings.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        lesson = "".join("".join(c["source"]) + "\n" for c in cells if c["cell_type"] == "markdown")
        sections, asked = (
            [int(minutes) for minutes in part.split(" + ")] for part in planned[path.name[:2]]
        )
        assert len(sections) == len(re.findall(r"^## \d+ · ", lesson, re.M)), path.name
        assert f"**Minutes:** {sum(sections)} to read" in lesson, path.name
        assert len(asked) == exercises.EXERCISES[path.name[:2]], path.name
