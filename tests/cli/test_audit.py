"""What an audit writes down."""

import numpy as np
import pytest

from course_utils import datasets
from course_utils.cli import audit, commands
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
    assert set(figures["probes"]) == {"histogram", "border"}
    for probe in figures["probes"].values():
        assert set(probe) == set(audit.SPLITS) | {"official_clean"}
        for found in probe.values():
            assert found["low"] <= found["value"] <= found["high"]
        assert probe["official_clean"]["slices"] < probe["official"]["slices"]
    assert record["settings"]["command"] == "course audit --dataset practice"
    assert "audit-practice.json" in capsys.readouterr().out


def test_the_table_in_the_data_card_is_up_to_date():
    figures = results.load("audit-kaggle")["figures"]
    text = audit.CARD.read_text(encoding="utf-8")
    assert audit.table(figures) in text, "run 'course results'"
    assert figures["slices"] == 7019
    assert figures["leakage"]["official"]["all"]["exact"] == 216
    assert 0.92 < figures["probes"]["histogram"]["official"]["value"] < 0.96
    assert figures["leakage"]["group"]["all"]["group"] == 0


def test_the_table_is_put_between_its_marks_only(tmp_path):
    card = tmp_path / "README.md"
    card.write_text("before\n<!-- audit -->\nold\n<!-- /audit -->\nafter\n")
    audit.write_table(card)
    lines = card.read_text().splitlines()
    assert lines[0] == "before" and lines[-1] == "after" and "old" not in lines
    assert "| test slices | 1,311 | 1,755 |" in lines
