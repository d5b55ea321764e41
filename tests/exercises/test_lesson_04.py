"""Feedback on the exercises of lesson 04."""

import keras
import pytest
from keras import layers

to_resnet = keras.applications.resnet50.preprocess_input
to_mobilenet = keras.applications.mobilenet_v2.preprocess_input


def builder(
    scale=255,
    prepare=to_resnet,
    frozen=True,
    activation="softmax",
    again=False,
    pooled=True,
    channels=1,
):
    """A learner's function for 04.1, with a mistake where one is asked for."""

    def build(base, classes):
        base.trainable = not frozen
        inputs = keras.Input((*base.input_shape[1:3], channels))
        x = layers.Concatenate()([inputs] * 3) if channels == 1 else inputs
        x = prepare(layers.Rescaling(scale)(x))
        x = base(x, training=False)
        x = layers.GlobalAveragePooling2D()(x) if pooled else x
        x = layers.Dense(classes, activation=activation)(x)
        return keras.Model(inputs, layers.Softmax()(x) if again else x)

    return build


def test_a_transfer_model_passes(said):
    assert said("04.1", builder()) == "right"


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ({"frozen": False}, "base is not frozen"),
        ({"prepare": to_mobilenet}, "take ResNet50's"),
        ({"prepare": to_mobilenet, "scale": 1}, "and multiply first"),
        ({"scale": 1}, "multiply first"),
        ({"prepare": lambda x: x}, "from 0 to 255"),
        ({"prepare": lambda x: x, "scale": 1}, "as they are"),
        ({"prepare": lambda x: x, "scale": 7}, "goes from 0.0 to 7.0"),
        ({"again": True}, "softmax applied twice"),
        ({"activation": None}, "add up to 1"),
        ({"pooled": False}, "pool the maps"),
        ({"channels": 3}, "one grey channel"),
    ],
)
def test_mistakes_in_a_transfer_model_are_named(said, mistake, words):
    assert words in said("04.1", builder(**mistake))


def test_an_untouched_skeleton_was_not_tried_yet(said):
    assert "Not tried yet" in said("04.1", lambda base, classes: ...)
    assert "Not tried yet" in said("04.2", lambda base, last: ...)


def test_what_is_no_transfer_model_is_said(said):
    assert "keras.Model" in said("04.1", lambda base, classes: None)
    assert "function of base and classes" in said("04.1", 3)
    assert "stopped with ZeroDivisionError" in said("04.1", lambda base, classes: 1 / 0)

    def without_base(base, classes):
        inputs = keras.Input((*base.input_shape[1:3], 1))
        x = layers.Flatten()(inputs)
        return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))

    assert "not in the model" in said("04.1", without_base)


def opener(
    first=True, norms=False, kinds=(layers.Conv2D,), chosen=lambda found, last: found[-last:]
):
    """A learner's function for 04.2, with a mistake where one is asked for."""

    def unfreeze(base, last):
        base.trainable = first
        found = [layer for layer in base.layers if isinstance(layer, kinds)]
        for layer in base.layers:
            learns = layer in chosen(found, last)
            layer.trainable = learns or (norms and isinstance(layer, layers.BatchNormalization))

    return unfreeze


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "right"),
        ({"first": False}, "Nothing may learn"),
        ({"norms": True}, "Batch norm is open"),
        ({"chosen": lambda found, last: found}, "All convolutions may learn"),
        ({"chosen": lambda found, last: found[:last]}, "the first ones"),
        ({"kinds": (layers.Conv2D, layers.ReLU)}, "1 convolutions may learn (conv5)"),
    ],
)
def test_unfreezing_is_told_right_from_wrong(said, options, words):
    assert words in said("04.2", opener(**options))


def test_unfreezing_changes_no_weights(said):
    def unfreeze(base, last):
        opener()(base, last)
        base.set_weights([weight + 1 for weight in base.get_weights()])

    assert "changed weights" in said("04.2", unfreeze)


@pytest.mark.parametrize(
    ("number", "right", "mistakes"),
    [
        ("04.3", 180 / 66, {3: "filled once", 66 / 180: "Turn it over", 20: "each of the 20"}),
        ("04.4", 0.0226, {0.0113: "one-sided", 30 / 44: "not yet p"}),
    ],
)
def test_numbers(said, number, right, mistakes):
    assert said(number, right) == "right"
    for wrong, words in mistakes.items():
        assert words in said(number, wrong)
    assert "This wants one number" in said(number, "many")
