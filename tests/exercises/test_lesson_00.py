"""Feedback on the exercises of lesson 00."""

import numpy as np
import pandas as pd
import pytest

from course_utils import exercises


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        ("00.1", 120, "right"),
        ("00.1", 120 * 64, "number of pixels"),
        ("00.1", 40, "number of groups"),
        ("00.1", 7, "7 is too low. The table"),
        ("00.2", "axial", "right"),
        ("00.2", " Axial ", "right"),
        ("00.2", "coronal", "Another plane"),
        ("00.2", "oblique", "none of axial, coronal"),
    ],
)
def test_likely_answers_get_the_words_they_need(said, number, answer, words):
    assert words in said(number, answer)


@pytest.mark.parametrize("answer", ["axial", "coronal", "Axial", "Coronal", " CORONAL\n"])
def test_planes_that_share_the_first_place_are_all_right(said, data, answer):
    data.table["plane"] = np.resize(["axial", "coronal"], 120)
    assert said("00.2", answer) == "right"


def test_planes_that_nobody_wrote_down(said, data):
    data.table["plane"] = pd.Series([np.nan] * 120)
    assert said("00.2", "unknown") == "right"
    assert "none of unknown" in said("00.2", "axial")


def test_any_data_can_be_asked_about(own_data):
    height, width = own_data.images.shape[1:3]
    told = exercises.feedback("00.1", len(own_data) * height * width, own_data)
    assert f"A slice has {height} × {width} of them" in told
    assert exercises.feedback("00.1", len(own_data), own_data) is None
    assert exercises.feedback("00.2", "unknown", own_data) is None
