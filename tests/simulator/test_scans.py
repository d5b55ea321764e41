"""Slices and volumes show one patient, whatever the lesion."""

import dataclasses

import numpy as np
import pytest

from course_utils import simulator
from course_utils.simulator import anatomy, scanners, scans


def test_volumes_and_slices_show_the_same_patient(patients, heads):
    person = patients["meningioma"]
    (volume, flair), mask, affine = heads["meningioma"]
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


def test_mask_is_empty_without_a_tumour_only(heads):
    for label, (_, mask, _) in heads.items():
        assert mask.any() == (label != "notumor")


@pytest.mark.parametrize("label", ["notumor", "glioma"])
def test_a_lesion_that_no_point_of_the_grid_lies_in_is_sliced_at_its_middle(label):
    person = simulator.patient([30000001, 7, 13866], "notumor")
    visible = label == "glioma"
    person = dataclasses.replace(
        person, label=label, lesion=dataclasses.replace(person.lesion, visible=visible)
    )
    planes = [*["axial"] * 10, "coronal", "sagittal", "sagittal"]
    images, masks, table = simulator.slices(person, planes)
    assert images.shape == (2, 13, 128, 128) and images[0].std(axis=(1, 2)).min() > 10
    assert not masks.any() and not table["lesion_area_mm2"].any()
    axes = [scanners.AXES[plane][2] for plane in table["plane"]]
    assert np.abs(table["position_mm"] - person.centre[axes]).max() <= person.lesion.radius
    # One slice of each plane is the middle one, although all lie there.
    assert table["middle"].sum() == (3 if visible else 0)
    _, mask = simulator.volume(person, np.float32(person.centre - 10), (6, 6, 6), 4.0)
    assert not mask.any()


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_there_are_as_many_slices_as_asked_for_however_flat_the_lesion(count):
    body = np.zeros((9, 9, 9), bool)
    body[4, 2:7, 4] = True
    corner = np.zeros(3, np.float32)
    planes = ["axial"] * count + ["coronal"]
    found = scans._positions(body, corner, planes, np.random.default_rng(0))
    assert [plane for plane, _, _ in found] == planes
    axial = [position for plane, position, _ in found if plane == "axial"]
    assert axial == [8.0] * count
    assert [middle for _, _, middle in found].count(True) == 2


def test_slices_reach_from_edge_to_edge_of_a_lesion_through_its_middle():
    points = np.indices((21, 21, 21)) - 10
    body = (points**2).sum(axis=0) < 81
    corner = np.full(3, -20, np.float32)
    found = scans._positions(body, corner, ["sagittal"] * 9, np.random.default_rng(0))
    positions = np.array([position for _, position, _ in found])
    assert (np.diff(positions) >= 0).all() and np.abs(positions).max() < 16
    assert positions[0] < -11 and positions[-1] > 11
    assert [position for _, position, middle in found if middle] == [0.0]


def test_nothing_but_air_is_scanned_far_from_a_head(patients):
    images, mask = simulator.volume(patients["glioma"], np.full(3, 900, np.float32), (3, 4, 5))
    assert images.shape == (2, 3, 4, 5) and images.max() < 60 and not mask.any()
