"""Volumes as files: nothing moves on the way out and in, and what is no volume is refused."""

import gzip

import nibabel
import numpy as np
import pytest
from nibabel import orientations

from course_utils import volumes
from course_utils.core.errors import CourseError
from course_utils.volumes import data, nifti

AFFINE = np.array([[2.0, 0, 0, -20], [0, 2.5, 0, -30], [0, 0, 4, -10], [0, 0, 0, 1]])


@pytest.fixture
def volume():
    """A volume without any symmetry."""
    return np.random.default_rng(0).integers(0, 256, (12, 14, 10), dtype=np.uint8)


def place(affine, index):
    return affine[:3, :3] @ index + affine[:3, 3]


def saved(path, array, affine=AFFINE, code="scanner"):
    """Write with nibabel alone, as another program would."""
    image = nibabel.Nifti1Image(array, affine)
    image.set_sform(affine, code)
    image.set_qform(None, "unknown")
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int64, np.float32])
def test_what_is_written_is_read(tmp_path, volume, name, kind):
    path = nifti.write(tmp_path / name, volume.astype(kind), AFFINE)
    again, affine = nifti.read(path)
    assert np.array_equal(again, volume) and again.dtype == kind
    assert np.array_equal(affine, AFFINE)
    assert nifti.voxel_sizes(affine).tolist() == [2, 2.5, 4]


def test_another_program_reads_the_same_place_and_sizes(tmp_path, volume):
    image = nibabel.load(nifti.write(tmp_path / "a.nii.gz", volume, AFFINE))
    assert np.array_equal(np.asarray(image.dataobj), volume)
    for found, code in (image.get_sform(coded=True), image.get_qform(coded=True)):
        assert code == 1 and np.allclose(found, AFFINE)
    assert image.header.get_zooms() == (2, 2.5, 4)
    assert image.header.get_xyzt_units()[0] == "mm"
    assert nibabel.aff2axcodes(image.affine) == ("R", "A", "S")


def test_the_same_volume_makes_the_same_file(tmp_path, volume):
    one, two = (nifti.write(tmp_path / n, volume, AFFINE) for n in ("a.nii.gz", "b.nii.gz"))
    assert one.read_bytes() == two.read_bytes()


def test_a_mask_becomes_zeros_and_ones(tmp_path, volume):
    mask, _ = nifti.read(nifti.write(tmp_path / "a.nii", volume > 100, AFFINE))
    assert mask.dtype == np.uint8 and np.array_equal(mask, volume > 100)


@pytest.mark.parametrize("axes", ["LPS", "RAS", "PIR", "ASL", "SLP"])
def test_every_voxel_keeps_its_place_whatever_the_order_of_the_axes(tmp_path, volume, axes):
    turns = orientations.axcodes2ornt(axes)
    turns = orientations.ornt_transform(orientations.axcodes2ornt("RAS"), turns)
    stored = orientations.apply_orientation(volume, turns)
    affine = AFFINE @ orientations.inv_ornt_aff(turns, volume.shape)
    assert "".join(nibabel.aff2axcodes(affine)) == axes
    again, found = nifti.read(saved(tmp_path / "a.nii.gz", stored, affine))
    assert np.array_equal(again, volume)
    assert np.allclose(found, AFFINE)


def test_a_tilted_head_stays_tilted(tmp_path, volume):
    c, s = np.cos(0.2), np.sin(0.2)
    tilted = np.array([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1.0]]) @ AFFINE
    again, affine = nifti.read(nifti.write(tmp_path / "a.nii", volume, tilted))
    assert np.array_equal(again, volume) and np.allclose(affine, tilted, atol=1e-5)


def test_a_fourth_axis_with_one_place_is_none(tmp_path, volume):
    turned = np.array(AFFINE)
    turned[0, 0] *= -1
    for affine, expected in ((AFFINE, volume), (turned, volume[::-1])):
        again, _ = nifti.read(saved(tmp_path / "a.nii", volume[..., np.newaxis], affine))
        assert np.array_equal(again, expected)


@pytest.mark.parametrize("kind", [np.int64, np.float32])
def test_turning_changes_no_number(tmp_path, volume, kind):
    turned = AFFINE @ np.diag([-1.0, 1, 1, 1])
    numbers = volume.astype(kind) * 1001
    again, _ = nifti.read(nifti.write(tmp_path / "a.nii", numbers, turned))
    assert again.dtype == kind and np.array_equal(again, numbers[::-1])


def test_scaled_numbers_are_read_as_the_file_means_them(tmp_path, volume):
    path = nifti.write(tmp_path / "a.nii", volume, AFFINE @ np.diag([1, -1.0, 1, 1]))
    scaled = bytearray(path.read_bytes())
    scaled[112:120] = np.array([0.5, -8], "<f4").tobytes()
    path.write_bytes(scaled)
    again, _ = nifti.read(path)
    assert np.array_equal(again, volume[:, ::-1] / 2 - 8)


# What is refused.


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((6, 6, 6, 5), "6 x 6 x 6 x 5 numbers: save one volume"),
        ((6, 6), "not one 3-D volume but 6 x 6"),
        ((6, 6, 1), "single slice"),
        ((6, 0, 6), "single slice or empty"),
    ],
)
def test_other_shapes_are_refused(tmp_path, shape, words):
    path = saved(tmp_path / "a.nii", np.ones(shape, np.uint8))
    with pytest.raises(CourseError, match=words):
        nifti.read(path)


