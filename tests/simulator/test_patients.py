"""The simulator: the same from the same seed, right in space, and no class given away."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier

from course_utils import datasets, simulator
from course_utils.core.errors import CourseError
from course_utils.simulator import anatomy, lesions, practice, scanners, warps

TUMOURS = ("glioma", "meningioma", "pituitary")


@pytest.fixture(scope="module")
def patients():
    """One patient of each class."""
    return {label: simulator.patient(3, label, "easy") for label in simulator.LABELS}


def accuracy(data, features, by="group", classifier=None):
    """Share of test slices that a classifier gets right from some features alone."""
    train, val, test = datasets.split_rows(data, by)
    seen = np.concatenate([train, val])
    classifier = classifier or HistGradientBoostingClassifier(max_iter=40, random_state=0)
    classifier.fit(features[seen], data.labels[seen])
    return (classifier.predict(features[test]) == data.labels[test]).mean()


# A patient.


def test_same_seed_gives_the_same_patient():
    first, second = (simulator.slices(simulator.patient(5, "glioma"), ["axial"]) for _ in "ab")
    other = simulator.slices(simulator.patient(6, "glioma"), ["axial"])
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])
    pd.testing.assert_frame_equal(first[2], second[2])
    assert not np.array_equal(first[0], other[0])


def test_difficulty_changes_the_lesion_and_nothing_else():
    easy, hard = (simulator.patient(5, "meningioma", level) for level in ("easy", "hard"))
    assert easy.lesion.radius > hard.lesion.radius
    assert easy.lesion.strength > hard.lesion.strength
    assert np.array_equal(easy.warp.linear, hard.warp.linear)
    assert easy.scanner.levels["fat"].tolist() == hard.scanner.levels["fat"].tolist()


@pytest.mark.parametrize("wrong", [("no_tumor", None), ("glioma", "impossible")])
def test_unknown_class_or_difficulty_is_named(wrong):
    with pytest.raises(CourseError, match=wrong[1] or wrong[0]):
        simulator.patient(1, *wrong)


def test_volumes_and_slices_show_the_same_patient(patients):
    person = patients["meningioma"]
    (volume, flair), mask, affine = simulator.whole(person)
    assert volume.dtype == np.uint8 and volume.shape == mask.shape == anatomy.SHAPE
    assert flair.shape == volume.shape and not np.array_equal(flair, volume)
    images, masks, table = simulator.slices(person, ["axial"])
    # The middle slice, looked up in the volume through the affine.
    points = scanners.pixels(person.scanner, "axial", table["position_mm"][0])
    index = (points - affine[:3, 3]) / affine[0, 0]
    index = np.clip(np.rint(index).astype(int), 0, np.array(anatomy.SHAPE) - 1)
    looked_up = volume[tuple(np.moveaxis(index, -1, 0))]
    assert np.corrcoef(looked_up.ravel(), images[0, 0].ravel())[0, 1] > 0.95
    overlap = mask[tuple(np.moveaxis(index, -1, 0))] & masks[0]
    assert overlap.sum() > 0.8 * masks[0].sum()


def test_mask_is_empty_without_a_tumour_only(patients):
    for label, person in patients.items():
        assert simulator.whole(person)[1].any() == (label in TUMOURS)


def test_lesions_look_as_their_class_does(patients):
    scans = {label: simulator.whole(patients[label]) for label in TUMOURS}
    inside = {label: t1ce[mask].astype(float) for label, ((t1ce, _), mask, _) in scans.items()}
    brain = scans["meningioma"][0][0, 40:60, 50:70, 70:80].mean()
    assert np.median(inside["meningioma"]) > 1.3 * brain
    assert np.median(inside["pituitary"]) > 1.3 * brain
    spread = {label: values.std() / values.mean() for label, values in inside.items()}
    assert spread["glioma"] > spread["meningioma"]


def test_a_third_of_gliomas_is_low_grade():
    drawn = [lesions.draw("glioma", "easy", np.random.default_rng(seed)) for seed in range(300)]
    assert 0.25 < np.mean([lesion.grade == "low" for lesion in drawn]) < 0.42


def test_low_grade_is_dark_in_t1ce_and_bright_in_flair():
    drawn = (simulator.patient(seed, "glioma", "easy") for seed in range(50))
    person = next(patient for patient in drawn if patient.lesion.grade == "low")
    images, mask, _ = simulator.whole(person)
    t1ce, flair = images[:, mask].mean(axis=1) / 255 / person.scanner.levels["white"]
    assert t1ce < 0.85 and flair > 1.2


def test_a_lesion_pushes_tissue_away_but_not_bone():
    lesion = lesions.draw("glioma", "easy", np.random.default_rng(0))
    away = np.array([[lesion.radius, 0, 0], [lesion.radius, 0, 0], [9 * lesion.radius, 0, 0]])
    place = lesions.Place(away, away, np.array([-20.0, 3.0, -20.0]))
    brain, bone, far = lesions.mass_effect(lesion, place)[:, 0]
    assert brain > 1 and bone == 0 and far < 0.01


def test_warp_can_be_undone():
    warp = warps.draw(np.random.default_rng(4))
    site = np.array([30.0, -10.0, 20.0])
    assert np.allclose(warps.to_template(warp, warps.find(warp, site)[None])[0], site, atol=0.2)


# Slices.


def test_display_is_radiological():
    scanner = scanners.draw(np.random.default_rng(0))
    axial, coronal, sagittal = (scanners.pixels(scanner, plane, 0.0) for plane in scanners.PLANES)
    # The patient's right (x > 0) on the left; front (y > 0) or top (z > 0) above.
    assert axial[0, 0, 0] > axial[0, -1, 0] and axial[0, 0, 1] > axial[-1, 0, 1]
    assert coronal[0, 0, 0] > coronal[0, -1, 0] and coronal[0, 0, 2] > coronal[-1, 0, 2]
    # The nose to the right.
    assert sagittal[0, -1, 1] > sagittal[0, 0, 1] and sagittal[0, 0, 2] > sagittal[-1, 0, 2]


def test_template_is_the_right_way_round():
    z = int((-36 - anatomy.ORIGIN[2]) / anatomy.VOXEL)
    x, y = (np.argwhere(anatomy.tissue("csf")[:, :, z] > 0.9) * anatomy.VOXEL).T
    x, y = x + anatomy.ORIGIN[0], y + anatomy.ORIGIN[1]
    eyes = np.abs(x[y > 60])
    assert len(eyes) > 50 and eyes.min() > 15 and eyes.max() < 55
    tissues = anatomy.head().tissues
    assert tissues.min() >= 0 and tissues.sum(0).max() < 1.001


# The practice data.


def test_order_and_cores_change_nothing(monkeypatch):
    contrasts, masks, table = simulator.make(seed=1, patients=4)
    images, mask, _ = practice._member(anatomy.head(), 2, 1, 4)
    rows = (table["patient"] == "P003").to_numpy()
    assert np.array_equal(contrasts["flair"][rows], images[1])
    assert np.array_equal(masks[rows], mask)
    assert sorted(table.groupby("patient")["label"].first()) == sorted(simulator.LABELS)


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
