"""Named data sets: however folders of classes are laid out, and whatever lies in them."""

import io

import numpy as np
import pytest
from PIL import Image
from realdata.test_kaggle import laid_out, make, picture

from course_utils import datasets, settings
from course_utils.core import pictures
from course_utils.core.errors import CourseError
from course_utils.realdata import folders

__all__ = ["make"]  # a zip or a folder
KINDS = ("daisy", "rose", "tulip")


def flower(seed, mode="RGB", format="PNG", size=(48, 40)):
    """A smooth picture of 48 by 40 pixels that no other seed gives."""
    rng = np.random.default_rng(seed)
    smooth = rng.integers(0, 256, (5, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    image = Image.fromarray(smooth).resize(size, Image.Resampling.BICUBIC).convert(mode)
    image.save(buffer, format)
    return buffer.getvalue()


def read(path, **options):
    """What an import makes of it: pictures, table, problems by file, notes."""
    contrasts, masks, table, problems, notes = folders.content(path, **options)
    assert masks is None and list(contrasts) == ["picture"]
    assert len(table) == len(contrasts["picture"])
    for note in notes:
        assert note.endswith(".") and "\n" not in note
    return contrasts["picture"], table, dict(problems.to_numpy()), notes


def refusal(path, **options):
    with pytest.raises(CourseError) as caught:
        folders.content(path, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".") and "Traceback" not in sentence
    return sentence


def test_class_folders_become_slices_a_table_and_groups(make):
    contents = laid_out(*KINDS)
    contents["rose/copy.jpg"] = contents["rose/0.jpg"]
    images, table, problems, notes = read(make(contents))
    assert images.shape == (7, 128, 128) and images.dtype == np.uint8
    assert list(table["label"]) == ["daisy"] * 2 + ["rose"] * 3 + ["tulip"] * 2
    assert set(table["split"]) == set(table["patient"]) == {""}
    assert set(table["plane"]) == {"unknown"} and problems == {}
    groups = table.set_index("file")["group"]
    assert groups["rose/copy.jpg"] == groups["rose/0.jpg"] and groups.nunique() == 6
    for row, image in zip(table.itertuples(), images, strict=True):
        assert np.array_equal(image, pictures.decode(contents[row.file])[0])
        assert (row.width, row.height, row.mode) == (40, 48, "L")
        assert row.bytes == len(contents[row.file])
    assert notes == [
        "daisy, rose, tulip have fewer than 3 groups (patients, or near-duplicates where those are "
        "unknown), and a split needs 3: add more."
    ]


@pytest.mark.parametrize(
    "layout, parts",
    [
        (KINDS, {""}),
        ([f"archive/flowers/{kind}" for kind in KINDS], {""}),
        ([f"Training/{kind}" for kind in KINDS], {""}),
        ([f"{part}/{kind}" for part in ("TRAIN", "Test") for kind in KINDS], {"train", "test"}),
        (
            [f"a/b/{part}/{kind}" for part in ("train", "Valid", "testing") for kind in KINDS],
            {"train", "val", "test"},
        ),
        ([f"seg_{p}/seg_{p}/{kind}" for p in ("train", "test") for kind in KINDS], None),
        ([f"train/train/{kind}" for kind in KINDS] + ["test/test/rose"], {"train", "test"}),
        ([*(f"train/{kind}" for kind in KINDS), "validation/rose", "val/tulip"], {"train", "val"}),
    ],
)
def test_folders_are_recognised_however_they_are_wrapped_and_divided(make, layout, parts):
    _, table, problems, _ = read(make(laid_out(*layout)))
    assert set(table["label"]) == set(KINDS) and len(table) == 2 * len(layout) and problems == {}
    assert set(table["split"]) == (parts or {"train", "test"})
    for row in table.itertuples():
        assert row.label in row.file.split("/")
        assert row.split[:2] in row.file.lower()


@pytest.mark.parametrize("classes", [{"train", "bus"}, {"mask", "no_mask"}, {"1", "None"}])
def test_a_class_may_be_called_train_or_mask(make, classes):
    assert set(read(make(laid_out(*classes)))[1]["label"]) == classes


def test_pictures_without_a_class_are_listed(make):
    contents = laid_out("train/daisy", "train/rose", "test/daisy", "unsorted")
    contents |= {
        "cover.jpg": picture(90),
        "docs/read.txt": b"hello",
        "train/loose.jpg": picture(91),
    }
    _, table, problems, notes = read(make(contents))
    assert len(table) == 6
    assert set(problems) == {"cover.jpg", "docs/read.txt", "train/loose.jpg"} | {
        "unsorted/0.jpg", "unsorted/1.jpg"
    }  # fmt: skip
    assert set(problems.values()) == {"lies outside the class folders"}
    assert "The folder unsorted holds no class folders, so its pictures were left out." in notes


def test_bad_files_are_listed_and_the_rest_is_imported(make):
    contents = laid_out(*KINDS)
    bad = {
        "rose/cut.jpg": (contents["rose/0.jpg"][:-100], "cut-off"),
        "rose/empty.jpg": (b"", "is empty"),
        "tulip/notes.txt": (b"hello", "is not an image"),
        "tulip/tiny.png": (flower(1, size=(3, 3)), "has only 3 x 3 pixels"),
        "daisy/scan.dcm": (b"\0" * 128 + b"DICM", "is a DICOM file and no picture"),
    }
    _, table, problems, _ = read(make(contents | {name: data for name, (data, _) in bad.items()}))
    assert len(table) == 6 and set(problems) == set(bad)
    for name, problem in problems.items():
        assert bad[name][1] in problem


@pytest.mark.parametrize(
    "layout, words",
    [
        (["rose"], "no class folders side by side, only pictures in rose"),
        (["flowers/rose"], "only pictures in flowers/rose"),
        (["train", "test"], "only pictures in test"),
        (["train/rose", "test/rose"], "fewer than two class folders for training"),
        (["train/rose", "train/tulip", "test/daisy", "test/rose"], "pictures of daisy in test and"),
        (["val/rose", "val/tulip", "test/rose", "test/tulip"], "none in a folder train"),
        (["train/a", "train/b", "more/a", "more/b"], "a folder more beside train"),
        (["Rose", "rose", "tulip"], "'Rose' and 'rose', which may be the same"),
        ([" rose", "rose", "tulip"], "' rose' and 'rose', which may be the same"),
        (["train/Rose", "train/tulip", "test/rose", "test/tulip"], "none in a folder train"),
        (["caf\u00e9", "cafe\u0301"], "which may be the same"),
        ([" ", "rose"], "a class folder without a name"),
    ],
)  # fmt: skip
def test_folders_that_could_be_misunderstood_are_refused(make, layout, words):
    path = make(laid_out(*layout))
    sentence = refusal(path)
    assert words in sentence and str(path) in sentence


def test_pictures_that_lie_flat_are_refused(make):
    flat = make({"0.jpg": picture(0), "1.jpg": picture(1)})
    assert "no class folders side by side, only pictures there" in refusal(flat)


def test_what_holds_no_pictures_is_refused(make, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no files" in refusal(tmp_path / "empty")
    assert "There is nothing at" in refusal(tmp_path / "nowhere")
    path = make({"rose/a.txt": b"hello", "tulip/b.txt": b"hello"})
    assert "holds no pictures, only rose/a.txt and the like" in refusal(path)


def test_medical_volumes_are_called_that(make):
    said = refusal(make({"rose/a.nii.gz": b"x" * 200, "tulip/b.nii.gz": b"x" * 200}))
    assert "rose" in said and "a NIfTI volume and no picture" in said and "save each slice" in said


def test_a_class_of_which_nothing_can_be_used_is_refused(make):
    contents = laid_out("train/rose", "train/tulip", "test/rose") | {"train/daisy/a.png": b"no"}
    said = refusal(make(contents | {"test/daisy/a.jpg": picture(99)}))
    assert "None of the training pictures of daisy" in said and "is not an image" in said


def test_what_the_course_keeps_is_not_imported_again(own_data_folder):
    for place in ("named/rose/v1", "kaggle"):
        for label in KINDS:
            (own_data_folder / place / label).mkdir(parents=True)
            (own_data_folder / place / label / "0.jpg").write_bytes(picture(1))
        assert "where the course keeps what it imported" in refusal(own_data_folder / place)


# --- patients -------------------------------------------------------------------------------


def test_sub_folders_are_patients(make):
    layout = [f"{kind}/{kind[0]}{number}/scan" for kind in KINDS for number in range(3)]
    contents = laid_out(*layout)
    contents["rose/r1/scan/copy.jpg"] = contents["rose/r0/scan/0.jpg"]
    _, table, _, notes = read(make(contents))
    assert list(table["patient"]) == [file.split("/")[1] for file in table["file"]]
    assert (table["group"] == table["patient"]).all()
    (note,) = notes
    assert note.startswith("Pairs of near-duplicates with two patients: 1, such as ")
    assert "rose/r0/scan/0.jpg and rose/r1/scan/copy.jpg" in note


def test_patients_of_two_classes_are_one_group(make):
    layout = [f"{kind}/p{number}" for kind in KINDS for number in range(4)] + ["rose/both"] * 1
    _, table, _, notes = read(make(laid_out(*layout, "tulip/both", "tulip/p9", "daisy/p8")))
    assert (table["group"] == table["patient"]).all() and table["group"].nunique() == 7
    assert notes[0].startswith("Patients in two classes or more: 5, such as both;")


@pytest.mark.parametrize(
    "layout, each, words",
    [
        ([f"{kind}/images" for kind in KINDS], 3, "The same sub-folders (images) stand in every"),
        ([f"{kind}/{kind}" for kind in KINDS], 3, "No class has more than one sub-folder"),
        (
            [f"{kind}/{part}" for kind in KINDS for part in ("train", "test")],
            3,
            "The same sub-folders (test, train) stand in every class",
        ),
        (
            [f"{kind}/{kind}{number}" for kind in KINDS for number in range(3)],
            1,
            "No sub-folder of a class holds more than one picture",
        ),
    ],
)
def test_sub_folders_that_are_no_patients(make, layout, each, words):
    _, table, _, notes = read(make(laid_out(*layout, each=each)))
    assert set(table["patient"]) == {""} and table["group"].nunique() == len(table)
    (note,) = notes
    assert words in note and "not taken for patients" in note


def test_folders_of_masks_are_left_out(make):
    layout = [f"{kind}/{what}" for kind in KINDS for what in ("images", "lung masks", "Masks")]
    _, table, problems, _ = read(make(laid_out(*layout, each=3)))
    assert len(table) == 9 and len(problems) == 18
    assert set(problems.values()) == {"lies in a folder of masks"}


def test_where_only_some_lie_in_sub_folders_copies_join_the_patients_group(make):
    contents = laid_out(*(f"{kind}/{kind[0]}{n}" for kind in KINDS for n in range(3)), "rose")
    contents["rose/copy.jpg"] = contents["rose/r0/1.jpg"]
    _, table, _, notes = read(make(contents))
    groups = table.set_index("file")["group"]
    assert groups["rose/copy.jpg"] == groups["rose/r0/0.jpg"] == "r0"
    assert groups["rose/0.jpg"] != groups["rose/1.jpg"]
    assert table.set_index("file")["patient"]["rose/copy.jpg"] == ""
    assert notes[0].startswith("Pictures in no sub-folder of their class: 3;")


@pytest.mark.parametrize(
    "pattern, patients",
    [("p[0-9]+", {"p1", "p2"}), ("p([0-9]+)", {"1", "2"}), ("(?:x|p)(.)_(.)", {"1", "2"})],
)
def test_a_pattern_finds_patients_in_the_names_of_files(make, pattern, patients):
    names = [f"{k}/p7/p{p}_{n}.jpg" for k in KINDS for p in (1, 2) for n in range(2)]
    _, table, _, _ = read(make({name: picture(n) for n, name in enumerate(names)}), patient=pattern)
    assert set(table["patient"]) == patients and (table["group"] == table["patient"]).all()


@pytest.mark.parametrize(
    "pattern, words",
    [
        ("(", "'(' is no regular expression"),
        ("p[0-9]", "in none of the file names of"),
        ("", "in none of the file names of"),
        ("(x)?", "in none of the file names of"),
        ("0", "in some file names only of"),
    ],
)
def test_patterns_that_find_nothing_or_not_everywhere(make, pattern, words):
    said = refusal(make(laid_out(*KINDS)), patient=pattern)
    assert words in said
    if "some" in said:
        assert "not in daisy/1.jpg" in said


# --- pictures -------------------------------------------------------------------------------


def test_colour_stays_where_pictures_have_it(make):
    contents = {f"{kind}/{n}.png": flower(n, "RGB") for kind in KINDS for n in range(2)}
    contents["rose/grey.png"] = flower(7, "L")
    path = make(contents)
    images, table, _, notes = read(path)
    assert images.shape == (7, 128, 128, 3)
    grey = images[list(table["file"]).index("rose/grey.png")]
    assert np.ptp(grey, axis=-1).max() == 0 and np.ptp(images[0], axis=-1).max() > 50
    assert np.array_equal(images[0], pictures.decode(contents["daisy/0.png"], colour=True)[0])
    assert read(path, colour=False)[0].shape == (7, 128, 128)


def test_grey_pictures_saved_in_colour_are_grey(make):
    def noisy(seed):
        """Grey, in colour with what a camera or a JPEG adds."""
        grey = np.asarray(Image.open(io.BytesIO(flower(seed, "L")))).astype(int)
        noise = np.random.default_rng(seed).integers(-6, 7, (*grey.shape, 3))
        return pictures.encode((grey[..., None] + noise).clip(0, 255).astype(np.uint8))

    contents = {f"{kind}/{n}.png": noisy(n) for kind in KINDS for n in range(12)}
    path = make(contents)
    images, table, _, notes = read(path)
    assert images.shape == (36, 128, 128) and set(table["mode"]) == {"RGB"}
    assert not any("colour" in note for note in notes)
    assert read(path, colour=True)[0].shape == (36, 128, 128, 3)


def test_a_slip_of_colour_makes_no_coloured_set(make):
    contents = {f"{kind}/{n}.png": flower(n, "L") for kind in KINDS for n in range(10)}
    contents["rose/coloured.png"] = flower(77)
    images, table, _, notes = read(make(contents))
    assert images.shape == (31, 128, 128)
    assert "1 of 31 pictures have colour, and all were made grey: --colour keeps it." in notes
    expected = pictures.decode(contents["rose/coloured.png"])[0].astype(int)
    found = images[list(table["file"]).index("rose/coloured.png")]
    assert np.abs(found - expected).max() <= 2


@pytest.mark.parametrize("size", [32, 96, 512])
def test_pictures_have_the_size_asked_for(make, size):
    images, *_ = read(make(laid_out("rose", "tulip", each=1)), size=size)
    assert images.shape == (2, size, size)
    # 40 by 48 pixels: black fills a twelfth of the width on either side.
    filled = (images[0] > 0).any(axis=0)
    assert abs(filled.sum() - size * 40 / 48) <= 2


@pytest.mark.parametrize("size", [0, -16, 16, 100, 528])
def test_other_sizes_are_refused(tmp_path, size):
    assert f"of {size} pixels a side cannot be used: choose a multiple" in refusal(
        tmp_path, size=size
    )


# --- names ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["flowers", "7", "a-B_9", "x" * 40, "controls", "com10"])
def test_names_that_can_be_used(name):
    folders.check_name(name)


@pytest.mark.parametrize(
    "name, words",
    [
        *((name, "cannot be called") for name in ("", "-a", "_a", "a b", "a/b", "..", "x" * 41)),
        *(
            (name, "cannot be called")
            for name in ("con", "NUL", "Com1", "lpt9", "\u00fc", "\u212a", "a\n")
        ),
        ("kaggle", "has a data set called kaggle already"),
        ("Figshare", "has a data set called figshare already"),
        ("project-7", "has a data set called project-7 already"),
    ],
)
def test_names_that_cannot_be_used(name, words, tmp_path):
    with pytest.raises(CourseError, match=words):
        folders.check_name(name)
    with pytest.raises(CourseError, match=words):
        datasets.import_data(tmp_path, name)


def test_an_import_is_loaded_by_its_name_replaced_and_missed(make, tmp_path):
    path = make(laid_out(*KINDS, each=3))
    data = datasets.import_data(path, "flowers", size=32)
    assert settings.datasets()[-1] == "flowers" and set(data.table["source"]) == {"flowers"}
    assert data.main == "picture" and data.images.shape == (9, 32, 32)
    assert not data.has_patients and data.class_names == KINDS
    assert [len(part) for part in datasets.load("flowers").split()] == [3, 3, 3]
    assert datasets.notes("flowers") == [] and len(datasets.problems("flowers")) == 0
    with pytest.raises(CourseError, match="a data set called flowers already"):
        datasets.import_data(path, "Flowers")
    datasets.import_data(path, "flowers", size=64, patient="[0-9]")
    data = datasets.load("flowers")
    assert data.images.shape == (9, 64, 64) and data.has_patients
    assert "Patients in two classes or more: 3, such as 0;" in datasets.notes("flowers")[0]
    with pytest.raises(CourseError, match="There is nothing at"):
        datasets.import_data(tmp_path / "nothing", "flowers")
    assert len(datasets.load("flowers")) == 9
    (datasets.folder_of("flowers")).rename(settings.named_dir() / "flowers" / "v0")
    with pytest.raises(CourseError, match="import them again with 'course data import PATH --name"):
        datasets.load("flowers")
