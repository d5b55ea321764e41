"""Networks trained apart and averaged: the arithmetic, and that a seed repeats all of it."""

import numpy as np
import pytest

from course_utils.core.errors import CourseError
from course_utils.federation import by_hand, hospitals
from course_utils.federation.by_hand import Schedule

PLAN = Schedule(rounds=2, local_epochs=1, batch_size=8)


@pytest.fixture(scope="module")
def parts(practice):
    some = practice.take(np.arange(0, len(practice), 40))
    seen = hospitals.as_seen(some, np.arange(len(some)) % 4)
    return [hospitals.of(seen, number) for number in range(4)]


def same(a, b):
    return all((x == y).all() for x, y in zip(a, b, strict=True))


def test_the_mean_counts_slices():
    results = [
        [np.full((2, 2), square, np.float32), np.full(1, line, np.float32)]
        for square, line in ((1, 0), (5, 8))
    ]
    square, line = by_hand.average(results, [300, 100])
    assert (square == 2).all()
    assert line == 2
    assert square.dtype == np.float32


def test_the_mean_of_equal_networks_is_that_network():
    weights = by_hand.first_weights()
    mean = by_hand.average([weights] * 3, [5, 70, 11])
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(mean, weights, strict=True))


def test_the_network_is_the_baseline_for_small_slices():
    network = by_hand.network()
    assert network.input_shape == (None, 64, 64, 1)
    assert network.count_params() == 98_388
    assert sum("norm" in weight.path for weight in network.non_trainable_weights) == 8


def test_the_seed_settles_the_first_weights():
    assert same(by_hand.first_weights(), by_hand.first_weights())
    assert not same(by_hand.first_weights(), by_hand.first_weights(8))


def test_a_round_depends_on_its_start_and_its_seed_alone(parts):
    first = by_hand.first_weights()
    here = parts[0].images, parts[0].labels
    once = by_hand.trained(first, *here, PLAN, number=1)
    # Something else in between, which leaves its traces in optimiser and dropout.
    by_hand.trained(once, parts[1].images, parts[1].labels, PLAN, number=2, hospital=1)
    again = by_hand.trained(first, *here, PLAN, number=1)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(once, again, strict=True))
    other = by_hand.trained(first, *here, PLAN, number=1, hospital=1)
    assert not all(np.allclose(a, b, atol=1e-6) for a, b in zip(once, other, strict=True))


def test_a_round_changes_weights_and_the_averages_of_batch_norm(parts):
    first = by_hand.first_weights()
    after = by_hand.trained(first, parts[0].images, parts[0].labels, PLAN, number=1)
    assert all((a != b).any() for a, b in zip(first, after, strict=True))
    assert all(np.isfinite(array).all() for array in after)


def test_too_few_slices_for_a_batch_leave_the_weights(parts):
    first = by_hand.first_weights()
    few = parts[0].images[:3], parts[0].labels[:3]
    assert same(by_hand.trained(first, *few, PLAN, number=1), first)


def test_rounds_are_trainings_and_averages_in_turn(parts):
    kept = by_hand.federate(parts, PLAN)
    assert len(kept) == 1 + PLAN.rounds
    results = [
        by_hand.trained(kept[1], part.images, part.labels, PLAN, 2, hospital)
        for hospital, part in enumerate(parts)
    ]
    mean = by_hand.average(results, [len(part) for part in parts])
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(kept[2], mean, strict=True))


def test_the_same_training_is_not_done_twice(parts, monkeypatch, capsys):
    kept = by_hand.federate(parts, PLAN)
    monkeypatch.setattr(by_hand, "trained", None)
    again = by_hand.federate(parts, PLAN)
    assert "reloaded" in capsys.readouterr().out
    assert len(again) == len(kept)
    assert all(same(a, b) for a, b in zip(again, kept, strict=True))
    for other in (
        Schedule(rounds=2, local_epochs=2, batch_size=8),
        Schedule(rounds=2, local_epochs=1, batch_size=8, seed=8),
    ):
        with pytest.raises(TypeError):
            by_hand.federate(parts, other)
    with pytest.raises(TypeError):
        by_hand.federate(parts[:3], PLAN)


def test_a_damaged_training_is_named(parts, own_data_folder):
    by_hand.federate(parts, PLAN)
    (path,) = (own_data_folder / "runs").glob("rounds-*.npz")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CourseError, match=f"{path.name} is damaged"):
        by_hand.federate(parts, PLAN)


def test_a_hospital_alone_learns_what_it_sees(parts):
    part = parts[0]
    weights = by_hand.federate([part], Schedule(rounds=6, local_epochs=5, batch_size=8))[-1]
    said = by_hand.predict(weights, part.images)
    assert (said.argmax(axis=1) == part.labels).mean() > 0.6


def test_the_rate_falls_round_by_round():
    rates = [Schedule(rounds=5).rate_of(number) for number in range(1, 6)]
    assert rates[0] == Schedule().rate
    assert sorted(rates, reverse=True) == rates
    assert 0 < rates[-1] < 0.2 * rates[0]
