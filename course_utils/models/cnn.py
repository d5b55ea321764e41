"""The networks of this course: a small one of our own, and two published ones with a new head.

The small one comes in pieces, from which :mod:`course_utils.models.attention` and
:mod:`course_utils.models.fusion` build its variants.

Every classifier here is one flat functional model, so that any layer can be reached by its name.
Four names are the same in all of them: ``features`` (the last map that still has a place for
everything), ``pooled`` (one number a channel), ``logits`` and ``probabilities``.
"""

from collections.abc import Callable

import numpy as np

from course_utils import settings
from course_utils.core.backend import keras, tf
from course_utils.datasets import CLASS_NAMES
from course_utils.models import weights
from course_utils.models.weights import Source


def baseline() -> keras.Model:
    """Build a small CNN: four convolutions with 16, 32, 64 and 128 filters.

    The first one moves in steps of two pixels. That leaves a quarter of the work for all that
    follows, and makes the network fast enough for a laptop.

    Returns
    -------
    keras.Model
        float32 slices (batch, 128, 128, 1) in [0, 1] to probabilities (batch, 4).
    """
    inputs = slice_input()
    return classifier("baseline", inputs, convolutions(inputs))


def slice_input(contrasts: int = 1) -> keras.KerasTensor:
    """Where slices come in: float32 (batch, 128, 128, contrasts) in [0, 1]."""
    return keras.Input((settings.IMAGE_SIZE, settings.IMAGE_SIZE, contrasts), name="slice")


def convolutions(inputs, after: Callable | None = None):
    """Stack the baseline's four convolutions, each with batch norm and ReLU.

    Parameters
    ----------
    inputs : KerasTensor, (batch, 128, 128, channels)
    after : callable, optional
        Takes the maps of a convolution and its number, 1 to 4, and returns the maps that go on.

    Returns
    -------
    KerasTensor, (batch, 8, 8, 128)
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


def classifier(name: str, inputs, maps, dropout: float = 0.2, pool: Callable | None = None):
    """Put the layers on top that every classifier here ends in.

    Parameters
    ----------
    name : str
    inputs, maps : KerasTensor
        Where the network begins, and its last feature maps.
    dropout : float
        Share of the pooled features to blank out at random while training.
    pool : callable, optional
        Takes the maps (batch, height, width, channels) to features (batch, channels); their
        mean over all places where it is left out.

    Returns
    -------
    keras.Model
    """
    x = keras.layers.Identity(name="features")(maps)
    x = pool(x) if pool else keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(len(CLASS_NAMES), name="logits")(x)
    return keras.Model(inputs, keras.layers.Softmax(name="probabilities")(x), name=name)


def transfer(
    backbone: str,
    source: Source | None = None,
    dropout: float = 0.4,
    images: np.ndarray | None = None,
) -> keras.Model:
    """Put a new head on a published network.

    Batch norm is frozen: its averages were taken over the pictures of the pretraining, and a few
    batches of ours would only spoil them. Random weights bring no averages, and without any the
    numbers fade away from layer to layer: they are taken once, over some slices of ours.

    Parameters
    ----------
    backbone : {"mobilenetv2", "resnet50"}
        MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381) or ResNet50 (He et al. 2015, arXiv
        1512.03385).
    source : Source, optional
        Where its weights come from; what :func:`course_utils.models.weights.resolve` finds where
        it is left out.
    dropout : float
        Share of the pooled features to blank out at random while training.
    images : ndarray of uint8, (slices, 128, 128), optional
        Training slices, for the averages of a network with random weights.

    Returns
    -------
    keras.Model
        float32 slices (batch, 128, 128, 1) in [0, 1] to probabilities (batch, 4).

    Raises
    ------
    CourseError
        If there is no such backbone, or its weights are damaged.
    """
    source = source or weights.resolve(backbone)
    inputs = slice_input()
    network = build_backbone(backbone, inputs)
    weights.load(network, source)
    norms = [la for la in network.layers if isinstance(la, keras.layers.BatchNormalization)]
    if source.kind == "random" and images is not None:
        _take_averages(network, norms, images)
    for norm in norms:
        norm.trainable = False
    return classifier(backbone, inputs, network.output, dropout)


def build_backbone(backbone: str, inputs) -> keras.Model:
    """Build a published network without its classifying layer, for slices of one grey value.

    Parameters
    ----------
    backbone : {"mobilenetv2", "resnet50"}
    inputs : KerasTensor
        Slices (batch, height, width, 1) in [0, 1].

    Returns
    -------
    keras.Model
        From the slices to the last feature maps. Its weights are random.

    Raises
    ------
    CourseError
        If there is no such backbone.
    """
    title = weights.known(backbone).title
    # Photographs have three colours: the one grey value is repeated.
    x = keras.layers.Concatenate(name="grey_to_colour")([inputs] * 3)
    x = _preprocessing(backbone)(x)
    return getattr(keras.applications, title)(
        include_top=False, weights=None, input_tensor=x, name=backbone
    )


def submodel(
    model: keras.Model, start: str | None = None, stop: str = "probabilities"
) -> keras.Model:
    """Take the layers after ``start`` up to ``stop`` as a model of their own.

    Both share their weights: train the part, and the whole is trained.

    Parameters
    ----------
    model : keras.Model
    start : str, optional
        Name of the last layer to leave out; None begins with the slice itself.
    stop : str
        Name of the last layer to keep.
    """
    inputs = model.input if start is None else model.get_layer(start).output
    return keras.Model(inputs, model.get_layer(stop).output)


def _take_averages(network: keras.Model, norms: list, images: np.ndarray) -> None:
    """Let one batch, spread evenly over the slices, set the averages of batch norm."""
    chosen = np.linspace(0, len(images) - 1, 64).astype(int)
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # The averages become those of this batch.
    # As a graph, which lets go of a layer's maps once the next one has been computed.
    tf.function(network)(images[chosen, ..., np.newaxis] / np.float32(255), training=True)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum


def _preprocessing(backbone: str) -> keras.layers.Layer:
    """Turn 0 to 1 into the numbers that a backbone saw in its pretraining."""
    if backbone == "mobilenetv2":
        return keras.layers.Rescaling(2, offset=-1, name="minus_one_to_one")
    # 0 to 255, minus ImageNet's mean blue, green and red. In a grey picture the order of the
    # three is no matter, but the order of the means is.
    means = [-103.939, -116.779, -123.68]
    return keras.layers.Rescaling(255, offset=means, name="minus_means")
