"""The batches are right, and augmentation changes what it should and nothing else."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from course_utils import augment, models
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.training import features

CLASS_NAMES = ("glioma", "meningioma", "notumor", "pituitary")


def made_up(slices: int = 10) -> Dataset:
    """Slices whose grey value tells their row, so that a mix-up with the labels shows."""
    rows = np.arange(slices)
    images = np.zeros((slices, 128, 128), np.uint8)
    images[:, 32:96, 32:96] = 20 * (rows + 1)[:, None, None]
    names = np.array(CLASS_NAMES)[rows % 4]
    return Dataset("practice", {"t1ce": images}, None, pd.DataFrame({"label": names}))


def served(batches: tf.data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    images, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def off_centre() -> tuple[tf.Tensor, tf.Tensor]:
    """Eight images that are their own masks: an L, which no rotation turns into its mirror."""
    shape = np.zeros((8, 128, 128, 1), np.float32)
    shape[:, 30:90, 40:50] = 1
    shape[:, 80:90, 40:75] = 1
    return tf.constant(shape), tf.constant(shape)


def test_images_are_scaled_to_one():
    images = np.array([[[0, 51], [204, 255]]], np.uint8)
    scaled = augment.scale(images)
    assert scaled.shape == (1, 2, 2, 1)
    assert scaled.dtype == tf.float32
    np.testing.assert_allclose(scaled[0, ..., 0], [[0, 0.2], [0.8, 1]], rtol=1e-6)


def test_two_contrasts_are_served_as_channels_and_moved_by_the_same_draw():
    data = made_up(8)
    other = np.where(data.images > 0, 200, 0).astype(np.uint8)
    both = dataclasses.replace(data, contrasts={"t1ce": data.images, "flair": other})
    plain, labels = served(augment.batches(both, 4, contrasts=("t1ce", "flair")))
    assert plain.shape == (8, 128, 128, 2)
    np.testing.assert_allclose(plain[..., 1] * 255, other, atol=1e-3)
    assert labels.tolist() == data.labels.tolist()
    moved, _ = served(
        augment.batches(both, 4, augment.pipeline(seed=3), contrasts=("t1ce", "flair"))
    )
    assert not np.allclose(moved, plain)
    # Both show the same square, in other greys: one outline after the same draw.
    one, two = moved[..., 0] / plain[..., 0].max((1, 2), keepdims=True), moved[..., 1] / (200 / 255)
    np.testing.assert_allclose(one, two, atol=1e-4)


def test_unscale_gives_the_grey_values_back():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    np.testing.assert_array_equal(augment.unscale(augment.scale(images)), images)
    np.testing.assert_array_equal(augment.unscale(np.array([[[-1.0], [2.0]]])), [[0, 255]])


def test_each_slice_is_served_once_with_its_label():
    data = made_up()
    images, labels = served(augment.batches(data, batch_size=4, shuffle=True))
    assert images.shape == (10, 128, 128, 1)
    assert images.dtype == np.float32
    rows = np.rint(images[:, 64, 64, 0] * 255 / 20).astype(int) - 1
    assert sorted(rows) == list(range(10))
    assert list(rows) != list(range(10))
    np.testing.assert_array_equal(labels, data.labels[rows])


def test_without_shuffling_the_order_stays():
    data = made_up()
    images, labels = served(augment.batches(data, batch_size=4))
    np.testing.assert_allclose(images[..., 0], data.images / 255, rtol=1e-6)
    np.testing.assert_array_equal(labels, data.labels)


def test_augmentation_keeps_the_labels():
    data = made_up()
    images, labels = served(augment.batches(data, 4, augment.pipeline(), shuffle=True))
    rows = np.rint(images[:, 64, 64, 0] * 255 / 20).astype(int) - 1
    np.testing.assert_array_equal(labels, data.labels[rows])
    assert images.min() >= 0
    assert images.max() <= 1


def test_every_epoch_draws_and_orders_anew():
    batches = augment.batches(made_up(), 10, augment.pipeline())
    first, second = served(batches)[0], served(batches)[0]
    assert np.abs(first - second).mean() > 0.01
    ordered = augment.batches(made_up(), 10, shuffle=True)
    assert not np.array_equal(served(ordered)[1], served(ordered)[1])


def test_one_seed_gives_the_same_epochs_again():
    runs = []
    for _ in range(2):
        batches = augment.batches(made_up(40), 4, augment.pipeline(seed=3), shuffle=True, seed=3)
        runs.append([served(batches) for _ in range(2)])
    for (images, labels), (again, labels_again) in zip(*runs, strict=True):
        np.testing.assert_array_equal(images, again)
        np.testing.assert_array_equal(labels, labels_again)
    other = served(augment.batches(made_up(40), 4, augment.pipeline(seed=4), shuffle=True, seed=3))
    assert not np.array_equal(runs[0][0][0], other[0])


def test_masks_get_the_draw_of_their_image_and_stay_masks():
    images, masks = off_centre()
    pipeline = augment.pipeline(rate=1)
    drawn = pipeline({"images": images, "segmentation_masks": masks}, training=True)
    assert set(np.unique(drawn["segmentation_masks"])) == {0, 1}
    stayed = []
    for image, mask, before in zip(
        drawn["images"].numpy(), drawn["segmentation_masks"].numpy(), masks.numpy(), strict=True
    ):
        image, mask, before = image > 0.5, mask > 0.5, before > 0.5
        assert (image & mask).sum() / (image | mask).sum() > 0.9
        stayed.append((before & mask).sum() / (before | mask).sum())
    assert np.median(stayed) < 0.8


def test_an_image_without_its_batch_is_refused_in_words():
    with pytest.raises(CourseError, match="3 axes.*'batch' before 'map'"):
        augment.pipeline()(tf.zeros((128, 128, 1)), training=True)


def test_nothing_changes_outside_training():
    images, _ = off_centre()
    np.testing.assert_array_equal(augment.pipeline()(images, training=False), images)


@pytest.mark.parametrize("flip", [True, False])
def test_flip_mirrors_left_and_right_only(flip):
    images = tf.repeat(off_centre()[0], 4, axis=0)
    drawn = augment.pipeline(rotation=0, zoom=0, flip=flip)(images, training=True).numpy()
    same = (np.abs(drawn - images) < 1e-3).all(axis=(1, 2, 3))
    mirrored = (np.abs(drawn - images[:, :, ::-1]) < 1e-3).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert mirrored.any() == flip


def test_zoom_and_rotation_stay_within_their_limits():
    square = np.zeros((64, 128, 128, 1), np.float32)
    square[:, 32:96, 32:96] = 1
    zoomed = augment.pipeline(rotation=0, zoom=0.1, flip=False)(square, training=True).numpy()
    sides = zoomed[:, 64, :, 0].sum(axis=1) / 64
    # Keras zooms out by 1.1 or in by 0.9: the side is divided by that.
    assert 1 / 1.1 - 0.02 < sides.min() < 0.94
    assert 1.06 < sides.max() < 1 / 0.9 + 0.02
    np.testing.assert_allclose(zoomed[:, :, 64, 0].sum(axis=1) / 64, sides, atol=0.02)

    bar = np.zeros((64, 128, 128, 1), np.float32)
    bar[:, 63:65, 24:104] = 1
    turned = augment.pipeline(rotation=15, zoom=0, flip=False)(bar, training=True).numpy()
    angles = []
    for image in turned[..., 0]:
        rows, columns = np.nonzero(image > 0.5)
        angles.append(np.degrees(np.arctan(np.polyfit(columns, rows, 1)[0])))
    assert -16 < min(angles) < -10
    assert 10 < max(angles) < 16


def test_angle_and_zoom_and_the_choice_of_slices_are_drawn_apart():
    some, flip = augment.pipeline(seed=1).layers
    rotation, zoom = some.change.layers
    assert len({rotation.seed, zoom.seed, flip.seed, some.draws._initial_seed}) == 4


@pytest.mark.parametrize("rate", [0, 0.25, 1])
def test_a_share_of_the_slices_stays_as_sharp_as_it_comes_with_its_mask(rate):
    images = tf.random.stateless_uniform((200, 16, 16, 1), (1, 2))
    both = {"images": images, "segmentation_masks": tf.round(images)}
    drawn = augment.pipeline(rate=rate, flip=False)(both, training=True)
    same = np.all(drawn["images"] == images, axis=(1, 2, 3))
    assert same.mean() == pytest.approx(1 - rate, abs=0.1)
    np.testing.assert_array_equal(
        drawn["segmentation_masks"].numpy()[same], tf.round(images).numpy()[same]
    )


@pytest.mark.parametrize("limits", [{"rotation": 15, "zoom": 0}, {"rotation": 0, "zoom": 0.1}])
def test_what_comes_into_the_frame_is_black(limits):
    white = keras.ops.ones((16, 128, 128, 1))
    drawn = augment.pipeline(**limits)(white, training=True).numpy()
    assert (drawn == 0).any()


def test_nothing_is_tuned_while_batches_are_served():
    data = made_up(8)
    moved = augment.batches(data, 4, augment.pipeline(), shuffle=True)
    for batches in (moved, features.batches(data.images, data.labels, seed=1)):
        assert batches.options().autotune.enabled is False


def test_every_pipeline_prepares_the_next_batches():
    for path in Path(augment.__file__).parent.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert source.count("from_tensor_slices(") <= source.count("prefetch("), path.name


def test_slices_of_any_size_and_colour_are_served_and_come_back(own_data):
    shape = models.shape_of(own_data.images)
    images, labels = served(augment.batches(own_data, 5))
    assert images.shape == (len(own_data), *shape) and labels.tolist() == own_data.labels.tolist()
    np.testing.assert_array_equal(augment.unscale(images), own_data.images)
    single = augment.scale(own_data.images[0])
    assert single.shape == shape, "one slice alone, too"
    np.testing.assert_array_equal(single, images[0])


def test_colours_are_moved_by_the_same_draw():
    grey = made_up(8).images
    data = dataclasses.replace(made_up(8), contrasts={"picture": np.stack([grey] * 3, axis=-1)})
    moved, _ = served(augment.batches(data, 8, augment.pipeline(seed=3)))
    assert np.abs(moved - data.images / 255).max() > 0.1
    np.testing.assert_array_equal(moved[..., 0], moved[..., 2])
