"""Three networks that differ in how far their kernels reach and in nothing else."""

import keras
import numpy as np
import pytest

from course_utils import models
from course_utils.core.errors import CourseError
from course_utils.volumes import SHAPE, cnn3d


@pytest.fixture(scope="module")
def all_kinds():
    return {kind: cnn3d.network(kind) for kind in ("2d", "bag", "3d")}


def kernels(model):
    return [la.kernel.shape for la in model.layers if la.name.startswith("conv")]


def test_layers_and_channels_are_the_same_and_kernels_differ(all_kinds):
    names = {tuple(la.name for la in model.layers[1:]) for model in all_kinds.values()}
    assert len(names) == 1
    for flat, apart, deep in zip(*map(kernels, all_kinds.values()), strict=True):
        assert (flat[:-2], apart[:-2], deep[:-2]) == ((3, 3), (3, 3, 1), (3, 3, 3))
        assert flat[-2:] == apart[-2:] == deep[-2:]
    assert all_kinds["bag"].count_params() == all_kinds["2d"].count_params()


@pytest.mark.parametrize("kind", ["2d", "bag", "3d"])
def test_it_answers_with_probabilities(all_kinds, kind):
    model = all_kinds[kind]
    dimensions = 2 if kind == "2d" else 3
    assert model.input_shape == (None, *SHAPE[:dimensions], 1)
    inputs = np.random.default_rng(0).random((2, *SHAPE[:dimensions], 1), np.float32)
    logits = models.submodel(model, stop="logits").predict(inputs, verbose=0)
    chances = model.predict(inputs, verbose=0)
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(chances, expected, rtol=1e-4)
    maps = models.submodel(model, stop="features").predict(inputs, verbose=0)
    pooled = models.submodel(model, stop="pooled").predict(inputs, verbose=0)
    np.testing.assert_allclose(pooled, maps.max(axis=tuple(range(1, dimensions + 1))), rtol=1e-5)


def test_a_bag_is_the_network_for_slices_over_every_other_slice(all_kinds):
    flat, bag = all_kinds["2d"], all_kinds["bag"]
    for one, other in zip(flat.layers, bag.layers, strict=True):
        other.set_weights(
            [
                w.reshape(v.shape)
                for w, v in zip(one.get_weights(), other.get_weights(), strict=True)
            ]
        )
    volume = np.random.default_rng(0).random((*SHAPE, 1), np.float32)
    slices = np.moveaxis(volume[:, :, ::2], 2, 0)
    by_slice = models.submodel(flat, stop="pooled").predict(slices, verbose=0)
    whole = models.submodel(bag, stop="pooled").predict(volume[np.newaxis], verbose=0)[0]
    np.testing.assert_allclose(whole, by_slice.max(axis=0), rtol=1e-4)


def test_only_three_dimensions_see_the_order_of_the_slices(all_kinds):
    volume = np.random.default_rng(0).random((1, *SHAPE, 1), np.float32)
    order = np.arange(SHAPE[2]).reshape(-1, 2)
    # Every other slice stays every other slice.
    order = np.random.default_rng(1).permutation(order).ravel()
    turned = volume[:, :, :, order]
    apart = [all_kinds["bag"].predict(v, verbose=0) for v in (volume, turned)]
    np.testing.assert_allclose(*apart, rtol=1e-4)
    deep = [all_kinds["3d"].predict(v, verbose=0) for v in (volume, turned)]
    assert np.abs(deep[0] - deep[1]).max() > 1e-4


def test_a_saved_network_answers_the_same(all_kinds, tmp_path):
    inputs = np.random.default_rng(0).random((1, *SHAPE, 1), np.float32)
    all_kinds["3d"].save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(
        again.predict(inputs, verbose=0), all_kinds["3d"].predict(inputs, verbose=0)
    )


def test_another_kind_is_named():
    with pytest.raises(CourseError, match="no network called '4d': use one of 2d, bag, 3d"):
        cnn3d.network("4d")


@pytest.mark.parametrize("kind", ["2d", "bag", "3d"])
def test_classes_and_dropout_are_as_asked_for(kind):
    model = cnn3d.network(kind, classes=7, dropout=0.35)
    assert model.output_shape == (None, 7)
    assert model.get_layer("dropout").rate == 0.35