def test_a_huge_volume_is_refused_before_it_is_read(tmp_path, volume):
    path = nifti.write(tmp_path / "a.nii", volume, AFFINE)
    image = nibabel.load(path)
    image.header.set_data_shape((1024, 1024, 1024))
    # The numbers themselves are not there: whoever tried to read them would find it damaged.
    path.write_bytes(image.header.binaryblock + bytes(4))
    with pytest.raises(CourseError, match="1024 x 1024 x 1024 voxels.*memory"):
        nifti.read(path)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_counted(tmp_path, volume, wrong):
    spoiled = volume.astype(np.float32)
    spoiled[0, 0, :3] = wrong
    with pytest.raises(CourseError, match="has 3 voxels that are no numbers"):
        nifti.read(saved(tmp_path / "a.nii", spoiled))


def test_an_empty_volume_is_refused(tmp_path):
    path = saved(tmp_path / "a.nii", np.zeros((5, 5, 5), np.int16))
    with pytest.raises(CourseError, match="is empty: each voxel is 0"):
        nifti.read(path)


def test_colours_are_refused(tmp_path):
    colours = np.zeros((5, 5, 5), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(CourseError, match="not one grey value"):
        nifti.read(saved(tmp_path / "a.nii", colours))


def test_an_unknown_orientation_is_refused(tmp_path, volume):
    path = saved(tmp_path / "a.nii", volume, code="unknown")
    with pytest.raises(CourseError, match="left could be right"):
        nifti.read(path)


@pytest.mark.parametrize(
    "affine",
    [
        np.diag([0.001, 0.001, 0.001, 1]),
        np.diag([200.0, 2, 2, 1]),
        np.array([[2.0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0], [0, 0, 0, 1]]),
        np.diag([np.nan, 2, 2, 1]),
    ],
)
def test_voxels_that_cannot_be_are_refused(tmp_path, volume, affine):
    path = nifti.write(tmp_path / "a.nii", volume, AFFINE)
    data = bytearray(path.read_bytes())
    data[280:328] = affine[:3].astype("<f4").tobytes()
    path.write_bytes(data)
    with pytest.raises(CourseError, match="mm, which cannot be"):
        nifti.read(path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("keep", [0, 20, 200, 600])
def test_damaged_files_are_named(tmp_path, volume, name, keep):
    path = nifti.write(tmp_path / name, volume, AFFINE)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(
        CourseError, match=rf"{name} is damaged \(.+\): get it anew, as a NIfTI file"
    ):
        nifti.read(path)


def test_something_else_under_the_name_is_damaged(tmp_path):
    for name, held in {"a.nii": b"PK\x03\x04" * 200, "b.nii.gz": gzip.compress(b"x" * 999)}.items():
        (tmp_path / name).write_bytes(held)
        with pytest.raises(CourseError, match="is damaged .* as a NIfTI file"):
            nifti.read(tmp_path / name)


def test_missing_files_folders_and_other_formats(tmp_path, volume):
    with pytest.raises(CourseError, match="There is no file"):
        nifti.read(tmp_path / "a.nii")
    (tmp_path / "b.nii").mkdir()
    with pytest.raises(CourseError, match="There is no file"):
        nifti.read(tmp_path / "b.nii")
    for act in (lambda path: nifti.write(path, volume, AFFINE), nifti.read):
        with pytest.raises(CourseError, match="dcm2niix"):
            act(tmp_path / "a.dcm")


# Onto the grid.


def head(shape, sizes, corner):
    """A ball of 70 mm around the origin, with a bright one near its right, front and top."""
    points = np.moveaxis(np.indices(shape, dtype=float), 0, -1) * sizes + corner
    volume = 300.0 * (np.linalg.norm(points, axis=-1) < 70)
    volume += 900 * (np.linalg.norm(points - [40, 24, 36], axis=-1) < 16)
    affine = np.diag([*sizes, 1.0])
    affine[:3, 3] = corner
    return volume, affine


@pytest.mark.parametrize("sizes", [(1.5, 1.5, 1.5), (1, 1, 6), (5, 5, 5)])
def test_the_grid_shows_the_same_head_in_the_same_place(sizes):
    shape = tuple(int(220 / size) for size in sizes)
    volume, affine = head(shape, np.array(sizes), np.array([-110.0, -105, -120]))
    grid, there = nifti.to_grid(volume, affine)
    assert grid.dtype == np.uint8 and grid.shape == volumes.SHAPE
    assert nifti.voxel_sizes(there).tolist() == [volumes.VOXEL] * 3
    bright = np.argwhere(grid > 180).mean(axis=0)
    assert np.allclose(place(there, bright), [40, 24, 36], atol=3)
    ball = np.argwhere(grid > 40) @ there[:3, :3].T + there[:3, 3]
    assert np.allclose([ball.max(axis=0), -ball.min(axis=0)], 70, atol=8)
    assert grid.max() == 255 and grid[0, 0, -1] == 0


def test_a_fine_pattern_is_averaged_and_not_picked():
    stripes = np.zeros((120, 130, 120))
    stripes[::2] = 200
    grid, _ = nifti.to_grid(stripes, np.diag([1.0, 1, 1, 1]))
    inside = grid[14:32, 18:36, 26:40].astype(float)
    assert inside.std() < 0.1 * inside.mean()


def test_a_simulated_file_lands_where_the_practice_data_does(tmp_path):
    from course_utils import simulator

    person = simulator.patient(3, "meningioma", "easy")
    images, _, affine = simulator.whole(person)
    path = nifti.write(tmp_path / "a.nii.gz", images[0], affine)
    grid, affine = nifti.to_grid(*nifti.read(path))
    corner = data.MIDDLE - volumes.VOXEL * (np.array(volumes.SHAPE) - 1) / 2
    assert np.abs(affine[:3, 3] - corner).max() < 16
    direct, _ = simulator.volume(person, np.float32(affine[:3, 3]), volumes.SHAPE, volumes.VOXEL)
    assert np.corrcoef(direct[0].ravel(), grid.ravel())[0, 1] > 0.95
