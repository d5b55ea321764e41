"""One form for every data set: loading, splitting, and caches that survive everything."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile

import numpy as np
import pandas as pd
import pytest
from realdata.test_kaggle import laid_out, official, picture

from course_utils import datasets, settings
from course_utils.core import files
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.realdata import kaggle
from course_utils.simulator import practice as simulated

CLASS_NAMES = ("glioma", "meningioma", "notumor", "pituitary")


def made_up(groups_a_class=40, seed=0, classes=4, biggest=9):
    """Groups of one to ``biggest`` slices; each slice holds its own row number."""
    rng = np.random.default_rng(seed)
    rows = []
    for label in CLASS_NAMES[:classes]:
        for number in range(groups_a_class):
            rows += [(label, f"{label}{number}")] * rng.integers(1, biggest + 1)
    table = pd.DataFrame(rows, columns=["label", "group"])
    table["split"] = np.where(rng.random(len(table)) < 0.2, "test", "train")
    images = np.zeros((len(table), 128, 128), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.divmod(np.arange(len(table)), 256)
    return Dataset("practice", {"t1ce": images, "flair": 255 - images}, images > 0, table)


def rows_of(data):
    return data.images[:, 0, 0].astype(int) * 256 + data.images[:, 0, 1]


@pytest.fixture
def archive(tmp_path):
    """A small zip in Kaggle's layout, with one bad slice."""
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for name, data in laid_out(*official(), each=4).items():
            zipped.writestr(name, data)
        zipped.writestr("Training/glioma/bad.jpg", b"no")
    return path


# --- the form -------------------------------------------------------------------------------


def test_labels_are_positions_in_the_class_names():
    data = made_up()
    assert (np.array(data.class_names)[data.labels] == data.table["label"]).all()
    assert data.images is data.contrast("t1ce")
    assert (data.contrast("flair") == 255 - data.images).all()


def test_contrasts_are_stacked_as_channels_in_the_order_asked_for():
    data = made_up(groups_a_class=2)
    both = data.stacked(("flair", "t1ce"))
    assert both.shape == (len(data), 128, 128, 2) and both.dtype == np.uint8
    assert (both[..., 0] == data.contrast("flair")).all() and (both[..., 1] == data.images).all()
    assert data.stacked(("t1ce",)) is data.images
    with pytest.raises(CourseError, match="has no contrast 't2'"):
        data.stacked(("t1ce", "t2"))
    assert data.stacked() is data.images and data.main == "t1ce"


@pytest.mark.parametrize("name", ["t2", None, ["flair"]])
def test_a_contrast_that_is_not_there_is_named(name):
    with pytest.raises(CourseError) as caught:
        made_up(2).contrast(name)
    assert f"has no contrast {name!r}, only t1ce, flair" in str(caught.value)


@pytest.mark.parametrize("as_mask", [True, False])
def test_taking_slices_takes_everything_along(as_mask):
    data = made_up()
    rows = np.array([3, 50, 7])
    if as_mask:
        mask = np.zeros(len(data), bool)
        mask[rows] = True
        rows, chosen = np.sort(rows), mask
    else:
        chosen = rows
    some = data.take(chosen)
    assert len(some) == 3 and list(some.table.index) == [0, 1, 2]
    assert (rows_of(some) == rows).all()
    assert (some.contrast("flair") == data.contrast("flair")[rows]).all()
    assert (some.masks == data.masks[rows]).all()
    assert (some.labels == data.labels[rows]).all()
    assert Dataset("kaggle", {"t1ce": data.images}, None, data.table).take(rows).masks is None


@pytest.mark.parametrize(
    "rows",
    [
        [True, False],
        [False] * 37,
        np.zeros(0, bool),
        [-1],
        [0, 36],
        [0.0, 1.0],
        ["0"],
        np.array([True] * 36, object),
        [[0, 1], [2, 3]],
        3,
    ],
    ids=str,
)
def test_rows_that_are_not_there_are_refused(rows):
    data = made_up(groups_a_class=9, biggest=1)
    assert len(data) == 36
    with pytest.raises(CourseError, match="numbers from 0 to 35, or 36 times True or False"):
        data.take(rows)


