"""Exercises of lesson 14: right answers pass, and every common mistake is told what it is."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from course_utils import exercises


def said(number: str, answer: object) -> str:
    """What a learner is told; these exercises need no data."""
    return exercises.feedback(number, answer, data=()) or "right"


def right_window(values, centre, width):
    return np.clip((values - centre) / width + 0.5, 0, 1)


def right_header(data):
    width, height = struct.unpack(">II", data[16:24])
    return width * height > 4_000_000


def test_right_answers_pass():
    assert said("14.1", 14.25 / (14.25 + 49)) == "right"
    assert said("14.2", right_window) == "right"
    assert said("14.3", right_header) == "right"


@pytest.mark.parametrize(
    ("answer", "words"),
    [(22.53, "percentage"), (0.015, "refused that are"), (14.25, "Divide by"), (0.7747, "right")],
)
def test_mistakes_with_the_share(answer, words):
    assert words in said("14.1", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (5, "function"),
        (lambda values, centre: values, "stopped with TypeError"),
        (lambda v, c, w: (v - c) / w + 0.5, "outside 0 to 1"),
        (lambda v, c, w: 1 - right_window(v, c, w), "exchanged"),
        (lambda v, c, w: np.clip((v - c) / w, 0, 1), "half its width"),
        (lambda v, c, w: right_window(v, c, 2 * w), "a quarter"),
        (lambda v, c, w: 0.5, "shape"),
    ],
)
def test_mistakes_with_the_window(answer, words):
    assert words in said("14.2", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (5, "function"),
        (lambda data: False, "more than 4,000,000"),
        (lambda data: True, "no more than 4,000,000"),
        (lambda data: Image.open(io.BytesIO(data)).load(), "only the header"),
    ],
)
def test_mistakes_with_the_header(answer, words):
    assert words in said("14.3", answer)
