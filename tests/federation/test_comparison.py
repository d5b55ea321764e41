"""Three ways are compared on the same patients, patient by patient."""

import functools
import json

import numpy as np
import pytest
from scipy import stats

from course_utils.evaluation.intervals import Estimate
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
    assert np.abs(val - train / 4).max() <= 1, "at home, validation patients are like the others"
    assert (test == 5).all()
    other = hospitals.mix(comparison.federated_split(practice, seed=8)[0])
    assert (other != train).any(), "another seed is another deal"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.04, 0.03, "not worse"),
        (0.01, 0.03, "not worse"),
        (-0.06, 0.03, "open"),
        (-0.10, -0.06, "worse"),
        (-0.10, -0.04, "open"),
    ],
)
def test_the_verdict_is_where_the_interval_lies_to_the_margin(low, high, said):
    assert comparison.verdict(Estimate((low + high) / 2, low, high), 0.05) == said


def test_epsilon_is_that_of_gaussian_noise():
    # One round with noise 1 and delta 1e-5: the exact epsilon of Balle and Wang is 4.377.
    assert comparison.epsilon(1, 1) == pytest.approx(4.377, abs=0.002)
    for noise, rounds in ((0.01, 10), (1, 10), (3, 1), (50, 4)):
        level, shift = comparison.epsilon(noise, rounds), np.sqrt(rounds) / noise
        if level < 600:
            exact = stats.norm.cdf(shift / 2 - level / shift)
            exact -= np.exp(level) * stats.norm.cdf(-shift / 2 - level / shift)
            assert exact == pytest.approx(comparison.DELTA, rel=1e-3)
    assert comparison.epsilon(0.01, 10) > 1e4
    assert comparison.epsilon(0, 10) == np.inf
    assert comparison.epsilon(2, 4) == pytest.approx(comparison.epsilon(1, 1))


def test_differences_are_paired(test_part):
    labels = test_part.labels
    wrong = (labels + 1) % 4
    told = {f"alone_{name}": certain(wrong) for name in "BCD"}
    told |= {name: certain(labels) for name in ("alone_A", "federated", "pooled")}
    found = comparison.estimates(comparison.right(told, test_part), test_part)
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
    found = comparison.estimates(comparison.right(told, test_part), test_part)
    assert found["alone"].high - found["alone"].low > 0.3
    assert found["federated_minus_pooled"].high < 0


def test_it_is_written_down_with_all_that_it_takes_to_repeat_it(few, monkeypatch):
    pytest.importorskip("flwr")
    monkeypatch.setattr("course_utils.datasets.load", lambda name=None: few)
    short = functools.partial(Schedule, rounds=1, local_steps=1, batch_size=8)
    monkeypatch.setattr(comparison, "Schedule", short)
    monkeypatch.setattr(comparison, "DEALS", 2)
    monkeypatch.setattr(comparison, "NOISE", (0.0, 1.0))
    monkeypatch.setattr(comparison, "_by_the_recipe", lambda *parts: 0.5)
    path = comparison.compare_trainings()
    about = json.loads(path.read_text())
    assert path.name == "federated-practice.json"
    assert about["settings"]["command"] == "course federated measure --dataset practice"
    assert about["settings"]["schedule"]["rounds"] == 1
    assert about["settings"]["margin"] == comparison.MARGIN
    figures = about["figures"]
    ways = {f"alone_{name}" for name in hospitals.NAMES} | {"federated", "pooled", "FedProx"}
    ways |= {"FedMedian", "FedAvg, one lies", "FedMedian, one lies", "FedAvg without the liar"}
    assert [deal["seed"] for deal in figures["deals"]] == [7, 8]
    assert figures["deals"][0]["patients"] != figures["deals"][1]["patients"]
    for deal in figures["deals"]:
        assert deal["accuracy"].keys() == ways
        sizes = np.sum(deal["patients"], axis=1)
        assert deal["liar"] == hospitals.NAMES[sizes.argmax()]
        assert all(len(curve) == 1 for curve in deal["validation"].values())
    for way in ways:
        mean = np.mean([deal["accuracy"][way] for deal in figures["deals"]])
        assert figures[way]["value"] == pytest.approx(mean)
    assert comparison.recorded()["pooled"] == Estimate(**figures["pooled"])
    assert {"alone", "federated_minus_alone", "FedMedian_minus_federated"} < set(figures)
    assert figures["verdict"] in ("not worse", "worse", "open")
    assert [row["epsilon"] is None for row in figures["privacy"]] == [True, False]


def test_weights_say_the_same_wherever_they_were_trained(few):
    weights = by_hand.initial_weights(4)
    said = by_hand.predict(weights, comparison.federated_split(few)[1].images)
    assert np.allclose(said.sum(axis=1), 1, atol=1e-5)
