"""Pictures that are no slices: of the right form, the same for the same seed, no two alike."""

import numpy as np
import pytest

from course_utils.webapp import ood_pictures

SLICES = np.random.default_rng(0).integers(0, 255, (40, 128, 128)).astype(np.uint8)


def kinds(seed):
    return ood_pictures.tried(6, seed) | ood_pictures.held_out(6, SLICES, seed)


def test_every_kind_is_a_stack_of_pictures_with_groups():
    pytest.importorskip("skimage", reason="the extra 'app' is not installed: make extras")
    found = kinds(1)
    assert len(found) == 10
    for name, (images, groups) in found.items():
        assert images.dtype == np.uint8 and images.shape[1:] == (128, 128), name
        assert len(images) == len(groups)
        assert len({image.tobytes() for image in images}) == len(images), f"{name}: two alike"
        assert np.ptp(images, axis=(1, 2)).min() > 0, f"{name}: one is blank"
    images, groups = found["photographs"]
    assert len(images) == len(set(groups)) * (ood_pictures.CROPS + 1) == 80


def test_a_seed_decides_all():
    pytest.importorskip("skimage", reason="the extra 'app' is not installed: make extras")
    first, again, other = kinds(1), kinds(1), kinds(2)
    for name in first:
        assert np.array_equal(first[name][0], again[name][0])
    assert not np.array_equal(first["clouds"][0], other["clouds"][0])


def test_tiles_keep_the_greys_and_move_them():
    rng = np.random.default_rng(3)
    for tiled in ood_pictures.tiles(5, rng, SLICES):
        assert any(np.array_equal(np.sort(tiled, None), np.sort(one, None)) for one in SLICES)
        assert not any(np.array_equal(tiled, one) for one in SLICES)
