"""Copies are found however they were changed, and different slices are not called copies."""

import imagehash
import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from course_utils.datasets import Dataset
from course_utils.realdata import duplicates

CLASS_NAMES = ("glioma", "meningioma", "notumor", "pituitary")


def pictures(count, seed=0):
    """Smooth random pictures, none like another: uint8, (count, 128, 128)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 10, 10), dtype=np.uint8)
    size = (128, 128)
    return np.stack([np.asarray(Image.fromarray(c).resize(size, Image.BICUBIC)) for c in coarse])


def changed(image, how):
    picture = Image.fromarray(image)
    return np.asarray(
        {
            "same": lambda: picture,
            "brighter": lambda: ImageEnhance.Brightness(picture).enhance(1.2),
            "more contrast": lambda: ImageEnhance.Contrast(picture).enhance(1.4),
            "sharpened": lambda: picture.filter(ImageFilter.UnsharpMask(2, 120)),
            "smaller": lambda: picture.resize((90, 90)).resize((128, 128)),
            "mirrored": lambda: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
            "upside down": lambda: picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
            "rotated": lambda: picture.transpose(Image.Transpose.ROTATE_180),
        }[how]()
    )


def dataset(images, labels, split=None, group=None, **columns):
    count = len(images)
    table = pd.DataFrame(
        {
            "label": [CLASS_NAMES[label] for label in labels],
            "group": group if group is not None else duplicates.duplicate_groups(images),
            "split": split if split is not None else "train",
        }
        | columns
    )
    assert len(table) == count
    return Dataset("kaggle", {"t1ce": images}, None, table)


def test_different_pictures_are_no_duplicates():
    images = pictures(300)
    assert len(duplicates.near_duplicates(images)) == 0
    assert len(set(duplicates.duplicate_groups(images))) == 300


@pytest.mark.parametrize("how", ["same", "brighter", "more contrast", "sharpened", "smaller"])
def test_a_changed_copy_is_found(how):
    images = pictures(20)
    images = np.concatenate([images, [changed(images[7], how)]])
    pairs = duplicates.near_duplicates(images)
    assert pairs[["first", "second", "turn"]].values.tolist() == [[7, 20, "upright"]]
    assert 0.95 <= pairs["correlation"][0] <= 1 + 1e-5


def resembling(image, correlation):
    """A picture of the same waves whose pixels correlate so much with those of another."""
    fine = np.random.default_rng(3).normal(size=(64, 64)).repeat(2, 0).repeat(2, 1)
    one, other = ((a - a.mean()) / a.std() for a in (image.astype(float), fine))
    mixed = correlation * one + np.sqrt(1 - correlation**2) * other
    return np.clip(128 + 30 * mixed, 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("correlation", [0.935, 0.945, 0.955, 0.965])
def test_how_much_two_pictures_must_resemble_each_other(monkeypatch, correlation):
    images = pictures(20)
    images = np.concatenate([images, [resembling(images[7], correlation)]])
    pairs = duplicates.near_duplicates(images)
    assert len(pairs) == (correlation > 0.95)
    monkeypatch.setattr(duplicates, "SAME", 0.9)
    pairs = duplicates.near_duplicates(images)
    assert pairs[["first", "second", "turn"]].values.tolist() == [[7, 20, "upright"]]
    assert abs(pairs["correlation"][0] - correlation) < 0.002


@pytest.mark.parametrize("how", ["mirrored", "upside down", "rotated"])
def test_a_turned_copy_is_found_and_named(how):
    images = pictures(20)
    copy = changed(changed(images[7], "brighter"), how)
    pairs = duplicates.near_duplicates(np.concatenate([images, [copy]]))
    assert pairs[["first", "second", "turn"]].values.tolist() == [[7, 20, how]]


def test_a_symmetric_picture_and_its_copy_are_one_pair(monkeypatch):
    monkeypatch.setattr(duplicates, "RADIUS", 64)
    half = pictures(5)[:, :, :64]
    images = np.concatenate([half, half[:, :, ::-1]], axis=2)
    pairs = duplicates.near_duplicates(images[[0, 1, 2, 3, 4, 2]])
    assert pairs[["first", "second", "turn"]].values.tolist() == [[2, 5, "upright"]]


def test_a_hash_alone_proves_nothing():
    """Two pictures with the same hash, whose pixels differ, are not called duplicates."""
    image = pictures(1)[0].astype(float)
    fine = np.random.default_rng(1).normal(0, 60, (64, 64)).repeat(2, 0).repeat(2, 1)
    noisy = np.clip(image / 4 + 96 + fine, 0, 255).astype(np.uint8)
    images = np.stack([image.astype(np.uint8), noisy])
    one, other = (imagehash.phash(Image.fromarray(i)) for i in images)
    assert one - other <= duplicates.RADIUS
    assert len(duplicates.near_duplicates(images)) == 0


def test_pixels_alone_prove_nothing(monkeypatch):
    images = pictures(1)[[0, 0]]
    monkeypatch.setattr(duplicates, "phashes", lambda images: np.array([0, 2**20 - 1], np.uint64))
    assert len(duplicates.near_duplicates(images)) == 0


def test_the_hash_of_a_turned_picture_is_known_without_turning_it():
    images = pictures(50)
    hashes = duplicates.phashes(images)
    for turned, bits in duplicates.TURNS.values():
        real = duplicates.phashes(np.ascontiguousarray(turned(images)))
        # Where a wave lies close to the median, its bit may fall either way.
        assert np.median(np.bitwise_count(real ^ hashes ^ np.uint64(bits))) <= duplicates.RADIUS / 2


def test_pairs_are_found_across_blocks(monkeypatch):
    images = np.concatenate([pictures(25), pictures(25)])
    whole = duplicates.near_duplicates(images)
    assert len(whole) == 25
    monkeypatch.setattr(duplicates, "BLOCK", 7)
    pd.testing.assert_frame_equal(duplicates.near_duplicates(images), whole)


def test_blank_slices_are_all_alike():
    images = np.concatenate([pictures(2), np.zeros((2, 128, 128), np.uint8)])
    groups = duplicates.duplicate_groups(images)
    assert groups[2] == groups[3] and len(set(groups)) == 3


def test_a_group_holds_the_copies_of_copies():
    images = pictures(4)
    softer = changed(images[1], "mirrored")
    images = np.concatenate([images, [softer, changed(softer, "upside down")]])
    groups = duplicates.duplicate_groups(images)
    assert groups[1] == groups[4] == groups[5]
    assert len(set(groups)) == 4


@pytest.fixture
def leaky():
    """Ten slices a class; of the test slices, one is an exact copy, one mirrored, two are new."""
    images = pictures(40)
    labels = np.repeat(range(4), 10)
    extra = [images[0], changed(images[12], "mirrored"), *pictures(2, seed=9)]
    return dataset(
        np.concatenate([images, extra]),
        [*labels, 0, 1, 2, 3],
        split=["train"] * 40 + ["test"] * 4,
    )


def test_leaks_are_counted_by_class_and_kind(leaky):
    counts = duplicates.leakage(leaky, "official")
    assert counts["slices"].to_list() == [1, 1, 1, 1, 4]
    assert counts["exact"].to_list() == [1, 0, 0, 0, 1]
    assert counts["group"].to_list() == [1, 1, 0, 0, 2]
    assert list(counts.index) == [*CLASS_NAMES, "all"]


def test_exact_means_the_file_where_there_was_one(leaky):
    # The same pixels may come from two different files.
    leaky.table["sha256"] = [f"{n}" for n in range(len(leaky))]
    assert duplicates.leakage(leaky, "official").loc["all", "exact"] == 0
    leaky.table.loc[43, "sha256"] = "5"
    assert duplicates.leakage(leaky, "official").loc["pituitary", "exact"] == 1


def test_validation_slices_count_as_seen(leaky):
    fingerprints = duplicates._fingerprints(leaky)
    in_validation = 0
    for seed in range(10):
        _, val, _ = leaky.split("official", seed)
        in_validation += fingerprints[0] in duplicates._fingerprints(val)
        assert duplicates.leakage(leaky, "official", seed).loc["all"].to_list() == [4, 1, 2]
    assert in_validation > 0


def test_a_split_by_group_does_not_leak_and_one_by_slice_does():
    images = np.concatenate([pictures(60)] * 2)
    data = dataset(images, list(np.repeat(range(4), 15)) * 2)
    assert duplicates.leakage(data, "group").loc["all", ["exact", "group"]].to_list() == [0, 0]
    assert duplicates.leakage(data, "slice").loc["all", "group"] > 5


def test_clean_rows_are_those_without_a_partner(leaky):
    train, val, test = leaky.split("official")
    assert duplicates.clean_rows(test, train, val).tolist() == [False, False, True, True]
    assert duplicates.clean_rows(test, test).tolist() == [False] * 4


def test_duplicates_say_what_they_do_to_the_data(leaky):
    leaky.table.loc[41, "label"] = "pituitary"
    pairs = duplicates.duplicates(leaky)
    assert pairs[["first", "second"]].values.tolist() == [[0, 40], [12, 41]]
    assert pairs["exact"].to_list() == [True, False]
    assert pairs["across"].to_list() == [True, True]
    assert pairs["conflict"].to_list() == [False, True]
    leaky.table["split"] = "train"
    assert not duplicates.duplicates(leaky)["across"].any()


def test_conflicting_labels_are_listed(leaky):
    assert len(duplicates.label_conflicts(leaky)) == 0
    leaky.table.loc[41, "label"] = "pituitary"
    conflicts = duplicates.label_conflicts(leaky)
    assert list(conflicts.index) == [12, 41]
    assert list(conflicts["label"]) == ["meningioma", "pituitary"]


def test_practice_data_leaks_by_patient_only(practice):
    patients = practice.table["group"].unique()[::8]
    some = practice.take(practice.table["group"].isin(patients).to_numpy())
    assert duplicates.leakage(some, "group").loc["all", "group"] == 0
    by_slice = duplicates.leakage(some, "slice").loc["all"]
    assert by_slice["group"] > 0.9 * by_slice["slices"]
    pairs = duplicates.near_duplicates(some.images)
    group = some.table["group"].to_numpy()
    assert (group[pairs["first"]] == group[pairs["second"]]).all()


@pytest.mark.parametrize("side", [64, 96, 160])
def test_copies_in_colour_and_of_any_size_are_found(side):
    grey = pictures(6)
    small = [np.asarray(Image.fromarray(one).resize((side, side))) for one in grey]
    colours = np.stack([np.stack(small[n : n + 3], axis=-1) for n in range(4)])
    pairs = duplicates.near_duplicates(np.concatenate([colours, colours[1:2, :, ::-1]]))
    assert pairs[["first", "second", "turn"]].to_numpy().tolist() == [[1, 4, "mirrored"]]
    assert len(duplicates.near_duplicates(np.concatenate([colours, colours[2:3]])[..., 0])) == 1