def test_no_rows_and_rows_in_any_form():
    data = made_up(groups_a_class=9, biggest=1)
    for nothing in ([], np.zeros(36, bool), range(0)):
        assert len(data.take(nothing)) == 0 and data.take(nothing).class_names == CLASS_NAMES
    for some in ([35, 0], pd.Series([35, 0]), np.array([35, 0], np.uint8)):
        assert rows_of(data.take(some)).tolist() == [35, 0]


@pytest.mark.parametrize("names", [("b", "a"), ("3", "10", "2"), tuple("qwertyuiop")])
def test_there_may_be_any_number_of_classes(names):
    table = pd.DataFrame({"label": names * 6, "split": "train"})
    table["group"] = [f"g{number}" for number in range(len(table))]
    images = np.zeros((len(table), 128, 128), np.uint8)
    data = Dataset("mine", {"t1ce": images}, None, table)
    assert data.class_names == tuple(sorted(names))
    assert data.take(data.table["label"] == "a").class_names == data.class_names
    for part in data.split():
        assert part.class_names == data.class_names
        assert set(part.labels) == set(range(len(names)))


def test_data_of_one_class_is_no_data_to_classify(tmp_path):
    data = made_up(classes=1)
    for by in ("group", "slice", "official"):
        with pytest.raises(CourseError, match="has slices of glioma alone"):
            data.split(by)
    with pytest.raises(CourseError, match="has slices of glioma alone"):
        datasets.save(tmp_path / "mine" / "v1", data.contrasts, None, data.table)
    # A part of a whole may lack all classes but one.
    whole = made_up()
    assert whole.take(whole.labels == 1).class_names == CLASS_NAMES


@pytest.mark.parametrize("names", [("1", "2"), ("NA", "None"), ("01", "1")])
def test_odd_names_of_classes_outlive_the_cache(tmp_path, names):
    data = made_up(groups_a_class=5, classes=2)
    data.table["label"] = data.table["label"].replace(dict(zip(CLASS_NAMES, names, strict=False)))
    datasets.save(tmp_path / "v1", data.contrasts, data.masks, data.table)
    assert datasets.read("mine", tmp_path / "v1").class_names == names


def test_the_form_of_data_costs_no_more_than_pandas():
    heavy = ("sklearn", "scipy", "joblib", "nilearn", "matplotlib", "tensorflow")
    code = f"import sys, course_utils.datasets; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- splits ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["group", "official", "slice"])
@pytest.mark.parametrize("seed", [0, 7])
def test_a_split_uses_every_slice_once(by, seed):
    data = made_up()
    parts = data.split(by, seed)
    assert sorted(np.concatenate([rows_of(part) for part in parts])) == list(range(len(data)))


@pytest.mark.parametrize("seed", range(5))
def test_a_group_stays_on_one_side(seed):
    groups = [set(part.table["group"]) for part in made_up(seed=seed).split("group", seed)]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])


@pytest.mark.parametrize("by", ["group", "slice"])
def test_shares_are_as_promised_in_every_class(by):
    data = made_up(groups_a_class=80)
    for part, share in zip(data.split(by), (0.60, 0.15, 0.25), strict=True):
        for label in range(4):
            found = (part.labels == label).sum() / (data.labels == label).sum()
            assert abs(found - share) < 0.03


def test_the_official_split_is_the_publishers():
    data = made_up()
    train, val, test = data.split("official")
    assert (rows_of(test) == np.flatnonzero(data.table["split"] == "test")).all()
    assert set(train.table["split"]) == set(val.table["split"]) == {"train"}
    assert not set(train.table["group"]) & set(val.table["group"])
    assert abs(len(val) / (len(train) + len(val)) - 0.2) < 0.03


def test_the_publishers_validation_slices_stay_what_they_are():
    data = made_up()
    parts = np.array(["train", "val", "test"])[np.random.default_rng(0).integers(0, 3, len(data))]
    data.table["split"] = parts
    for part, rows in zip(
        ("train", "val", "test"), datasets.split_rows(data, "official"), strict=True
    ):
        assert np.array_equal(rows, np.flatnonzero(parts == part))
    data.table["split"] = np.where(parts == "test", "val", parts)
    with pytest.raises(CourseError, match="without a test set"):
        data.split("official")


