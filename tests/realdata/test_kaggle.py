"""The real data: its folders, its bad files, its download, and the real archive where it is."""

import io
import zipfile

import numpy as np
import pytest
import requests
from PIL import Image

from course_utils import datasets
from course_utils.core import pictures
from course_utils.core.errors import CourseError
from course_utils.realdata import duplicates, kaggle, shortcuts

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
COLUMNS = ["label", "patient", "plane", "split", "source", "file", "sha256"]
COLUMNS += ["width", "height", "mode", "bytes"]


def picture(seed):
    """A JPEG of 40 by 48 pixels that no other seed gives."""
    smooth = np.random.default_rng(seed).integers(0, 256, (5, 4), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(smooth).resize((40, 48), Image.Resampling.BICUBIC).save(buffer, "JPEG")
    return buffer.getvalue()


def laid_out(*folders, each=2):
    """Contents by path: ``each`` pictures in every folder."""
    names = [f"{folder}/{number}.jpg" for folder in folders for number in range(each)]
    return {name: picture(seed) for seed, name in enumerate(names)}


def official(training="Training", testing="Testing", classes=CLASSES):
    return [f"{split}/{label}" for split in (training, testing) for label in classes]


@pytest.fixture(params=["zip", "folder"])
def make(request, tmp_path):
    """Writes contents to a zip or a folder, whichever the test is run with."""

    def write(contents):
        path = tmp_path / "kaggle"
        if request.param == "zip":
            with zipfile.ZipFile(path, "w") as archive:
                for name, data in contents.items():
                    archive.writestr(name, data)
            return path
        for name, data in contents.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        return path

    return write


def refusal(path):
    with pytest.raises(CourseError) as caught:
        kaggle.read(path)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".") and str(path) in sentence
    return sentence


def test_kaggles_own_folders(make):
    contents = laid_out(*official(), each=3)
    images, table, problems = kaggle.read(make(contents))
    assert images.shape == (24, 128, 128) and images.dtype == np.uint8
    assert list(table) == COLUMNS and len(problems) == 0
    assert list(table["file"]) == sorted(contents)
    for row, image in zip(table.itertuples(), images, strict=True):
        split, label, _ = row.file.split("/")
        assert (row.split, row.label) == ("train" if split == "Training" else "test", label)
        assert np.array_equal(image, pictures.decode(contents[row.file])[0])
        assert (row.width, row.height, row.mode) == (40, 48, "L")
        assert row.bytes == len(contents[row.file])
    assert table["sha256"].is_unique
    assert set(table["source"]) == {"kaggle"} and set(table["plane"]) == {"unknown"}


SARTAJ = ("glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor")


@pytest.mark.parametrize(
    "folders, splits",
    [
        (official(classes=SARTAJ), {"train", "test"}),
        (official("training", "TESTING", [c.upper() for c in CLASSES]), {"train", "test"}),
        (official("train", "test"), {"train", "test"}),
        (official("archive/brain/Training/Training", "archive/brain/Testing/Testing"), None),
        (official("test/Training", "test/Testing"), {"train", "test"}),
        ([f"Training/{c}/{c}" for c in CLASSES], {"train"}),
        ([f"Training/{c}" for c in CLASSES], {"train"}),
        (CLASSES, {"train"}),
        ([f"wrapped/twice/{c}" for c in CLASSES], {"train"}),
        (["No tumour", "glioma-tumor", "Meningioma Tumor", "pituitary"], {"train"}),
    ],
)
def test_folders_are_recognised_however_they_are_named_and_wrapped(make, folders, splits):
    _, table, problems = kaggle.read(make(laid_out(*folders)))
    assert set(table["label"]) == set(CLASSES) and len(problems) == 0
    assert set(table["split"]) == (splits or {"train", "test"})
    assert len(table) == 2 * len(folders)
    for row in table.itertuples():
        assert row.label[:5] in row.file.lower().replace(" ", "").replace("_", "").replace(
            "tumour", "tumor"
        )


def test_bad_slices_are_listed_and_the_rest_is_imported(make):
    contents = laid_out(*official())
    whole = contents["Training/glioma/0.jpg"]
    tiny = io.BytesIO()
    Image.new("L", (1, 1)).save(tiny, "PNG")
    bad = {
        "Training/glioma/cut.jpg": (whole[:-100], "cut-off"),
        "Training/glioma/empty.jpg": (b"", "is empty"),
        "Training/notumor/notes.txt": (b"hello", "is not an image"),
        "Testing/pituitary/tiny.png": (tiny.getvalue(), "has only 1 x 1 pixels"),
        "Training/loose.jpg": (whole, "outside the class folders"),
        "README.md": (b"hello", "outside the class folders"),
        "samples/sample.jpg": (whole, "outside the class folders"),
    }
    images, table, problems = kaggle.read(
        make(contents | {name: data for name, (data, _) in bad.items()})
    )
    assert len(images) == len(table) == 16
    assert set(problems["file"]) == set(bad)
    for row in problems.itertuples():
        assert bad[row.file][1] in row.problem


