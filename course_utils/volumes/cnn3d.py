"""One small network for slices, for volumes, and for volumes whose slices are seen apart."""

from course_utils.core.backend import keras
from course_utils.core.errors import CourseError
from course_utils.datasets import CLASS_NAMES
from course_utils.volumes.data import SHAPE

# Dimensions of the input, and how far a kernel reaches along each of them.
_KERNELS = {"2d": (3, 3), "bag": (3, 3, 1), "3d": (3, 3, 3)}


def network(kind: str) -> keras.Model:
    """Build a small CNN of four convolutions.

    The three kinds differ in nothing but their kernels and in what they pool. The first
    convolution moves in steps of two voxels. At the end the *largest* value of each feature map
    counts, not the mean: a lesion fills a small part of a head, and a mean would drown it.

    Parameters
    ----------
    kind : {"2d", "bag", "3d"}
        ``"2d"`` takes one axial slice, ``"3d"`` a volume. ``"bag"`` takes a volume, too, but its
        kernels and its pooling stay within a slice: it looks at every other axial slice alone, as
        ``"2d"`` does, and meets the others only where the largest value of all is taken.

    Returns
    -------
    keras.Model
        float32 in [0, 1] to probabilities (batch, 4): slices (batch, 48, 56, 1), or volumes
        (batch, 48, 56, 48, 1).

    Raises
    ------
    CourseError
        If there is no such kind.
    """
    if kind not in _KERNELS:
        raise CourseError(f"There is no network {kind!r}: use one of {', '.join(_KERNELS)}.")
    kernel = _KERNELS[kind]
    dimensions = len(kernel)
    convolution = getattr(keras.layers, f"Conv{dimensions}D")
    pooling = getattr(keras.layers, f"MaxPooling{dimensions}D")
    name = {2: "slice", 3: "volume"}[dimensions]
    x = inputs = keras.Input((*SHAPE[:dimensions], 1), name=name)
    for number, filters in enumerate((16, 32, 64, 128), start=1):
        if number > 1:
            x = pooling([min(2, side) for side in kernel], name=f"pool{number - 1}")(x)
        x = convolution(
            filters,
            kernel,
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
    return keras.Model(inputs, outputs, name=f"volumes_{kind}")
