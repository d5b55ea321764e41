"""The glossary is in order, and its words are explained in the lessons that it names."""

import json
import re

from course_utils import settings

ROW = re.compile(r"^\| \*\*(.+?)\*\* \| (.+) \| \[(\d\d)\]\((notebooks/\3_\w+\.ipynb)\) \|$", re.M)


def test_words_are_in_order_and_stand_once():
    text = (settings.ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    rows = ROW.findall(text)
    assert len(rows) == text.count("\n| **"), "each row has a word, a meaning and a lesson"
    words = [word.casefold() for word, *_ in rows]
    assert words == sorted(set(words)) and len(words) > 50


def test_each_word_is_in_the_lesson_that_explains_it():
    text = (settings.ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    for words, _, _, path in ROW.findall(text):
        cells = json.loads((settings.ROOT / path).read_text(encoding="utf-8"))["cells"]
        prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        for word in re.sub(r" \(.+?\)", "", words).split(", "):
            assert word.casefold() in prose.casefold(), f"{word!r} is not in {path}"
