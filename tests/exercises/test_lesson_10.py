"""Feedback on the exercises of lesson 10."""

import numpy as np
import pytest
from scipy import special

from course_utils import models


def test_weights_of_a_block(said):
    assert said("10.1", 2128) == "right"
    assert "both layers have a bias" in said("10.1", 2048)
    assert "first layer" in said("10.1", 1040)
    assert "two go through 16" in said("10.1", 4160)
    # A block of ours with 64 channels counts the same.
    model = models.attention_cnn()
    block = [model.get_layer(name) for name in ("reduce3", "excite3")]
    assert sum(layer.count_params() for layer in block) == 2128


def pool(maps, scores):
    return np.tensordot(special.softmax(scores), maps, 2)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (pool, "right"),
        (lambda m, s: m.mean(axis=(0, 1)), "plain mean"),
        (lambda m, s: np.tensordot(s, m, 2), "must become weights"),
        (lambda m, s: np.tensordot(special.softmax(s, axis=1), m, 2), "each row"),
        (lambda m, s: np.tensordot(special.softmax(s, axis=0), m, 2), "each column"),
        (lambda m, s: pool(m, s) / s.size, "not the mean"),
        (lambda m, s: pool(m, -s), "Not yet"),
        (lambda m, s: pool(m, s)[:2], "got the shape (2,)"),
        (lambda m, s: m @ s, "It stopped with ValueError"),
        (0.5, "This wants a function"),
    ],
)
def test_pooled_by_attention(said, answer, words):
    assert words in said("10.2", answer)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_pooling_must_hold_for_large_scores(said):
    def careless(maps, scores):
        weights = np.exp(scores) / np.exp(scores).sum()
        return np.tensordot(weights, maps, 2)

    assert "overflows" in said("10.2", careless)


def test_window_of_a_place(said):
    assert said("10.3", 73) == "right"
    assert "overlap" in said("10.3", 16)
    assert "steps of two" in said("10.3", 38)
    assert "Pooling" in said("10.3", 59)
    assert "Begin with" in said("10.3", 50)
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
