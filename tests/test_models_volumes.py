"""Two networks that differ in their number of dimensions and in nothing else."""

import keras
import numpy as np
import pytest

from course_utils import models, models_volumes
from course_utils.files import CourseError
from course_utils.volumes import SHAPE


@pytest.fixture(scope="module")
def both():
    return {dimensions: models_volumes.network(dimensions) for dimensions in (2, 3)}


def kernels(model):
    return [la.kernel.shape for la in model.layers if la.name.startswith("conv")]


def test_layers_and_channels_are_the_same_and_kernels_have_a_dimension_more(both):
    assert [la.name for la in both[2].layers[1:]] == [la.name for la in both[3].layers[1:]]
    for flat, deep in zip(kernels(both[2]), kernels(both[3]), strict=True):
        assert flat[:2] == (3, 3) and deep[:3] == (3, 3, 3) and flat[2:] == deep[3:]


@pytest.mark.parametrize("dimensions", [2, 3])
def test_it_answers_with_probabilities(both, dimensions):
    model = both[dimensions]
    assert model.input_shape == (None, *SHAPE[:dimensions], 1)
    inputs = np.random.default_rng(0).random((2, *SHAPE[:dimensions], 1), np.float32)
    logits = models.part(model, stop="logits").predict(inputs, verbose=0)
    chances = model.predict(inputs, verbose=0)
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(chances, expected, rtol=1e-4)
    maps = models.part(model, stop="features").predict(inputs, verbose=0)
    pooled = models.part(model, stop="pooled").predict(inputs, verbose=0)
    np.testing.assert_allclose(pooled, maps.max(axis=tuple(range(1, dimensions + 1))), rtol=1e-5)


def test_only_three_dimensions_see_a_change_from_slice_to_slice(both):
    """The same slices in another order: no slice can tell, a volume can."""
    volume = np.random.default_rng(0).random((1, *SHAPE, 1), np.float32)
    turned = volume[:, :, :, np.random.default_rng(1).permutation(SHAPE[2])]
    slices = [np.moveaxis(v[0], 2, 0) for v in (volume, turned)]
    flat = [np.sort(both[2].predict(s, verbose=0), axis=0) for s in slices]
    np.testing.assert_allclose(*flat, rtol=1e-4)
    deep = [both[3].predict(v, verbose=0) for v in (volume, turned)]
    assert np.abs(deep[0] - deep[1]).max() > 1e-4


def test_a_saved_network_answers_the_same(both, tmp_path):
    inputs = np.random.default_rng(0).random((1, *SHAPE, 1), np.float32)
    both[3].save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(
        again.predict(inputs, verbose=0), both[3].predict(inputs, verbose=0)
    )


@pytest.mark.parametrize("wrong", [1, 4, "3"])
def test_other_dimensions_are_refused(wrong):
    with pytest.raises(CourseError, match="2 or 3 dimensions"):
        models_volumes.network(wrong)
