"""The practice data: the same on any computer, and no class given away."""

import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
from scipy import ndimage
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier

from course_utils import datasets, simulator
from course_utils.simulator import anatomy
from course_utils.simulator import practice as source


def accuracy(data, features, by="group", classifier=None):
    """Share of test slices that a classifier gets right from some features alone."""
    train, val, test = datasets.split_rows(data, by)
    seen = np.concatenate([train, val])
    classifier = classifier or HistGradientBoostingClassifier(max_iter=40, random_state=0)
    classifier.fit(features[seen], data.labels[seen])
    return (classifier.predict(features[test]) == data.labels[test]).mean()


def test_order_and_cores_change_nothing():
    contrasts, masks, table = simulator.make(seed=1, patients=4)
    images, mask, _ = source._member(anatomy.head(), 2, 1, 4)
    rows = (table["patient"] == "P003").to_numpy()
    assert np.array_equal(contrasts["flair"][rows], images[1])
    assert np.array_equal(masks[rows], mask)
    assert sorted(table.groupby("patient")["label"].first()) == sorted(simulator.LABELS)


def test_the_same_patients_are_scanned_elsewhere(practice):
    names = ["P003", "P001"]
    rows = np.concatenate([np.flatnonzero(practice.table["patient"] == name) for name in names])
    at_home = source.scanned_again(names, lambda scanner: scanner)
    for name, images in practice.contrasts.items():
        assert np.array_equal(at_home[name], images[rows])
    noisy = source.scanned_again(names, lambda s: dataclasses.replace(s, noise=3 * s.noise))
    difference = noisy["t1ce"].astype(float) - at_home["t1ce"]
    assert 3 < difference.std() < 30 and noisy["t1ce"].shape == (20, 128, 128)


def test_asking_for_the_version_loads_nothing_that_only_simulating_needs():
    code = (
        "import sys, course_utils.simulator.practice; "
        "print([name for name in ('joblib', 'tqdm', 'nilearn', 'nibabel') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_practice_is_complete(practice):
    table = practice.table
    assert len(practice) == 3200 and table["patient"].nunique() == 320
    assert (table["patient"] == table["group"]).all()
    assert table["label"].value_counts().nunique() == 1
    assert (table.groupby("patient")["split"].nunique() == 1).all()
    assert set(table["split"]) == {"train", "test"}
    tumours = (table["label"] != "notumor").to_numpy()
    areas = practice.masks.sum(axis=(1, 2))
    assert (areas[tumours] > 0).all() and (areas[~tumours] == 0).all()
    assert np.array_equal(areas > 0, table["lesion_area_mm2"].to_numpy() > 0)
    assert (table[tumours].groupby("patient")["middle"].sum() == 3).all()
    assert table.loc[tumours, "difficulty"].notna().all()
    assert table["grade"].notna().equals(table["label"] == "glioma")


def test_middle_slices_show_the_most_of_a_lesion(practice):
    tumours = practice.table[practice.table["label"] != "notumor"]
    share = tumours["lesion_area_mm2"] / tumours.groupby(["patient", "plane"])[
        "lesion_area_mm2"
    ].transform("max")
    assert share[tumours["middle"]].median() > 0.95


def test_lesions_stand_out_at_their_middle(practice):
    rows = practice.table["middle"].to_numpy()
    images, masks = practice.images[rows].astype(float), practice.masks[rows]
    seen = []
    for image, mask in zip(images, masks, strict=True):
        ring = ndimage.binary_dilation(mask, iterations=4) & ~mask
        noise = image[:6, :6].std() + 1
        seen.append(np.abs(image[mask].mean() - image[ring].mean()) / noise)
    assert np.mean(np.array(seen) > 1) > 0.9


def test_numbers_and_order_of_patients_tell_nothing(practice):
    first = practice.table.drop_duplicates("patient")
    number = first["patient"].str[1:].astype(int)
    assert number.is_monotonic_increasing
    means = number.groupby(first["label"]).mean()
    # The standard error of a mean of 80 numbers out of 320 is about 10.
    assert np.abs(means - number.mean()).max() < 35
    assert 0.15 < (first["label"].to_numpy()[1:] == first["label"].to_numpy()[:-1]).mean() < 0.35


def test_classes_share_planes_and_sizes(practice):
    planes = pd.crosstab(practice.table["label"], practice.table["plane"])
    assert (planes.max() - planes.min()).max() <= 2
    tall = (practice.images > 60).any(axis=2).sum(axis=1)
    heights = pd.Series(tall).groupby(practice.table["label"]).mean()
    assert heights.max() - heights.min() < 6


def test_histogram_does_not_tell_the_class(practice):
    bins = practice.images.reshape(len(practice), -1) // 8
    histograms = np.stack([np.bincount(row, minlength=32) for row in bins])
    assert accuracy(practice, histograms) < 0.45


def test_border_does_not_tell_the_class(practice):
    blocks = practice.images.reshape(-1, 32, 4, 32, 4).mean(axis=(2, 4))
    ring = np.ones((32, 32), bool)
    ring[2:-2, 2:-2] = False
    assert accuracy(practice, blocks[:, ring]) < 0.40


def test_place_hardly_tells_the_class(practice):
    places = np.stack(
        [pd.Categorical(practice.table["plane"]).codes, practice.table["position_mm"]], axis=1
    )
    assert accuracy(practice, places) < 0.47


def test_split_by_slice_inflates_accuracy(practice):
    small = practice.images.reshape(-1, 16, 8, 16, 8).mean(axis=(2, 4)).reshape(len(practice), -1)
    honest, inflated = (
        accuracy(practice, small, by, KNeighborsClassifier(1)) for by in ("group", "slice")
    )
    assert inflated > honest + 0.3