@pytest.mark.parametrize(
    "folders, words",
    [
        (["pictures", "more/pictures"], "has no folder called glioma, meningioma"),
        (official()[:-1], "has no test slices of pituitary"),
        (official()[1:], "has no train slices of glioma"),
        ([*official(), "Training/astrocytoma"], "folder Training/astrocytoma, which is none of"),
        ([*CLASSES, "astrocytoma"], "folder astrocytoma, which is none of"),
        ([*official(), "Training/glioma/meningioma"], "could be glioma or meningioma"),
        ([*official(), "Training/Testing/glioma"], "could be train or test"),
        ([*official(), *CLASSES], "in several places"),
        ([*official(), *official("copy/Training", "copy/Testing")], "in several places"),
        ([*official(), "val/glioma"], "has a folder val, and the course takes validation slices"),
        (official() + official("wrap/Validation", "x")[:4], "has a folder Validation, and"),
        ([*official(), "more/glioma"], "in several places"),
    ],
)
def test_folders_that_are_not_clear_are_refused(make, folders, words):
    assert words in refusal(make(laid_out(*folders, each=1)))


def test_an_empty_class_folder(tmp_path):
    for name, data in laid_out(*official()).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if "Training/notumor" not in name:
            (tmp_path / name).write_bytes(data)
    assert "has no train slices of notumor" in refusal(tmp_path)


def test_a_class_without_one_usable_slice(make):
    contents = laid_out(*official())
    for name in contents:
        if "Testing/glioma" in name:
            contents[name] = b"GIF89a"
    assert "None of the test slices of glioma" in refusal(make(contents))


def test_every_slice_bad(make):
    assert "(most often, a file is empty)" in refusal(
        make(dict.fromkeys(laid_out(*official()), b""))
    )


def dicom():
    return bytes(128) + b"DICM" + bytes(200)


@pytest.mark.parametrize("folders", [["P1/axial", "P2/axial"], official()])
@pytest.mark.parametrize("ending, kind", [("", "a DICOM file"), (".nii.gz", "a NIfTI volume")])
def test_medical_files_in_place_of_pictures(make, folders, ending, kind):
    names = [f"{folder}/{number}{ending}" for folder in folders for number in range(2)]
    said = refusal(make(dict.fromkeys(names, dicom())))
    assert kind in said and "save each slice as a PNG or JPEG file in a folder named" in said


def test_one_medical_file_among_pictures_is_only_one_bad_file(make):
    contents = laid_out(*official()) | {"Training/glioma/x.dcm": dicom()}
    _, table, problems = kaggle.read(make(contents))
    assert len(table) == 16
    assert list(problems["problem"]) == ["is a DICOM file and no picture"]


