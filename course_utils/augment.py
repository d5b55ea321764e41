"""From slices in an array to the batches that a network is trained on."""

from collections.abc import Callable, Sequence

import numpy as np

from course_utils import settings
from course_utils.core.backend import keras, tf
from course_utils.core.channels import with_channels
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset


def scale(images) -> tf.Tensor:
    """Turn values 0 to 255 into float32 from 0 to 1, with the axis of channels Keras expects.

    Slices are (slices, height, width), those in colour (slices, height, width, 3), and a single one
    lacks the first axis.
    """
    return with_channels(tf.cast(images, tf.float32) / 255)


def unscale(images) -> np.ndarray:
    """Undo :func:`scale`: the result is uint8, and of a single channel the axis is gone."""
    images = np.asarray(images)
    images = images[..., 0] if images.shape[-1] == 1 else images
    return np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)


class RandomApply(keras.layers.Layer):
    """Change a share of the images of a batch by other layers, and leave the rest as they are.

    It takes what :func:`pipeline` takes. Each call draws anew which images are changed.
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], rate: float, seed: int) -> None:
        super().__init__()
        self.change = keras.layers.Pipeline(layers)
        self.rate, self.draws = rate, keras.random.SeedGenerator(seed)

    def call(self, inputs, training=True):
        images = tf.nest.flatten(inputs)[0]
        if images.shape.rank != 4:
            raise CourseError(
                f"Images have {images.shape.rank} axes here, and batch, height, width and channels "
                "are needed: write 'batch' before 'map'."
            )
        changed = self.change(inputs, training=training)
        chosen = keras.random.uniform((tf.shape(images)[0], 1, 1, 1), seed=self.draws) < self.rate
        return tf.nest.map_structure(lambda new, old: tf.where(chosen, new, old), changed, inputs)


def pipeline(
    rotation: float = 15,
    zoom: float = 0.1,
    flip: bool = True,
    seed: int = settings.SEED,
    rate: float = 0.5,
) -> keras.layers.Pipeline:
    """Random changes after which a brain is still a brain of the same class.

    It takes a batch of scaled images, whose contrasts all get the same draw, or a dictionary
    with ``"images"`` and ``"segmentation_masks"``: both then get the same draw, the masks without
    new values in between. What leaves the frame is lost, what comes into it is black, like air.
    Each call draws anew; a new pipeline of the same seed repeats the draws of the first.

    Parameters
    ----------
    rotation : float
        Largest angle either way, in degrees.
    zoom : float
        Largest change of size either way, as a share: 0.1 is 90% to 110%.
    flip : bool
        Whether to swap left and right in one image of two.
    rate : float
        Share of the images that are turned and zoomed. Both smooth an image, and those that a
        network is tested on are not smoothed: it has to learn from some that are as sharp.
    """
    # One seed for all would tie the angle to the zoom: both layers would draw the same numbers.
    turn = [
        keras.layers.RandomRotation(rotation / 360, fill_mode="constant", seed=seed),
        keras.layers.RandomZoom(zoom, fill_mode="constant", seed=seed + 1),
    ]
    layers = [RandomApply(turn, rate, seed + 2)]
    if flip:
        layers.append(keras.layers.RandomFlip("horizontal", seed=seed + 3))
    return keras.layers.Pipeline(layers)


def batches(
    data: Dataset,
    batch_size: int = 32,
    augmentation: Callable[..., tf.Tensor] | None = None,
    shuffle: bool = False,
    seed: int = settings.SEED,
    contrasts: Sequence[str] = (),
) -> tf.data.Dataset:
    """Serve slices and labels in batches, scaled, and augmented where a pipeline is given.

    Images are float32 in [0, 1], (batch, height, width, channels): the contrasts in the order
    named, or the main one, which may have three colours. Labels are int64, (batch,). Shuffled,
    slices come in another order in each epoch, which ``seed`` decides; the augmentation has a seed
    of its own, and draws anew, too.
    """
    served = tf.data.Dataset.from_tensor_slices((data.stacked(contrasts), data.labels))
    if shuffle:
        served = served.shuffle(len(data), seed=seed)
    served = served.batch(batch_size).map(lambda images, labels: (scale(images), labels))
    if augmentation is not None:
        # One call a batch, not one a slice; and one call at a time: with several at once, which
        # batch gets which random numbers would depend on the machine.
        served = served.map(lambda images, labels: (augmentation(images, training=True), labels))
    return prefetch(served)


def prefetch(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Have the next batches prepared while a network is busy with one.

    Without TensorFlow's tuning of pipelines: it runs in a thread that sleeps longer and longer, and
    whoever is done with an epoch waits until it wakes. On two cores that made every other epoch
    take twice as long (TensorFlow 2.21).
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(2).with_options(options)
