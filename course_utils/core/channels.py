"""Slices in grey and in colour: what their last axis is."""

import numpy as np
from PIL import Image

COLOURS = 3


def with_channels(images):
    """Slices with the axis of channels that Keras expects, where they have none yet.

    Grey ones of two or three axes gain it. It is there already in all that have four, or five of
    volumes, and in a single slice, (height, width, 3), in colour.
    """
    there = len(images.shape) >= 4 or images.shape[-1] == COLOURS
    return images if there else images[..., np.newaxis]


def greys(images: np.ndarray) -> np.ndarray:
    """How bright slices are, uint8 (slices, height, width): colours count as ITU-R BT.601 says."""
    if images.ndim == 3:
        return images
    return np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in images])
