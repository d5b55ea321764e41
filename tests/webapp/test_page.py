"""What the page is sent: words and pictures, and a sentence whatever happens."""

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from course_utils.core import pictures
from course_utils.webapp import app

page_module = pytest.importorskip(
    "course_utils.webapp.page", reason="the extra 'app' is not installed: make extras"
)


@pytest.fixture
def page(assistant, monkeypatch):
    """A page whose messages to the browser are kept in its list ``sent``."""
    page = page_module.Page(assistant, assistant.cases)
    page.sent = []
    monkeypatch.setattr(page, "send", lambda content, buffers=None: page.sent.append(content))
    return page


def pixels(address):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


def test_an_answer_becomes_words_and_pictures(page, assistant):
    image = assistant.cases.images[3]
    page._asked(page, {"kind": "file"}, [memoryview(pictures.encode(image))])
    (sent,) = page.sent
    assert not sent["refused"] and sent["says"] in sent["alt"] and sent["where"] in sent["alt"]
    assert np.array_equal(pixels(sent["slice"]), image)
    assert pixels(sent["heat"]).shape == (128, 128, 4)
    assert sent["by"].startswith("Answered by model none, version 0, on ")
    shares = [row["share"] for row in sent["probabilities"]]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(1)
    assert np.array_equal(pixels(sent["similar"][0]["slice"]), image)
    assert assistant.cases.table["patient"].iloc[3] in sent["similar"][0]["says"]


def test_every_class_has_a_colour_of_its_own(assistant):
    shares = {"grade I": 0.2, "grade II": 0.5, "none": 0.3}
    heat = assistant.cases.images[0].astype(np.float32) / 255
    found = app.Answer(
        "It is.", "me", assistant.cases.images[0], shares, (80, 100), heat, pd.DataFrame()
    )
    described = page_module.described(assistant, found)
    # What was promised and what happened, side by side and both counted.
    assert described["promised"] == "50%: about 50 of 100 such answers right"
    assert described["happened"].startswith("80 of 100 validation slices")
    rows = described["probabilities"]
    assert [row["name"] for row in rows] == ["grade II", "none", "grade I"]
    assert len({row["colour"] for row in rows}) == 3


def test_a_practice_slice_is_one_of_the_samples(page, assistant):
    page._asked(page, {"kind": "sample"}, [])
    shown = pixels(page.sent[0]["slice"])
    assert any(np.array_equal(shown, image) for image in assistant.cases.images)


def test_a_refusal_has_no_probabilities(page):
    page._asked(page, {"kind": "file"}, [b"junk"])
    page._asked(page, {"kind": "file"}, [])
    for sent in page.sent:
        assert set(sent) == {"refused", "says", "by"} and sent["refused"]
        assert "model none, version 0" in sent["by"]


def test_a_failure_is_a_sentence_and_goes_to_the_log(page, monkeypatch, caplog):
    def broken(*arguments):
        raise MemoryError("secret path")

    monkeypatch.setattr(app, "answer", broken)
    page._asked(page, {"kind": "file"}, [b"junk"])
    assert page.sent[0]["refused"] and "try another one" in page.sent[0]["says"]
    assert "secret" not in page.sent[0]["says"] and "secret path" in caplog.text


def test_unknown_messages_are_passed_over(page):
    for content in ({}, {"kind": "ready"}, {"kind": ["file"]}):
        page._asked(page, content, [b"junk"])
    assert page.sent == []


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (5, 5, "upper left"),
        (64, 64, "the centre"),
        (120, 64, "lower centre"),
        (64, 120, "middle right"),
    ],
)
def test_the_hottest_place_is_said(row, column, words):
    heat = np.zeros((128, 128), np.float32)
    assert "No place" in page_module._where(heat)
    heat[row, column] = 1
    assert words in page_module._where(heat)


def test_every_word_of_the_page_is_there():
    script = (page_module.FOLDER / "page.js").read_text(encoding="utf-8")
    asked = {*re.findall(r"words\.(\w+)", script), "promised", "happened"}
    assert asked == set(page_module.WORDS)
    assert "innerHTML" not in script, "text goes in as text"
    assert "http" not in script, "nothing is fetched from elsewhere"