@pytest.mark.parametrize("by, count", [("group", 5), ("slice", 3)])
def test_in_folds_each_slice_is_tested_once(by, count):
    data = made_up()
    parts = datasets.fold_rows(data, by, count)
    assert len(parts) == count
    tested = np.concatenate([test for *_, test in parts])
    assert np.array_equal(np.sort(tested), np.arange(len(data)))
    groups = data.table["group"].to_numpy()
    for rows in parts:
        assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(len(data)))
        train, val, test = (set(groups[part]) for part in rows)
        together = (train & val) | (train & test) | (val & test)
        assert not together if by == "group" else len(together) > 50
        assert {len(set(data.labels[part])) for part in rows} == {4}
        assert abs(len(rows[1]) / (len(rows[0]) + len(rows[1])) - 0.2) < 0.05
    again = datasets.fold_rows(data, by, count)
    assert all(map(np.array_equal, sum(parts, ()), sum(again, ())))


def test_folds_of_few_groups():
    assert len(datasets.fold_rows(made_up(groups_a_class=3))) == 3
    with pytest.raises(CourseError, match="only 2 groups of slices, and a split needs at least 3"):
        datasets.fold_rows(made_up(groups_a_class=2))
    with pytest.raises(CourseError, match="'official': use one of group, slice"):
        datasets.fold_rows(made_up(), "official")


def test_a_split_by_slice_tears_groups_apart():
    train, _, test = made_up().split("slice")
    assert len(set(train.table["group"]) & set(test.table["group"])) > 50


@pytest.mark.parametrize("by", ["group", "official", "slice"])
def test_a_seed_gives_the_same_split_again_and_another_seed_another(by):
    data = made_up()
    first, again, other = (data.split(by, seed) for seed in (1, 1, 2))
    assert all((rows_of(a) == rows_of(b)).all() for a, b in zip(first, again, strict=True))
    assert not np.array_equal(rows_of(first[0]), rows_of(other[0]))


def test_a_split_of_few_groups_and_one_of_too_few():
    sizes = [len(part) for part in made_up(groups_a_class=5).split("group")]
    assert min(sizes) > 0
    with pytest.raises(CourseError, match="only 2 groups"):
        made_up(groups_a_class=2).split("group")


def test_splits_that_do_not_exist():
    data = made_up()
    with pytest.raises(
        CourseError, match="no split called 'patient': use one of group, slice, official"
    ):
        data.split("patient")
    for only in ("train", "test"):
        data.table["split"] = only
        with pytest.raises(CourseError, match="without a test set"):
            data.split("official")


# --- caches ---------------------------------------------------------------------------------


def test_an_import_is_loaded_from_its_cache(archive, monkeypatch):
    imported = datasets.import_data(archive)
    monkeypatch.setattr(kaggle, "read", None)
    loaded = datasets.load("kaggle")
    pd.testing.assert_frame_equal(imported.table, loaded.table)
    assert np.array_equal(imported.images, loaded.images)
    assert isinstance(loaded.images, np.memmap) and loaded.masks is None
    assert len(loaded) == 32 and loaded.table["group"].notna().all()
    assert loaded.table["patient"].isna().all() or (loaded.table["patient"] == "").all()
    assert datasets.problems("kaggle").values.tolist() == [
        ["Training/glioma/bad.jpg", "is not an image"]
    ]


def test_names_are_checked_and_missing_data_is_explained(monkeypatch):
    with pytest.raises(CourseError, match="no data set called 'brats'"):
        datasets.load("brats")
    with pytest.raises(CourseError, match="course data download"):
        datasets.load("kaggle")
    assert len(datasets.problems("kaggle")) == 0


def test_practice_data_is_simulated_once(monkeypatch):
    calls = []

    def practice():
        calls.append(1)
        data = made_up()
        return data.contrasts, data.masks, data.table

    monkeypatch.setattr(simulated, "make", practice)
    first, second = datasets.load("practice"), datasets.load("practice")
    assert len(calls) == 1
    assert np.array_equal(first.contrast("flair"), second.contrast("flair"))
    assert np.array_equal(first.masks, made_up().masks)
    monkeypatch.setattr(simulated, "VERSION", "another")
    datasets.load("practice")
    assert len(calls) == 2


