"""Training on whole patients: a ladder of networks on the same batches for the same steps."""

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
from course_utils.volumes.data import Volumes

# Part of every run's name: raise it when the same settings no longer give the same run.
VERSION = 3
# Alike for all: patients a batch, steps and rate, so that a rung changes the network alone.
RECIPES = {
    kind: Recipe(f"volumes-{kind}", kind, 20, 3e-3, augment=True, batch_size=4)
    for kind in cnn3d.KINDS
}
# How the slices' answers, (patients, slices, classes), become one a patient, up to a factor.
RULES = {
    "mean": lambda votes: votes.mean(axis=1),
    "product": lambda votes: np.exp(np.log(np.maximum(votes, 1e-7)).mean(axis=1)),
    "largest": lambda votes: votes.max(axis=1),
}
# Chosen on the validation patients, by tests/benchmarks/volumes.py: a pooling for all that pool a
# slice, one for all that pool a patient, and a rule.
POOLING = {kind: "smooth" if kind in cnn3d.BY_SLICE else "max" for kind in cnn3d.KINDS}
RULE = "largest"


def moves(largest: int = 3, seed: int = settings.SEED) -> Callable[..., tf.Tensor]:
    """Random shifts and mirror images of volumes.

    The function takes a batch (batch, x, y, z, 1) whose first axis runs from left to right. Each
    volume in it is mirrored or not; the shift is one for the batch, at most ``largest`` voxels
    along each axis, and what comes in is black. Whole voxels are moved, and nothing is resampled,
    which in three dimensions would take long. A new function of the same seed begins with the same
    draws.
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


def train(
    recipe: str | Recipe,
    train: Volumes,
    val: Volumes,
    seed: int = settings.SEED,
    pooling: str | None = None,
) -> Run:
    """Train on volumes; reload the run where it was done before.

    The recipe is one in :data:`RECIPES`, or your own for a :func:`.cnn3d.network`. ``"vote"``
    learns its patient's label for each slice, the others for each patient; batches and steps are
    the same. The pooling is the network's in :data:`POOLING` unless named. To augment is to mirror
    and to shift. The test patients have no business here. A ``CourseError`` says where there is no
    such recipe, network or pooling, or a saved run is damaged.
    """
    if not isinstance(recipe, Recipe):
        recipe = look_up(RECIPES, recipe, "recipe for volumes")
    pooling = pooling or look_up(POOLING, recipe.network, "network")
    choices = {
        "version": VERSION,
        "recipe": dataclasses.asdict(recipe),
        "pooling": pooling,
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
        model = cnn3d.network(recipe.network, len(train.class_names), recipe.dropout, pooling)
        augmentation = moves(seed=seed) if recipe.augment else None
        batches = augment.batches(train, recipe.batch_size, augmentation, True, seed)
        shown = train.take(training.spread(train, val))
        watched = [augment.batches(part, recipe.batch_size) for part in (val, shown)]
        if len(model.output_shape) == 3:
            batches, *watched = map(_for_each_slice, (batches, *watched))
        val_batches, seen = watched
        begin = time.perf_counter()
        history = training.fit(
            model, batches, val_batches, recipe.epochs, recipe.learning_rate, seen
        )
        return model, history, {"training": time.perf_counter() - begin}

    return training.load_or_train(choices, make)


def _for_each_slice(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Give each slice its patient's label."""
    repeated = batches.map(lambda x, y: (x, tf.repeat(y[:, None], cnn3d.SLICES, axis=1)))
    return augment.prefetch(repeated)


def votes(model: keras.Model, data: Volumes) -> np.ndarray:
    """Probabilities of each slice, from bottom to top: (patients, slices, classes)."""
    return features.predict(model, data.stacked(), 8)


def predict(model: keras.Model, data: Volumes, rule: str = RULE) -> np.ndarray:
    """Probabilities of patients, (patients, classes); of slices that vote, by a rule."""
    answers = features.predict(model, data.stacked(), 8)
    return decided(answers, rule) if answers.ndim == 3 else answers


def decided(votes: np.ndarray, rule: str) -> np.ndarray:
    """Probabilities of patients, (patients, classes), of those of slices, by a rule."""
    answers = RULES[rule](votes)
    return answers / answers.sum(axis=1, keepdims=True)
