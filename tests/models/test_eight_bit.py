"""Weights in 8 bits: what is kept, what is lost, and what is refused."""

import re

import keras
import numpy as np
import pytest

from course_utils.core.errors import CourseError
from course_utils.models import eight_bit, weights
from course_utils.models.weights import Source


def network(name="mobilenetv2", seed=0, filters=6):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(filters, 3, name="conv"),
            keras.layers.DepthwiseConv2D(3, use_bias=False, name="depthwise"),
            keras.layers.BatchNormalization(name="norm"),
        ],
        name=name,
    )


@pytest.fixture
def file(tmp_path):
    made = network()
    # A channel of zeros has no largest value to divide by.
    kernel, bias = made.get_layer("conv").get_weights()
    kernel[..., 0] = 0
    made.get_layer("conv").set_weights([kernel, bias + 0.5])
    made.get_layer("norm").set_weights([np.full(6, value) for value in (1.5, 0.1, 1e-9, 1e9)])
    path = tmp_path / "mobilenetv2.npz"
    eight_bit.save(made, path, "mobilenetv2")
    return path, made


def test_every_kernel_is_within_half_a_step_of_what_it_was(file):
    path, made = file
    other = network(seed=1)
    eight_bit.restore(other, path, "mobilenetv2")
    for name, axis in (("conv", 3), ("depthwise", 2)):
        before, after = (m.get_layer(name).get_weights()[0] for m in (made, other))
        channels = np.moveaxis(np.abs(before - after), axis, 0).reshape(before.shape[axis], -1)
        largest = np.moveaxis(np.abs(before), axis, 0).reshape(before.shape[axis], -1).max(axis=1)
        assert (channels.max(axis=1) <= largest / 127 / 2 * 1.001).all()
        assert not np.array_equal(before, after)


def test_what_is_no_kernel_stays_exact(file):
    path, made = file
    other = network(seed=1)
    eight_bit.restore(other, path, "mobilenetv2")
    assert np.array_equal(*(m.get_layer("conv").get_weights()[1] for m in (made, other)))
    for before, after in zip(
        *(m.get_layer("norm").get_weights() for m in (made, other)), strict=True
    ):
        assert np.array_equal(before, after)


def test_the_file_is_a_quarter_of_the_size(tmp_path):
    made = network(filters=400)
    eight_bit.save(made, tmp_path / "a.npz", "mobilenetv2")
    kernels = sum(v.size for layer in made.layers for v in layer.get_weights()) * 4
    assert (tmp_path / "a.npz").stat().st_size < 0.45 * kernels


def test_the_sums_are_those_of_sha256sum_and_keep_their_neighbours(file):
    path, made = file
    eight_bit.save(made, path.with_name("resnet50.npz"), "resnet50")
    lines = path.with_name("SHA256SUMS").read_text().splitlines()
    assert [re.fullmatch(r"[0-9a-f]{64}  (\S+)", line)[1] for line in lines] == [
        "mobilenetv2.npz",
        "resnet50.npz",
    ]
    eight_bit.check(path, "restore it")
    eight_bit.check(path.with_name("resnet50.npz"), "restore it")


@pytest.mark.parametrize("harm", ["truncated", "changed", "swapped", "unlisted"])
def test_a_file_that_is_not_the_one_listed_is_refused_by_name(file, harm):
    path, made = file
    whole = path.read_bytes()
    if harm == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif harm == "changed":
        path.write_bytes(whole[:500] + bytes([whole[500] ^ 1]) + whole[501:])
    elif harm == "swapped":
        eight_bit.save(network(seed=2), path.with_name("resnet50.npz"), "resnet50")
        path.write_bytes(path.with_name("resnet50.npz").read_bytes())
    else:
        path.with_name("SHA256SUMS").write_text("")
    with pytest.raises(CourseError, match=r"mobilenetv2\.npz is damaged.*SHA-256.*: restore it\."):
        eight_bit.check(path, "restore it")


@pytest.mark.parametrize("harm", ["truncated", "swapped", "shape", "missing", "not a number"])
def test_a_broken_file_of_ones_own_leaves_the_network_as_it_was(file, tmp_path, harm):
    path, made = file
    if harm == "truncated":
        path.write_bytes(path.read_bytes()[:-300])
    elif harm == "swapped":
        eight_bit.save(made, path, "resnet50")
    elif harm == "shape":
        eight_bit.save(network(filters=5), path, "mobilenetv2")
    else:
        with np.load(path) as stored:
            arrays = dict(stored)
        if harm == "missing":
            del arrays["norm/3"]
        else:
            arrays["norm/3"] = arrays["norm/3"] * np.nan
        np.savez(path, **arrays)
    other = network(seed=1)
    before = other.get_weights()
    with pytest.raises(CourseError, match=r"mobilenetv2\.npz does not hold whole weights"):
        weights.load(other, Source("file", path))
    for old, new in zip(before, other.get_weights(), strict=True):
        assert np.array_equal(old, new)
