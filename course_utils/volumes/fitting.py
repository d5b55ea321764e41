"""Training on whole patients: the same network on volumes, and on slices that vote."""

import dataclasses
import time

import numpy as np

from course_utils import augment, settings, training
from course_utils.core.backend import keras
from course_utils.training import Run, features
from course_utils.training.recipes import Recipe
from course_utils.volumes import cnn3d, data
from course_utils.volumes.data import Volumes

# Part of every run's name: raise it when the same settings no longer give the same run.
VERSION = 1
# With 192 patients all take about as many steps: 12 epochs of 72 batches, or 30 of 24.
RECIPES = {
    "2d": Recipe("volumes-2d", "volumes_2d", epochs=12, learning_rate=3e-3, batch_size=64),
    "bag": Recipe("volumes-bag", "volumes_bag", epochs=30, learning_rate=3e-3, batch_size=8),
    "3d": Recipe("volumes-3d", "volumes_3d", epochs=30, learning_rate=3e-3, batch_size=8),
}
# Every other axial slice is shown to the networks that see slices.
EVERY = 2


def train(
    kind: str,
    train: Volumes,
    val: Volumes,
    recipe: Recipe | None = None,
    seed: int = settings.SEED,
) -> Run:
    """Train on volumes, or on their slices; reload the run where it was done before.

    Parameters
    ----------
    kind : {"2d", "bag", "3d"}
        See :func:`course_utils.volumes.cnn3d.network`. ``"2d"`` learns from single axial slices,
        each with its patient's label; the others learn a label for each patient. All see the same
        patients, mirrored and shifted at random.
    train, val : Volumes
        To learn from, and to watch. The test patients have no business here.
    recipe : Recipe, optional
        Epochs, learning rate and batch size; the one in :data:`RECIPES` where it is left out.
    seed : int
        Seed of the first weights, of the order and of the changes.

    Raises
    ------
    CourseError
        If there is no such kind, or a saved run is damaged.
    """
    keras.utils.set_random_seed(seed)
    model = cnn3d.network(kind)
    recipe = recipe or RECIPES[kind]
    choices = {
        "version": VERSION,
        "recipe": dataclasses.asdict(recipe),
        "weights": "random",
        "seed": seed,
        "train": training.described(train, train.contrasts),
        "val": training.described(val, val.contrasts),
    }

    def make():
        seen, watched = train, val
        if kind == "2d":
            seen, watched = data.axial(train, EVERY), data.axial(val, EVERY)
        moves = augment.moves(seed=seed)
        batches = augment.batches(seen, recipe.batch_size, moves, shuffle=True, seed=seed)
        begin = time.perf_counter()
        history = training.fit(
            model,
            batches,
            augment.batches(watched, recipe.batch_size),
            recipe.epochs,
            recipe.learning_rate,
        )
        return model, history, {"training": time.perf_counter() - begin}

    return training.load_or_train(choices, make)


def votes(model: keras.Model, data: Volumes) -> np.ndarray:
    """Answers of the network for slices to every other axial slice.

    Returns
    -------
    ndarray of float32, (patients, slices, 4)
        Probabilities; slices from bottom to top.
    """
    answers = features.predict(model, data.axial(data, EVERY).images, 128)
    return answers.reshape(len(data), -1, answers.shape[-1])


def predict(model: keras.Model, data: Volumes) -> np.ndarray:
    """Answer for whole patients; slices vote with the mean of their probabilities.

    Returns
    -------
    ndarray of float32, (patients, 4)
    """
    if len(model.input_shape) == 4:
        return votes(model, data).mean(axis=1)
    return features.predict(model, data.stacked(data.contrasts), 8)