def test_links_that_lead_nowhere(tmp_path):
    for name in laid_out(*official()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(f"{name}.missing")
    assert "a file is a link that leads nowhere" in refusal(tmp_path)


def test_odd_names_are_imported_and_listed_escaped(make):
    contents = laid_out(*official())
    contents["Training/glioma/a\r.jpg"] = picture(99)
    contents["Training/glioma/\x1b[31m.jpg"] = b"no"
    _, table, problems = kaggle.read(make(contents))
    assert r"Training/glioma/a\r.jpg" in set(table["file"])
    assert list(problems["file"]) == [r"Training/glioma/\x1b[31m.jpg"]


def test_download_hands_over_what_kagglehub_fetched(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        "kagglehub.dataset_download", lambda handle: asked.append(handle) or str(tmp_path)
    )
    assert kaggle.download() == tmp_path
    assert asked == ["masoudnickparvar/brain-tumor-mri-dataset/versions/1"]


@pytest.mark.parametrize(
    "error, words",
    [
        (requests.ConnectionError("NameResolutionError"), "There is no connection to Kaggle"),
        (requests.Timeout("read timed out"), "There is no connection to Kaggle"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ValueError("403 Client Error.\n\nYou don't have permission"), "(403 Client Error.)"),
        (RuntimeError(), "(RuntimeError)"),
    ],
)
def test_a_download_that_fails_names_the_way_out(monkeypatch, error, words):
    def fail(handle):
        raise error

    monkeypatch.setattr("kagglehub.dataset_download", fail)
    with pytest.raises(CourseError) as caught:
        kaggle.download()
    sentence = str(caught.value)
    assert words in sentence and "course data import PATH" in sentence and "\n" not in sentence


def test_a_picture_in_a_class_folder_is_a_slice_of_this_data():
    assert kaggle.is_slice("Training/No Tumour/a.JPG") and kaggle.is_slice("glioma_tumor/x/1.png")
    for name in ("glioma.jpg", "Training/1.jpg", "glioma/1.mat", "gliomas/1.jpg", ""):
        assert not kaggle.is_slice(name)


def counted(monkeypatch, one, two):
    """Let version 1 have so many slices of each class and part, and version 2 so many."""
    counts = {"kaggle": (one, one), "kaggle-v2": (two, two)}
    counts = {name: dict.fromkeys(CLASSES, both) for name, both in counts.items()}
    monkeypatch.setattr(kaggle, "COUNTS", counts)


@pytest.mark.parametrize("lacking, source", [(0, "kaggle-v2"), (2, "kaggle-v2"), (4, "kaggle")])
def test_version_2_is_known_by_its_counts(make, monkeypatch, lacking, source):
    contents = laid_out(*official(), each=6)
    path = make(dict(list(contents.items())[lacking:]))
    counted(monkeypatch, 12, 6)
    data = datasets.import_data(path)
    assert data.name == source and set(data.table["source"]) == {source}
    notes = datasets.notes(source)
    assert len(notes) == (source == "kaggle-v2")
    for note in notes:
        assert "version 2" in note and "kept as 'kaggle-v2'" in note and "do not compare" in note


@pytest.mark.parametrize("known", [0, 31, 32])
def test_version_1_is_known_by_its_pictures_too(make, monkeypatch, known):
    path = make(laid_out(*official(), each=16))
    counted(monkeypatch, 16, 99)
    images, table, _ = kaggle.read(path)
    test = duplicates.phashes(images[(table["split"] == "test").to_numpy()])
    strange = ~test if known == 0 else np.where(np.arange(64) < known, test, ~test)
    # Four bits are what another resolution may do.
    monkeypatch.setattr(kaggle, "FINGERPRINTS", strange ^ np.uint64(0b1111))
    *_, notes = kaggle.content(path)
    said = {0: "it has none: its figures", 31: "it has 31: its figures"}
    assert len(notes) == (known < 32) and all(said[known] in note for note in notes)


def test_a_small_folder_is_of_no_known_version(make):
    *_, table, _, notes = kaggle.content(make(laid_out(*official())))
    assert set(table["source"]) == {"kaggle"} and notes == []


def test_the_data_that_is_missing_is_called_by_both_versions():
    for name in ("kaggle", "kaggle-v2"):
        with pytest.raises(CourseError, match="This version of the Kaggle data is not on this"):
            datasets.load(name)


@pytest.fixture(scope="module")
def real(shared, tmp_path_factory):
    """The real archive, imported once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(tmp_path_factory.mktemp("real")))
        return datasets.import_data(shared / "mri" / "archive.zip")


def test_the_real_archive_is_read_whole(real):
    counts = real.table.groupby(["split", "label"]).size()
    assert len(real) == 7019
    assert counts["train"].to_dict() == {
        "glioma": 1321,
        "meningioma": 1339,
        "notumor": 1591,
        "pituitary": 1457,
    }
    assert list(counts["test"]) == [300, 306, 405, 300]
    assert real.table["file"].is_unique
    assert real.images.std(axis=(1, 2)).min() > 5


def test_the_real_archive_is_version_1_and_its_negatives_are_not(real):
    assert real.name == "kaggle" and set(real.table["source"]) == {"kaggle"}
    assert kaggle._version(real.images, real.table) == ("kaggle", [])
    assert "it has none" in kaggle._version(255 - real.images, real.table)[1][0]


def test_a_fingerprint_is_of_one_picture_alone(real):
    hashes = duplicates.phashes(real.images)
    distances = np.bitwise_count(kaggle.FINGERPRINTS[:, None] ^ hashes[None])
    groups, test = (real.table[name].to_numpy() for name in ("group", "split"))
    for row in distances:
        near = row <= 2 * kaggle.FINGERPRINT_BITS
        assert len(set(groups[near])) == 1 and (test[row == 0] == "test").any()


def test_the_published_split_leaks_and_a_split_by_group_does_not(real):
    leaks = duplicates.leakage(real, "official")
    assert leaks.loc["all", "exact"] == 216
    # Every published test slice without a tumour has a copy in training, mirrored or not.
    assert leaks.loc["notumor", "group"] == 405
    assert 1000 < leaks.loc["all", "group"] < 1100
    assert (duplicates.leakage(real, "group")[["exact", "group"]] == 0).all(axis=None)
    assert duplicates.leakage(real, "slice").loc["all", "exact"] > 100


def test_some_real_slices_are_there_twice_under_different_labels(real):
    conflicts = duplicates.label_conflicts(real)
    assert len(conflicts) == 8
    assert set(conflicts["label"]) == {"meningioma", "pituitary"}


def test_groups_hold_one_picture_and_do_not_run_into_each_other(real):
    sizes = real.table["group"].value_counts()
    assert 3100 < len(sizes) < 3600
    assert sizes.max() < 100


def test_a_histogram_reaches_what_networks_reach_on_the_published_split(real):
    train, val, test = real.split("official")
    right = shortcuts.histogram(test, train, val).argmax(axis=1) == test.labels
    assert 0.92 < right.mean() < 0.96
