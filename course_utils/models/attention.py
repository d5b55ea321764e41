"""The baseline with attention: it weighs its channels, and then the places of the slice.

Both parts are plain Keras layers, so that a saved network opens without this module.
"""

from course_utils.core.backend import keras
from course_utils.models import cnn

# Numbers that a channel's weight is made from: a quarter as many as there are channels.
REDUCTION = 4
# Hidden numbers for each place, from which its score is made.
HIDDEN = 32


def attention_cnn(
    classes: int = 4, dropout: float = cnn.DROPOUT, shape: tuple[int, int, int] = cnn.SHAPE
) -> keras.Model:
    """Build the baseline with squeeze-and-excitation and attention pooling.

    Every convolution is followed by :func:`squeeze_excite`, and the last maps are pooled by
    :func:`attention_pool` in place of their mean. Its layer ``attention`` has each place's weight.
    """
    inputs = cnn.slice_input(shape)
    maps = cnn.convolutions(inputs, after=squeeze_excite)
    return cnn.classifier("attention", inputs, maps, classes, dropout, pool=attention_pool)


def squeeze_excite(maps, number: int):
    """Weigh whole channels by what the slice as a whole shows (Hu et al. 2018, arXiv 1709.01507).

    Maps (batch, height, width, channels) come out in the same shape, each channel times a number
    from 0 to 1; ``number`` is that of the convolution, for the layers' names.
    """
    channels = maps.shape[-1]
    x = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"squeeze{number}")(maps)
    x = keras.layers.Dense(channels // REDUCTION, activation="relu", name=f"reduce{number}")(x)
    x = keras.layers.Dense(channels, activation="sigmoid", name=f"excite{number}")(x)
    return keras.layers.Multiply(name=f"weighed{number}")([maps, x])


def attention_pool(maps):
    """Average maps (batch, height, width, channels) over places, by weights from the maps.

    A small network gives every place a score, and a softmax over all places makes weights of
    them. It is the attention without gate of Ilse et al. (2018, arXiv 1802.04712), with places for
    instances.
    """
    x = keras.layers.Dense(HIDDEN, activation="tanh", name="attention_hidden")(maps)
    # A constant added to all scores would cancel in the softmax.
    x = keras.layers.Dense(1, use_bias=False, name="attention_scores")(x)
    weights = keras.layers.Softmax(axis=[1, 2], name="attention")(x)
    weighed = keras.layers.Multiply(name="attended")([maps, weights])
    return keras.layers.Identity(name="pooled")(keras.ops.sum(weighed, axis=(1, 2)))
