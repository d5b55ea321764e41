"""The same small network in two and in three dimensions."""

import keras

from course_utils.datasets import CLASS_NAMES
from course_utils.files import CourseError
from course_utils.volumes import SHAPE


def network(dimensions: int) -> keras.Model:
    """Build a small CNN of four convolutions, for axial slices or for whole volumes.

    The two differ in nothing but their number of dimensions: a kernel has 3 x 3 or 3 x 3 x 3
    weights for each channel. The first convolution moves in steps of two voxels. At the end the
    *largest* value of each feature map counts, not the mean: a lesion fills a small part of a
    head, and a mean would drown it.

    Parameters
    ----------
    dimensions : {2, 3}

    Returns
    -------
    keras.Model
        float32 in [0, 1] to probabilities (batch, 4): slices (batch, 48, 56, 1), or volumes
        (batch, 48, 56, 48, 1).

    Raises
    ------
    CourseError
        If ``dimensions`` is neither.
    """
    if dimensions not in (2, 3):
        raise CourseError(f"A network has 2 or 3 dimensions here, and not {dimensions!r}.")
    convolution = getattr(keras.layers, f"Conv{dimensions}D")
    pooling = getattr(keras.layers, f"MaxPooling{dimensions}D")
    x = inputs = keras.Input(
        (*SHAPE[:dimensions], 1), name="slice" if dimensions == 2 else "volume"
    )
    for number, filters in enumerate((16, 32, 64, 128), start=1):
        if number > 1:
            x = pooling(name=f"pool{number - 1}")(x)
        x = convolution(
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
    x = keras.layers.Identity(name="features")(x)
    x = getattr(keras.layers, f"GlobalMaxPooling{dimensions}D")(name="pooled")(x)
    x = keras.layers.Dropout(0.2, name="dropout")(x)
    x = keras.layers.Dense(len(CLASS_NAMES), name="logits")(x)
    outputs = keras.layers.Softmax(name="probabilities")(x)
    return keras.Model(inputs, outputs, name=f"volumes_{dimensions}d")
