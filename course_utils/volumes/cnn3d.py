"""One small network for slices, for volumes, and for volumes whose slices are seen apart."""

from course_utils.core.backend import keras
from course_utils.core.errors import look_up
from course_utils.models import cnn
from course_utils.volumes.data import SHAPE

# How far a kernel reaches along each axis of the input.
_KERNELS = {"2d": (3, 3), "bag": (3, 3, 1), "3d": (3, 3, 3)}


def network(kind: str, classes: int = 4, dropout: float = cnn.DROPOUT) -> keras.Model:
    """Build a small CNN of four convolutions, the course's baseline for another shape.

    The three kinds differ in nothing but their kernels and in what they pool. The first
    convolution moves in steps of two voxels. At the end the *largest* value of each feature map
    counts, not the mean: a lesion fills a small part of a head, and a mean would drown it.

    It takes float32 in [0, 1] to probabilities (batch, classes). ``"2d"`` takes axial slices,
    (batch, 48, 56, 1), ``"3d"`` volumes, (batch, 48, 56, 48, 1). ``"bag"`` takes volumes, too, but
    its kernels and its pooling stay within a slice: it looks at every other axial slice alone, as
    ``"2d"`` does, and meets the others only where the largest value of all is taken.
    """
    kernel = look_up(_KERNELS, kind, "network")
    dimensions = len(kernel)

    def layer(name: str) -> type[keras.Layer]:
        return getattr(keras.layers, f"{name}{dimensions}D")

    x = inputs = keras.Input((*SHAPE[:dimensions], 1), name="slice" if kind == "2d" else "volume")
    for number, filters in enumerate((16, 32, 64, 128), start=1):
        if number > 1:
            size = [min(2, side) for side in kernel]
            x = layer("MaxPooling")(size, name=f"pool{number - 1}")(x)
        step = 2 if number == 1 else 1
        x = layer("Conv")(filters, kernel, step, "same", use_bias=False, name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
    largest = layer("GlobalMaxPooling")(name="pooled")
    return cnn.classifier(f"volumes_{kind}", inputs, x, classes, dropout, largest)
