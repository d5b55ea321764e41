"""Slices made worse on purpose."""

import dataclasses

import numpy as np
import pytest

from course_utils.core.errors import CourseError
from course_utils.evaluation import corruptions

KINDS = tuple(corruptions.STRENGTHS)


@pytest.fixture
def images():
    """Four grey slices with a bright edge and fine stripes."""
    rows, columns = np.ogrid[:128, :128]
    one = np.where((rows - 64) ** 2 + (columns - 64) ** 2 < 50**2, 110, 0)
    one = one + 80 * ((columns // 2) % 2) * (one > 0)
    return np.repeat(one[None].astype(np.uint8), 4, axis=0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_severity_is_worse_than_the_one_before(images, kind):
    before = images.copy()
    errors = [
        np.abs(corruptions.corrupt(images, kind, severity).astype(float) - images).mean()
        for severity in range(6)
    ]
    assert errors[0] == 0
    assert (np.diff(errors) > 0).all()
    assert np.array_equal(images, before)


@pytest.mark.parametrize("kind", KINDS)
def test_the_form_stays_and_the_seed_decides(images, kind):
    worse = corruptions.corrupt(images, kind, 3, seed=1)
    assert worse.shape == images.shape and worse.dtype == np.uint8
    assert np.array_equal(worse, corruptions.corrupt(images, kind, 3, seed=1))
    differs = not np.array_equal(worse, corruptions.corrupt(images, kind, 3, seed=2))
    assert differs == (kind != "low resolution")
    # Chance falls differently on every slice; resolution treats equals equally.
    assert np.array_equal(worse[0], worse[1]) == (not differs)


def test_noise_lifts_the_black_air_as_a_scanner_does():
    black = np.zeros((1, 128, 128), np.uint8)
    noisy = corruptions.corrupt(black, "noise", 3) / 255
    # The mean of Rayleigh noise is its deviation times the root of pi over 2.
    assert noisy.mean() == pytest.approx(0.10 * np.sqrt(np.pi / 2), rel=0.02)


def test_low_resolution_loses_the_stripes_and_keeps_the_mean(images):
    worse = corruptions.corrupt(images, "low resolution", 3).astype(float)
    inside = worse[0, 54:74, 54:74]
    assert images[0, 54:74, 54:74].std() > 30
    assert inside.std() < 3
    turned = corruptions.corrupt(np.moveaxis(images, 1, 2), "low resolution", 3)
    assert np.abs(np.moveaxis(turned, 1, 2) - worse).max() <= 1
    assert inside.mean() == pytest.approx(images[0, 54:74, 54:74].mean(), rel=0.05)


def test_motion_leaves_ghosts_above_and_below_and_blurs_nothing_sideways():
    square = np.zeros((1, 128, 128), np.uint8)
    square[0, 56:72, 56:72] = 200
    moved = corruptions.corrupt(square, "motion", 5).astype(float)[0]
    assert moved[:, :56].max() == moved[:, 72:].max() == 0, "lines are measured up and down alone"
    # A head that comes and goes 10 to 30 times leaves copies as many pixels away.
    outside = moved[:, 60:68].mean(axis=1)
    assert outside[[*range(26, 46), *range(82, 102)]].max() > 15
    assert moved.sum() > 0.8 * square.sum()
    still = corruptions.corrupt(square, "motion", 1).astype(float)[0]
    assert abs(still - square[0]).mean() < abs(moved - square[0]).mean() / 2


def test_the_bias_field_is_smooth():
    grey = np.full((1, 128, 128), 100, np.uint8)
    field = corruptions.corrupt(grey, "bias field", 1).astype(float)[0] / 100
    assert field.min() == pytest.approx(np.exp(-0.2), abs=0.01)
    assert field.max() == pytest.approx(np.exp(0.2), abs=0.01)
    assert np.abs(np.diff(field, axis=0)).max() < 0.02


@pytest.mark.parametrize(("kind", "severity"), [("rain", 1), ("noise", 6), ("noise", -1)])
def test_unknown_corruptions_are_refused(images, kind, severity):
    with pytest.raises(CourseError, match="There is no corruption"):
        corruptions.corrupt(images, kind, severity)


def test_accidents_befall_one_contrast_and_leave_the_rest(practice):
    some = practice.take(practice.table["patient"].isin(practice.table["patient"].unique()[:12]))
    found = corruptions.accidents(some)
    t1ce, flair = some.images, some.contrast("flair")
    for name, after in found.items():
        assert after.table is some.table and after.masks is some.masks
        untouched = "flair" if name == "t1ce missing" else "t1ce"
        assert np.array_equal(after.contrast(untouched), some.contrast(untouched))
    assert np.array_equal(found["as recorded"].contrast("flair"), flair)
    assert not found["flair missing"].contrast("flair").any()
    assert not found["t1ce missing"].images.any() and t1ce.any()
    step = corruptions.MOVED
    moved = found["flair moved"].contrast("flair")
    assert np.array_equal(moved[:, step:, step:], flair[:, :-step, :-step])
    noisy = found["flair noisy"].contrast("flair")
    assert np.array_equal(noisy, corruptions.corrupt(flair, "noise", 3))


def test_a_swapped_contrast_comes_from_another_patient_in_the_same_plane(practice):
    some = practice.take(practice.table["patient"].isin(practice.table["patient"].unique()[:12]))
    # Each slice says who it is of.
    rows = np.arange(len(some))
    named = np.broadcast_to(rows[:, None, None].astype(np.uint8), some.images.shape)
    marked = dataclasses.replace(some, contrasts={"t1ce": named, "flair": named})
    partner = corruptions.accidents(marked)["flair of another patient"].contrast("flair")[:, 0, 0]
    assert sorted(partner) == sorted(rows)
    table = some.table
    assert (table["plane"].to_numpy()[partner] == table["plane"]).all()
    assert (table["patient"].to_numpy()[partner] != table["patient"]).all()


def test_accidents_need_a_second_contrast(practice):
    alone = dataclasses.replace(practice.take([0]), contrasts={"t1ce": practice.images[:1]})
    with pytest.raises(CourseError, match="no contrast 'flair'"):
        corruptions.accidents(alone)


@pytest.mark.parametrize("kind", KINDS)
def test_colours_are_made_worse_alike(images, kind):
    grey = corruptions.corrupt(images, kind, 3)
    colours = corruptions.corrupt(np.stack([images, images // 2, images], axis=-1), kind, 3)
    assert colours.shape == (*images.shape, 3) and colours.dtype == np.uint8
    np.testing.assert_array_equal(colours[..., 0], grey)
    np.testing.assert_array_equal(colours[..., 2], grey)
    assert not np.array_equal(colours[..., 1], grey)
