"""What the page is sent: words and pictures, and a sentence whatever happens."""

import base64
import html
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from course_utils.core import pictures
from course_utils.webapp import NOTICE, app, dicom, report

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
        assert set(sent) == {"refused", "says", "by", "card", "report"} and sent["refused"]
        assert "model none, version 0" in sent["by"]


def test_a_report_holds_the_answer_its_author_the_card_and_the_notice(page, assistant):
    page._asked(page, {"kind": "file"}, [memoryview(pictures.encode(assistant.cases.images[3]))])
    page._asked(page, {"kind": "file"}, [b"junk"])
    for sent in page.sent:
        report = sent["report"]
        assert NOTICE.replace("'", "&#x27;") in report and sent["by"] in report
        assert html.escape(sent["says"]) in report
        assert all(f"<th>{name}</th><td>{value}</td>" in report for name, value in sent["card"])
        assert "http" not in report and "<script" not in report
    answered, refused = (sent["report"] for sent in page.sent)
    assert page.sent[0]["promised"] in answered and page.sent[0]["slice"] in answered
    assert "Promised" not in refused and "<img" not in refused


def test_nothing_in_a_report_can_be_markup():
    told = report.page({"says": "<b>x</b>", "by": "& me"}, {"<i>": "<script>"})
    assert "<b>" not in told and "<i>" not in told and "<script" not in told
    assert "&lt;b&gt;x&lt;/b&gt;" in told and "&amp; me" in told


def test_a_dicom_file_is_shown_through_a_window_that_can_be_moved(page, assistant):
    pytest.importorskip("pydicom", reason="the extra 'app' is not installed: make extras")
    values = assistant.cases.images[3].astype(np.uint16).repeat(6, 0).repeat(6, 1) * 8
    page._asked(page, {"kind": "window", "centre": 1, "width": 1}, [])
    assert page.sent == [], "there is nothing to look at yet"
    data = dicom.example(values, WindowCenter=1000, WindowWidth=2000)
    page._asked(page, {"kind": "file"}, [data])
    eye = page.sent[0]["eye"]
    assert eye["centre"] == [0, float(values.max()), 1000] and eye["width"][2] == 2000
    shown = pixels(eye["view"])
    assert max(shown.shape) <= page_module.MOST_SIDE
    page._asked(page, {"kind": "window", "centre": 500, "width": 10}, [])
    (view,) = page.sent[1].values()
    assert set(np.unique(pixels(view))) <= set(range(256)) and pixels(view).mean() > shown.mean()
    page._asked(page, {"kind": "window", "centre": "nan", "width": 10}, [])
    assert len(page.sent) == 2
    # The network's picture is the same through any window.
    page._asked(page, {"kind": "file"}, [dicom.example(values, WindowCenter=9, WindowWidth=9)])
    assert page.sent[2]["slice"] == page.sent[0]["slice"]
    page._asked(page, {"kind": "sample"}, [])
    page._asked(page, {"kind": "window", "centre": 500, "width": 10}, [])
    assert len(page.sent) == 4 and "eye" not in page.sent[3], "the old slice is forgotten"


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
    asked = {*re.findall(r"words\.(\w+)", script), "promised", "happened", "centre", "width"}
    assert asked == set(page_module.WORDS)
    assert "innerHTML" not in script, "text goes in as text"
    assert "http" not in script, "nothing is fetched from elsewhere"
