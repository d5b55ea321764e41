"""Slices for pretraining: the same again for the same seed, and nobody from the practice data."""

import numpy as np
import pytest

from course_utils import settings, simulator
from course_utils.core.errors import CourseError
from course_utils.pretraining import shards
from course_utils.simulator import scanners


@pytest.fixture(scope="module")
def shard():
    return shards.draw(0, seed=5, patients=4)


def test_every_slice_is_there_in_two_contrasts(shard):
    assert len(shard) == 4 * 10 * 2
    assert shard.images.shape == shard.masks.shape == (80, 128, 128)
    first, second = shard.images[:10], shard.images[10:20]
    assert not np.array_equal(first, second)
    assert np.array_equal(shard.masks[:10], shard.masks[10:20])
    assert np.array_equal(shard.planes[:10], shard.planes[10:20])


def test_labels_are_those_of_the_patients(shard):
    assert np.bincount(shard.kinds).tolist() == [20, 20, 20, 20]
    assert set(shard.planes) == {0, 1, 2}
    tumour = shard.kinds != simulator.LABELS.index("notumor")
    drawn = shard.masks.any(axis=(1, 2))
    assert not drawn[~tumour].any()
    assert drawn[tumour].mean() > 0.9


def test_planes_take_turns(shard):
    for person in range(4):
        counts = np.bincount(shard.planes[person * 20 : person * 20 + 10], minlength=3)
        assert sorted(counts) == [3, 3, 4]


def test_seed_and_number_decide(shard):
    again = shards.draw(0, seed=5, patients=4)
    assert np.array_equal(again.images, shard.images)
    for number, seed in ((1, 5), (0, 6)):
        other = shards.draw(number, seed, patients=4)
        assert not np.array_equal(other.images, shard.images)


def test_no_practice_patient_is_ever_drawn():
    # A seed is a list of words. The practice data's begin with the course's seed, and the words
    # that are missing at the end count as zero, so the first word has to differ.
    assert shards.STREAM != settings.SEED
    ours = [shards.STREAM, settings.SEED, 0, 0]
    state = np.random.SeedSequence(ours).generate_state(4)
    for number in range(simulator.PATIENTS):
        theirs = np.random.SeedSequence([settings.SEED, number]).generate_state(4)
        assert not np.array_equal(state, theirs)


def test_contrasts_are_drawn_widely():
    rng = np.random.default_rng(0)
    drawn = [scanners.draw_widely(rng) for _ in range(300)]
    usual = [scanners.draw(rng) for _ in range(300)]

    def spread(scanners_, tissue, channel):
        return np.std([scanner.levels[tissue][channel] for scanner in scanners_])

    for tissue in ("csf", "white", "enhancement"):
        for channel in (0, 1):
            assert spread(drawn, tissue, channel) > 2 * spread(usual, tissue, channel)
    # Here fluid may be brighter than white matter; in the practice data it never is.
    brighter = [scanner.levels["csf"][1] > scanner.levels["white"][1] for scanner in drawn]
    assert 0.2 < np.mean(brighter) < 0.8


def test_parts_are_joined_in_order(shard):
    other = shards.draw(1, seed=5, patients=4)
    both = shards.together([shard, other])
    assert len(both) == 160
    assert np.array_equal(both.images[80:], other.images)
    assert np.array_equal(both.kinds[:80], shard.kinds)


def test_a_negative_number_is_refused():
    with pytest.raises(CourseError, match="number -1"):
        shards.draw(-1, seed=5)
