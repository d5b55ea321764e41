"""What frozen layers make of the slices: computed once, kept on disk, read by all later runs."""

import hashlib
import time
from collections.abc import Iterable

import numpy as np

from course_utils import augment, models, settings
from course_utils.core import files
from course_utils.core.backend import keras, tf
from course_utils.core.errors import CourseError
from course_utils.training import recipes


def predict(model: keras.Model, inputs: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """Run slices, or what frozen layers made of them, through a network, a batch at a time.

    Parameters
    ----------
    model : keras.Model
        Takes float32 inputs; slices in [0, 1], (batch, 128, 128, contrasts).
    inputs : ndarray
        Slices of uint8, (slices, 128, 128), or (slices, 128, 128, contrasts); or outputs of
        earlier layers, float16 or float32, (slices, ...).
    batch_size : int

    Returns
    -------
    ndarray of float32, (slices, ...)
        Probabilities, (slices, 4), where the network is a classifier.
    """
    # One call for all slices, which become floats a batch at a time: as floats all at once they
    # would take a gigabyte.
    served = tf.data.Dataset.from_tensor_slices(_stored(inputs)).batch(batch_size).map(_floats)
    return model.predict(augment.prefetch(served), verbose=0)


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


def outputs(
    model: keras.Model, recipe: recipes.Recipe, *sets: np.ndarray
) -> tuple[list[np.ndarray], float]:
    """What the frozen layers of a recipe make of sets of slices, and the seconds that it took.

    The features under a head come from the outputs of the trunk under a tail: whoever trains both
    has the trunk look at each slice once.

    Parameters
    ----------
    model : keras.Model
        The whole network.
    recipe : Recipe
        One with a cut.
    *sets : ndarray of uint8, (slices, 128, 128)
        For training and for validation, say. Hand over all at once: a part of a network has to be
        prepared before it runs, which takes seconds each time.

    Returns
    -------
    outputs : list of ndarray of float, (slices, ...)
        One a set.
    seconds : float
        For all sets together.
    """
    stop = (
        recipes.TRUNKS[recipe.network] if recipe.freeze_until == "pooled" else recipe.freeze_until
    )
    trunk = models.submodel(model, stop=stop)
    seen = [cached(trunk, images) for images in sets]
    found, seconds = [output for output, _ in seen], sum(took for _, took in seen)
    if stop != recipe.freeze_until:
        begin = time.perf_counter()
        rest = models.submodel(model, stop, recipe.freeze_until)
        found = [predict(rest, output) for output in found]
        seconds += time.perf_counter() - begin
    return found, seconds


def batches(
    inputs: np.ndarray, labels: np.ndarray, batch_size: int = 64, seed: int | None = None
) -> tf.data.Dataset:
    """Serve slices, or what frozen layers made of them, in batches to train on.

    Parameters
    ----------
    inputs : ndarray
        As :func:`predict` takes them.
    labels : ndarray of int, (slices,)
    batch_size : int
    seed : int, optional
        Seed of the order, another one in each epoch; in order without one.

    Returns
    -------
    tf.data.Dataset
        Of float32 inputs and labels.
    """
    served = tf.data.Dataset.from_tensor_slices((_stored(inputs), labels))
    if seed is not None:
        served = served.shuffle(len(labels), seed=seed)
    return augment.prefetch(served.batch(batch_size).map(lambda x, y: (_floats(x), y)))


def _stored(inputs: np.ndarray) -> np.ndarray:
    # Half precision goes through a pipeline as whole numbers: TensorFlow complains of it there
    # wherever the processor does not compute in it.
    return inputs.view(np.uint16) if inputs.dtype == np.float16 else inputs


def _floats(inputs: tf.Tensor) -> tf.Tensor:
    if inputs.dtype == tf.uint8:
        return augment.scale(inputs)
    if inputs.dtype == tf.uint16:
        return tf.cast(tf.bitcast(inputs, tf.float16), tf.float32)
    return inputs


def fingerprint(*arrays: Iterable) -> str:
    """Hash of arrays: the same one for the same shapes, types and numbers, and only then."""
    digest = hashlib.blake2b(digest_size=10)
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(array)
    return digest.hexdigest()
