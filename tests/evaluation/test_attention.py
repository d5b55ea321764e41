"""Other weights than a network with attention chose itself."""

import keras
import numpy as np
import pytest

from course_utils import models
from course_utils.evaluation import attention, heatmaps


@pytest.fixture
def squares():
    """Two slices with one bright square each, and the square as mask."""
    masks = np.zeros((2, 128, 128), bool)
    masks[0, 32:48, 80:96] = masks[1, 96:112, 16:32] = True
    return (200 * masks).astype(np.uint8), masks


def attentive():
    """A model that pools by attention: the brighter a place, the larger its weight."""
    inputs = keras.Input((128, 128, 1))
    x = keras.layers.AveragePooling2D(16)(inputs)
    maps = keras.layers.Conv2D(2, 1, name="features")(x)
    scores = keras.layers.Conv2D(1, 1, use_bias=False)(maps)
    weights = keras.layers.Softmax(axis=[1, 2], name="attention")(scores)
    x = keras.layers.Identity(name="pooled")(keras.ops.sum(maps * weights, axis=(1, 2)))
    x = keras.layers.Dense(2, name="logits")(x)
    model = keras.Model(inputs, keras.layers.Softmax(name="probabilities")(x))
    kernel, score = np.array([[[[1.0, -1.0]]]]), np.array([[[[9.0], [0.0]]]])
    model.set_weights([kernel, np.zeros(2), score, np.array([[5.0, 0], [0, 5]]), np.zeros(2)])
    return model


def test_an_attention_map_lies_where_the_weights_are_large(squares):
    images, masks = squares
    maps = attention.attention_maps(attentive(), images)
    assert maps.shape == images.shape
    assert maps.max(axis=(1, 2)).tolist() == [1, 1]
    assert heatmaps.pointing_game(maps, masks).tolist() == [1, 1]


def test_other_weights_pool_the_same_places_to_another_answer(squares):
    images, _ = squares
    model = attentive()
    own = models.submodel(model, stop="attention").predict(images[..., None] / 255, verbose=0)
    whole = model.predict(images[..., None] / 255, verbose=0)
    np.testing.assert_allclose(attention.repooled(model, images, own), whole, rtol=1e-5)
    # All weight on a dark place: the bright square no longer speaks for the first class.
    corner = np.zeros_like(own)
    corner[:, 0, 0] = 1
    np.testing.assert_allclose(attention.repooled(model, images, corner), 0.5, atol=1e-6)


def test_weights_that_a_network_did_not_choose():
    own = np.random.default_rng(0).dirichlet(np.ones(16), 50).reshape(50, 4, 4, 1)
    own[0] = 0
    own[0, 1, 2] = 1
    found = attention.other_weights(own)
    for weights in found.values():
        assert weights.shape == own.shape
        np.testing.assert_allclose(weights.sum(axis=(1, 2, 3)), 1, rtol=1e-6)
    flat = {name: weights.reshape(50, 16) for name, weights in found.items()}
    mine = own.reshape(50, 16)
    assert np.array_equal(np.sort(flat["shuffled"]), np.sort(mine))
    assert not np.array_equal(flat["shuffled"], mine)
    assert (flat["equal"] == 1 / 16).all()
    top = mine.argmax(axis=1)
    assert (flat["without the top place"][np.arange(50), top] < 1e-6).all()
    # What the others keep, they share as before; and equally, where there was nothing.
    rest = np.delete(mine[7], top[7])
    np.testing.assert_allclose(
        np.delete(flat["without the top place"][7], top[7]), rest / rest.sum(), rtol=1e-5
    )
    np.testing.assert_allclose(np.delete(flat["without the top place"][0], 6), 1 / 15, rtol=1e-5)
    assert ((flat["without some place"] < 1e-6).sum(axis=1)[1:] == 1).all()
    # As much weight is gone as the top place had, and less than one place more, but never its own.
    much = flat["without as much elsewhere"]
    kept = much > 1e-6
    assert kept[np.arange(50), top].all()
    gone = np.where(kept, 0, mine).sum(axis=1)[1:]
    assert (gone >= np.minimum(mine.max(1), 1 - mine.max(1))[1:] - 1e-6).all()
    assert (gone - mine.max(axis=1)[1:] < mine.max(axis=1)[1:] + 1e-6).all()
    same = attention.other_weights(own)["shuffled"]
    assert np.array_equal(same, found["shuffled"])
