"""The measurement from the command line, and the README's table of results."""

import copy
import dataclasses
import json

import numpy as np
import pytest

from course_utils import datasets, settings, training
from course_utils.cli import commands, evaluate
from course_utils.core import results
from course_utils.realdata import duplicates
from course_utils.training import recipes

# Patients of a class by the publisher's split, which needs three to divide in training.
SIZES = {"train": 3, "test": 1}


@pytest.fixture
def quick(monkeypatch, practice):
    """A few practice patients of each class, and recipes that end after one epoch."""
    groups = practice.table.groupby(["label", "split"])["group"].unique()
    chosen = [group for (_, split), names in groups.items() for group in names[: SIZES[split]]]
    few = practice.take(practice.table["group"].isin(chosen).to_numpy())
    monkeypatch.setattr(datasets, "load", lambda name=None: few)
    for name, recipe in recipes.RECIPES.items():
        short = dataclasses.replace(recipe, epochs=1)
        monkeypatch.setitem(recipes.RECIPES, name, short)
    return few


def test_a_classifier_is_measured_on_the_test_slices_and_against_the_baseline(quick, capsys):
    command = ["evaluate", "mobilenetv2-head", "--start", "random", "--seed", "3"]
    assert commands.main(command) == 0
    result = results.load("mobilenetv2-head-practice-group-random")
    figures, how = result["figures"], result["settings"]
    train, val, test = quick.split()
    assert figures["slices"] == {
        "train": len(train),
        "val": len(val),
        "test": len(test),
        "clean": int(duplicates.clean_rows(test, train, val).sum()),
        "no_upright_twin": len(test),
    }
    for name in (
        "accuracy",
        "accuracy_clean",
        "accuracy_no_upright_twin",
        "above_baseline",
    ):
        assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"]
    assert set(figures["train_seconds"]) == {"features", "training"}
    assert how["seed"] == 3 and how["weights"] == "random" and how["split"] == "group"
    assert how["command"] == (
        "course evaluate mobilenetv2-head --dataset practice --split group --start random --seed 3"
    )
    assert str(settings.data_dir()) not in json.dumps(result)


def test_of_several_seeds_it_keeps_each_and_their_mean(quick):
    assert commands.main(["evaluate", "baseline-plain", "--seed", "3", "--seeds", "2"]) == 0
    result = results.load("baseline-plain-practice-group")
    train, val, test = quick.split()
    single, plain = [], []
    for seed in (3, 4):
        runs = (
            training.train(name, train, val, seed=seed) for name in ("baseline-plain", "baseline")
        )
        right = [np.mean(run.predict(test).argmax(1) == test.labels) for run in runs]
        single.append(right[0])
        plain.append(right[0] - right[1])
    figures = result["figures"]
    assert figures["accuracy_by_seed"] == pytest.approx(single)
    assert figures["accuracy"]["value"] == pytest.approx(np.mean(single))
    assert figures["above_baseline_by_seed"] == pytest.approx(plain)
    assert figures["above_baseline"]["value"] == pytest.approx(np.mean(plain))
    assert result["settings"]["command"].endswith("--seed 3 --seeds 2")
    assert f"{single[0]:.1%}, {single[1]:.1%}" in evaluate._row(result).values()


def test_the_publishers_split_is_learned_from_whole_and_validates_on_nothing(quick, capsys):
    assert commands.main(["evaluate", "baseline", "--split", "official"]) == 0
    result = results.load("baseline-practice-official")
    official = (quick.table["split"] == "train").sum()
    assert result["figures"]["slices"]["train"] == official
    assert result["figures"]["slices"]["val"] == 0
    assert "validation:" not in capsys.readouterr().out


def test_a_split_by_slice_leaves_no_clean_slice_and_says_so(quick):
    assert commands.main(["evaluate", "baseline", "--split", "slice"]) == 0
    figures = results.load("baseline-practice-slice")["figures"]
    assert figures["slices"]["clean"] == 0
    assert figures["accuracy_clean"]["value"] is None
    assert "in training" in figures["accuracy_clean"]["reason"]
    assert figures["accuracy"]["low"] <= figures["accuracy"]["value"]


