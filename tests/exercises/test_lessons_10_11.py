"""Feedback on the exercises of lessons 10 and 11."""

import numpy as np
import pytest
from scipy import special

from course_utils import models
from course_utils.exercises import lesson_10, lesson_11


def test_weights_of_a_block():
    assert lesson_10.weights_of_a_block(2128, None) is None
    assert "both layers have a bias" in lesson_10.weights_of_a_block(2048, None)
    assert "first layer" in lesson_10.weights_of_a_block(1040, None)
    assert "two go through 16" in lesson_10.weights_of_a_block(4160, None)
    # A block of ours with 64 channels counts the same.
    model = models.attention_cnn()
    block = [model.get_layer(name) for name in ("reduce3", "excite3")]
    assert sum(layer.count_params() for layer in block) == 2128


def pool(maps, scores):
    return np.tensordot(special.softmax(scores), maps, 2)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (pool, None),
        (lambda m, s: m.mean(axis=(0, 1)), "plain mean"),
        (lambda m, s: np.tensordot(s, m, 2), "must become weights"),
        (lambda m, s: np.tensordot(special.softmax(s, axis=1), m, 2), "each row"),
        (lambda m, s: np.tensordot(special.softmax(s, axis=0), m, 2), "each column"),
        (lambda m, s: pool(m, s) / s.size, "not the mean"),
        (lambda m, s: pool(m, -s), "Not yet"),
        (lambda m, s: pool(m, s)[:2], "4 numbers were asked for"),
        (lambda m, s: m @ s, "It stopped with ValueError"),
        (0.5, "This wants a function"),
    ],
)
def test_pooled_by_attention(answer, says):
    words = lesson_10.pooled_by_attention(answer, None)
    assert words is None if says is None else says in words


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_pooling_must_hold_for_large_scores():
    def careless(maps, scores):
        weights = np.exp(scores) / np.exp(scores).sum()
        return np.tensordot(weights, maps, 2)

    assert "overflows" in lesson_10.pooled_by_attention(careless, None)


def test_window_of_a_place():
    assert lesson_10.window_of_a_place(73, None) is None
    assert "overlap" in lesson_10.window_of_a_place(16, None)
    assert "steps of two" in lesson_10.window_of_a_place(38, None)
    assert "Pooling" in lesson_10.window_of_a_place(59, None)
    assert "Begin with" in lesson_10.window_of_a_place(50, None)
    # A change of one pixel reaches as many places as windows hold it: look from the other end.
    model = models.submodel(models.baseline(), stop="relu4")
    black = np.zeros((1, 128, 128, 1), np.float32)
    reached = []
    for column in range(128):
        lit = black.copy()
        lit[0, 64, column] = 1
        reached.append((model(lit) - model(black)).numpy()[0, :, 4].any())
    seen = np.flatnonzero(reached)
    assert seen[-1] - seen[0] + 1 == 73


def test_more_weights():
    assert lesson_11.more_weights(144, None) is None
    assert "How many of these are new" in lesson_11.more_weights(288, None)
    assert "no bias" in lesson_11.more_weights(160, None)
    grown = models.early_fusion().count_params() - models.baseline().count_params()
    assert grown == 144


def mean(votes):
    there = [vote for vote in votes if vote is not None]
    return sum(there) / len(there)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (mean, None),
        (lambda votes: sum(v for v in votes if v is not None) / len(votes), "counts as zeros"),
        (lambda votes: sum(v for v in votes if v is not None), "That is the sum"),
        (lambda votes: np.mean(votes, axis=0), "an array and None it stopped with"),
        (lambda votes: mean(votes)[0], "returned the shape (4,)"),
        (lambda votes: next(v for v in votes if v is not None), "not the mean"),
        ([0.5], "This wants a function"),
    ],
)
def test_answers_that_are_there(answer, says):
    words = lesson_11.answers_that_are_there(answer, None)
    assert words is None if says is None else says in words


def swapped(labels, predicted):
    return ((labels == 0) & (predicted == 1)).sum() + ((labels == 1) & (predicted == 0)).sum()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda t, p: swapped(t, p) / (t < 2).sum(), None),
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
def test_share_mixed_up(answer, says):
    words = lesson_11.share_mixed_up(answer, None)
    assert words is None if says is None else says in words
