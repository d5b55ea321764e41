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


def right_greys(values, padding, ends=(0.5, 99.5), of=None):
    of = ~padding if of is None else of
    low, high = np.percentile(values[of], ends)
    greys = np.clip((values - low) / ((high - low) or 1), 0, 1)
    greys[padding] = 0
    return greys


def right_problem(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return "not a PNG"
    width, height = struct.unpack(">II", data[16:24])
    if width * height > 4_000_000:
        return "too large"
    return "too small" if min(width, height) < 16 else None


def test_right_answers_pass():
    assert said("14.1", 14.25 / (14.25 + 49)) == "right"
    assert said("14.2", right_greys) == "right"
    assert said("14.3", right_problem) == "right"


@pytest.mark.parametrize(
    ("answer", "words"),
    [(22.53, "percentage"), (0.015, "refused that are"), (14.25, "Divide by"), (0.7747, "right")],
)
def test_mistakes_with_the_share(answer, words):
    assert words in said("14.1", answer)


def test_untouched_functions_are_not_tried_yet():
    assert "Not tried yet" in said("14.2", lambda values, padding: ...)
    assert "Not tried yet" in said("14.3", lambda data: ...)


def unpadded(values, padding):
    return right_greys(values, padding) + np.where(padding, 1, 0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (5, "function"),
        (lambda values: values, "stopped with TypeError"),
        (lambda v, p: v / 1000, "outside 0 to 1"),
        (unpadded, "padding has to be black"),
        (lambda v, p: right_greys(v, p, (0, 100)), "One faulty pixel"),
        (lambda v, p: right_greys(v, p, of=np.ones(v.shape, bool)), "Padding was counted"),
        (lambda v, p: right_greys(v, p, (5, 95)), "0.5th percentile"),
        (lambda v, p: right_greys(v, p) * 0 + (np.ptp(v) == 0) * 2, "0.5th percentile"),
        (lambda v, p: 0.5, "shape"),
    ],
)
def test_mistakes_with_the_greys(answer, words):
    assert words in said("14.2", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (5, "function"),
        (lambda data: None, "is no PNG, and it said None"),
        (lambda data: right_problem(data) and "not a PNG", "too large, and it said"),
        (lambda data: right_problem(data + bytes(9)) or "too small", "as it should be"),
        (lambda data: Image.open(io.BytesIO(data)).load(), "only the header"),
    ],
)
def test_mistakes_with_the_header(answer, words):
    assert words in said("14.3", answer)
