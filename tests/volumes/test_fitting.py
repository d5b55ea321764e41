"""Training on whole patients repeats, comes back, and lets slices vote."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from course_utils.core import results
from course_utils.core.errors import CourseError
from course_utils.volumes import SHAPE, Volumes, cnn3d, fitting

CLASS_NAMES = ("glioma", "meningioma", "notumor", "pituitary")


def toy(patients, seed, classes=CLASS_NAMES):
    """Patients whose class is the place of a bright ball: any network can learn it."""
    rng = np.random.default_rng(seed)
    labels = np.arange(patients) % len(classes)
    images = rng.integers(0, 60, (patients, *SHAPE), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[20:30, 24:34, 8 + 8 * label : 16 + 8 * label] += 50 + 30 * np.uint8(label)
    names = [f"P{seed}{n:02d}" for n in range(patients)]
    table = pd.DataFrame({"label": np.array(classes)[labels], "group": names})
    table["corner_z"] = -90.0
    return Volumes("toy", {"t1ce": images}, np.zeros((patients, *SHAPE), bool), table)


@pytest.fixture(scope="module")
def parts():
    return toy(8, 1), toy(4, 2)


def quick(kind, **changes):
    return dataclasses.replace(fitting.RECIPES[kind], epochs=1, **changes)


@pytest.mark.parametrize("kind", ["vote", "3d"])
def test_a_run_repeats_and_comes_back(kind, parts, monkeypatch, tmp_path, capsys):
    runs = []
    for folder in ("one", "two"):
        monkeypatch.setenv("COURSE_DATA", str(tmp_path / folder))
        runs.append(fitting.train(quick(kind), *parts))
    assert all(
        np.array_equal(*pair) for pair in zip(*(r.model.get_weights() for r in runs), strict=True)
    )
    assert "reloaded" not in capsys.readouterr().out
    again = fitting.train(quick(kind), *parts)
    assert "reloaded" in capsys.readouterr().out
    assert again.folder == runs[1].folder and again.seconds["training"] > 0
    answers = [fitting.predict(run.model, parts[1]) for run in (runs[1], again)]
    np.testing.assert_array_equal(*answers)
    monkeypatch.setattr(fitting.training, "fit", lambda *args: pd.DataFrame({"epoch": [1]}))
    other = fitting.train(quick(kind), *parts, seed=8)
    assert other.folder != again.folder
    assert "reloaded" not in capsys.readouterr().out


def test_all_learn_from_the_same_batches_and_a_vote_has_a_label_a_slice(parts, monkeypatch):
    seen = {}

    def fit(model, train, val, epochs, rate, shown):
        images, labels = zip(*train.as_numpy_iterator(), strict=True)
        seen[model.name] = np.concatenate(images), np.concatenate(labels)
        for part, patients in ((val, 4), (shown, 4)):
            (answers,) = [labels.shape for _, labels in part.as_numpy_iterator()]
            assert answers == seen[model.name][1][:patients].shape
        return pd.DataFrame({"epoch": [1]})

    monkeypatch.setattr(fitting.training, "fit", fit)
    steps = {(r.epochs, r.learning_rate, r.batch_size) for r in fitting.RECIPES.values()}
    assert len(steps) == 1 and list(fitting.RECIPES) == list(cnn3d.KINDS)
    for kind in ("vote", "bag", "3d"):
        fitting.train(quick(kind), *parts)
    volumes, labels = seen["volumes_3d"]
    assert volumes.shape == (8, *SHAPE, 1) and sorted(labels) == sorted(parts[0].labels)
    for kind in ("vote", "bag"):
        np.testing.assert_array_equal(seen[f"volumes_{kind}"][0], volumes)
    np.testing.assert_array_equal(seen["volumes_bag"][1], labels)
    each = np.repeat(labels[:, None], cnn3d.SLICES, axis=1)
    np.testing.assert_array_equal(seen["volumes_vote"][1], each)


@pytest.mark.parametrize("rule", fitting.RULES)
def test_slices_vote_by_a_rule(parts, rule):
    model = cnn3d.network("vote")
    data = parts[1]
    votes = fitting.votes(model, data)
    assert votes.shape == (4, cnn3d.SLICES, 4)
    by_hand = {
        "mean": votes.mean(axis=1),
        "product": votes.astype(float).prod(axis=1) ** (1 / cnn3d.SLICES),
        "largest": votes.max(axis=1),
    }[rule]
    answers = fitting.predict(model, data, rule)
    np.testing.assert_allclose(answers, by_hand / by_hand.sum(axis=1)[:, None], rtol=1e-4)
    if rule == fitting.RULE:
        np.testing.assert_array_equal(fitting.predict(model, data), answers)


def test_a_volume_is_answered_whole(parts):
    model = cnn3d.network("3d")
    whole = parts[1].images[..., None] / np.float32(255)
    np.testing.assert_allclose(
        fitting.predict(model, parts[1]), model.predict(whole, verbose=0), rtol=1e-4
    )


@pytest.mark.parametrize("kind", ["vote", "3d"])
def test_a_run_answers_for_patients_of_any_classes(kind):
    train, val = (toy(n, seed, ("no", "maybe", "yes")) for n, seed in ((6, 3), (3, 4)))
    run = fitting.train(quick(kind), train, val)
    answers = run.predict(val)
    assert answers.shape == (3, 3)
    np.testing.assert_array_equal(answers, fitting.predict(run.model, val))
    assert run.settings["classes"] == ["maybe", "no", "yes"]


@pytest.mark.parametrize("augment", [True, False])
def test_what_is_recorded_is_what_ran(augment, parts, monkeypatch):
    seen = []

    def fit(model, train, val, epochs, rate, shown):
        seen.append(np.concatenate([images for images, _ in train.as_numpy_iterator()]))
        assert model.name == "volumes_bag" and model.get_layer("dropout").rate == 0.1
        return pd.DataFrame({"epoch": [1]})

    monkeypatch.setattr(fitting.training, "fit", fit)
    assert all(recipe.augment for recipe in fitting.RECIPES.values())
    run = fitting.train(quick("bag", augment=augment, dropout=0.1), *parts)
    recorded = run.settings["recipe"]
    assert (recorded["network"], recorded["augment"], recorded["dropout"]) == ("bag", augment, 0.1)
    # A shift moves a part of each volume out of the frame.
    shown, stored = (
        np.sort(v.reshape(8, -1).sum(axis=1)) for v in (seen[0], parts[0].images / 255)
    )
    assert np.allclose(shown, stored, rtol=1e-4) != augment


def test_what_the_lesson_takes_is_what_validation_chose():
    known = results.load("volumes-practice")
    assert known["settings"]["pooling"] == fitting.POOLING
    assert set(fitting.POOLING) == set(cnn3d.KINDS)
    losses = {name: np.mean(row["val_loss"]) for name, row in known["figures"]["rules"].items()}
    assert min(losses, key=losses.get) == fitting.RULE == known["settings"]["rule"]
    assert known["settings"]["epochs"] == fitting.RECIPES["3d"].epochs


def test_another_pooling_is_another_run(parts, monkeypatch):
    monkeypatch.setattr(fitting.training, "fit", lambda *args: pd.DataFrame({"epoch": [1]}))
    kinds = ("max", "mean", None)
    folders = [fitting.train(quick("bag"), *parts, pooling=kind).folder for kind in kinds]
    assert len(set(folders)) == 2
    assert folders[2] == folders[kinds.index(fitting.POOLING["bag"])]


def test_another_recipe_is_named(parts):
    with pytest.raises(CourseError, match="'4d': use one of vote, taught, bag"):
        fitting.train("4d", *parts)


def test_moves_shift_whole_voxels_and_mirror_the_first_axis():
    shape = 20, 24, 18
    rng = np.random.default_rng(0)
    image = np.zeros(shape, np.float32)
    inside = tuple(slice(5, side - 5) for side in shape)
    image[inside] = rng.random(image[inside].shape)
    batch = tf.constant(np.stack([image] * 16)[..., np.newaxis])
    move = fitting.moves(largest=3, seed=1)
    shifts, mirrored = [], []
    for _ in range(12):
        moved = move(batch).numpy()[..., 0]
        assert moved.shape == batch.shape[:-1]
        for one in moved:
            start = [
                np.flatnonzero(one.any(tuple({*range(one.ndim)} - {a})))[0] for a in range(one.ndim)
            ]
            box = tuple(slice(b, b + s.stop - s.start) for b, s in zip(start, inside, strict=True))
            flipped = np.array_equal(one[box], image[inside][::-1])
            assert flipped or np.array_equal(one[box], image[inside])
            shifts.append(tuple(np.array(start) - 5))
            mirrored.append(flipped)
    assert 0.35 < np.mean(mirrored) < 0.65
    assert np.abs(shifts).max() == 3 and len({*shifts}) > 8


def test_moves_repeat_with_their_seed_and_draw_anew_in_each_batch():
    batch = tf.constant(np.random.default_rng(0).random((4, 12, 14, 10, 1), np.float32))
    one, two, other = (fitting.moves(seed=seed) for seed in (1, 1, 2))
    first = one(batch)
    np.testing.assert_array_equal(first, two(batch))
    assert not np.array_equal(first, one(batch))
    assert not np.array_equal(first, other(batch))
