"""Feedback on the exercises of lesson 11."""

import numpy as np
import pytest

from course_utils import models
from course_utils.core.backend import keras


def middle(shape, classes, end="softmax", join=True, reach=(1, 1), early=False, deep=True):
    """Middle fusion, or a mistake somebody might make."""
    inputs = [keras.Input(shape) for _ in range(2)]
    seen = [keras.layers.Rescaling(share)(x) for share, x in zip(reach, inputs, strict=True)]
    if early:
        x = keras.layers.Concatenate()(seen)
        x = keras.layers.Conv2D(8, 3)(x)
    else:
        branches = [keras.layers.Conv2D(8, 3, activation="relu")(x) for x in seen]
        x = keras.layers.Concatenate()(branches) if join else branches[0]
        x = keras.layers.Conv2D(8, 3)(x) if deep else x
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(classes, activation=end)(x))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (middle, "right"),
        (lambda s, c: ..., "Not tried yet"),
        (lambda s, c: None, "wants a keras.Model"),
        (lambda s, c: models.baseline(c, shape=s), "two inputs of that shape"),
        (lambda s, c: middle(s, c, end=None), "softmax"),
        (lambda s, c: middle(s, c, reach=(1, 0)), "the same for any flair"),
        (lambda s, c: middle(s, c, reach=(0, 1)), "the same for any t1ce"),
        (lambda s, c: middle(s, c, join=False), "the same for any flair"),
        (lambda s, c: middle(s, c, early=True), "a convolution of its own"),
        (lambda s, c: middle(s, c, deep=False), "No convolution sees both"),
        (lambda s, c: middle(s, 2 * c), "3 probabilities"),
        (lambda s, c: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_middle_fusion(said, answer, words):
    assert words in said("11.1", answer)


def pairs(votes, weights):
    there = [(v, w) for v, w in zip(votes, weights, strict=True) if v is not None]
    if not there:
        raise ValueError("none")
    return there


def mean(votes, weights):
    there = pairs(votes, weights)
    return sum(w * v for v, w in there) / sum(w for _, w in there)


def mean_in_place(votes, weights):
    there = pairs(votes, weights)
    for vote, weight in there:
        vote *= weight
    for vote, _ in there[1:]:
        there[0][0][:] += vote
    return there[0][0] / sum(w for _, w in there)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (mean, "right"),
        (mean_in_place, "right"),
        (lambda v, w: ..., "Not tried yet"),
        (lambda v, w: mean(v, w) * sum(k for _, k in pairs(v, w)) / sum(w), "counts as zeros"),
        (lambda v, w: sum(k * one for one, k in pairs(v, w)), "That is the sum"),
        (lambda v, w: np.mean([one for one, _ in pairs(v, w)], axis=0), "Every vote counts the"),
        (lambda v, w: mean(v, w) ** 2, "not the weighted mean"),
        (lambda v, w: mean(v, w)[0], "got the shape (4,)"),
        (lambda v, w: mean(v, w) if any(x is not None for x in v) else 0, "returned something"),
        (lambda v, w: mean(v, w) if any(x is not None for x in v) else v[9], "not IndexError"),
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
