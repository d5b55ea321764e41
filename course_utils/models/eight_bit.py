"""Weights of a network in 8 bits: a quarter of the size, and hardly another prediction.

A kernel is stored as whole numbers from -127 to 127 and one scale for each channel that it makes
(Jacob et al. 2018, arXiv 1712.05877, name the idea; here it only saves space, and the network
computes with ordinary numbers again). Everything else, such as the averages of batch norm, is
small and stays as it is.

The file is a ``.npz``: ``about`` says which network it is for; ``LAYER/NUMBER`` is an array of a
layer, in Keras's order; and ``LAYER/NUMBER/scale`` stands beside each array in 8 bits.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from course_utils.core import files
from course_utils.core.backend import keras
from course_utils.core.errors import CourseError

FORMAT = 1
SUMS = "SHA256SUMS"


def save(network: keras.Model, path: Path, backbone: str) -> None:
    """Write a network's weights and its name to ``path``, and the file's SHA-256 beside it."""
    arrays = {"about": np.array(json.dumps({"format": FORMAT, "backbone": backbone}))}
    for layer in network.layers:
        for number, array in enumerate(layer.get_weights()):
            name = f"{layer.name}/{number}"
            if array.ndim < 2:
                arrays[name] = array.astype(np.float32)
            else:
                arrays[name], arrays[f"{name}/scale"] = _rounded(array)
    with files.lock(path.with_name(SUMS)):
        with files.atomic(path) as new, new.open("wb") as file:
            np.savez_compressed(file, **arrays)
        sums = _sums(path.parent) | {path.name: fingerprint(path)}
        with files.atomic(path.with_name(SUMS)) as new:
            new.write_text("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)))


def check(path: Path, remedy: str) -> None:
    """Raise a :class:`CourseError` where a file is not the one in ``SHA256SUMS``."""
    if _sums(path.parent).get(path.name) != fingerprint(path):
        raise CourseError(
            f"{path} is damaged, incomplete or another file (its SHA-256 is not the one in "
            f"{SUMS} beside it): {remedy}."
        )


def restore(network: keras.Model, path: Path, backbone: str) -> None:
    """Put weights from a file into a network: all of them or, where anything is wrong, none.

    A broken file raises nearly anything; :func:`course_utils.models.weights.load` makes it words.
    """
    with np.load(path) as stored:
        about = json.loads(str(stored["about"]))
        if about != {"format": FORMAT, "backbone": backbone}:
            raise ValueError(f"it is for {about.get('backbone')}, in format {about.get('format')}")
        expanded = {layer: _expanded(layer, stored) for layer in network.layers if layer.weights}
    # Only now, when all of them are there and fit.
    for layer, arrays in expanded.items():
        layer.set_weights(arrays)


def fingerprint(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rounded(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers, and one scale for each channel that a kernel makes."""
    # A depthwise kernel, (height, width, channels, 1), keeps its channels in the axis before.
    axis = array.ndim - (2 if array.shape[-1] == 1 else 1)
    others = tuple(i for i in range(array.ndim) if i != axis)
    scale = np.abs(array).max(axis=others, keepdims=True) / np.float32(127)
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(array / scale).astype(np.int8), scale


def _expanded(layer: keras.layers.Layer, stored) -> list[np.ndarray]:
    arrays = []
    for number, variable in enumerate(layer.weights):
        name = f"{layer.name}/{number}"
        array = stored[name]
        if array.dtype == np.int8:
            array = array * stored[f"{name}/scale"]
        if array.shape != tuple(variable.shape) or not np.isfinite(array).all():
            raise ValueError(f"{name} has the wrong shape or values that are not numbers")
        arrays.append(array)
    return arrays


def _sums(folder: Path) -> dict[str, str]:
    """Fingerprint of each file that ``SHA256SUMS`` lists."""
    path = folder / SUMS
    if not path.exists():
        return {}
    lines = path.read_text().splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines if line)}
