"""What lessons 01, 03, 05, 10 and 11 find, from the command line."""

import dataclasses

import numpy as np
import pytest

from course_utils import datasets, models
from course_utils.cli import commands, compare
from course_utils.core import results
from course_utils.training import recipes


@pytest.fixture
def quick(monkeypatch, practice):
    """A few practice patients of each class, and recipes that end after one epoch."""
    groups = practice.table.groupby("label")["group"].unique()
    chosen = [group for label in groups for group in label[:4]]
    few = practice.take(practice.table["group"].isin(chosen).to_numpy())
    monkeypatch.setattr(datasets, "load", lambda name=None: few)
    for name, recipe in recipes.RECIPES.items():
        monkeypatch.setitem(recipes.RECIPES, name, dataclasses.replace(recipe, epochs=1))
    return few


def is_estimate(figure):
    return set(figure) == {"value", "low", "high"} and figure["low"] <= figure["high"]


def test_attention_is_measured_as_a_classifier_as_a_map_and_by_taking_it_away(quick):
    assert commands.main(["compare", "attention", "--seed", "3"]) == 0
    result = results.load("compare-attention")
    figures = result["figures"]
    assert result["settings"]["command"] == "course compare attention --seed 3"
    assert is_estimate(figures["above_baseline"])
    gain = figures["accuracy"]["attention"]["value"] - figures["accuracy"]["baseline"]["value"]
    assert figures["above_baseline"]["value"] == pytest.approx(gain)
    for ruler in ("pointing_game", "pointing_game_near", "share_inside"):
        players = figures[ruler]
        assert set(players) == {"attention", "gradcam_attention", "gradcam_baseline", "centre"}
        assert all(map(is_estimate, players.values()))
        more = figures[f"{ruler}_above_gradcam_baseline"]["attention"]["value"]
        assert more == pytest.approx(
            players["attention"]["value"] - players["gradcam_baseline"]["value"]
        )
    # A player against itself: neither is ahead.
    even = figures["pointing_game_above_gradcam_baseline"]["gradcam_baseline"]
    assert even["value"] == 0 and even["low"] == -even["high"] < 0
    assert 0 < figures["chance"] < figures["chance_near"] < 1
    assert figures["other_weights"]["changed"].keys() == figures["other_weights"]["accuracy"].keys()


def test_augmentation_is_measured_with_three_seeds_in_training_and_in_use(quick, monkeypatch):
    train, val, _ = quick.split()
    single = compare._turned(train, val, 0.5, 3)
    places = {"reported", "training", "training, smoothed", "validation", "validation, smoothed"}
    assert set(single) == places and all(0 <= share <= 1 for share in single.values())
    asked = []
    monkeypatch.setattr(compare, "_turned", lambda *how: asked.append(how) or single)
    assert commands.main(["compare", "augmentation", "--seed", "3"]) == 0
    figures = results.load("compare-augmentation")["figures"]
    assert set(figures) == {f"{n}, {way}" for n in ("few", "all") for way in compare.RATES}
    for row in figures.values():
        assert row == {place: [share] * 3 for place, share in single.items()}
    assert {seed for *_, seed in asked} == {3, 4, 5}
    assert {rate for *_, rate, _ in asked} == set(compare.RATES.values())
    assert {len(patients) for patients, *_ in asked} > {len(train)}


def test_contrasts_are_measured_alone_fused_and_after_accidents(quick):
    assert commands.main(["compare", "contrasts"]) == 0
    result = results.load("compare-contrasts")
    figures = result["figures"]
    assert result["settings"]["command"] == "course compare contrasts"
    ways = {"t1ce", "flair", "early fusion", "late fusion"}
    assert set(figures["accuracy"]) == set(figures["mixed_up"]) == ways
    assert set(figures["above_t1ce"]) == set(figures["mixed_up_against_t1ce"]) == ways - {"t1ce"}
    change = figures["mixed_up"]["flair"]["value"] - figures["mixed_up"]["t1ce"]["value"]
    assert figures["mixed_up_against_t1ce"]["flair"]["value"] == pytest.approx(change)
    after = figures["after_accidents"]
    assert after["as recorded"] == figures["accuracy"]
    assert after["flair missing"]["late fusion"] == figures["accuracy"]["t1ce"]
    assert after["t1ce missing"]["late fusion"] == figures["accuracy"]["flair"]


