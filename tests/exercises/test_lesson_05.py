"""Feedback on the exercises of lesson 05."""

import numpy as np
import pytest
import tensorflow as tf


def bootstrap(values, groups, rng, draws=1000, share=95, replace=True, weigh=True):
    names = np.unique(groups)
    rows = {name: np.flatnonzero(groups == name) for name in names}
    means = []
    for _ in range(draws):
        drawn = [values[rows[name]] for name in rng.choice(names, len(names), replace)]
        means.append(np.concatenate(drawn).mean() if weigh else np.mean([d.mean() for d in drawn]))
    return np.quantile(means, [0.5 - share / 200, 0.5 + share / 200])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (bootstrap, "right"),
        (lambda v, g, rng: tuple(bootstrap(v, g, rng)), "right"),
        (lambda v, g, rng: bootstrap(v, np.arange(len(v)), rng), "It drew slices"),
        (lambda v, g, rng: bootstrap(v, g, rng, share=90), "That is 90%"),
        (lambda v, g, rng: bootstrap(v, g, rng, weigh=False), "patients' means"),
        (lambda v, g, rng: bootstrap(v, g, rng, draws=20, replace=False), "with replacement"),
        (lambda v, g, rng: np.quantile(v, [0.025, 0.975]), "values themselves"),
        (lambda v, g, rng: bootstrap(v, g, np.random.default_rng(0)), "same interval"),
        (lambda v, g, rng: bootstrap(v, g, rng)[::-1], "lower end"),
        (lambda v, g, rng: bootstrap(v, g, rng) + 0.2, "far off"),
        (lambda v, g, rng: v.mean(), "two numbers"),
        (lambda v, g: 0, "TypeError"),
        (3, "This wants a function"),
    ],
)
def test_bootstrap(said, answer, words):
    assert words in said("05.1", answer)


def heat(trunk, head, images, classes, relu=True, average=True, weigh=True, scale=np.mean):
    maps = trunk(images)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        chosen = tf.gather(head(maps), classes, axis=1, batch_dims=1)
        score = tf.reduce_sum(chosen)
    weights = tape.gradient(score, maps).numpy()
    if average:
        weights = scale(weights, axis=(1, 2), keepdims=True)
    found = ((weights if weigh else 1) * maps.numpy()).sum(axis=-1)
    return np.maximum(found, 0) if relu else found


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (heat, "right"),
        (lambda *given: tf.constant(heat(*given)), "right"),
        (lambda *given: heat(*given, scale=np.sum), "right"),
        (lambda *given: heat(*given, relu=False), "set what is negative to 0"),
        (lambda *given: heat(*given, average=False), "Average each map's gradient"),
        (lambda *given: heat(*given, weigh=False), "unweighted"),
        (lambda t, h, i, c: heat(t, h, i, np.argmax(h(t(i)), 1)), "the network names"),
        (lambda *given: -heat(*given), "not the heat"),
        (lambda *given: 0 * heat(*given), "not the heat"),
        (lambda *given: heat(*given)[..., None], "heat of the shape"),
        (lambda *given: None, "got None"),
        (lambda trunk, head: 0, "TypeError"),
        (3, "This wants a function"),
    ],
)
def test_gradcam(said, answer, words):
    assert words in said("05.2", answer)
