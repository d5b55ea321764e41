"""The baseline with attention: it weighs its channels, and then the places of the slice.

Both parts are plain Keras layers, so that a saved network opens without this module.
"""

import keras
import numpy as np
from scipy import special

from course_utils import features, models

# Numbers that a channel's weight is made from: a quarter as many as there are channels.
REDUCTION = 4
# Hidden numbers a place, from which its score is made.
HIDDEN = 32


def attention() -> keras.Model:
    """Build the baseline with squeeze-and-excitation and attention pooling.

    Every convolution is followed by :func:`squeeze_excite`, and the last maps are pooled by
    :func:`attention_pool` in place of their mean.

    Returns
    -------
    keras.Model
        float32 slices (batch, 128, 128, 1) in [0, 1] to probabilities (batch, 4). Its layer
        ``attention`` gives each place's weight.
    """
    inputs = models.slice_input()
    maps = models.convolutions(inputs, after=squeeze_excite)
    return models.classifier("attention", inputs, maps, pool=attention_pool)


def squeeze_excite(maps, number: int):
    """Weigh whole channels by what the slice as a whole shows (Hu et al. 2018, arXiv 1709.01507).

    Parameters
    ----------
    maps : KerasTensor, (batch, height, width, channels)
    number : int
        Number of the convolution, for the layers' names.

    Returns
    -------
    KerasTensor, (batch, height, width, channels)
        The maps, each times a number from 0 to 1.
    """
    channels = maps.shape[-1]
    x = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"squeeze{number}")(maps)
    x = keras.layers.Dense(channels // REDUCTION, activation="relu", name=f"reduce{number}")(x)
    x = keras.layers.Dense(channels, activation="sigmoid", name=f"excite{number}")(x)
    return keras.layers.Multiply(name=f"weighed{number}")([maps, x])


def attention_pool(maps):
    """Average the maps over places that the network weighs itself (Ilse et al. 2018).

    A small network gives every place a score, and a softmax over all places makes weights of
    them. It is the attention without gate of arXiv 1802.04712, with places for instances.

    Parameters
    ----------
    maps : KerasTensor, (batch, height, width, channels)

    Returns
    -------
    KerasTensor, (batch, channels)
    """
    x = keras.layers.Dense(HIDDEN, activation="tanh", name="attention_hidden")(maps)
    # A constant added to all scores would cancel in the softmax.
    x = keras.layers.Dense(1, use_bias=False, name="attention_scores")(x)
    weights = keras.layers.Softmax(axis=[1, 2], name="attention")(x)
    weighed = keras.layers.Multiply(name="attended")([maps, weights])
    return keras.layers.Identity(name="pooled")(keras.ops.sum(weighed, axis=(1, 2)))


def with_fixed_channels(model: keras.Model, images: np.ndarray) -> keras.Model:
    """Copy a network whose channels all slices weigh alike: at their mean weight.

    If the copy answers as well, weighing channels slice by slice was of no use.

    Parameters
    ----------
    model : keras.Model
        What :func:`attention` builds.
    images : ndarray of uint8, (slices, 128, 128)
        Slices to take the means over: training slices, or the test slices would have a say.
    """
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in copy.layers:
        if layer.name.startswith("excite"):
            mean = features.predict(models.part(model, stop=layer.name), images).mean((0, 1, 2))
            # Without its kernel the layer says the same to every slice: the sigmoid of its bias.
            layer.set_weights([np.zeros(layer.kernel.shape), special.logit(np.float64(mean))])
    return copy
