"""Networks: names that all share, sizes, and parts that share their weights."""

import keras
import numpy as np
import pytest

from course_utils import models
from course_utils.core.errors import CourseError
from course_utils.models.weights import Source

RANDOM = Source("random")


@pytest.fixture(scope="module", params=["baseline", "mobilenetv2", "resnet50"])
def model(request):
    if request.param == "baseline":
        return models.baseline()
    return models.transfer(request.param, RANDOM)


@pytest.fixture(scope="module")
def slices():
    return np.random.default_rng(0).random((2, 128, 128, 1), np.float32)


def test_every_classifier_is_flat_and_has_the_shared_names(model, slices):
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert model.input_shape == (None, 128, 128, 1)
    assert len(model.get_layer("features").output.shape) == 4
    assert len(model.get_layer("pooled").output.shape) == 2
    logits = models.submodel(model, stop="logits").predict(slices, verbose=0)
    probabilities = model.predict(slices, verbose=0)
    np.testing.assert_allclose(
        probabilities, np.exp(logits) / np.exp(logits).sum(1, keepdims=True), rtol=1e-4
    )


def test_a_saved_model_predicts_the_same(model, slices, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(
        model.predict(slices, verbose=0), again.predict(slices, verbose=0)
    )


def test_two_parts_in_a_row_are_the_whole(model, slices):
    first = models.submodel(model, stop="pooled")
    second = models.submodel(model, start="pooled")
    np.testing.assert_allclose(
        second.predict(first.predict(slices, verbose=0), verbose=0),
        model.predict(slices, verbose=0),
        rtol=1e-5,
    )


def test_training_a_part_trains_the_whole(model, slices):
    before = model.predict(slices, verbose=0)
    head = models.submodel(model, start="pooled")
    head.get_layer("logits").bias.assign([5, 0, 0, 0])
    assert (model.predict(slices, verbose=0)[:, 0] > before[:, 0]).all()


def test_baseline_is_small_and_its_batch_norm_keeps_up():
    model = models.baseline()
    assert model.count_params() < 150_000
    norms = [la for la in model.layers if isinstance(la, keras.layers.BatchNormalization)]
    assert {norm.momentum for norm in norms} == {0.9}


@pytest.mark.parametrize("backbone", ["mobilenetv2", "resnet50"])
def test_batch_norm_stays_frozen_in_fine_tuning(backbone):
    model = models.transfer(backbone, RANDOM)
    norms = [la for la in model.layers if isinstance(la, keras.layers.BatchNormalization)]
    assert norms
    before = [norm.get_weights() for norm in norms]
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.train_on_batch(np.ones((2, 128, 128, 1), np.float32), np.array([0, 1]))
    for norm, was in zip(norms, before, strict=True):
        for one, other in zip(norm.get_weights(), was, strict=True):
            np.testing.assert_array_equal(one, other)


def test_random_weights_get_averages_that_keep_the_numbers_alive():
    images = np.random.default_rng(0).integers(0, 255, (80, 128, 128), dtype=np.uint8)
    batch = images[:8, ..., np.newaxis] / np.float32(255)
    settled = models.transfer("mobilenetv2", RANDOM, images=images)
    assert (
        models.submodel(settled, stop="pooled").predict(batch, verbose=0).std(axis=1) > 0.05
    ).all()
    faded = models.transfer("mobilenetv2", RANDOM)
    assert (
        models.submodel(faded, stop="pooled").predict(batch, verbose=0).std(axis=1) < 1e-4
    ).all()


def test_each_backbone_gets_the_numbers_it_was_trained_on(slices):
    seen = models.submodel(models.transfer("mobilenetv2", RANDOM), stop="minus_one_to_one")
    expected = keras.applications.mobilenet_v2.preprocess_input(np.repeat(slices, 3, -1) * 255)
    np.testing.assert_allclose(seen.predict(slices, verbose=0), expected, atol=1e-5)

    seen = models.submodel(models.transfer("resnet50", RANDOM), stop="minus_means")
    expected = keras.applications.resnet50.preprocess_input(np.repeat(slices, 3, -1) * 255)
    np.testing.assert_allclose(seen.predict(slices, verbose=0), expected, atol=1e-3)


def test_an_unknown_backbone_is_named():
    with pytest.raises(CourseError, match="'vgg'"):
        models.transfer("vgg", RANDOM)


@pytest.mark.parametrize("start", ["nowhere", "block_4_expand"])
def test_a_layer_that_is_not_there_or_that_others_lead_past_is_named(start):
    model = models.transfer("mobilenetv2", RANDOM)
    with pytest.raises(CourseError, match=f"mobilenetv2 cannot be divided at '{start}'"):
        models.submodel(model, start=start)
