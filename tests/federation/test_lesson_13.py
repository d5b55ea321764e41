"""Right answers of lesson 13 pass, and wrong ones are told what is wrong."""

import numpy as np
import pytest

from course_utils.federation import lesson_13 as answers


def test_the_weighted_mean():
    assert answers.weighted_mean(0.13, None) is None
    assert "alike" in answers.weighted_mean(1.3 / 3, None)
    assert "Divide" in answers.weighted_mean(130, None)
    assert "too high" in answers.weighted_mean(0.5, None)


def test_megabytes():
    truth = 98_388 * 4 * 4 * 12 * 2 / 1e6
    assert answers.megabytes_sent(truth, None) is None
    assert answers.megabytes_sent(round(truth, 1), None) is None
    assert "one way" in answers.megabytes_sent(truth / 2, None)
    assert "4 bytes" in answers.megabytes_sent(truth / 4, None)
    assert "in bytes" in answers.megabytes_sent(truth * 1e6, None)
    assert "one round" in answers.megabytes_sent(truth / 12, None)


def test_what_leaves():
    right = {"weights", "averages of batch norm", "number of slices"}
    assert answers.what_leaves(right, None) is None
    assert answers.what_leaves(list(right), None) is None
    assert "averages of batch norm" in answers.what_leaves(right - {"averages of batch norm"}, None)
    assert "Labels stay" in answers.what_leaves(right | {"labels"}, None)
    assert "'pixels' is none of" in answers.what_leaves({"pixels"}, None)
    assert "a set of words" in answers.what_leaves("weights", None)


def right(results, slices):
    there = [(r, n) for r, n in zip(results, slices, strict=True) if r is not None]
    total = sum(n for _, n in there)
    return [sum(r[i] * n / total for r, n in there) for i in range(2)]


def of_all_slices(results, slices):
    there = [(r, n) for r, n in zip(results, slices, strict=True) if r is not None]
    return [sum(r[i] * n / sum(slices) for r, n in there) for i in range(2)]


def unweighted(results, slices):
    there = [r for r in results if r is not None]
    return [sum(r[i] for r in there) / len(there) for i in range(2)]


def with_all(results, slices):
    return [sum(r[i] * n for r, n in zip(results, slices, strict=True)) for i in range(2)]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (of_all_slices, "divide by the slices of those who are there"),
        (unweighted, "mean is not right"),
        (with_all, "It stopped with TypeError"),
        (lambda results, slices: [np.zeros(2)], "as many arrays"),
        (3, "a function"),
    ],
)
def test_a_wrong_mean_of_those_there(function, words):
    assert words in answers.mean_of_those_there(function, None)


def test_the_right_mean_of_those_there():
    assert answers.mean_of_those_there(right, None) is None
