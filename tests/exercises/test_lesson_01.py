"""Feedback on the exercises of lesson 01, on data with other classes, too."""

import numpy as np
import pytest

from course_utils import exercises


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        ("01.1", 10, "right"),
        ("01.1", 30, "number of slices"),
        ("01.1", 40, "all classes together"),
    ],
)
def test_likely_answers_get_the_words_they_need(said, number, answer, words):
    assert words in said(number, answer)


def standardise(image):
    head = image[image >= image.max() / 10]
    return (image - head.mean()) / head.std()


def for_one_scanner(image):
    head = image[image > 25]
    return (image - head.mean()) / (head.std() if image.max() > 200 else 1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (standardise, "right"),
        (lambda image: ..., "Not tried yet"),
        (lambda image: image / 255, "only divides by 255"),
        (lambda image: (image - image.mean()) / image.std(), "black around the head"),
        (lambda image: (image - image[image > 25].mean()) / image[image > 25].var(), "variance"),
        (lambda image: image - image[image > 25].mean(), "nothing is divided"),
        (lambda image: image / image[image > 25].std(), "not taken away first"),
        (lambda image: -standardise(image), "should become"),
        (lambda image: standardise(image)[::2], "the same shape back"),
        (lambda image: None, "got None"),
        (for_one_scanner, "half as bright"),
        (np.zeros((64, 64)), "wants a function"),
    ],
)
def test_standardised(said, answer, words):
    assert words in said("01.2", answer)


def nearest(pixels, groups, learned, asked):
    places = [np.square(pixels[learned] - pixels[row]).sum(axis=1).argmin() for row in asked]
    return np.array(places)


def count_leaks(pixels, groups, learned, asked):
    found = learned[nearest(pixels, groups, learned, asked)]
    return (groups[found] == groups[asked]).sum()


def by_place(pixels, groups, learned, asked):
    return (groups[nearest(pixels, groups, learned, asked)] == groups[asked]).sum()


def least_alike(pixels, groups, learned, asked):
    return count_leaks(-1j * pixels, groups, learned, asked)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (count_leaks, "right"),
        (lambda *inputs: ..., "Not tried yet"),
        (lambda *inputs: count_leaks(*inputs) / 20, "as a share"),
        (by_place, "a place in learned"),
        (lambda p, groups, a, b: np.isin(groups[b], groups[a]).sum(), "a relative in training"),
        (lambda p, g, a, b: count_leaks(p, g, np.arange(len(p)), b), "most like itself"),
        (lambda *inputs: 20 - count_leaks(*inputs), "of another group"),
        (least_alike, "least similar"),
        (lambda *inputs: 1, "too low. For each row in asked"),
        (lambda *inputs: None, "one number"),
    ],
)
def test_leaks_counted(said, answer, words):
    assert words in said("01.3", answer)


def split(groups, share, seed):
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    inside = np.isin(groups, names[: round(share * len(names))])
    return np.flatnonzero(~inside), np.flatnonzero(inside)


def by_slice(groups, share, seed):
    rows = np.random.default_rng(seed).permutation(len(groups))
    return rows[round(share * len(rows)) :], rows[: round(share * len(rows))]


def always_the_first(groups, share, seed):
    return split(groups, share, 7)


def never_the_same(groups, share, seed):
    return split(groups, share, None)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (split, "right"),
        (lambda *inputs: ..., "Not tried yet"),
        (by_slice, "slices on both sides, P"),
        (lambda *inputs: split(*inputs)[::-1], "training rows first"),
        (lambda groups, share, seed: split(groups, 0.5, seed), "25% were asked for"),
        (lambda *inputs: (split(*inputs)[0][1:], split(*inputs)[1]), "1 slices are in neither"),
        (always_the_first, "Another seed gives the same split"),
        (never_the_same, "Two calls with one seed"),
        (lambda *inputs: split(*inputs)[1], "two arrays of row numbers back"),
        (lambda *inputs: (["P00"], ["P01"]), "array of row numbers"),
    ],
)
def test_split_by_group(said, answer, words):
    assert words in said("01.4", answer)


def test_without_a_glioma_the_first_class_is_counted(said, data):
    data.table.replace({"label": {"glioma": "acoustic neuroma"}}, inplace=True)
    assert said("01.1", 10) == "right"
    assert "made up data has no glioma: count the groups of acoustic neuroma" in said("01.1", 0)
    assert "label is acoustic neuroma" in said("01.1", 12)


def test_labels_with_capitals(said, data):
    data.table.replace({"label": {"glioma": "Glioma"}}, inplace=True)
    assert said("01.1", 10) == "right"


def test_any_data_can_be_asked_about(own_data):
    def told(number, answer):
        return exercises.feedback(number, answer, own_data) or "right"

    assert told("01.1", 3) == "right" and "no glioma" in told("01.1", 0)
    assert told("01.2", standardise) == "right"
    assert told("01.3", count_leaks) == "right"
    assert told("01.4", split) == "right"
