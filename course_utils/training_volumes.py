"""Training on whole patients: the same network on volumes, and on slices that vote."""

import dataclasses
import time

import keras
import numpy as np

from course_utils import augment, features, models_volumes, settings, training, volumes
from course_utils.recipes import Recipe
from course_utils.training import Run
from course_utils.volumes import Volumes

# Part of every run's name: raise it when the same settings no longer give the same run.
VERSION = 1
# A batch of slices holds about as many voxels as a batch of volumes.
RECIPES = {
    2: Recipe("volumes-2d", "volumes_2d", epochs=12, learning_rate=3e-3, batch_size=64),
    3: Recipe("volumes-3d", "volumes_3d", epochs=30, learning_rate=3e-3, batch_size=8),
}
# Every other axial slice is shown to the network with two dimensions.
EVERY = 2


def train(
    dimensions: int,
    train: Volumes,
    val: Volumes,
    recipe: Recipe | None = None,
    seed: int = settings.SEED,
) -> Run:
    """Train on volumes, or on their slices; reload the run where it was done before.

    Parameters
    ----------
    dimensions : {2, 3}
        2 learns from single axial slices, each with its patient's label; 3 from whole volumes.
        Both see the same patients, mirrored and shifted at random.
    train, val : Volumes
        To learn from, and to watch. The test patients have no business here.
    recipe : Recipe, optional
        Epochs, learning rate and batch size; the one in :data:`RECIPES` where it is left out.
    seed : int
        Seed of the first weights, of the order and of the changes.

    Raises
    ------
    CourseError
        If ``dimensions`` is neither 2 nor 3, or a saved run is damaged.
    """
    keras.utils.set_random_seed(seed)
    model = models_volumes.network(dimensions)
    recipe = recipe or RECIPES[dimensions]
    choices = {
        "version": VERSION,
        "recipe": dataclasses.asdict(recipe),
        "weights": "random",
        "seed": seed,
        "train": training.described(train),
        "val": training.described(val),
    }

    def make():
        seen, watched = train, val
        if dimensions == 2:
            seen, watched = volumes.axial(train, EVERY), volumes.axial(val, EVERY)
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

    return training.kept(choices, make)


def votes(model: keras.Model, data: Volumes) -> np.ndarray:
    """Answers of the network with two dimensions to every other axial slice.

    Returns
    -------
    ndarray of float32, (patients, slices, 4)
        Probabilities; slices from bottom to top.
    """
    answers = features.predict(model, volumes.axial(data, EVERY).images, 128)
    return answers.reshape(len(data), -1, answers.shape[-1])


def predict(model: keras.Model, data: Volumes) -> np.ndarray:
    """Answer for whole patients; slices vote with the mean of their probabilities.

    Returns
    -------
    ndarray of float32, (patients, 4)
    """
    if len(model.input_shape) == 4:
        return votes(model, data).mean(axis=1)
    return features.predict(model, data.images, 8)