class Fixed:
    """Stands in for a run: it gives one answer."""

    def __init__(self, answer):
        self.answer = np.array([answer])

    def predict(self, data):
        return self.answer


def test_late_fusion_asks_only_the_contrasts_that_are_there(practice):
    runs = {"t1ce": Fixed([1, 0]), "flair": Fixed([0, 1]), "early fusion": Fixed([0.2, 0.8])}
    one = practice.take([0])
    found = models.fused(runs, one)
    assert found["late fusion"].tolist() == [[0.5, 0.5]]
    assert found["early fusion"].tolist() == [[0.2, 0.8]]
    black = {"t1ce": one.images, "flair": np.zeros_like(one.images)}
    found = models.fused(runs, dataclasses.replace(one, contrasts=black))
    assert found["late fusion"].tolist() == [[1, 0]]


def test_the_topics_of_the_command_are_those_that_can_be_measured():
    assert tuple(compare.TOPICS) == commands.ARGUMENTS["topic"]["choices"]
    with pytest.raises(SystemExit):
        commands.main(["compare", "volumes"])
    assert set(compare.CONTRASTS.values()) <= set(recipes.RECIPES)
    assert set(models.CONTRASTS) <= set(compare.CONTRASTS)


def test_the_leak_is_measured_split_by_slice_by_near_duplicate_and_by_patient(quick):
    assert commands.main(["compare", "leak"]) == 0
    result = results.load("compare-leak")
    figures = result["figures"]
    assert result["settings"]["dataset"] == "figshare" and figures["slices"] == len(quick)
    assert figures["patients"] == quick.table["group"].nunique()
    assert set(figures["accuracy"]) == {"slice", "near-duplicate", "patient"}
    assert all(map(is_estimate, figures["accuracy"].values()))
    # Whoever splits by patient has met nobody; by slice, nearly everybody.
    assert figures["patient_in_training"]["patient"] == 0
    assert figures["patient_in_training"]["slice"] > 0.95
    gain = figures["accuracy"]["slice"]["value"] - figures["accuracy"]["patient"]["value"]
    assert figures["above_patient"]["slice"]["value"] == pytest.approx(gain)
    assert gain > 0.1
    probe = figures["histogram"]
    assert set(probe) == {"all", "lesions painted over", "change"}
    gain = probe["lesions painted over"]["value"] - probe["all"]["value"]
    assert probe["change"]["value"] == pytest.approx(gain)


def test_the_pointing_game_is_played_on_patients_the_network_has_not_met(quick, monkeypatch):
    # One fold of four stands for all: what it takes is the time for the graphs.
    first = datasets.fold_rows(quick, count=4)[:1]
    monkeypatch.setattr(datasets, "fold_rows", lambda *how: first)
    monkeypatch.setattr(compare, "LAYERS", ("features",))
    monkeypatch.setattr(compare, "POINTER", "mobilenetv2-head")
    assert commands.main(["compare", "pointing"]) == 0
    figures = results.load("compare-pointing")["figures"]
    assert figures["slices"] == len(first[0][2]) and figures["layers"] == ["features"]
    players = {"true class", "predicted class", "shuffled logits", "centre", "chance"}
    for ruler in ("exact", "near"):
        assert players < set(figures[ruler])
        assert all(map(is_estimate, figures[ruler].values()))
    for name in players:
        # A wider lesion is hit at least as often.
        assert figures["near"][name]["value"] >= figures["exact"][name]["value"]
    exact = figures["exact"]
    lead = exact["true class"]["value"] - exact["centre"]["value"]
    assert exact["true class above centre"]["value"] == pytest.approx(lead)
    whole, painted, patch = (figures["accuracy"][name]["value"] for name in figures["accuracy"])
    assert figures["lesion_lost"]["value"] == pytest.approx(painted - whole)
    assert figures["lesion_lost_against_patch"]["value"] == pytest.approx(painted - patch)
