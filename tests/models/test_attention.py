"""The baseline with attention: both of its parts do what their formulas say."""

import keras
import numpy as np
import pytest
from scipy import special

from course_utils import models
from course_utils.evaluation import attention
from course_utils.training import features


@pytest.fixture(scope="module")
def images():
    noise = np.random.default_rng(0).integers(0, 255, (6, 128, 128))
    # Bright and dark slices: squeezing must tell them apart.
    return (noise * np.linspace(0.1, 1, 6)[:, None, None]).astype(np.uint8)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    model = models.attention_cnn()
    # Larger than at the start, so that slices and places differ in their weights.
    for layer in model.layers:
        if layer.name.startswith(("excite", "attention_")):
            layer.set_weights([20 * array for array in layer.get_weights()])
        if layer.name.startswith("reduce"):
            # None of the hidden numbers is stuck at zero.
            layer.bias.assign(np.ones(layer.units))
    return model


def output(model, layer, images):
    return features.predict(models.submodel(model, stop=layer), images)


def test_it_is_the_baseline_and_two_more_parts(model):
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    shared = {layer.name: layer for layer in model.layers}
    for layer in models.baseline().layers:
        if layer.name != "pooled":
            assert shared[layer.name].get_config()["name"] == layer.name
            assert [w.shape for w in shared[layer.name].weights] == [w.shape for w in layer.weights]
    assert model.count_params() < 1.2 * models.baseline().count_params()
    assert [layer.name for layer in model.layers if layer.name.startswith("excite")] == [
        f"excite{number}" for number in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize("number", [1, 4])
def test_channels_are_weighed_by_what_the_whole_slice_shows(model, images, number):
    maps, weighed = (output(model, f"{name}{number}", images) for name in ("relu", "weighed"))
    reduce, excite = (model.get_layer(f"{name}{number}") for name in ("reduce", "excite"))
    assert reduce.units == maps.shape[-1] // 4
    squeezed = maps.mean(axis=(1, 2))
    small = np.maximum(squeezed @ reduce.kernel.numpy() + reduce.bias.numpy(), 0)
    weights = special.expit(small @ excite.kernel.numpy() + excite.bias.numpy())
    np.testing.assert_allclose(weighed, maps * weights[:, None, None], rtol=1e-3, atol=1e-5)


def test_places_are_pooled_by_weights_that_add_up_to_one(model, images):
    maps, weights = output(model, "features", images), output(model, "attention", images)
    assert weights.shape == (6, 8, 8, 1)
    np.testing.assert_allclose(weights.sum(axis=(1, 2, 3)), 1, rtol=1e-5)
    assert weights.max() > 2 / 64, "places differ"
    hidden, scores = (model.get_layer(f"attention_{name}") for name in ("hidden", "scores"))
    marks = np.tanh(maps @ hidden.kernel.numpy() + hidden.bias.numpy()) @ scores.kernel.numpy()
    np.testing.assert_allclose(weights, special.softmax(marks, axis=(1, 2)), rtol=1e-2, atol=1e-5)
    np.testing.assert_allclose(
        output(model, "pooled", images), (maps * weights).sum(axis=(1, 2)), rtol=1e-3, atol=1e-5
    )


def test_a_saved_network_needs_nothing_of_ours(model, images, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert np.array_equal(features.predict(again, images), features.predict(model, images))


def test_fixed_channels_weigh_every_slice_alike_and_leave_the_network_alone(model, images):
    before = features.predict(model, images)
    fixed = attention.with_fixed_channels(model, images)
    for layer in ("excite1", "excite4"):
        own, same = output(model, layer, images), output(fixed, layer, images)
        assert own.std(axis=0).max() > 1e-3, "the slices' own weights differ"
        np.testing.assert_allclose(same, np.broadcast_to(own.mean(axis=0), own.shape), atol=1e-4)
    assert np.array_equal(features.predict(model, images), before)
    assert fixed.get_layer("conv1").kernel is not model.get_layer("conv1").kernel


def test_maps_of_attention_are_as_large_as_the_slices(own_data):
    model = models.attention_cnn(shape=models.shape_of(own_data.images))
    maps = attention.attention_maps(model, own_data.images[:2])
    assert maps.shape == own_data.images[:2].shape[:3]
