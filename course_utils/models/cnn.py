"""A small network of our own, in pieces from which its variants are built, too.

Every classifier of the course is one flat functional model, so that any layer can be reached by its
name. Four names are the same in all of them: ``features`` (the last map that still has a place for
everything), ``pooled`` (one number a channel), ``logits`` and ``probabilities``.
"""

from collections.abc import Callable

import numpy as np

from course_utils import settings
from course_utils.core.backend import keras
from course_utils.core.channels import with_channels

DROPOUT = 0.2
# Height, width and channels of a grey slice.
SHAPE = (settings.IMAGE_SIZE, settings.IMAGE_SIZE, 1)


def baseline(
    classes: int = 4, dropout: float = DROPOUT, shape: tuple[int, int, int] = SHAPE
) -> keras.Model:
    """Build a small CNN: four convolutions with 16, 32, 64 and 128 filters.

    The first one moves in steps of two pixels. That leaves a quarter of the work for all that
    follows, and makes the network fast enough for a laptop.

    Returns
    -------
    keras.Model
        float32 slices (batch, height, width, channels) in [0, 1], of the ``shape`` that
        :func:`shape_of` tells, to probabilities (batch, classes).
    """
    inputs = slice_input(shape)
    return classifier("baseline", inputs, convolutions(inputs), classes, dropout)


def shape_of(images: np.ndarray) -> tuple[int, int, int]:
    """Height, width and channels of slices, as a network takes them: one channel where grey."""
    return with_channels(images).shape[1:]


def slice_input(shape: tuple[int, int, int] = SHAPE) -> keras.KerasTensor:
    """Where slices come in: float32 (batch, height, width, channels) in [0, 1]."""
    return keras.Input(shape, name="slice")


def convolutions(inputs, after: Callable | None = None):
    """Stack the baseline's four convolutions, each with batch norm and ReLU.

    ``after`` takes the maps of a convolution and its number, 1 to 4, and returns the maps that go
    on. The last ones have 128 channels and a sixteenth of the slices' height and width.
    """
    x = inputs
    for number, filters in enumerate((16, 32, 64, 128), start=1):
        if number > 1:
            x = keras.layers.MaxPooling2D(name=f"pool{number - 1}")(x)
        # Batch norm shifts every channel anyway: a bias before it would be lost.
        x = keras.layers.Conv2D(
            filters,
            3,
            strides=2 if number == 1 else 1,
            padding="same",
            use_bias=False,
            name=f"conv{number}",
        )(x)
        # A run here has a few hundred steps: at Keras's momentum of 0.99 the averages lag behind.
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
        x = after(x, number) if after else x
    return x


def classifier(
    name: str, inputs, maps, classes: int, dropout: float, pool: Callable | None = None
) -> keras.Model:
    """Put the layers on the last maps that every classifier here ends in.

    ``pool`` takes them to features (batch, channels); their mean over all places without it.
    """
    x = keras.layers.Identity(name="features")(maps)
    x = pool(x) if pool else keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, keras.layers.Softmax(name="probabilities")(x), name=name)
