"""Feedback on the exercises of lesson 01, on data with other classes, too."""

import numpy as np
import pandas as pd
import pytest

from course_utils import exercises


def share_seen(data):
    train, _, test = data.split("slice")
    return test.table["group"].isin(train.table["group"]).mean()


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        ("01.1", 10, "right"),
        ("01.1", 30, "number of slices"),
        ("01.1", 40, "all classes together"),
        ("01.2", "meningioma", "right"),
        ("01.2", "glioma", "darkest"),
        ("01.2", "pituitary", "look at the numbers again"),
        ("01.3", share_seen, "right"),
        ("01.3", lambda data: 100 * share_seen(data), "percentage"),
        ("01.3", lambda data: 0.0, "split by group"),
        ("01.3", lambda data: 1 - share_seen(data), "Here it is the others"),
        ("01.4", np.arange(120) % 30 < 9, "right"),
        ("01.4", np.flatnonzero(np.arange(120) % 30 < 9), "right"),
        ("01.4", list(range(0, 120, 4)), "slices on both sides"),
        ("01.4", np.arange(30), "no slice of meningioma, notumor, pituitary"),
        ("01.4", np.arange(6), "5% of the slices"),
        ("01.4", [], "0% of the slices"),
    ],
)
def test_likely_answers_get_the_words_they_need(said, data, number, answer, words):
    assert words in said(number, answer(data) if callable(answer) else answer)


def test_validation_slices_are_no_training_slices(data):
    pairs = data.take(data.table.index % 3 < 2)
    train, val, test = pairs.split("slice")
    seen = pd.concat([train.table["group"], val.table["group"]])
    told = exercises.feedback("01.3", test.table["group"].isin(seen).mean(), pairs)
    assert "validation part" in told


def test_without_a_glioma_the_first_class_is_counted(said, data):
    data.table.replace({"label": {"glioma": "acoustic neuroma"}}, inplace=True)
    assert said("01.1", 10) == "right"
    assert "made up data has no glioma: count the groups of acoustic neuroma" in said("01.1", 0)
    assert "label is acoustic neuroma" in said("01.1", 12)


def test_labels_with_capitals(said, data):
    data.table.replace({"label": {"glioma": "Glioma"}}, inplace=True)
    assert said("01.1", 10) == "right"


def test_classes_that_tie_are_all_right(said, data):
    data.images.setflags(write=True)
    data.images[:] = 50
    assert {said("01.2", name) for name in data.class_names} == {"right"}


def test_a_class_without_slices_is_not_asked_for(said, data):
    data.table.replace({"label": {"pituitary": "notumor"}}, inplace=True)
    assert said("01.4", np.arange(120) % 30 < 9) == "right"


def test_any_data_can_be_asked_about(own_data):
    def told(number, answer):
        return exercises.feedback(number, answer, own_data) or "right"

    means = [own_data.images[own_data.labels == n].mean() for n in range(len(own_data.class_names))]
    assert told("01.1", 3) == "right" and "no glioma" in told("01.1", 0)
    assert told("01.2", own_data.class_names[np.argmax(means)]) == "right"
    assert told("01.3", share_seen(own_data)) == "right"
    assert told("01.4", own_data.table["group"].str.endswith("-2")) == "right"
