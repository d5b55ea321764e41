"""The figshare data: its files, its bad files, its patients, and half of the set."""

import io
import zipfile
import zlib

import h5py
import numpy as np
import pytest

from course_utils import datasets, settings
from course_utils.core.errors import CourseError
from course_utils.realdata import figshare

SIZE = 160
HEADER = b"MATLAB 7.3 MAT-file, Platform: PCWIN64".ljust(124) + b"\x00\x02IM"


def head(seed=0, shape=(SIZE, SIZE)):
    """A smooth picture that no other seed gives, with a bright square for a lesion, and that."""
    rng = np.random.default_rng(seed)
    image = np.kron(rng.integers(100, 900, (4, 4)), np.ones((shape[0] // 4, shape[1] // 4)))
    mask = np.zeros(shape, np.uint8)
    mask[20:40, 100:120] = 1
    return (image + 1000.0 * mask).astype(np.int16), mask


def mat(seed=0, label=1.0, pid="P001", header=HEADER, shape=(SIZE, SIZE), **changed):
    """A file as MATLAB writes it; a value of None leaves a part out."""
    image, mask = head(seed, shape)
    codes = None if pid is None else np.array([[ord(c)] for c in pid], np.uint16)
    parts = {"image": image.T, "tumorMask": mask.T, "label": label, "PID": codes}
    parts |= {"tumorBorder": np.zeros((1, 8))} | changed
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=512) as file:
        group = file.create_group("cjdata")
        for name, value in parts.items():
            if callable(value):
                value(group, name)
            elif value is not None:
                group[name] = value
    buffer.seek(0)
    buffer.write(header)
    return buffer.getvalue()


def zipped(contents, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def patients(count, start=0):
    """Files of some patients, two slices each, class by class."""
    numbers = range(start, start + count)
    return {
        f"{2 * n + s + 1}.mat": mat(2 * n + s, n % 3 + 1, f"P{n:03d}")
        for n in numbers
        for s in (0, 1)
    }


FIRST, SECOND = "brainTumorDataPublic_1-766.zip", "brainTumorDataPublic_767-1532.zip"
BESIDES = {"cvind.mat": b"MATLAB 7.3", "README 2024.txt": b"hello"}


def write(path, contents):
    """Put contents by name into a folder."""
    for name, data in contents.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "set"


def whole():
    return {FIRST: zipped(patients(3)), SECOND: zipped(patients(3, 3)), **BESIDES}


def as_one_zip(folder):
    folder.mkdir()
    (folder / "1512427").write_bytes(zipped(whole()))
    return folder / "1512427"


def unpacked(folder):
    below = {f"sub/{name}": data for name, data in patients(3, 3).items()}
    return write(folder, {"a/b/x": b""} | patients(3) | below)


def mixed(folder):
    """One part zipped and unpacked, the other one zipped."""
    return write(folder, whole() | {f"unpacked/{n}": d for n, d in patients(3).items()})


def outer_in_a_folder(folder):
    return write(folder, {"1512427.zip": zipped(whole())})


@pytest.mark.parametrize(
    "lay_out", [as_one_zip, mixed, outer_in_a_folder, lambda folder: write(folder, whole())]
)
def test_however_it_comes_it_is_the_same_data(folder, lay_out):
    path = lay_out(folder)
    assert figshare.recognised(path) and figshare.recognised(str(path))
    contrasts, masks, table, problems, notes = figshare.content(path)
    assert contrasts["t1ce"].shape == masks.shape == (12, 128, 128) and len(problems) == 0
    assert (contrasts["t1ce"].dtype, masks.dtype) == (np.uint8, bool)
    assert table.groupby("patient").size().to_dict() == {f"P{n:03d}": 2 for n in range(6)}
    assert set(table["label"]) == {"meningioma", "glioma", "pituitary"}
    assert list(table["group"]) == list(table["patient"])
    assert set(table["source"]) == {"figshare"} and set(table["split"]) == {""}
    assert set(table["plane"]) == {"unknown"} and table["file"].is_unique
    assert any("as copies of another: 6." in note for note in notes) == (lay_out is mixed)


def test_unpacked_files_in_sub_folders(folder):
    path = unpacked(folder)
    _, _, table, problems, _ = figshare.content(path)
    assert figshare.recognised(path) and len(table) == 12
    assert problems.to_numpy().tolist() == [["a/b/x", "is no .mat file"]]


def test_one_part_and_one_file(folder):
    write(folder, {FIRST: zipped(patients(3)), "7.mat": mat()})
    for path, count in ((folder / FIRST, 6), (folder / "7.mat", 1)):
        assert figshare.recognised(path)
        assert len(figshare.content(path)[2]) == count
    with pytest.raises(CourseError, match="slices of meningioma alone"):
        datasets.import_data(folder / "7.mat")


def test_what_is_not_this_data_is_not_recognised(folder):
    write(
        folder,
        {
            "kaggle/Training/glioma/1.jpg": b"",
            f"kaggle/{FIRST}": b"",
            "other/1.png": b"",
            "broken.zip": b"PK no",
            "cut/" + FIRST: b"PK",
            "odd/x.zip": b"PK no",
        },
    )
    for name in ("kaggle", "other", "odd", "broken.zip", f"cut/{FIRST}", "missing", "a\0b"):
        assert not figshare.recognised(folder / name)
    # What is wrong with a part is said when the folder is imported.
    assert figshare.recognised(folder / "cut")
    assert not figshare.recognised("~nobody-of-this-name/x")


def one(folder, data):
    contrasts, masks, table, _, _ = figshare.content(write(folder, {"1.mat": data}) / "1.mat")
    return contrasts["t1ce"][0], masks[0], table.iloc[0]


def test_a_slice_is_upright_and_its_mask_lies_on_the_lesion(folder):
    image, mask, row = one(folder, mat())
    stored = np.flatnonzero(head()[1].any(1)), np.flatnonzero(head()[1].any(0))
    scale = 128 / SIZE
    for axis, where in enumerate(stored):
        found = np.flatnonzero(mask.any(1 - axis))
        assert abs(found.min() - where.min() * scale) <= 1 and len(found) == 16
    assert image[mask].mean() > image[~mask].max() - 40
    assert (row.width, row.height, row["mode"], row.label) == (SIZE, SIZE, "int16", "meningioma")
    assert row.lesion_area_mm2 == pytest.approx(400 * (0.49 * 512 / SIZE) ** 2, abs=0.1)


def test_the_aspect_is_kept_for_slice_and_mask(folder):
    image, mask, row = one(folder, mat(shape=(80, 160)))
    assert (row.width, row.height) == (160, 80)
    black = np.ones((128, 128), bool)
    black[32:96] = False
    assert image[black].max() == 0 and not mask[black].any() and image[33:95].min() >= 0
    assert mask.sum() == pytest.approx(400 * 0.8**2, rel=0.1)


def test_a_few_bright_pixels_do_not_darken_the_others(folder):
    image, mask = head()
    bright = image.copy()
    bright[:3, :3] = 30_000
    plain, _, _ = one(folder, mat())
    spoilt, _, _ = one(folder / "b", mat(image=bright.T))
    difference = spoilt[8:].astype(int) - plain[8:]
    assert np.abs(difference).max() <= 3 and plain.max() == spoilt.max() == 255


@pytest.mark.parametrize("size", [160, 1024])
def test_a_small_lesion_does_not_vanish(folder, size):
    mask = np.zeros((size, size), np.uint8)
    mask[size // 3, size // 2] = 1
    _, found, _ = one(folder, mat(shape=(size, size), tumorMask=mask.T))
    row, column = np.argwhere(found).mean(axis=0)
    assert 1 <= found.sum() <= 4
    assert abs(row - 128 / 3) <= 1 and abs(column - 64) <= 1


def huge(group, name):
    group.create_dataset(name, (10**6, 10**6), "i2", chunks=(64, 64))


def linked(group, name):
    group[name] = h5py.ExternalLink("/etc/passwd", "/image")


def outside(group, name):
    group.create_dataset(name, (64,), "u1", external=[("/etc/passwd", 0, 64)])


def inflating(group, name):
    """Little that would unpack to a thousand times as much."""
    shape = SIZE, SIZE
    found = group.create_dataset(name, shape, "i2", chunks=shape, compression="gzip")
    found.id.write_direct_chunk((0, 0), zlib.compress(bytes(3 * 10**8), 9))


def spoilt(value):
    image = head()[0].astype(float)
    image[5, 5] = value
    return image


# What becomes of a file, or what goes into one, and how it is called.
BAD = {
    "cut": (lambda whole: whole[:-600], "is a damaged or cut-off MATLAB file"),
    "short": (lambda whole: whole[:300], "is a damaged or cut-off MATLAB file"),
    "empty": (lambda _: b"", "is empty"),
    "version 5": (lambda _: b"MATLAB 5.0 MAT-file".ljust(600), "of MATLAB version 5"),
    "text": (lambda _: b"hello" * 200, "is no MATLAB file"),
    "no cjdata": (lambda whole: whole.replace(b"cjdata", b"cjdeta"), "has no image"),
    "no image": ({"image": None}, "has no image"),
    "no mask": ({"tumorMask": None}, "has no tumorMask"),
    "no label": ({"label": None}, "has no label"),
    "no PID": ({"pid": None}, "has no PID"),
    "blank PID": ({"pid": "  "}, "has no PID"),
    "odd PID": ({"PID": [[1e300]]}, "has a PID that is no text"),
    "label 4": (
        {"label": 4.0},
        "has the label 4, which is none of 1 (meningioma), 2 (glioma), 3 (pituitary)",
    ),
    "label of no number": ({"label": np.nan}, "has the label nan, which is none of"),
    "two labels": ({"label": [1.0, 2.0]}, "has the label 1, 2, which is none of"),
    "label as text": ({"label": "1"}, "has no numbers in its label"),
    "mask of another size": (
        {"tumorMask": np.ones((SIZE, 80), np.uint8)},
        "has an image of 160 x 160 and a tumorMask of 160 x 80 pixels",
    ),
    "empty mask": ({"tumorMask": np.zeros((SIZE, SIZE))}, "has an empty tumorMask"),
    "nan": ({"image": spoilt(np.nan)}, "has pixels that are no numbers"),
    "too bright": ({"image": spoilt(1e300)}, "has pixels that are no numbers"),
    "constant": ({"image": np.full((SIZE, SIZE), 7)}, "has an image that is blank"),
    "3-D": ({"image": np.ones((40, 40, 3))}, "has 3 dimensions in its image, not 2"),
    "tiny": ({"image": np.ones((8, 9))}, "has only 8 x 9 pixels in its image"),
    "long": ({"image": np.ones((16, 2000))}, "has 16 x 2000 pixels in its image"),
    "huge": ({"image": huge}, "claims far too much for its image"),
    "long PID": ({"PID": np.full((1, 10**4), 65)}, "claims far too much for its PID"),
    "inflating": ({"image": inflating}, "claims far too much for its image"),
    "link": ({"image": linked}, "has no image"),
    "external": ({"PID": outside}, "has no numbers in its PID"),
    "group": ({"image": lambda group, name: group.create_group(name)}, "has no image"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_listed_and_the_rest_is_imported(folder, kind):
    change, words = BAD[kind]
    data = change(mat()) if callable(change) else mat(**change)
    path = write(folder, patients(3) | {"bad.mat": data})
    _, _, table, problems, _ = figshare.content(path)
    assert len(table) == 6
    assert list(problems["file"]) == ["bad.mat"] and words in problems["problem"][0]
    assert "\n" not in problems["problem"][0]
    with pytest.raises(CourseError) as caught:
        figshare.content(path / "bad.mat")
    assert f"None of the slices in {path / 'bad.mat'} can be used (most often" in str(caught.value)


def test_a_bad_zip_in_the_zip_is_listed_and_the_rest_is_imported(folder):
    bad = {"cut.zip": zipped(patients(1))[:5000], "deep.zip": zipped({"x.zip": zipped({})})}
    path = write(folder, {"all.zip": zipped(whole() | bad | {"preview.png": b""})}) / "all.zip"
    _, _, table, problems, _ = figshare.content(path)
    assert len(table) == 12
    problems = dict(problems.to_numpy().tolist())
    assert "is cut off or damaged" in problems["cut.zip"]
    assert "is a zip in a zip in a zip" in problems["deep.zip/x.zip"]
    assert problems["preview.png"] == "is no .mat file" and len(problems) == 3


def test_nothing_of_this_data(folder):
    path = write(folder, {"a.txt": b"x"} | BESIDES)
    with pytest.raises(CourseError, match="holds no .mat files: give the zip"):
        figshare.content(path)


def test_two_patients_of_one_number_are_told_apart_and_stay_together(folder):
    path = write(folder, patients(6) | {"x.mat": mat(99, 2, "P000")})
    _, _, table, _, notes = figshare.content(path)
    shared = table[table["group"] == "P000"]
    assert sorted(set(shared["patient"])) == ["P000 (glioma)", "P000 (meningioma)"]
    assert len(shared) == 3 and table["patient"].nunique() == 7
    said = [note for note in notes if "two classes" in note]
    assert len(said) == 1 and "1, such as that of P000 (glioma) and P000 (meningioma)" in said[0]


def test_near_duplicates_across_patients_are_reported_and_not_grouped(folder):
    path = write(folder, patients(3) | {"x.mat": mat(0, 1, "P009")})
    _, _, table, _, notes = figshare.content(path)
    assert table["group"].nunique() == 4
    assert "across patients: 1 of 1, such as 1.mat of P000 and x.mat of P009; groups" in notes[-1]
    _, _, _, _, notes = figshare.content(write(folder / "b", patients(3)))
    assert notes == ["Pairs of near-duplicates across patients: 0 of 0."]


def test_imported_and_loaded(folder):
    data = datasets.import_data(as_one_zip(folder))
    assert data.name == "figshare" and data.class_names == ("glioma", "meningioma", "pituitary")
    assert datasets.load("figshare").masks.shape == (12, 128, 128)
    assert datasets.notes("figshare") and len(datasets.problems("figshare")) == 0


def test_without_the_data_it_is_said_how_to_get_it():
    with pytest.raises(CourseError, match="course data download figshare"):
        datasets.load("figshare")


# --- half of the real set -------------------------------------------------------------------


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    path = settings.ROOT.parent / "shared" / "figshare"
    if not path.exists():
        pytest.skip(f"half of the figshare data is not in {path}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(tmp_path_factory.mktemp("half")))
        data = datasets.import_data(path)
        yield data, datasets.problems("figshare"), datasets.notes("figshare")


def test_half_of_the_set_is_read_whole(half):
    data, problems, notes = half
    assert len(data) == 1532 and len(problems) == 0
    patients = data.table.groupby("label")["patient"].nunique()
    assert patients.to_dict() == {"glioma": 66, "meningioma": 79, "pituitary": 38}
    assert data.table["patient"].nunique() == 183
    assert notes == ["Pairs of near-duplicates across patients: 0 of 174."]


def test_no_patient_of_the_set_is_on_two_sides(half):
    parts = [set(part.table["patient"]) for part in half[0].split()]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert len(set().union(*parts)) == 183


def test_the_masks_of_the_set_lie_on_bright_tissue(half):
    data, _, _ = half
    brighter = [
        image[mask].mean() > image[~mask].mean()
        for image, mask in zip(data.images, data.masks, strict=True)
    ]
    assert np.mean(brighter) > 0.99 and data.masks.any(axis=(1, 2)).all()
    # Of a mask that is not turned with its slice, less would lie on what takes up contrast agent.
    turned = [
        image[mask.T].mean() > image[mask].mean()
        for image, mask in zip(data.images, data.masks, strict=True)
    ]
    assert np.mean(turned) < 0.4