def test_in_folds_every_slice_is_tested_once_by_who_has_not_met_it(quick, monkeypatch):
    trained = []
    train = training.train

    def watched(recipe, seen, val, *how, **options):
        trained.append({*seen.table["group"], *val.table["group"]})
        return train(recipe, seen, val, *how, **options)

    monkeypatch.setattr(training, "train", watched)
    assert commands.main(["evaluate", "baseline", "--folds", "4"]) == 0
    result = results.load("baseline-practice-group")
    figures, how = result["figures"], result["settings"]
    groups = set(quick.table["group"])
    assert figures["slices"]["test"] == figures["slices"]["clean"] == len(quick)
    assert len(trained) == 4 and not set.intersection(*trained) and set.union(*trained) == groups
    assert how["folds"] == 4
    assert how["command"] == "course evaluate baseline --dataset practice --split group --folds 4"
    assert "practice, group split, 4 folds" in evaluate._row(result).values()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--split", "patient"], "'patient'"),
        (["--folds", "0"], "0 folds"),
        (["--seeds", "0"], "0 seeds"),
        (["--folds", "2", "--split", "official"], "'official'"),
        (["--split", ""], "''"),
    ],
)
def test_an_unknown_split_is_refused_before_anything_is_trained(
    quick, monkeypatch, capsys, words, says
):
    monkeypatch.setattr(training, "train", None)
    assert commands.main(["evaluate", "baseline", *words]) == 1
    assert says in capsys.readouterr().err


def test_training_from_the_command_line_says_where_the_run_is(quick, capsys):
    assert commands.main(["train", "baseline"]) == 0
    said = capsys.readouterr().out
    assert f"of {len(quick.split()[1])} validation slices" in said
    assert str(settings.data_dir() / "runs" / "baseline-") in said


def test_a_wrong_recipe_is_answered_with_the_right_ones(quick, capsys):
    assert commands.main(["train", "vgg"]) == 1
    assert "baseline-plain" in capsys.readouterr().err


def test_the_table_in_the_readme_is_up_to_date():
    text = evaluate.README.read_text(encoding="utf-8")
    assert evaluate.table() in text, "run 'course results'"


def test_the_table_has_a_row_for_each_classifier_and_marks_nothing_else(monkeypatch, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- results -->\nold\n<!-- /results -->\nafter\n")
    folder = tmp_path / "data" / "results"
    folder.mkdir(parents=True)
    estimate = {"value": 0.5, "low": 0.4, "high": 0.6}
    one = {
        "settings": {
            "recipe": {"name": "baseline"},
            "weights": "random",
            "dataset": "practice",
            "split": "group",
        },
        "figures": {
            "accuracy": estimate,
            "accuracy_clean": {"value": 0.25, "low": 0.2, "high": 0.3},
            "accuracy_no_upright_twin": {"value": 0.375, "low": 0.3, "high": 0.4},
            "slices": {"test": 10, "clean": 4},
            "parameters": 1234,
            "megabytes": 1.0,
            "train_seconds": {"features": 1.0, "training": 2.0},
            "milliseconds_a_slice": 3.0,
        },
    }
    (folder / "one.json").write_text(json.dumps(one))
    two = copy.deepcopy(one)
    two["settings"] |= {"split": "slice"}
    two["figures"]["accuracy_clean"] = dict.fromkeys(estimate) | {"reason": "none is left"}
    two["figures"]["above_baseline"] = {"value": 0.1, "low": None, "high": None, "reason": "one"}
    (folder / "two.json").write_text(json.dumps(two))
    (folder / "other.json").write_text(json.dumps({"settings": {}, "figures": {}}))
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    results.insert(readme, "results", evaluate.table())
    lines = readme.read_text().splitlines()
    assert lines[0] == "before" and lines[-1] == "after" and "old" not in lines
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 4
    assert "| – | +10.0% (no interval) |" in rows[3]
    parts = ("50.0% (40.0 to 60.0)", "37.5% (30.0 to 40.0)", "25.0% (20.0 to 30.0)")
    assert rows[2].index(parts[0]) < rows[2].index(parts[1]) < rows[2].index(parts[2])
    assert "1,234" in rows[2] and "3 s" in rows[2]
