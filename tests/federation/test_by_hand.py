"""Networks trained apart and averaged: the arithmetic, and that a seed repeats all of it."""

import dataclasses

import numpy as np
import pytest

from course_utils.core.errors import CourseError
from course_utils.federation import by_hand, hospitals
from course_utils.federation.by_hand import Schedule

SCHEDULE = Schedule(rounds=2, local_steps=3, batch_size=8)


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
    weights = by_hand.initial_weights(4)
    mean = by_hand.average([weights] * 3, [5, 70, 11])
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(mean, weights, strict=True))


def test_the_network_is_the_baseline_for_small_slices():
    network = by_hand.network(4)
    assert network.input_shape == (None, 64, 64, 1)
    assert network.count_params() == 98_388
    assert sum("norm" in weight.path for weight in network.non_trainable_weights) == 8


@pytest.mark.parametrize("classes", [2, 3])
def test_any_number_of_classes(practice, classes):
    names = practice.class_names[:classes]
    some = practice.take(np.flatnonzero(practice.table["label"].isin(names))[::40])
    some = hospitals.as_seen(dataclasses.replace(some, class_names=names), np.arange(len(some)) % 4)
    history = by_hand.federate([hospitals.of(some, number) for number in (0, 1)], SCHEDULE)
    said = by_hand.predict(history[-1], some.images)
    assert said.shape == (len(some), classes)
    assert not same(history[0], history[-1])
    assert hospitals.mix(some).shape == (4, classes)


def test_the_seed_settles_the_first_weights():
    assert same(by_hand.initial_weights(4), by_hand.initial_weights(4))
    assert not same(by_hand.initial_weights(4), by_hand.initial_weights(4, 8))


def test_a_round_depends_on_its_start_and_its_seed_alone(parts):
    first = by_hand.initial_weights(4)
    here = parts[0].images, parts[0].labels
    once = by_hand.fit_round(first, *here, SCHEDULE, number=1)
    # Something else in between, which leaves its traces in optimiser and dropout.
    by_hand.fit_round(once, parts[1].images, parts[1].labels, SCHEDULE, number=2, hospital=1)
    again = by_hand.fit_round(first, *here, SCHEDULE, number=1)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(once, again, strict=True))
    other = by_hand.fit_round(first, *here, SCHEDULE, number=1, hospital=1)
    assert not all(np.allclose(a, b, atol=1e-6) for a, b in zip(once, other, strict=True))


def test_a_round_changes_weights_and_the_averages_of_batch_norm(parts):
    first = by_hand.initial_weights(4)
    after = by_hand.fit_round(first, parts[0].images, parts[0].labels, SCHEDULE, number=1)
    assert all((a != b).any() for a, b in zip(first, after, strict=True))
    assert all(np.isfinite(array).all() for array in after)


def test_few_slices_are_seen_more_often_and_none_leave_the_weights(parts):
    first = by_hand.initial_weights(4)
    few = parts[0].images[:3], parts[0].labels[:3]
    assert not same(by_hand.fit_round(first, *few, SCHEDULE, number=1), first)
    none = parts[0].images[:0], parts[0].labels[:0]
    assert same(by_hand.fit_round(first, *none, SCHEDULE, number=1), first)
    assert by_hand.count_right(first, *none) == 0


def test_whoever_learns_takes_as_many_steps(parts):
    for schedule in (SCHEDULE, SCHEDULE.pooled()):
        for part in (parts[0], parts[0].take(np.arange(3))):
            by_hand.fit_round(
                by_hand.initial_weights(4), part.images, part.labels, schedule, number=1
            )
            assert by_hand._workbench(4).optimizer.iterations.numpy() == SCHEDULE.local_steps
    assert SCHEDULE.pooled().batch_size == 4 * SCHEDULE.batch_size


def test_fedprox_stays_nearer_to_what_was_sent(parts):
    first, here = by_hand.initial_weights(4), (parts[0].images, parts[0].labels)
    schedule = Schedule(rounds=2, local_steps=10, batch_size=8)
    ways = [by_hand.fit_round(first, *here, schedule, 1, pull=pull) for pull in (0.0, 10.0)]
    # Kernels of the four convolutions: what gradients move.
    kernels = [number for number, array in enumerate(first) if array.ndim == 4]
    free, pulled = (sum(np.square(w[k] - first[k]).sum() for k in kernels) for w in ways)
    assert pulled < 0.8 * free


def test_a_variance_below_zero_is_none():
    weights = [-array for array in by_hand.initial_weights(4)]
    said = by_hand.predict(weights, np.zeros((2, 64, 64), np.uint8))
    assert np.isfinite(said).all()


def test_right_answers_are_counted(parts):
    weights, part = by_hand.initial_weights(4), parts[0]
    said = by_hand.predict(weights, part.images).argmax(axis=1)
    assert by_hand.count_right(weights, part.images, said) == len(part)
    assert by_hand.count_right(weights, part.images, (said + 1) % 4) == 0


def test_rounds_are_trainings_and_averages_in_turn(parts):
    kept = by_hand.federate(parts, SCHEDULE)
    assert len(kept) == 1 + SCHEDULE.rounds
    results = [
        by_hand.fit_round(kept[1], part.images, part.labels, SCHEDULE, 2, hospital)
        for hospital, part in enumerate(parts)
    ]
    mean = by_hand.average(results, [len(part) for part in parts])
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(kept[2], mean, strict=True))


def test_the_same_training_is_not_done_twice(parts, monkeypatch, capsys):
    kept = by_hand.federate(parts, SCHEDULE)
    monkeypatch.setattr(by_hand, "fit_round", None)
    again = by_hand.federate(parts, SCHEDULE)
    assert "reloaded" in capsys.readouterr().out
    assert len(again) == len(kept)
    assert all(same(a, b) for a, b in zip(again, kept, strict=True))
    for other in (
        Schedule(rounds=2, local_steps=4, batch_size=8),
        Schedule(rounds=2, local_steps=3, batch_size=8, seed=8),
    ):
        with pytest.raises(TypeError):
            by_hand.federate(parts, other)
    with pytest.raises(TypeError):
        by_hand.federate(parts[:3], SCHEDULE)


def test_a_damaged_training_is_named(parts, own_data_folder):
    by_hand.federate(parts, SCHEDULE)
    (path,) = (own_data_folder / "runs").glob("rounds-*.npz")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CourseError, match=f"{path.name} is damaged"):
        by_hand.federate(parts, SCHEDULE)


def test_a_hospital_alone_learns_what_it_sees(parts):
    part = parts[0]
    weights = by_hand.federate([part], Schedule(rounds=6, local_steps=25, batch_size=8))[-1]
    said = by_hand.predict(weights, part.images)
    assert (said.argmax(axis=1) == part.labels).mean() > 0.6


def test_the_rate_falls_round_by_round():
    rates = [Schedule(rounds=5).rate_of(number) for number in range(1, 6)]
    assert rates[0] == Schedule().learning_rate
    assert sorted(rates, reverse=True) == rates
    assert 0 < rates[-1] < 0.2 * rates[0]
