"""Pretrained backbones with a new head, and networks divided into a frozen and a trained part."""

import numpy as np

from course_utils.core.backend import keras, tf
from course_utils.core.channels import COLOURS, with_channels
from course_utils.core.errors import CourseError, look_up
from course_utils.models import cnn, weights
from course_utils.models.weights import Source


def transfer(
    backbone: str,
    source: Source | None = None,
    dropout: float = 0.4,
    images: np.ndarray | None = None,
    classes: int = 4,
    shape: tuple[int, int, int] | None = None,
) -> keras.Model:
    """Put a new head on a backbone: it takes and gives what the baseline does.

    Batch norm is frozen: its averages were taken over the pictures of the pretraining, and a few
    batches of ours would only spoil them. Random weights bring no averages, and without any the
    numbers fade away from layer to layer: they are taken once, over some slices of ours.

    Parameters
    ----------
    backbone : {"mobilenetv2", "resnet50"}
        MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381) or ResNet50 (He et al. 2015, arXiv
        1512.03385).
    source : Source, optional
        What :func:`course_utils.models.weights.resolve` finds where it is left out.
    dropout : float
        Share of the pooled features to blank out at random while training.
    images : ndarray of uint8, (slices, height, width) or (slices, height, width, 3), optional
        Training slices, for the averages of a network with random weights.
    classes : int
    shape : tuple of int, optional
        Height, width and channels of the slices, 1 or 3: those of ``images`` where it is left out
        and, without any, those of the baseline.

    Raises
    ------
    CourseError
        If there is no such backbone, or its weights are damaged.
    """
    source = source or weights.resolve(backbone)
    shape = shape or (cnn.SHAPE if images is None else cnn.shape_of(images))
    inputs = cnn.slice_input(shape)
    network = build_backbone(backbone, inputs)
    weights.load(network, source)
    norms = [la for la in network.layers if isinstance(la, keras.layers.BatchNormalization)]
    if source.kind == "random" and images is not None:
        take_averages(network, norms, images)
    for norm in norms:
        norm.trainable = False
    return cnn.classifier(backbone, inputs, network.output, classes, dropout)


def build_backbone(backbone: str, inputs) -> keras.Model:
    """Build a backbone with random weights, from slices in [0, 1] to its last feature maps."""
    title = look_up(weights.BACKBONES, backbone, "backbone").title
    x = _preprocessed(backbone, inputs)
    return getattr(keras.applications, title)(
        include_top=False, weights=None, input_tensor=x, name=backbone
    )


def submodel(
    model: keras.Model, start: str | None = None, stop: str = "probabilities"
) -> keras.Model:
    """Take the layers after ``start``, or all from the slice on, up to ``stop`` as a model.

    Both share their weights: train the part, and the whole is trained. A :class:`CourseError` says
    where there is no such layer, or others lead past it.
    """
    try:
        inputs = model.input if start is None else model.get_layer(start).output
        return keras.Model(inputs, model.get_layer(stop).output)
    except ValueError:
        raise CourseError(
            f"{model.name} cannot be divided at {start or stop!r}: name a layer of its summary() "
            "that everything passes through."
        ) from None


def take_averages(network: keras.Model, norms: list, images: np.ndarray) -> None:
    """Let one batch, spread evenly over the slices, set the averages of batch norm."""
    chosen = np.linspace(0, len(images) - 1, 64).astype(int)
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # The averages become those of this batch.
    # As a graph, which lets go of a layer's maps once the next one has been computed.
    tf.function(network)(with_channels(images[chosen]) / np.float32(255), training=True)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum


def _preprocessed(backbone: str, inputs):
    """Turn slices in [0, 1] into the three colours that a backbone saw in its pretraining."""
    if inputs.shape[-1] == COLOURS:
        x = inputs if backbone == "mobilenetv2" else _blue_first(inputs)
    else:
        # Photographs have three colours: the one grey value is repeated.
        x = keras.layers.Concatenate(name="grey_to_colour")([inputs] * COLOURS)
    if backbone == "mobilenetv2":
        return keras.layers.Rescaling(2, offset=-1, name="minus_one_to_one")(x)
    # 0 to 255, minus ImageNet's mean blue, green and red.
    means = [-103.939, -116.779, -123.68]
    return keras.layers.Rescaling(255, offset=means, name="minus_means")(x)


def _blue_first(inputs):
    """Turn red, green and blue into blue, green and red, the order that ResNet50 learnt in."""
    # Layers with names: those of an operation such as keras.ops.flip are counted as they are made,
    # and one network would not have one configuration. The last two axes are cut here, as those of
    # pictures with channels first are, and each part is one colour of all columns.
    parts = [
        keras.layers.Cropping2D(
            ((0, 0), (number, COLOURS - 1 - number)), data_format="channels_first", name=name
        )(inputs)
        for number, name in enumerate(("red", "green", "blue"))
    ]
    return keras.layers.Concatenate(name="blue_green_red")(parts[::-1])