def test_two_kernels_at_once_simulate_once(monkeypatch):
    calls = []

    def practice():
        calls.append(1)
        time.sleep(0.3)
        data = made_up(groups_a_class=3)
        return data.contrasts, data.masks, data.table

    monkeypatch.setattr(simulated, "make", practice)
    found = []
    threads = [threading.Thread(target=lambda: found.append(datasets.load())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1 and len(found) == 3
    assert leftovers() == []


def test_two_imports_at_once_both_end_well(archive):
    threads = [threading.Thread(target=datasets.import_data, args=(archive,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(datasets.load("kaggle")) == 32
    assert leftovers() == []


def test_a_failed_import_leaves_the_data_imported_before(archive, tmp_path):
    before = datasets.import_data(archive).table
    empty = tmp_path / "empty"
    empty.mkdir()
    for wrong in (empty, tmp_path / "nothing.zip"):
        with pytest.raises(CourseError):
            datasets.import_data(wrong)
    pd.testing.assert_frame_equal(datasets.load("kaggle").table, before)


def test_a_new_import_takes_the_place_of_the_old_one(archive, tmp_path):
    old = datasets.import_data(archive)
    for name, data in laid_out(*official(), each=3).items():
        path = tmp_path / "new" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert len(datasets.import_data(tmp_path / "new")) == 24
    assert len(datasets.load("kaggle")) == 24 and len(datasets.problems("kaggle")) == 0
    # Whoever had the old data open keeps it.
    assert old.images.shape == (32, 128, 128) and old.images[31].max() > 0
    assert leftovers() == []


@pytest.mark.parametrize(
    "error, words",
    [
        (OSError(28, "No space left on device"), "disk is full"),
        (OSError("Not enough free space to write 1 bytes after offset 128"), "disk is full"),
        (OSError("3000000 requested and 1044352 written"), "disk is full"),
        (PermissionError(13, "Permission denied"), "cannot be written"),
    ],
)
def test_no_space_and_no_access_leave_nothing_half_written(archive, monkeypatch, error, words):
    before = datasets.import_data(archive).table

    def fail(path, array):
        path.write_bytes(b"half")
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", fail)
        with pytest.raises(CourseError, match=words):
            datasets.import_data(archive)
    assert leftovers() == []
    pd.testing.assert_frame_equal(datasets.load("kaggle").table, before)


def test_a_folder_for_data_that_cannot_be_made(archive, monkeypatch, tmp_path):
    def no(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", no)
    with pytest.raises(CourseError, match="set COURSE_DATA to a folder of your own"):
        datasets.import_data(archive)


def test_a_file_in_the_place_of_the_data_folder(archive, monkeypatch):
    for wrong in (archive, archive / "data"):
        monkeypatch.setenv("COURSE_DATA", str(wrong))
        with pytest.raises(CourseError, match="set COURSE_DATA to a folder of your own"):
            datasets.import_data(archive)


def save_for_ever(folder):
    """Write half a cache and hang, as a process does that is about to be killed."""
    os.environ["COURSE_DATA"] = folder
    data = made_up(groups_a_class=3)

    def hang(path, array):
        path.write_bytes(b"half")
        time.sleep(60)

    datasets.np.save = hang
    target = datasets.folder_of("kaggle")
    with files.lock(target), files.atomic(target) as new:
        datasets.save(new, data.contrasts, None, data.table)


def test_a_kill_half_way_loses_nothing_and_the_next_try_goes_on(archive, own_data_folder):
    before = datasets.import_data(archive).table
    process = multiprocessing.get_context("spawn").Process(
        target=save_for_ever, args=(str(own_data_folder),)
    )
    process.start()
    for _ in range(600):
        if leftovers():
            break
        time.sleep(0.1)
    os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.join()
    assert leftovers() != []
    pd.testing.assert_frame_equal(datasets.load("kaggle").table, before)
    # Neither the lock nor the half-written folder of the dead process is in the way.
    assert len(datasets.import_data(archive)) == 32
    assert leftovers() == []


def test_what_cannot_be_read_again_does_not_take_the_place_of_what_can(archive, monkeypatch):
    before = datasets.import_data(archive).table
    images, _, table, problems, notes = kaggle.content(archive)
    table.loc[3, "file"] = "Training/glioma/a\rb.jpg"
    monkeypatch.setattr(kaggle, "content", lambda path: (images, None, table, problems, notes))
    with pytest.raises(CourseError, match="is damaged"):
        datasets.import_data(archive)
    pd.testing.assert_frame_equal(datasets.load("kaggle").table, before)
    assert leftovers() == []


@pytest.mark.parametrize("odd", ["NA", "None", "1", "nan"])
def test_odd_names_of_classes_patients_and_groups_are_names(odd):
    data = made_up(groups_a_class=2)
    data.table.loc[data.table["label"] == "glioma", ["label", "group", "patient"]] = odd
    folder = datasets.folder_of("kaggle")
    datasets.save(folder, data.contrasts, None, data.table.assign(split=""))
    table = datasets.load("kaggle").table
    for column in ("label", "group"):
        assert list(table[column]) == list(data.table[column])
    assert list(table["patient"].fillna("")) == list(data.table["patient"].fillna(""))
    assert set(table["split"]) == {""} and not datasets.load("kaggle").has_patients


def test_odd_names_of_files_do_no_harm_to_an_import(archive):
    datasets.import_data(archive)
    with zipfile.ZipFile(archive, "a") as zipped:
        zipped.writestr("Training/glioma/a\r\nb.jpg", picture(777))
        zipped.writestr('Training/glioma/\x1b[31m,".jpg', b"no")
        zipped.writestr("NA", b"no")
    data = datasets.import_data(archive)
    assert len(data) == 33 and r"Training/glioma/a\r\nb.jpg" in set(data.table["file"])
    names = set(datasets.problems("kaggle")["file"])
    assert names == {"Training/glioma/bad.jpg", "NA", 'Training/glioma/\\x1b[31m,".jpg'}


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\xff"])
def test_a_damaged_list_of_problems(archive, content):
    datasets.import_data(archive)
    path = datasets.folder_of("kaggle") / "problems.csv"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(CourseError, match=r"problems.csv is damaged .*import the data again"):
        datasets.problems("kaggle")


@pytest.mark.parametrize("harm", ["table.csv", "t1ce.npy", "contents.json"])
def test_a_damaged_cache_says_what_to_delete(archive, harm):
    datasets.import_data(archive)
    folder = datasets.folder_of("kaggle")
    (folder / harm).write_bytes((folder / harm).read_bytes()[:20])
    with pytest.raises(CourseError, match="is damaged") as caught:
        datasets.load("kaggle")
    assert str(folder) in str(caught.value)


def test_a_cache_whose_parts_do_not_belong_together(archive):
    datasets.import_data(archive)
    folder = datasets.folder_of("kaggle")
    np.save(folder / "t1ce.npy", np.zeros((3, 128, 128), np.uint8))
    with pytest.raises(CourseError, match="do not belong together"):
        datasets.load("kaggle")


def test_an_older_form_of_the_cache_is_not_taken_for_the_new_one(archive, monkeypatch):
    datasets.import_data(archive)
    monkeypatch.setattr(kaggle, "VERSION", kaggle.VERSION + 1)
    with pytest.raises(CourseError, match="not on this computer yet"):
        datasets.load("kaggle")


def test_pictures_that_are_the_same_share_a_group(tmp_path):
    contents = laid_out(*official(), each=3)
    contents["Testing/glioma/copy.jpg"] = contents["Training/glioma/1.jpg"]
    contents["Testing/glioma/other.jpg"] = picture(999)
    for name, data in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    groups = datasets.import_data(tmp_path).table.set_index("file")["group"]
    assert groups["Testing/glioma/copy.jpg"] == groups["Training/glioma/1.jpg"]
    assert groups.nunique() == len(groups) - 1


def leftovers():
    return list((settings.data_dir()).glob("**/*.partial"))
