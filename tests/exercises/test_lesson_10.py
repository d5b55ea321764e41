"""Feedback on the exercises of lesson 10."""

import numpy as np
import pytest
from scipy import special

from course_utils import models
from course_utils.core.backend import keras


def excited(x, reduced, squeeze=True, last="sigmoid", bias=True, depend=True):
    """Squeeze-and-excitation, or a mistake somebody might make."""
    w = keras.layers.GlobalAveragePooling2D(keepdims=True)(x) if squeeze else x
    w = w if depend else keras.layers.Rescaling(0.0)(w)
    w = keras.layers.Dense(reduced, activation="relu", use_bias=bias)(w)
    w = keras.layers.Dense(x.shape[-1], activation=last)(w)
    return keras.layers.Multiply()([x, w])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (excited, "right"),
        (lambda x, r: ..., "Not tried yet"),
        (lambda x, r: keras.layers.GlobalAveragePooling2D()(x), "maps of the shape"),
        (lambda x, r: 3, "returned int"),
        (lambda x, r: excited(x, r, squeeze=False), "different weights"),
        (lambda x, r: excited(x, r, last=None), "sigmoid"),
        (lambda x, r: excited(x, r, depend=False), "come from what is in it"),
        (lambda x, r: excited(x, 2 * r), "takes 59 weights; it has 110"),
        (lambda x, r: excited(x, r, bias=False), "has 56"),
        (lambda x: x, "stopped with TypeError"),
    ],
)
def test_squeeze_and_excite(said, answer, words):
    assert words in said("10.1", answer)


def test_a_block_of_ours_counts_as_the_exercise_does():
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


def window(layers, begin=1):
    seen, step = begin, 1
    for width, stride in layers:
        seen += (width - 1) * step
        step *= stride
    return seen


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (window, "right"),
        (lambda layers: ..., "Not tried yet"),
        (lambda layers: 1 + sum(width - 1 for width, _ in layers), "everything counts double"),
        (lambda layers: sum(width for width, _ in layers) or 1, "windows overlap"),
        (lambda layers: window(layers, 2), "it said 2, and it is 1"),
        (lambda layers: layers[9], "IndexError"),
        (73, "This wants a function"),
    ],
)
def test_window_of_a_place(said, answer, words):
    assert words in said("10.3", answer)


def test_the_window_is_that_of_the_baseline():
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
