"""Feedback on the exercises of lesson 11."""

import numpy as np
import pytest

from course_utils import models


def test_more_weights(said):
    assert said("11.1", 144) == "right"
    assert "How many of these are new" in said("11.1", 288)
    assert "no bias" in said("11.1", 160)
    grown = models.early_fusion().count_params() - models.baseline().count_params()
    assert grown == 144


def mean(votes):
    there = [vote for vote in votes if vote is not None]
    return sum(there) / len(there)


def mean_in_place(votes):
    there = [vote for vote in votes if vote is not None]
    for vote in there[1:]:
        there[0] += vote
    return there[0] / len(there)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (mean, "right"),
        (mean_in_place, "right"),
        (lambda votes: sum(v for v in votes if v is not None) / len(votes), "counts as zeros"),
        (lambda votes: sum(v for v in votes if v is not None), "That is the sum"),
        (lambda votes: np.mean(votes, axis=0), "an array and None it stopped with"),
        (lambda votes: mean(votes)[0], "got the shape (4,)"),
        (lambda votes: next(v for v in votes if v is not None), "not the mean"),
        ([0.5], "This wants a function"),
    ],
)
def test_answers_that_are_there(said, answer, words):
    assert words in said("11.2", answer)


def swapped(labels, predicted):
    return ((labels == 0) & (predicted == 1)).sum() + ((labels == 1) & (predicted == 0)).sum()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda t, p: swapped(t, p) / (t < 2).sum(), "right"),
        (lambda t, p: swapped(t, p) / len(t), "share of all slices"),
        (lambda t, p: swapped(t, p), "That is how many"),
        (lambda t, p: ((t == 0) & (p == 1)).sum() / (t < 2).sum(), "gliomas called meningioma"),
        (lambda t, p: ((t == 1) & (p == 0)).sum() / (t < 2).sum(), "meningiomas called glioma"),
        (lambda t, p: (t != p)[t < 2].mean(), "every mistake"),
        (lambda t, p: t[p == 9][0], "It stopped with IndexError"),
        (lambda t, p: p, "This wants one number"),
        (0.2, "This wants a function"),
    ],
)
def test_share_mixed_up(said, answer, words):
    assert words in said("11.3", answer)
