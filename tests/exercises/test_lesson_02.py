"""Feedback on the exercises of lesson 02."""

import keras
import numpy as np
import pytest


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"rotation", "zoom"}, "right"),
        (["zoom", "rotation"], "right"),
        (np.array([" Zoom", "ROTATION"]), "right"),
        ({"rotation", "zoom", "flip"}, "label stays left"),
        ({"zoom"}, "rotation: does it move"),
        ({"rotation", "shear"}, "'shear' is none of"),
        ("rotation", "a set of words"),
        (2, "a set of words"),
        ([["rotation"]], "is none of"),
    ],
)
def test_changes_that_keep_the_side(said, answer, words):
    assert words in said("02.1", answer)


def gentle(seed, angle=5, zoom=0.05, fill="constant", second=1):
    return keras.layers.Pipeline(
        [
            keras.layers.RandomRotation(angle / 360, fill_mode=fill, seed=seed),
            keras.layers.RandomZoom(zoom, fill_mode=fill, seed=seed + second),
        ]
    )


def flipping(seed):
    return keras.layers.Pipeline([gentle(seed), keras.layers.RandomFlip("horizontal", seed=seed)])


def only(change):
    return lambda seed: lambda images, training: change(images)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (gentle, "right"),
        (lambda seed: ..., "Not tried yet"),
        (flipping, "swaps left and right"),
        (lambda seed: gentle(seed, angle=10), "turns slices by up to"),
        (lambda seed: gentle(seed, zoom=0.2), "changes sizes by up to"),
        (lambda seed: gentle(seed, angle=0), "hardly turns"),
        (lambda seed: gentle(seed, zoom=0), "hardly zooms"),
        (lambda seed: gentle(seed, fill="reflect"), "is not black"),
        (lambda seed: gentle(seed, second=0), "tied"),
        (lambda seed: gentle(7), "Another seed gives the same draws"),
        (lambda seed: gentle(np.random.randint(10**6)), "The same seed gives other draws"),
        (lambda seed: keras.layers.RandomCrop(64, 64), "got the shape (32, 64, 64, 3)"),
        (only(lambda images: 0 * images), "came back black"),
        (only(lambda images: images * np.nan), "not finite"),
        (lambda seed: None, "the pipeline itself back"),
        (gentle(3), "the function that builds one"),
        ({"rotation": 5}, "wants a function"),
    ],
)
def test_gentle_pipeline(said, answer, words):
    assert words in said("02.2", answer)


def trustworthy(change, images):
    changed = np.asarray(change(images))
    if changed.shape != images.shape or not np.isfinite(changed).all():
        return False
    in_order = (np.diff(changed.max(axis=(1, 2, 3))) > 0).all()
    return changed.min() >= 0 and changed.max() <= 1 and in_order


def blind_to(what):
    """The test without one of its parts."""

    def test(change, images):
        changed = np.asarray(change(images))
        if what != "shape" and changed.shape != images.shape:
            return False
        if what != "nan" and not np.isfinite(changed).all():
            return False
        # Written so that nan passes.
        if (what != "high" and changed.max() > 1) or (what != "low" and changed.min() < 0):
            return False
        return what == "order" or not (np.diff(changed.max(axis=(1, 2, 3))) <= 0).any()

    return test


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (trustworthy, "right"),
        (lambda *inputs: ..., "Not tried yet"),
        (lambda *inputs: True, "It trusts a change that crops the slices"),
        (lambda *inputs: False, "does not trust a change that leaves everything as it is"),
        (lambda change, images: np.allclose(change(images), images), "swaps left and right"),
        (blind_to("shape"), "crops the slices"),
        (blind_to("nan"), "not numbers"),
        (blind_to("high"), "from 0 to 255"),
        (blind_to("low"), "smaller than 0"),
        (blind_to("order"), "another order"),
        (lambda change, images: change(images), "True or False"),
        (5, "wants a function"),
    ],
)
def test_trustworthy(said, answer, words):
    assert words in said("02.3", answer)


def descend(x, y, rate, steps, factor=2, mean=np.mean, bias_moves=True, together=True):
    weight = bias = 0.0
    for _ in range(steps):
        error = weight * x + bias - y
        weight = weight - rate * factor * mean(error * x)
        if not together:
            error = weight * x + bias - y
        bias = bias - rate * factor * mean(error) * bias_moves
    return weight, bias


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (descend, "right"),
        (lambda *inputs: ..., "Not tried yet"),
        (lambda x, y, rate, steps: descend(x, y, -rate, steps), "against the slope"),
        (lambda *inputs: descend(*inputs, factor=1), "a factor of 2"),
        (lambda *inputs: descend(*inputs, mean=np.sum), "the mean, not the sum"),
        (lambda x, y, rate, steps: descend(x, y, rate, steps + 1), "one step too many"),
        (lambda x, y, rate, steps: descend(x, y, rate, steps - 1), "one step too few"),
        (lambda x, y, rate, steps: (0, 0), "have not moved"),
        (lambda *inputs: descend(*inputs, bias_moves=False), "The bias stays"),
        (lambda *inputs: descend(*inputs, together=False), "work out both slopes first"),
        (lambda *inputs: (1, 1), "yours led to 1.000 and 1.000"),
        (lambda *inputs: descend(*inputs)[0], "two numbers back"),
    ],
)
def test_descended(said, answer, words):
    assert words in said("02.4", answer)
