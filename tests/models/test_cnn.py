"""Networks: names that all share, sizes, and parts that share their weights."""

import keras
import numpy as np
import pytest

from course_utils import models
from course_utils.core.errors import CourseError
from course_utils.models import weights
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


@pytest.mark.parametrize("build", [models.baseline, models.attention_cnn])
def test_networks_are_built_for_the_slices(build, own_data):
    shape, classes = models.shape_of(own_data.images), len(own_data.class_names)
    model = build(classes, shape=shape)
    assert model.input_shape == (None, *shape) and model.output_shape == (None, classes)
    side = shape[0] // 16
    assert model.get_layer("features").output.shape == (None, side, side, 128)
    assert [la.name for la in model.layers] == [la.name for la in build().layers]


def test_a_grey_backbone_has_the_layers_it_always_had():
    for backbone, name in (("mobilenetv2", "minus_one_to_one"), ("resnet50", "minus_means")):
        names = [layer.name for layer in models.transfer(backbone, RANDOM).layers]
        assert names[:3] == ["slice", "grey_to_colour", name]


@pytest.mark.parametrize(
    ("backbone", "module"),
    [("mobilenetv2", keras.applications.mobilenet_v2), ("resnet50", keras.applications.resnet)],
)
def test_a_backbone_sees_colours_as_in_its_pretraining(backbone, module):
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    source = weights.resolve(backbone, "simulated")
    model = models.transfer(backbone, source, shape=(64, 64, 3))
    theirs = keras.Sequential(
        [
            getattr(module, {"mobilenetv2": "MobileNetV2", "resnet50": "ResNet50"}[backbone])(
                include_top=False, weights=None, input_shape=(64, 64, 3)
            ),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )
    theirs.layers[0].set_weights(
        models.submodel(model, stop="features").get_weights()  # only the backbone has any
    )
    expected = theirs.predict(module.preprocess_input(images.astype(np.float32)), verbose=0)
    pooled = models.submodel(model, stop="pooled")
    found = pooled.predict(images / np.float32(255), verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert expected.std() > 0.01
    swapped = pooled.predict(images[..., ::-1] / np.float32(255), verbose=0)
    assert np.abs(swapped - found).max() > 0.01, "the order of the colours matters"


def test_a_backbone_takes_its_shape_from_the_slices_it_is_given():
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    assert models.transfer("mobilenetv2", RANDOM, images=images).input_shape == (None, 32, 32, 3)
    assert models.transfer("mobilenetv2", RANDOM).input_shape == (None, 128, 128, 1)


def test_a_backbone_for_colour_is_the_same_whenever_it_is_built(tmp_path):
    one, other = (
        models.submodel(models.transfer("resnet50", RANDOM, shape=(64, 64, 3)), stop="minus_means")
        for _ in range(2)
    )
    assert one.get_config() | {"name": ""} == other.get_config() | {"name": ""}
    one.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    images = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    np.testing.assert_array_equal(again(images), one(images))
