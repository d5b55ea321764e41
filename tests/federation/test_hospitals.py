"""Patients are dealt out whole, by shares that a seed repeats, and shown as each scanner does."""

import dataclasses

import numpy as np
import pytest

from course_utils.core.errors import CourseError
from course_utils.federation import hospitals


@pytest.fixture
def seen(practice):
    return hospitals.as_seen(practice, hospitals.dirichlet_partition(practice, 0.5))


def test_every_patient_is_in_one_hospital_and_nobody_is_lost(seen, practice):
    homes = seen.table.groupby("patient")["hospital"].nunique()
    assert (homes == 1).all()
    parts = [hospitals.of(seen, number) for number in range(4)]
    assert sum(len(part) for part in parts) == len(practice)
    assert set(seen.table["hospital"]) == {0, 1, 2, 3}


def test_an_infinite_alpha_deals_evenly(practice):
    counts = hospitals.mix(
        hospitals.as_seen(practice, hospitals.dirichlet_partition(practice, np.inf))
    )
    assert (counts == 20).all()


def test_a_small_alpha_parts_the_classes(practice):
    even, uneven = (
        hospitals.mix(hospitals.as_seen(practice, hospitals.dirichlet_partition(practice, alpha)))
        for alpha in (100, 0.05)
    )
    assert even.max() < 30
    assert (uneven.max(axis=0) > 60).sum() >= 2, "most classes are nearly all in one hospital"


def test_the_seed_settles_the_shares(practice):
    first = hospitals.dirichlet_partition(practice, 0.5)
    assert (first == hospitals.dirichlet_partition(practice, 0.5)).all()
    assert (first != hospitals.dirichlet_partition(practice, 0.5, seed=8)).any()
    half = practice.take(practice.table["patient"].isin(practice.table["patient"].unique()[::2]))
    share = np.bincount(first, minlength=4) / len(first)
    of_half = np.bincount(hospitals.dirichlet_partition(half, 0.5), minlength=4) / len(half)
    assert np.allclose(share, of_half, atol=0.03), "other patients, same shares"


@pytest.mark.parametrize("alpha", [0, -1, float("nan")])
def test_alpha_must_be_positive(practice, alpha):
    with pytest.raises(CourseError, match="larger than 0"):
        hospitals.dirichlet_partition(practice, alpha)


def test_a_group_with_two_labels_stays_together(practice):
    few = practice.take(np.arange(len(practice)) % 5 == 0)
    table = few.table.copy()
    table["group"] = np.arange(len(few)) // 7
    mixed = dataclasses.replace(few, table=table)
    dealt = hospitals.dirichlet_partition(mixed, 0.5)
    assert (mixed.table.assign(h=dealt).groupby("group")["h"].nunique() == 1).all()


def test_each_scanner_has_its_look(practice):
    four = hospitals.as_seen(practice.take([0] * 4), np.arange(4))
    plain, brighter, darker, washed = four.images.astype(int)
    assert four.images.shape == (4, 64, 64)
    assert four.images.dtype == np.uint8
    expected = practice.images[0].reshape(64, 2, 64, 2).mean((1, 3))
    assert np.abs(plain - expected).max() <= 0.5
    inside = (plain > 20) & (plain < 235)
    assert (brighter > plain)[inside].all()
    assert (darker < plain)[inside].all()
    assert washed.min() >= 60
    assert washed.max() <= 190


@pytest.mark.parametrize(
    ("hospital", "greys"),
    [
        (0, [0, 10, 40, 100, 180, 230, 255]),
        (1, [0, 43, 92, 152, 211, 241, 255]),
        (2, [0, 1, 11, 52, 141, 214, 255]),
        (3, [60, 65, 80, 111, 152, 177, 190]),
    ],
)
def test_each_look_is_what_it_was(practice, hospital, greys):
    """Numbers in place of formulas: the lesson's figures hang on the hospitals' looks."""
    before = np.array([0, 10, 40, 100, 180, 230, 255], np.uint8)
    images = np.broadcast_to(before[:, np.newaxis, np.newaxis], (7, 128, 128))
    flat = dataclasses.replace(practice.take(range(7)), contrasts={"t1ce": images})
    seen = hospitals.as_seen(flat, np.full(7, hospital)).images
    assert seen[:, 0, 0].tolist() == greys
    assert (np.ptp(seen, axis=(1, 2)) == 0).all()


def test_standardised_slices_reach_from_black_to_white(practice):
    four = hospitals.standardised(hospitals.as_seen(practice.take([0] * 4), np.arange(4)))
    plain, brighter, darker, washed = four.images.astype(int)
    assert (four.images.min(axis=(1, 2)) == 0).all()
    assert (four.images.max(axis=(1, 2)) == 255).all()
    assert np.abs(plain - washed).max() <= 2, "black and white levels are undone"
    assert brighter.mean() > plain.mean() + 5 > darker.mean() + 10, "a gamma is not"


def test_colour_becomes_grey(practice):
    some = practice.take(range(4))
    colour = np.repeat(some.images[..., np.newaxis], 3, axis=-1)
    seen = hospitals.as_seen(
        dataclasses.replace(some, contrasts={"t1ce": colour}, masks=None), np.arange(4)
    )
    assert (seen.images == hospitals.as_seen(some, np.arange(4)).images).all()


def test_the_data_set_itself_is_left_alone(practice):
    before = practice.images[:4].copy()
    hospitals.as_seen(practice.take(range(4)), np.arange(4))
    assert (practice.images[:4] == before).all()
    assert "hospital" not in practice.table


def test_each_hospital_reads_its_own_file_only(seen):
    some = seen.take(np.arange(0, len(seen), 3))
    hospitals.store(seen, some)
    for number in range(4):
        for whole, part in ((seen, ""), (some, "val_")):
            images, labels = hospitals.read(number, part)
            own = hospitals.of(whole, number)
            assert (images == own.images).all()
            assert (labels == own.labels).all()


def test_what_was_stored_anew_is_read_anew(seen):
    hospitals.store(seen, seen)
    hospitals.read(0)
    hospitals.store(seen.take(seen.table["hospital"].to_numpy() != 0), seen)
    assert len(hospitals.read(0)[0]) == 0


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 broken"])
def test_a_missing_or_damaged_file_is_named(own_data_folder, content):
    hospitals.read.cache_clear()
    path = hospitals.path_of("B")
    if content is not None:
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    wrong = " has no file" if content is None else "'s file"
    with pytest.raises(CourseError, match=f"Hospital B{wrong} .*hospital-B.npz") as caught:
        hospitals.read(1)
    assert ("is damaged" in str(caught.value)) == (content is not None)
