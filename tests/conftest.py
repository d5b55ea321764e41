"""Fixtures for unit tests.

A unit test gets an empty data folder of its own, so it can neither write to ``data/`` nor depend
on what is there. The two exceptions read only: ``practice`` and ``shared``. Notebooks are not
touched by these fixtures: under nbval a lesson uses the real data folder, as a learner does.
"""

import numpy as np
import pandas as pd
import pytest

from course_utils import datasets, settings


@pytest.fixture(scope="session")
def practice():
    """The practice data from the shared cache; simulated once where there is none."""
    return datasets.load("practice")


@pytest.fixture(scope="session")
def shared():
    """Folder beside the repository with the real data's zip; few computers have one."""
    folder = settings.ROOT.parent / "shared"
    if not (folder / "mri" / "archive.zip").exists():
        pytest.skip(f"the real data's zip is not in {folder / 'mri'}")
    return folder


@pytest.fixture(autouse=True)
def own_data_folder(monkeypatch, tmp_path):
    """Point the course to an empty folder, and to no remembered or exported choice."""
    folder = tmp_path / "data"
    monkeypatch.setenv("COURSE_DATA", str(folder))
    for name in ("COURSE_DATASET", "COURSE_STATIC", "COURSE_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(
    params=[(128, None, 2), (96, None, 5), (64, 3, 2), (128, 3, 5)],
    ids=lambda kind: "{} px, {} colours, {} classes".format(*kind),
)
def own_data(request):
    """Noise as of a learner's own folder: any size, grey or colour, six slices of each class."""
    side, colours, classes = request.param
    names = tuple(f"kind_{number}" for number in range(classes))
    table = pd.DataFrame({"label": np.tile(names, 6), "patient": pd.NA, "plane": "unknown"})
    table["group"] = [f"g{row % classes}-{row // classes % 3}" for row in range(len(table))]
    table = table.assign(split="", source="mine", width=side, height=side, mode="int16", bytes=900)
    shape = len(table), side, side, *([colours] if colours else [])
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return datasets.Dataset("mine", {"picture": images}, None, table, names)


@pytest.fixture
def save_tiny():
    """Function that saves a data set of eight black slices, two a group and two a class."""

    def save(name):
        table = pd.DataFrame(
            {
                "label": ["glioma", "meningioma", "notumor", "pituitary"] * 2,
                "patient": "",
                "plane": "unknown",
                "group": [f"g{number // 2}" for number in range(8)],
                "split": ["train"] * 6 + ["test"] * 2,
                "source": name,
            }
        )
        images = np.zeros((8, 128, 128), np.uint8)
        problems = pd.DataFrame({"file": ["Testing/bad.jpg"], "problem": ["it is empty"]})
        known = name in settings.DATASETS
        folder = datasets.folder_of(name) if known else settings.named_dir() / name / "v1"
        datasets.save(folder, {"t1ce": images}, None, table, problems)

    return save
