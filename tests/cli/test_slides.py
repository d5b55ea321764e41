"""Slides: one a section, the question before the picture, nothing fetched from elsewhere."""

import re

import pytest

from course_utils.cli import slides


@pytest.fixture
def made(monkeypatch, tmp_path):
    monkeypatch.setattr(slides, "SLIDES", tmp_path)
    return {path.stem: path.read_text(encoding="utf-8") for path in slides.make([])}


def test_each_lesson_has_a_few_slides_and_notes(made):
    for name, page in made.items():
        parts = page.split("<section")[1:]
        assert 6 <= len(parts) <= 11, name
        assert "Key points" in parts[-1] and "Sources" not in page
        assert page.count("Predict first.") >= 3, name
        with_pictures = [part for part in parts if "<img" in part]
        # A project of one's own begins with the pictures that its learner chooses.
        assert len(with_pictures) >= (1 if name.startswith("07") else 2), name
        for part in with_pictures:
            alt = re.search(r'<img alt="(.+?)" src="data:image/png', part)
            assert alt, name
            assert re.search(r"<aside[^>]*>\S.+</aside>", part, re.S), name
            assert part.index("Predict first.") < alt.start() if "Predict" in part else True


def test_a_page_stands_alone(made):
    for page in made.values():
        fetched = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert all(url.startswith(("data:", "http", "#")) for url in fetched)
        assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="http', page)
        assert "no medical device" in page
