"""Feedback on the exercises of lesson 02."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_utils import augment


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"rotation", "zoom"}, "right"),
        (["zoom", "rotation"], "right"),
        (np.array([" Zoom", "ROTATION"]), "right"),
        ({"rotation", "zoom", "flip"}, "label stays left"),
        ({"zoom"}, "rotation: does it move"),
        ({"rotation", "shear"}, "'shear' is none of"),
        ("rotation", "a set of words"),
        (2, "a set of words"),
        ([["rotation"]], "is none of"),
    ],
)
def test_changes_that_keep_the_side(said, answer, words):
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
        (keras.layers.RandomCrop(64, 64), "got the shape (64, 64, 64, 3)"),
        (lambda images, training: 0 * images, "came back black"),
        (lambda images, training: images * np.nan, "not finite"),
        ({"rotation": 5}, "wants a pipeline"),
    ],
)
def test_gentle_pipeline(said, answer, words):
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
        (lambda images, masks: (0 * images, 0 * masks), "share 0% of their pixels"),
        (lambda images, masks: 1 / 0, "ZeroDivisionError"),
        (5, "wants a function"),
    ],
)
def test_one_draw_for_both(said, answer, words):
    assert words in said("02.3", answer)


@pytest.mark.parametrize(
    ("number", "right", "mistakes"),
    [
        ("02.4", 38, {12: "9% of the side", 116: "9% less"}),
    ],
)
def test_numbers(said, number, right, mistakes):
    assert said(number, right) == "right"
    for wrong, words in mistakes.items():
        assert words in said(number, wrong)
    assert said(number, 10 * right) != "right"
