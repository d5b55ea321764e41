"""Whole patients: the same ones as the slices, in the right place, and simulated once."""

import numpy as np
import pandas as pd
import pytest

from course_utils import datasets, settings, simulator
from course_utils.core.errors import CourseError
from course_utils.simulator import anatomy, scanners
from course_utils.volumes import SHAPE, VOXEL, Volumes, data


@pytest.fixture(scope="module")
def few():
    """The first four patients of the practice data, simulated with any number of cores."""
    images, masks, rows = zip(
        *(data._member(anatomy.head(), n, 7, 320) for n in range(4)), strict=True
    )
    table = pd.DataFrame(rows)
    return Volumes("practice", {"t1ce": np.stack(images)}, np.stack(masks), table)


def made_up(patients: int = 320) -> tuple:
    """What ``data.make`` returns, with empty volumes of the right patients."""
    rows = []
    for number in range(patients):
        listed = simulator.member(number)[2]
        rows.append(listed | {"corner_x": -90.0, "corner_y": -120.0, "corner_z": -80.0 - number})
    numbers = np.arange(patients, dtype=np.uint8)[:, None, None, None]
    images = np.broadcast_to(numbers, (patients, *SHAPE))
    return {"t1ce": images}, np.zeros((patients, *SHAPE), bool), pd.DataFrame(rows)


@pytest.fixture
def simulated_once(monkeypatch):
    calls = []
    monkeypatch.setattr(data, "make", lambda: calls.append(1) or made_up(12))
    return calls


def test_patients_are_those_of_the_slices(few, practice):
    for row in few.table.itertuples():
        slices = practice.table[practice.table["patient"] == row.patient]
        assert (slices["label"] == row.label).all() and (slices["split"] == row.split).all()
        if row.label != "notumor":
            assert (slices["difficulty"] == row.difficulty).all()
            assert row.lesion_diameter_mm == pytest.approx(
                slices["lesion_diameter_mm"].iloc[0], rel=0.15
            )


def test_a_volume_shows_what_a_slice_at_the_same_place_shows(few, practice):
    row = 0
    person = simulator.member(row)[0]
    mine = practice.table[(practice.table["patient"] == "P001") & practice.table["middle"]]
    mine = mine[mine["plane"] == "axial"].iloc[0]
    points = scanners.pixels(person.scanner, "axial", mine["position_mm"])
    affine = few.affine(row)
    index = np.rint((points - affine[:3, 3]) / VOXEL).astype(int)
    inside = ((index >= 0) & (index < SHAPE)).all(axis=-1)
    index = index[inside]
    found = few.images[row][tuple(index.T)]
    assert np.corrcoef(found, practice.images[mine.name][inside])[0, 1] > 0.85
    overlap = few.masks[row][tuple(index.T)] & practice.masks[mine.name][inside]
    assert overlap.sum() > 0.7 * practice.masks[mine.name].sum()


def test_masks_are_empty_without_a_tumour_only(few):
    tumour = few.table["label"] != "notumor"
    assert (few.masks.any(axis=(1, 2, 3)) == tumour).all()
    assert tumour.sum() in (1, 2, 3)
    assert few.table.loc[~tumour, ["difficulty", "grade"]].isna().all(axis=None)
    assert few.images.dtype == np.uint8 and few.images.shape == (4, *SHAPE)


def test_nobody_lies_in_the_same_place_twice(few):
    assert few.table["corner_x"].nunique() == 4
    assert np.ptp(few.table[["corner_x", "corner_y", "corner_z"]], axis=0).max() < 60


def test_the_split_puts_the_same_patients_on_the_same_side(practice):
    contrasts, masks, table = made_up()
    whole = Volumes("practice", contrasts, masks, table)
    for ours, theirs in zip(whole.split(), practice.split(), strict=True):
        assert isinstance(ours, Volumes)
        assert set(ours.table["patient"]) == set(theirs.table["patient"])
        assert (
            ours.images[:, 0, 0, 0] == (ours.table["patient"].str[1:].astype(int) - 1) % 256
        ).all()


def test_they_are_simulated_once_and_read_from_the_disk(simulated_once):
    first, again = data.load(), data.load()
    assert simulated_once == [1]
    assert isinstance(again.images, np.memmap) and isinstance(again, Volumes)
    assert np.array_equal(first.images, again.images)
    assert str(again) == "<Volumes practice: 12 patients>"
    assert again.affine(3)[:3, 3].tolist() == [-90, -120, -83]
    assert again.take([3]).affine(0)[2, 3] == -83


def test_a_changed_simulator_is_not_answered_from_the_old_cache(simulated_once, monkeypatch):
    data.load()
    monkeypatch.setattr(simulator, "VERSION", "another")
    data.load()
    monkeypatch.setattr(data, "VERSION", "another")
    data.load()
    assert simulated_once == [1, 1, 1]


def test_a_damaged_cache_says_what_to_delete(simulated_once):
    data.load()
    (data.folder_of() / "t1ce.npy").write_bytes(b"half")
    with pytest.raises(CourseError, match="is damaged.*delete this folder"):
        data.load()


def test_a_break_half_way_leaves_nothing_behind(simulated_once, monkeypatch):
    def stop(path, array):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(datasets.np, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            data.load()
    assert not list(settings.data_dir().glob("volumes/*.partial"))
    assert len(data.load()) == 12


def test_cores_and_order_change_nothing(few):
    contrasts, masks, table = data.make(patients=4)
    again = data._member(anatomy.head(), 2, 7, 4)
    assert np.array_equal(contrasts["t1ce"][2], again[0]) and np.array_equal(masks[2], again[1])
    assert table["patient"].tolist() == ["P001", "P002", "P003", "P004"]
