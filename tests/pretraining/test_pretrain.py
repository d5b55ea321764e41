"""Pretraining: every task has its targets, a stop costs one epoch at most, and all is recorded."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from course_utils import models, pretraining, settings
from course_utils.cli import commands
from course_utils.core import results
from course_utils.core.errors import CourseError
from course_utils.models import weights
from course_utils.pretraining import shards
from course_utils.pretraining.pretrain import WINDOW

TINY = dataclasses.replace(
    pretraining.PLANS["mobilenetv2"], epochs=2, patients=4, batch_size=16, seed=3
)


@pytest.fixture(scope="module")
def shard():
    return shards.draw(0, seed=3, patients=4)


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    """A few layers in place of MobileNetV2, under the names that pretraining asks for."""

    def build_backbone(backbone, inputs):
        x = keras.layers.Conv2D(8, 3, strides=16, padding="same", name="conv")(inputs)
        x = keras.layers.BatchNormalization(name="norm")(x)
        x = keras.layers.ReLU(name="block_12_add")(x)
        x = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="out")(x)
        return keras.Model(inputs, x, name=backbone)

    monkeypatch.setattr(models, "build_backbone", build_backbone)


def test_slices_and_lesions_go_through_the_same_changes(shard):
    # With the mask as the picture, both must arrive at the same place.
    twin = dataclasses.replace(shard, images=np.uint8(255) * shard.masks)
    lesions = twin.images.any(axis=(1, 2))
    twin = shards.Shard(*(getattr(twin, f.name)[lesions] for f in dataclasses.fields(twin)))
    images, targets = next(iter(shards.batches(twin, 16, seed=1)))
    images = np.asarray(images)[..., 0]
    cells = images.reshape(len(images), 6, 16, 6, 16).mean(axis=(2, 4))
    middle = np.asarray(targets["middle"])
    # One in twenty comes as a negative: most have to agree, not all.
    agree = [
        np.corrcoef(cell.ravel(), share.ravel())[0, 1]
        for cell, share in zip(cells, middle, strict=True)
        if share.max() > 0.05
    ]
    assert np.median(agree) > 0.9


def test_unchanged_slices_keep_their_order_and_place(shard):
    images, targets = next(iter(shards.batches(shard, 16)))
    assert images.shape == (16, 96, 96, 1)
    assert targets["kind"].numpy().tolist() == shard.kinds[:16].tolist()
    assert targets["plane"].numpy().tolist() == shard.planes[:16].tolist()
    share = np.asarray(targets["last"]).mean(axis=(1, 2))
    assert np.allclose(share, shard.masks[:16].mean(axis=(1, 2)), atol=0.003)


def test_changes_follow_the_seed(shard):
    def first(seed):
        return next(iter(shards.batches(shard, 16, seed)))[0].numpy()

    assert np.array_equal(first(1), first(1))
    assert not np.array_equal(first(1), first(2))
    assert first(1).min() >= 0 and first(1).max() <= 1


def test_going_on_after_a_stop_gives_the_same_weights(monkeypatch, own_data_folder):
    whole = pretraining.pretrain(TINY)
    with np.load(whole) as stored:
        expected = dict(stored)
    monkeypatch.setenv("COURSE_DATA", str(own_data_folder / "other"))
    draw = shards.draw

    def stopped(number, seed, patients):
        # Drawn when the second epoch begins.
        if number == WINDOW:
            raise KeyboardInterrupt
        return draw(number, seed, patients)

    monkeypatch.setattr(shards, "draw", stopped)
    with pytest.raises(KeyboardInterrupt):
        pretraining.pretrain(TINY)
    monkeypatch.setattr(shards, "draw", draw)
    with np.load(pretraining.pretrain(TINY)) as stored:
        assert set(stored) == set(expected)
        for name in stored:
            assert np.array_equal(stored[name], expected[name]), name


def test_the_recipe_the_curve_and_the_loss_by_compacting_are_recorded(monkeypatch):
    path = pretraining.pretrain(dataclasses.replace(TINY, epochs=1))
    record = results.load("pretrain-mobilenetv2")
    assert record["settings"]["patients"] == 4 and record["settings"]["seed"] == 3
    figures = record["figures"]
    assert [row["epoch"] for row in figures["curve"]] == [1]
    assert figures["before_compacting"].keys() == figures["after_compacting"].keys()
    assert "kind_accuracy" in figures["before_compacting"]
    assert figures["megabytes"] == path.stat().st_size / 1e6
    # What was made is what a learner gets from now on, without a network.
    monkeypatch.setattr(weights, "_online", lambda: False)
    monkeypatch.setenv("KERAS_HOME", str(settings.data_dir() / "keras"))
    assert weights.resolve("mobilenetv2") == weights.Source("simulated", path)


def test_another_plan_does_not_go_on_from_this_checkpoint():
    pretraining.pretrain(dataclasses.replace(TINY, epochs=1))
    with pytest.raises(CourseError, match="other settings: move this folder away"):
        pretraining.pretrain(TINY)


def test_a_damaged_checkpoint_is_named():
    pretraining.pretrain(dataclasses.replace(TINY, epochs=1))
    folder = settings.data_dir() / "pretraining" / "mobilenetv2"
    whole = (folder / "model.keras").read_bytes()
    (folder / "model.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CourseError, match="checkpoint in .*mobilenetv2 is damaged"):
        pretraining.pretrain(dataclasses.replace(TINY, epochs=1))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["vgg16"], "no backbone called 'vgg16'"),
        (["mobilenetv2", "--epochs", "0"], "0 epochs"),
        (["mobilenetv2", "--seed", "-1"], "seed -1"),
    ],
)
def test_the_command_refuses_what_cannot_be(words, reason, capsys):
    assert commands.main(["pretrain", *words]) == 1
    assert reason in capsys.readouterr().err


def test_the_command_follows_the_plan(monkeypatch, capsys):
    monkeypatch.setitem(pretraining.PLANS, "mobilenetv2", TINY)
    assert commands.main(["pretrain", "mobilenetv2", "--epochs", "1", "--mixed"]) == 0
    how = results.load("pretrain-mobilenetv2")["settings"]
    assert how["epochs"] == 1 and how["mixed"] is True
    assert keras.mixed_precision.global_policy().name == "float32"
    assert "mobilenetv2.npz" in capsys.readouterr().out


def test_the_plans_name_layers_that_are_there(monkeypatch):
    monkeypatch.undo()
    for plan in pretraining.PLANS.values():
        model = pretraining.network(plan)
        shapes = {name: output.shape[1:] for name, output in model.output.items()}
        assert shapes == {"kind": (4,), "plane": (3,), "middle": (6, 6), "last": (3, 3)}


def test_records_are_plain_json():
    pretraining.pretrain(dataclasses.replace(TINY, epochs=1))
    text = (settings.data_dir() / "results" / "pretrain-mobilenetv2.json").read_text()
    assert str(settings.data_dir()) not in text
    json.loads(text)
