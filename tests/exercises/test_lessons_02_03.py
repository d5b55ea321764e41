"""The checks of lessons 02 and 03 accept right answers and say what is wrong with others."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_utils import augment, exercises


def said(number: str, answer: object) -> str:
    return exercises.checks(number[:2])[number](answer, None) or "right"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"rotation", "zoom"}, "right"),
        (["zoom", "rotation"], "right"),
        ({"rotation", "zoom", "flip"}, "label stays left"),
        ({"zoom"}, "rotation: does it move"),
        ({"rotation", "shear"}, "'shear' is none of"),
        ("rotation", "a set of words"),
    ],
)
def test_changes_that_keep_the_side(answer, words):
    assert words in said("02.1", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (augment.pipeline(rotation=5, zoom=0.05, flip=False), "right"),
        (augment.pipeline(rotation=5, zoom=0.05, flip=True), "swaps left and right"),
        (augment.pipeline(rotation=10, zoom=0.05, flip=False), "turns slices by up to"),
        (augment.pipeline(rotation=5, zoom=0.2, flip=False), "changes sizes by up to"),
        (augment.pipeline(rotation=0, zoom=0.05, flip=False), "hardly turns"),
        (augment.pipeline(rotation=5, zoom=0, flip=False), "hardly zooms"),
        (keras.layers.RandomCrop(64, 64), "into (64, 64, 64, 3)"),
        ({"rotation": 5}, "wants a pipeline"),
    ],
)
def test_gentle_pipeline(answer, words):
    assert words in said("02.2", answer)


def together(images, masks):
    drawn = augment.pipeline()({"images": images, "segmentation_masks": masks}, training=True)
    return drawn["images"], drawn["segmentation_masks"]


def apart(images, masks):
    return augment.pipeline(seed=1)(images), tf.round(augment.pipeline(seed=2)(masks))


def averaged(images, masks):
    return augment.pipeline(seed=1)(images), augment.pipeline(seed=1)(masks)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (together, "right"),
        (apart, "drawn apart"),
        (averaged, "averaged, not looked up"),
        (lambda images, masks: (images, masks), "unchanged"),
        (lambda images, masks: images, "stopped with"),
        (lambda images, masks: 1 / 0, "ZeroDivisionError"),
        (5, "wants a function"),
    ],
)
def test_one_draw_for_both(answer, words):
    assert words in said("02.3", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], "right"),
        ([[0, 0, 0], [-1, -1, -1], [1, 1, 1]], "right"),
        ([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], "turn it over"),
        ([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]], "upright edges"),
        ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], "even area"),
        (np.zeros((3, 3)), "not all zero"),
        ([1, 2, 3], "3 rows of 3"),
        ("edges", "three lists"),
    ],
)
def test_level_edges(answer, words):
    assert words in said("03.2", answer)


@pytest.mark.parametrize(
    ("number", "right", "mistakes"),
    [
        ("02.4", 38, {12: "9% of the side", 116: "9% less"}),
        ("03.1", 18496, {18432: "bias", 576: "32 come in", 18464: "swapped"}),
        ("03.3", 1.1526, {3.458: "the sum", -1.1526: "sign", 0.5006: "base 10"}),
        (
            "03.4",
            math.sqrt(0.16 / 60),
            {math.sqrt(0.16 / 600): "600 pieces", 0.16 / 60: "variance"},
        ),
    ],
)
def test_numbers(number, right, mistakes):
    assert said(number, right) == "right"
    for wrong, words in mistakes.items():
        assert words in said(number, wrong)
    assert said(number, 10 * right) != "right"
