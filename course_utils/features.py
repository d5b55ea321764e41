"""What frozen layers make of the slices: computed once, kept on disk, read by all later runs."""

import functools
import hashlib
import time
from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

from course_utils import augment, files, models, recipes, settings
from course_utils.files import CourseError


def predict(model: keras.Model, images: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """Run slices through a network, a batch at a time.

    Parameters
    ----------
    model : keras.Model
        Takes float32 slices (batch, 128, 128, contrasts) in [0, 1].
    images : ndarray of uint8, (slices, 128, 128), or (slices, 128, 128, contrasts)
    batch_size : int

    Returns
    -------
    ndarray of float32, (slices, ...)
        Probabilities, (slices, 4), where the network is a classifier.
    """
    # One call for all slices, which become floats a batch at a time: as floats all at once they
    # would take a gigabyte.
    served = tf.data.Dataset.from_tensor_slices(images).batch(batch_size).map(augment.scale)
    return model.predict(served.prefetch(tf.data.AUTOTUNE), verbose=0)


def cached(trunk: keras.Model, images: np.ndarray) -> tuple[np.ndarray, float]:
    """Outputs of frozen layers, from the disk where the same ones were computed before.

    Parameters
    ----------
    trunk : keras.Model
        The frozen layers, from the slice on.
    images : ndarray of uint8, (slices, 128, 128), or (slices, 128, 128, contrasts)

    Returns
    -------
    outputs : ndarray of float16, (slices, ...)
        Half precision takes half the room, and no classifier here can tell the difference.
    seconds : float
        What computing them took, now or then.

    Raises
    ------
    CourseError
        If the file with these outputs is damaged, or cannot be written.
    """
    key = fingerprint(images, *trunk.get_weights(), [trunk.layers[-1].name])
    path = settings.data_dir() / "features" / f"{key}.npz"
    with files.lock(path):
        if not path.exists():
            begin = time.perf_counter()
            computed = predict(trunk, images).astype(np.float16)
            with files.atomic(path) as new, new.open("wb") as file:
                np.savez(file, outputs=computed, seconds=time.perf_counter() - begin)
    try:
        with np.load(path) as stored:
            return stored["outputs"], float(stored["seconds"])
    # A truncated zip raises more kinds of exceptions than NumPy documents.
    except Exception as error:
        raise CourseError(f"{path} is damaged ({error}): delete it and try again.") from None


# A part that is made anew has to be prepared anew, which takes seconds for each set of slices.
_part = functools.lru_cache(maxsize=2)(models.part)


def outputs(
    model: keras.Model, recipe: recipes.Recipe, images: np.ndarray
) -> tuple[np.ndarray, float]:
    """What the frozen layers of a recipe make of slices, and the seconds that it took.

    The features under a head come from the outputs of the trunk under a tail: whoever trains both
    has the trunk look at each slice once.

    Parameters
    ----------
    model : keras.Model
        The whole network.
    recipe : Recipe
        One with a cut.
    images : ndarray of uint8, (slices, 128, 128)

    Returns
    -------
    outputs : ndarray of float, (slices, ...)
    seconds : float
    """
    stop = recipes.TRUNKS[recipe.network] if recipe.cut == "pooled" else recipe.cut
    seen, seconds = cached(_part(model, None, stop), images)
    if stop == recipe.cut:
        return seen, seconds
    begin = time.perf_counter()
    pooled = _part(model, stop, recipe.cut).predict(seen, batch_size=64, verbose=0)
    return pooled, seconds + time.perf_counter() - begin


def batches(
    outputs: np.ndarray, labels: np.ndarray, batch_size: int = 64, seed: int | None = None
) -> tf.data.Dataset:
    """Serve outputs of frozen layers in batches, to train what comes after them.

    Parameters
    ----------
    outputs : ndarray of float16 or float32, (slices, ...)
    labels : ndarray of int, (slices,)
    batch_size : int
    seed : int, optional
        Seed of the order, another one in each epoch; in order without one.

    Returns
    -------
    tf.data.Dataset
        Of float32 outputs and labels.
    """
    half = outputs.dtype == np.float16
    # Read as whole numbers until they are single precision: TensorFlow complains of half
    # precision in its pipelines wherever the processor does not compute in it.
    stored = outputs.view(np.uint16) if half else outputs
    served = tf.data.Dataset.from_tensor_slices((stored, labels))
    if seed is not None:
        served = served.shuffle(len(labels), seed=seed)
    served = served.batch(batch_size)
    if half:
        served = served.map(lambda x, y: (tf.cast(tf.bitcast(x, tf.float16), tf.float32), y))
    return served.prefetch(tf.data.AUTOTUNE)


def fingerprint(*arrays: Iterable) -> str:
    """Hash of arrays: the same one for the same shapes, types and numbers, and only then."""
    digest = hashlib.blake2b(digest_size=10)
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(array)
    return digest.hexdigest()
