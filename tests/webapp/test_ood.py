"""The gate: what is like the training slices passes, what is not is refused."""

import numpy as np
import pandas as pd
import pytest

from course_utils.core.backend import keras
from course_utils.datasets import Dataset
from course_utils.webapp import ood, ood_pictures


def heads(count, seed):
    """Bright discs on black with some texture, as brain slices are."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:128, :128]
    middle, radius = rng.normal(64, 2, (count, 2)), rng.normal(44, 3, count)
    far = np.hypot(y - middle[:, :1, None], x - middle[:, 1:, None])
    grey = rng.normal(110, 8, (count, 1, 1)) + rng.normal(0, 14, (count, 128, 128))
    return np.clip(grey * (far < radius[:, None, None]), 0, 255).astype(np.uint8)


def as_data(images):
    table = pd.DataFrame(index=range(len(images)))
    return Dataset("practice", {"t1ce": images}, None, table, class_names=("glioma", "notumor"))


@pytest.fixture(scope="module")
def model():
    """A network whose pooled features are mean greys of a coarse grid."""
    inputs = keras.Input((128, 128, 1))
    x = keras.layers.AveragePooling2D(16)(inputs)
    x = keras.layers.Reshape((1, 1, 64))(x)
    x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    return keras.Model(inputs, x)


@pytest.fixture(scope="module")
def gate(model):
    return ood.fit(model, as_data(heads(150, 1)), as_data(heads(100, 2)))


def passing(gate, model, images):
    return ood.passes(gate, ood.distances(gate, model, images))


def test_limits_let_the_wanted_share_of_validation_slices_through(gate, model):
    found = ood.distances(gate, model, heads(100, 2))
    assert set(found) == set(gate.limits) == set(ood.DISTANCES)
    for name, limit in gate.limits.items():
        assert (found[name] <= limit).sum() == 99
    strict = ood.fit(model, as_data(heads(150, 1)), as_data(heads(100, 2)), kept=0.5)
    assert all(strict.limits[name] < gate.limits[name] for name in gate.limits)


def test_new_slices_pass_and_other_pictures_do_not(gate, model):
    assert passing(gate, model, heads(100, 3)).mean() > 0.9
    for name, (images, _) in ood_pictures.tried(30).items():
        assert passing(gate, model, images).mean() < 0.1, name


def half_bright(count, seed):
    """Heads whose upper half is brighter, so that one sees how they are turned."""
    images = heads(count, seed)
    images[:, :64] = np.minimum(images[:, :64] * 1.6, 255).astype(np.uint8)
    return images


def test_slices_turned_squeezed_or_on_a_sheet_are_told_by_their_geometry(model):
    gate = ood.fit(model, as_data(half_bright(150, 1)), as_data(half_bright(100, 2)))
    new = half_bright(60, 3)
    far = {}
    for name, images in {"as it comes": new, **ood_pictures.hard(new)}.items():
        found = ood.distances(gate, model, images)["geometry"]
        far[name] = (found > gate.limits["geometry"]).mean()
    assert far["as it comes"] < 0.1 and far["mirrored"] < 0.15
    for name in ("turned by 90°", "turned by 180°", "four on a sheet", "sixteen on a sheet"):
        assert far[name] > 0.9, (name, far)


def test_changes_keep_the_form_and_begin_with_the_slices():
    images = heads(6, 1)
    stacks = ood.changes(images)
    assert all(stack.shape == images.shape and stack.dtype == np.uint8 for stack in stacks)
    assert np.array_equal(stacks[0][:3], images[::2])
    wide, narrow = ood.resized(images, 1, 1.5), ood.resized(images, 1, 0.5)
    rows = [(stack[:, 64] > 50).sum(axis=1).mean() for stack in (images, wide, narrow)]
    assert rows[1] / rows[0] == pytest.approx(1.4, abs=0.15), "a head meets the border"
    assert rows[2] / rows[0] == pytest.approx(0.5, abs=0.1)
    sheet = ood.sheet(images, 2)
    assert np.abs(sheet[0, :64, :64].astype(int) - images[0, ::2, ::2]).mean() < 20
    assert np.abs(sheet[0, 64:, 64:].astype(int) - images[3, ::2, ::2]).mean() < 20


def test_one_distance_too_far_is_enough(gate):
    near = {name: np.array([0.5 * limit]) for name, limit in gate.limits.items()}
    assert ood.passes(gate, near).tolist() == [True]
    for name, limit in gate.limits.items():
        assert ood.passes(gate, near | {name: np.array([1.01 * limit])}).tolist() == [False]


def test_plain_numbers_say_what_they_should():
    black = np.zeros((1, 128, 128), np.uint8)
    black[0, :4] = 255
    numbers = ood.plain_numbers(np.concatenate([black, heads(1, 1)]))
    assert numbers.shape == (2, 13) and np.isfinite(numbers).all()
    # The upper border is white, and touches the ends of the two sides.
    assert numbers[0, :4] == pytest.approx([0, 1 / 32, 1 / 32, 1])
    assert numbers[0, 6:8] == pytest.approx([31 / 32, 1 / 32])


def test_similar_slices_are_the_nearest_one_a_patient(gate, model):
    train = heads(150, 1)
    groups = np.repeat(np.arange(75), 2)
    rows = ood.similar(gate, model, train[40], groups, 4)
    assert rows[0] == 40
    assert len(set(groups[rows])) == 4
    apart = np.linalg.norm(gate.features - gate.features[40], axis=1)
    assert (np.diff(apart[rows]) >= 0).all()
    assert apart[rows[1]] == min(apart[groups != groups[40]])
