"""What frozen layers make of the slices: computed once, kept on disk, read by all later runs."""

import hashlib
import json
import time
from collections.abc import Iterable

import numpy as np

from course_utils import augment, models, settings
from course_utils.core import files
from course_utils.core.backend import keras, tf
from course_utils.training import recipes

# Part of every name here: raise it when the same layers no longer give the same outputs.
VERSION = 1


def predict(model: keras.Model, inputs: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """Run slices, or what frozen layers made of them, through a network.

    Takes slices of uint8, (slices, height, width), or with channels as a last axis, which the
    network gets in [0, 1]; or outputs of earlier layers, float16 or float32, (slices, ...). Returns
    float32, (slices, ...).
    """
    # One call for all slices, which become floats a batch at a time: as floats all at once they
    # would take a gigabyte.
    served = tf.data.Dataset.from_tensor_slices(_stored(inputs)).batch(batch_size).map(_floats)
    return model.predict(augment.prefetch(served), verbose=0)


def cached(trunk: keras.Model, images: np.ndarray) -> tuple[np.ndarray, float]:
    """Outputs of frozen layers, from the disk where the same ones were computed before.

    They come in float16, which takes half the room, and no classifier here can tell the difference;
    and with the seconds that computing them took, now or then.
    """
    # A part of a network is numbered as it is made; all else in its settings tells what it does.
    layers = json.dumps(trunk.get_config() | {"name": VERSION}, default=str)
    key = fingerprint(images, *trunk.get_weights(), [layers])
    path = settings.data_dir() / "features" / f"{key}.npz"

    def compute(new):
        begin = time.perf_counter()
        outputs = predict(trunk, images).astype(np.float16)
        files.write_arrays(new, outputs=outputs, seconds=time.perf_counter() - begin)

    files.once(path, compute)
    with files.reading(path, "delete this file and try again"), np.load(path) as stored:
        return stored["outputs"], float(stored["seconds"])


def outputs(
    model: keras.Model, recipe: recipes.Recipe, *sets: np.ndarray
) -> tuple[list[np.ndarray], float]:
    """Outputs of a recipe's frozen layers for sets of slices, and the seconds that they took.

    The features under a head come from the outputs of the trunk under a tail: whoever trains both
    has the trunk run once. Hand over all sets together, such as those for training and validation:
    a part of a network has to be prepared before it runs, which takes seconds each time.
    """
    end = recipe.freeze_until
    stop = recipes.TRUNKS[recipe.network] if end == "pooled" else end
    trunk = models.submodel(model, stop=stop)
    results = [cached(trunk, images) for images in sets]
    found, seconds = [output for output, _ in results], sum(took for _, took in results)
    if stop != end:
        begin = time.perf_counter()
        rest = models.submodel(model, stop, end)
        found = [predict(rest, output) for output in found]
        seconds += time.perf_counter() - begin
    return found, seconds


def batches(
    inputs: np.ndarray, labels: np.ndarray, batch_size: int = 64, seed: int | None = None
) -> tf.data.Dataset:
    """Serve float32 inputs, made of what :func:`predict` takes, and labels in batches.

    They come in another order in each epoch, which ``seed`` decides, or in order without one.
    """
    served = tf.data.Dataset.from_tensor_slices((_stored(inputs), labels))
    if seed is not None:
        served = served.shuffle(len(labels), seed=seed)
    return augment.prefetch(served.batch(batch_size).map(lambda x, y: (_floats(x), y)))


def fingerprint(*arrays: Iterable) -> str:
    """Hash of arrays: the same one for the same shapes, types and numbers, and only then."""
    digest = hashlib.blake2b(digest_size=10)
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(array)
    return digest.hexdigest()


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
