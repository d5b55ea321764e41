"""Networks of a ladder: each rung changes what it says, and nothing else."""

import keras
import numpy as np
import pytest

from course_utils import models
from course_utils.core.errors import CourseError
from course_utils.volumes import SHAPE, cnn3d


@pytest.fixture(scope="module")
def all_kinds():
    return {kind: cnn3d.network(kind) for kind in cnn3d.KINDS}


@pytest.fixture(scope="module")
def volume():
    return np.random.default_rng(0).random((1, *SHAPE, 1), np.float32)


def built(model):
    """What a network is made of: kernels, steps and windows of its layers, by name."""
    kept = ("kernel_size", "strides", "pool_size", "filters", "padding", "rate", "units")
    return {
        layer.name: {key: v for key, v in layer.get_config().items() if key in kept}
        for layer in model.layers
    }


def changed(one, other):
    names = set(one) | set(other)
    return {name for name in names if one.get(name) != other.get(name)}


def like(model, other):
    """The second network with the weights of the first."""
    for layer in other.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return other


def ask(model, volume):
    return model.predict(volume, verbose=0)


def test_one_thing_changes_from_rung_to_rung(all_kinds):
    vote, taught, bag, flat, deep = (built(all_kinds[kind]) for kind in cnn3d.LADDER)
    assert "largest" in changed(vote, taught) and not changed(vote, taught) & set(vote)
    # What it pools over is no layer's setting: see below.
    assert {name for name in changed(vote, bag) if name[:4] in ("conv", "pool")} <= {"pooled"}
    assert changed(bag, flat) == {"pool1", "pool2", "pool3"}
    assert changed(flat, deep) == {"conv1", "conv2", "conv3", "conv4"}
    for number in range(1, 5):
        both = flat[f"conv{number}"], deep[f"conv{number}"]
        assert [one.pop("kernel_size") for one in both] == [(3, 3, 1), (3, 3, 3)]
        assert both[0] == both[1]
    sizes = [all_kinds[kind].count_params() for kind in cnn3d.KINDS]
    assert sizes[:4] == [sizes[0]] * 4 and sizes[4:] == [sizes[4]] * 3


def test_controls_change_one_thing_of_the_3d_network(all_kinds):
    deep, shuffled, fine = (built(all_kinds[kind]) for kind in ("3d", "shuffled", "fine"))
    layers = {name for name in changed(deep, shuffled) if name in deep}
    assert not layers, "the order of the slices alone"
    assert changed(deep, fine) == {"thick", "conv1"}
    assert (deep["conv1"]["strides"], fine["conv1"]["strides"]) == ((2, 2, 1), (2, 2, 2))
    maps = [all_kinds[kind].get_layer("conv1").output.shape for kind in ("3d", "fine")]
    assert maps[0] == maps[1]


def test_a_vote_answers_for_each_slice_alone(all_kinds, volume):
    answers = ask(all_kinds["vote"], volume)
    assert answers.shape == (1, cnn3d.SLICES, 4)
    np.testing.assert_allclose(answers.sum(axis=2), 1, rtol=1e-5)
    other = volume.copy()
    other[:, :, :, 10:12] = 0
    same = np.isclose(ask(all_kinds["vote"], other), answers, atol=1e-6).all(axis=(0, 2))
    assert np.flatnonzero(~same).tolist() == [5]
    taught = like(all_kinds["vote"], cnn3d.network("taught"))
    largest = answers.max(axis=1)
    np.testing.assert_allclose(ask(taught, volume), largest / largest.sum(), rtol=1e-4)


@pytest.mark.parametrize("pooling", cnn3d.POOLINGS)
def test_a_bag_joins_what_a_vote_pools_a_slice(volume, pooling):
    vote = cnn3d.network("vote", pooling=pooling)
    bag = like(vote, cnn3d.network("bag", pooling=pooling))
    by_slice, whole = (ask(models.submodel(m, stop="pooled"), volume) for m in (vote, bag))
    joined = {
        "max": by_slice.max(axis=1),
        "mean": by_slice.mean(axis=1),
        "smooth": np.log(np.exp(by_slice).mean(axis=1)),
    }
    np.testing.assert_allclose(whole, joined[pooling], rtol=1e-3, atol=1e-5)
    maps = ask(models.submodel(bag, stop="features"), volume)
    assert (maps.mean(axis=(1, 2, 3)) <= whole + 1e-4).all()
    assert (whole <= maps.max(axis=(1, 2, 3)) + 1e-4).all()


def test_who_sees_the_order_of_the_slices(all_kinds, volume):
    pairs = np.arange(SHAPE[2]).reshape(-1, 2)
    turned = volume[:, :, :, np.random.default_rng(1).permutation(pairs).ravel()]
    for kind in ("taught", "bag"):
        np.testing.assert_allclose(
            ask(all_kinds[kind], turned), ask(all_kinds[kind], volume), rtol=1e-4
        )
    assert np.abs(ask(all_kinds["3d"], turned) - ask(all_kinds["3d"], volume)).max() > 1e-4
    shuffled = like(all_kinds["3d"], cnn3d.network("shuffled"))
    as_it_sees = volume[:, :, :, pairs[cnn3d._SHUFFLED].ravel()]
    np.testing.assert_allclose(ask(shuffled, volume), ask(all_kinds["3d"], as_it_sees), rtol=1e-4)
    near = np.abs(np.diff(cnn3d._SHUFFLED)) == 1
    assert near.mean() < 0.15 and sorted(cnn3d._SHUFFLED) == list(range(cnn3d.SLICES))


def test_all_but_one_see_slices_averaged_in_pairs(all_kinds, volume):
    pairs = volume.reshape(1, *SHAPE[:2], -1, 2, 1).mean(axis=4)
    blurred = np.repeat(pairs, 2, axis=3)
    for kind, model in all_kinds.items():
        same = np.allclose(ask(model, blurred), ask(model, volume), rtol=1e-4)
        assert same == (kind != "fine"), kind


@pytest.mark.parametrize("kind", cnn3d.KINDS)
def test_a_saved_network_answers_the_same(all_kinds, volume, kind, tmp_path):
    all_kinds[kind].save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(ask(again, volume), ask(all_kinds[kind], volume))


def test_other_kinds_and_poolings_are_named():
    with pytest.raises(CourseError, match="no network called '4d': use one of vote, taught, bag"):
        cnn3d.network("4d")
    with pytest.raises(CourseError, match="no pooling called 'least': use one of max, mean"):
        cnn3d.network("3d", pooling="least")


@pytest.mark.parametrize("kind", ["vote", "taught", "3d"])
def test_classes_and_dropout_are_as_asked_for(kind):
    model = cnn3d.network(kind, classes=7, dropout=0.35)
    assert model.output_shape[-1] == 7
    assert model.get_layer("dropout").rate == 0.35
