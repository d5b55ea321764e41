"""Training on whole patients: the same network on volumes, and on slices that vote."""

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from course_utils import augment, settings, training
from course_utils.core.backend import keras, tf
from course_utils.core.errors import look_up
from course_utils.training import Run, features
from course_utils.training.recipes import Recipe
from course_utils.volumes import cnn3d
from course_utils.volumes.data import Volumes, axial

# Part of every run's name: raise it when the same settings no longer give the same run.
VERSION = 2
# With 192 patients all take about as many steps: 12 epochs of 72 batches, or 30 of 24.
RECIPES = {
    "2d": Recipe("volumes-2d", "2d", 12, 3e-3, augment=True, batch_size=64),
    "bag": Recipe("volumes-bag", "bag", 30, 3e-3, augment=True, batch_size=8),
    "3d": Recipe("volumes-3d", "3d", 30, 3e-3, augment=True, batch_size=8),
}
# Every other axial slice is shown to the networks that see slices.
EVERY = 2


def moves(largest: int = 3, seed: int = settings.SEED) -> Callable[..., tf.Tensor]:
    """Random shifts and mirror images, for volumes and in the same way for their slices.

    The function takes a batch (batch, x, y, 1) or (batch, x, y, z, 1) whose first axis runs from
    left to right. Each volume in it is mirrored or not; the shift is one for the batch, at most
    ``largest`` voxels along each axis, and what comes in is black. Whole voxels are moved, and
    nothing is resampled, which in three dimensions would take long. A new function of the same seed
    begins with the same draws.
    """
    random = tf.random.Generator.from_seed(seed)

    def moved(images: tf.Tensor, training: bool = True) -> tf.Tensor:
        sides = images.shape[1:-1]
        mirrored = random.uniform([tf.shape(images)[0], *[1] * len(sides), 1]) < 0.5
        images = tf.where(mirrored, images[:, ::-1], images)
        padded = tf.pad(images, [[0, 0], *[[largest, largest]] * len(sides), [0, 0]])
        start = random.uniform([len(sides)], maxval=2 * largest + 1, dtype=tf.int32)
        images = tf.slice(padded, tf.concat([[0], start, [0]], 0), [-1, *sides, 1])
        return tf.ensure_shape(images, [None, *sides, 1])

    return moved


def train(recipe: str | Recipe, train: Volumes, val: Volumes, seed: int = settings.SEED) -> Run:
    """Train on volumes, or on their slices; reload the run where it was done before.

    The recipe is one in :data:`RECIPES`, or your own for a :func:`.cnn3d.network`. ``"2d"`` learns
    from single axial slices, each with its patient's label; the others learn a label for each
    patient. To augment is to mirror and to shift. The test patients have no business here. A
    ``CourseError`` says where there is no such recipe or network, or a saved run is damaged.
    """
    if not isinstance(recipe, Recipe):
        recipe = look_up(RECIPES, recipe, "recipe for volumes")
    choices = {
        "version": VERSION,
        "recipe": dataclasses.asdict(recipe),
        "classes": list(train.class_names),
        "contrasts": [train.main],
        "predictor": __name__,
        "weights": "random",
        "seed": seed,
        "train": training.described(train, [train.main]),
        "val": training.described(val, [val.main]),
    }

    def make():
        keras.utils.set_random_seed(seed)
        model = cnn3d.network(recipe.network, len(train.class_names), recipe.dropout)
        seen, watched = train, val
        if recipe.network == "2d":
            seen, watched = axial(train, EVERY), axial(val, EVERY)
        augmentation = moves(seed=seed) if recipe.augment else None
        batches = augment.batches(seen, recipe.batch_size, augmentation, True, seed)
        val_batches = augment.batches(watched, recipe.batch_size)
        begin = time.perf_counter()
        shown = augment.batches(seen.take(training.spread(seen, watched)), recipe.batch_size)
        history = training.fit(
            model, batches, val_batches, recipe.epochs, recipe.learning_rate, shown
        )
        return model, history, {"training": time.perf_counter() - begin}

    return training.load_or_train(choices, make)


def votes(model: keras.Model, data: Volumes) -> np.ndarray:
    """Probabilities of every other axial slice from bottom to top: (patients, slices, classes)."""
    answers = features.predict(model, axial(data, EVERY).images, 128)
    return answers.reshape(len(data), -1, answers.shape[-1])


def predict(model: keras.Model, data: Volumes) -> np.ndarray:
    """Probabilities of patients, (patients, classes); slices vote with the mean of theirs."""
    if len(model.input_shape) == 4:
        return votes(model, data).mean(axis=1)
    return features.predict(model, data.stacked(), 8)
