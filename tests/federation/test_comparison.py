"""Three ways are compared on the same patients, patient by patient."""

import json

import numpy as np
import pytest

from course_utils import settings
from course_utils.federation import by_hand, comparison, hospitals
from course_utils.federation.by_hand import Schedule


@pytest.fixture(scope="module")
def few(practice):
    """Every eighth patient of the practice data."""
    patients = practice.table["patient"].unique()[::8]
    return practice.take(practice.table["patient"].isin(patients).to_numpy())


@pytest.fixture(scope="module")
def test_part(few):
    return comparison.federated_split(few)[2]


def certain(classes):
    return np.eye(4)[classes]


def test_nobody_is_in_two_parts_or_two_hospitals(practice):
    parts = comparison.federated_split(practice)
    patients = [set(part.table["patient"]) for part in parts]
    assert sum(map(len, patients)) == practice.table["patient"].nunique()
    for part in parts:
        assert (part.table.groupby("patient")["hospital"].nunique() == 1).all()
        assert part.images.shape[1:] == (64, 64)


def test_training_is_dealt_out_unevenly_and_the_test_evenly(practice):
    train, val, test = map(hospitals.mix, comparison.federated_split(practice))
    assert train.sum(axis=1).max() > 3 * train.sum(axis=1).min()
    assert (val == 3).all()
    assert (test == 5).all()


def test_differences_are_paired(test_part):
    labels = test_part.labels
    wrong = (labels + 1) % 4
    told = {f"alone_{name}": certain(wrong) for name in "BCD"}
    told |= {name: certain(labels) for name in ("alone_A", "federated", "pooled")}
    found = comparison.estimates(told, test_part)
    assert found["alone"].value == pytest.approx(0.25)
    assert found["federated"].value == 1
    assert found["federated_minus_alone"].value == pytest.approx(0.75)
    assert found["federated_minus_pooled"].value == 0
    assert found["federated_minus_pooled"].low < 0 < found["federated_minus_pooled"].high


def test_intervals_draw_patients(test_part):
    # Whole patients are right or wrong: of a few patients, not of many slices.
    codes = test_part.table["patient"].astype("category").cat.codes.to_numpy()
    some = np.where(codes % 2 == 0, test_part.labels, (test_part.labels + 1) % 4)
    told = {f"alone_{name}": certain(some) for name in hospitals.NAMES}
    told |= {"federated": certain(some), "pooled": certain(test_part.labels)}
    found = comparison.estimates(told, test_part)
    assert found["alone"].high - found["alone"].low > 0.3
    assert found["federated_minus_pooled"].high < 0


def test_it_is_written_down_with_all_that_it_takes_to_repeat_it(few, monkeypatch):
    monkeypatch.setattr("course_utils.datasets.load", lambda name=None: few)
    monkeypatch.setattr(
        comparison, "Schedule", lambda seed: Schedule(1, 1, batch_size=8, seed=seed)
    )
    path = comparison.compare_trainings()
    about = json.loads(path.read_text())
    assert path.name == "federated-practice.json"
    assert about["settings"]["command"] == "course federated measure --dataset practice"
    assert about["settings"]["seed"] == settings.SEED
    assert about["settings"]["schedule"]["rounds"] == 1
    names = {f"alone_{name}" for name in hospitals.NAMES} | {"alone", "federated", "pooled"}
    assert names | {"federated_minus_alone", "federated_minus_pooled"} < set(about["figures"])
    assert all(set(about["figures"][name]) == {"value", "low", "high"} for name in names)
    other = comparison.compare_trainings(seed=8)
    assert other.name == "federated-practice-seed8.json"
    assert "--seed 8" in json.loads(other.read_text())["settings"]["command"]


def test_weights_say_the_same_wherever_they_were_trained(few):
    weights = by_hand.initial_weights(4)
    said = by_hand.predict(weights, comparison.federated_split(few)[1].images)
    assert np.allclose(said.sum(axis=1), 1, atol=1e-5)
