"""What an audit writes down."""

import numpy as np
import pandas as pd
import pytest

from course_utils import datasets, settings
from course_utils.cli import audit, commands
from course_utils.cli.figures import DASH
from course_utils.core import results
from course_utils.realdata import duplicates


@pytest.fixture
def few(monkeypatch, practice):
    """Some practice patients of each class, two slices of whom lie on both sides."""
    groups = practice.table.groupby("label")["group"].unique()
    chosen = [group for label in groups for group in label[:8]]
    rows = np.flatnonzero(practice.table["group"].isin(chosen))
    table = practice.table
    train = rows[(table["split"].iloc[rows] == "train").to_numpy()][:2]
    data = practice.take(np.concatenate([rows, train]))
    data.table.loc[len(rows) :, "split"] = "test"
    data.table["patient"] = ""
    data.table["group"] = duplicates.duplicate_groups(data.images)
    monkeypatch.setattr(datasets, "load", lambda name=None: data)
    return data


def test_an_audit_is_kept_with_all_it_counted(few, capsys):
    assert commands.main(["audit", "--dataset", "practice"]) == 0
    record = results.load("audit-practice")
    figures = record["figures"]
    assert figures["slices"] == len(few) and figures["groups"] == few.table["group"].nunique()
    assert figures["copies"]["exact"] == {"pairs": 2, "leaked_test_slices": 2}
    everything = figures["copies"]["all"]
    assert everything["pairs"] == len(duplicates.near_duplicates(few.images))
    assert figures["leakage"]["official"]["all"]["exact"] == 2
    assert figures["leakage"]["group"]["all"]["group"] == 0
    assert "image files" in figures["probes"].pop("geometry")["group"]["reason"]
    assert set(figures["probes"]) == {"histogram", "border"}
    for probe in figures["probes"].values():
        assert set(probe) == set(audit.SPLITS) | {"official_clean"}
        for found in probe.values():
            assert found["low"] <= found["value"] <= found["high"]
        assert probe["official_clean"]["slices"] < probe["official"]["slices"]
    assert record["settings"]["command"] == "course audit --dataset practice"
    said = capsys.readouterr().out
    assert audit.table(record["figures"]) in said and "audit-practice.json" in said


@pytest.fixture
def made(monkeypatch):
    """Function that loads a data set of noise, six groups in each of three classes.

    It is audited with some of the probes alone: each takes a second.
    """

    def make(split, groups=6, slices=2, probes=audit.PROBES):
        monkeypatch.setattr(audit, "PROBES", probes)
        count = 3 * groups * slices
        table = pd.DataFrame(
            {
                "label": np.repeat(["no", "perhaps", "yes"], groups * slices),
                "patient": "",
                "plane": "unknown",
                "group": [f"g{number // slices}" for number in range(count)],
                "split": split(np.arange(count), groups * slices),
                "source": "made",
            }
        )
        images = np.random.default_rng(0).integers(0, 255, (count, 128, 128)).astype(np.uint8)
        data = datasets.Dataset("practice", {"t1ce": images}, None, table, ("no", "perhaps", "yes"))
        monkeypatch.setattr(datasets, "load", lambda name=None: data)
        return data

    return make


def audited(capsys):
    assert commands.main(["audit"]) == 0
    assert "NaN" not in (settings.data_dir() / "results" / "audit-practice.json").read_text()
    return results.load("audit-practice")["figures"], capsys.readouterr().out


def test_a_data_set_without_a_published_split_is_audited_as_far_as_it_goes(made, capsys):
    data = made(lambda rows, size: "train")
    figures, said = audited(capsys)
    assert figures["slices"] == len(data) and figures["largest_group"] == 2
    assert figures["copies"]["all"]["pairs"] == 0
    nothing = figures["copies"]["exact"]
    assert nothing["leaked_test_slices"] is None and "publisher" in nothing["reason"]
    assert figures["leakage"]["official"]["all"] == {"slices": None, "exact": None, "group": None}
    for by in ("official", "official_clean"):
        found = figures["probes"]["histogram"][by]
        assert found["value"] is None and "publisher" in found["reason"]
    assert 0 <= figures["probes"]["histogram"]["group"]["value"] <= 1
    slices = " | ".join(str(figures["leakage"][by]["all"]["slices"]) for by in ("slice", "group"))
    assert (
        f"|  | split by slice | split by group |\n| --- | --- | --- |\n| test slices | {slices} |"
        in said
    )
    # The practice data has no files, so that geometry alone has dashes, and a reason.
    assert said.count(DASH) == 3 and "across_patients" not in figures


def test_a_published_test_set_of_one_group_has_accuracies_without_intervals(made, capsys):
    made(lambda rows, size: np.where(rows < 2, "test", "train"), probes=["border"])
    figures, said = audited(capsys)
    found = figures["probes"]["border"]["official"]
    assert found["value"] is not None and found["slices"] == 2
    assert found["low"] is None and found["high"] is None and "needs two" in found["reason"]
    assert "(no interval)" in said and "needs two" in said
    # Two of the three classes are not in the test set at all.
    assert figures["leakage"]["official"]["yes"]["slices"] == 0


def test_classes_too_small_to_split_are_counted_all_the_same(made, capsys):
    made(lambda rows, size: np.where(rows % 2, "test", "train"), groups=2, probes=["border"])
    figures, said = audited(capsys)
    assert figures["leakage"]["group"]["all"]["slices"] is None
    assert "needs at least 3" in figures["leakage"]["group"]["reason"]
    assert figures["groups"] == 6 and figures["copies"]["exact"]["leaked_test_slices"] == 0
    assert "needs at least 3" in said


def test_a_published_test_set_without_one_slice_that_is_clean(made, capsys):
    made(lambda rows, size: np.where(rows % 2, "test", "train"), probes=["histogram"])
    clean = audited(capsys)[0]["probes"]["histogram"]["official_clean"]
    assert clean["value"] is None and clean["slices"] == 0 and "in training" in clean["reason"]


def test_a_class_that_published_training_lacks(made, capsys):
    made(
        lambda rows, size: np.where((rows < size) | (rows % 3 == 0), "test", "train"),
        probes=["histogram"],
    )
    figures, _ = audited(capsys)
    assert 0 <= figures["probes"]["histogram"]["official"]["value"] <= 1


def test_the_table_in_the_data_card_is_up_to_date():
    figures = results.load("audit-kaggle")["figures"]
    text = audit.CARD.read_text(encoding="utf-8")
    assert audit.table(figures) in text, "run 'course results'"
    assert "| test slices | 1,311 | 1,755 |" in text.splitlines()
    assert figures["slices"] == 7019
    assert figures["leakage"]["official"]["all"]["exact"] == 216
    assert 0.92 < figures["probes"]["histogram"]["official"]["value"] < 0.96
    assert figures["leakage"]["group"]["all"]["group"] == 0
