"""Feedback on the exercises of lesson 03."""

import keras
import numpy as np
import pytest
import tensorflow as tf


def convolved(image, kernel, stride=1):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows[::stride, ::stride] * kernel).sum(axis=(2, 3))


def only_three(image, kernel, stride=1):
    return convolved(image, kernel[:3, :3], stride)[: image.shape[0] - len(kernel) + 1]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (convolved, "right"),
        (lambda image, kernel, stride: ..., "Not tried yet"),
        (lambda image, kernel, stride: convolved(np.pad(image, 1), kernel), "has a border"),
        (lambda image, kernel, stride: convolved(image, kernel), "ignores the stride"),
        (lambda i, kernel, s: convolved(i, kernel[::-1, ::-1], s), "flipped"),
        (lambda i, kernel, s: convolved(i, kernel.T, s), "transposed"),
        (lambda i, kernel, s: convolved(i, kernel / 9, s), "mean of the nine"),
        (lambda i, kernel, s: convolved(i, 2 * kernel, s), "not the sums"),
        (lambda image, kernel, stride: image[99], "stopped with IndexError"),
        (only_three, "5 x 5 kernel"),
        (5, "wants a function"),
    ],
)
def test_convolution(said, answer, words):
    assert words in said("03.2", answer)


def loss(labels, probabilities):
    given = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.maximum(given, 1e-7)).mean()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (loss, "right"),
        (lambda labels, p: ..., "Not tried yet"),
        (lambda labels, p: loss(labels, p) * len(labels), "the sum"),
        (lambda labels, p: -loss(labels, p), "sign"),
        (lambda labels, p: loss(labels, p) / np.log(10), "base 10"),
        (lambda labels, p: -np.log(p).mean(), "all classes"),
        (lambda labels, p: -np.log(p.max(axis=1)).mean(), "largest probability"),
        (lambda labels, p: -np.log(p[np.arange(len(labels)), labels].mean()), "logarithms first"),
        (lambda labels, p: -np.log(p[np.arange(len(labels)), labels]).mean(), "not finite"),
        (lambda labels, p: -np.log(p[np.arange(len(labels)), labels] + 1e-3).mean(), "It gives"),
    ],
)
def test_cross_entropy(said, answer, words):
    assert words in said("03.3", answer)


def stepping(training=True, sign=1, change=True, after=False):
    def step(network, optimiser, images, labels):
        def lossed(mode):
            answers = network(images, training=mode)
            return tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, answers))

        with tf.GradientTape() as tape:
            loss = lossed(training)
        weights = network.trainable_variables
        if change:
            gradients = [sign * gradient for gradient in tape.gradient(loss, weights)]
            optimiser.apply(gradients, weights)
        return float(lossed(True) if after else loss)

    return step


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (stepping(), "right"),
        (lambda network, optimiser, images, labels: ..., "Not tried yet"),
        (stepping(change=False), "as they were"),
        (stepping(training=False), "training=True"),
        (stepping(sign=-1), "rose"),
        (stepping(after=True), "before the step"),
        (3, "wants a function"),
    ],
)
def test_a_training_step(said, answer, words):
    assert words in said("03.4", answer)


def test_the_weights_of_a_convolution(said):
    assert said("03.1", 18496) == "right"
    for wrong, words in {18432: "bias", 576: "32 come in", 18464: "swapped"}.items():
        assert words in said("03.1", wrong)
    assert said("03.1", 184960) != "right"
