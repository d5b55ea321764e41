"""Lesson 04's cells for a blank notebook do what it promises, in an empty folder, on flowers."""

import json
from pathlib import Path

import pytest
from test_own_pictures import flowers  # noqa: F401

from course_utils import models, settings
from course_utils.models import weights

BLANK = "blank-notebook"


@pytest.fixture
def cells():
    """The code of the tagged cells of lesson 04, in order."""
    (path,) = settings.NOTEBOOKS.glob("04_*.ipynb")
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(c["source"]) for c in found if BLANK in c["metadata"].get("tags", ())]


def test_slices_of_one_patient_stay_together(cells, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for patient in range(10):
        for number in range(3):
            path = tmp_path / "pictures" / "glioma" / f"P{patient}_{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    exec(cells[0], {})
    parts = [
        {path.stem.split("_")[0] for path in Path("sorted", part).rglob("*.png")}
        for part in ("train", "val", "test")
    ]
    assert [len(part) for part in parts] == [6, 2, 2]
    assert len(set.union(*parts)) == 10


def test_the_cells_need_nothing_of_this_course(cells):
    assert len(cells) >= 5
    assert not [cell for cell in cells if "course_utils" in cell]


def test_a_folder_of_flowers_is_learned_from_fine_tuned_saved_and_evaluated(
    flowers,  # noqa: F811
    cells,
    tmp_path,
    monkeypatch,
):
    flowers.rename(tmp_path / "pictures")
    monkeypatch.chdir(tmp_path)
    # What a download would bring, in Keras's own form.
    network = models.build_backbone("mobilenetv2", models.slice_input((128, 128, 3)))
    weights.load(network, weights.resolve("mobilenetv2", "simulated"))
    network.save_weights("borrowed.weights.h5")
    names = {}
    for number, cell in enumerate(cells):
        exec(compile(cell, f"cell {number}", "exec"), names)
    copied = [path.relative_to("sorted").parts[:2] for path in Path("sorted").rglob("*.png")]
    assert len(copied) == 300 and len(set(copied)) == 3 * 5, "all of them, in three parts"
    assert names["accuracy"] > 0.5, "five classes: guessing gives 0.2"
