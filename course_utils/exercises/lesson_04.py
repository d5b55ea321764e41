"""What counts as right in the exercises of lesson 04."""

import numpy as np
from scipy.stats import binomtest

from course_utils.core.backend import keras
from course_utils.exercises.common import Wrong, number_check, rule_out, trying

layers = keras.layers
SIDE, CLASSES = 32, 3
# What ResNet50's preprocess_input takes off blue, green and red.
MEANS = np.array([103.939, 116.779, 123.68])


def transfer_model(answer: object, data: object) -> None:
    """04.1: a function of base and classes that puts a head on a frozen ResNet50.

    The model takes grey slices from 0 to 1. The base is a small stand-in, which notes what comes
    into it.
    """
    seen = []
    base = _stand_in(seen)
    with trying(answer, "base and classes") as build:
        model = build(base=base, classes=CLASSES)
    if not isinstance(model, keras.Model):
        raise Wrong(f"It must return a keras.Model, and it returned {type(model).__name__}.")
    if model.input_shape != (None, SIDE, SIDE, 1):
        raise Wrong(
            f"The model takes {model.input_shape}, and the slices are (None, {SIDE}, {SIDE}, 1) "
            "here: side and side of base.input_shape, one grey channel."
        )
    slices = np.linspace(0, 1, 4 * SIDE * SIDE, dtype="float32").reshape(4, SIDE, SIDE, 1)
    with trying(answer, "base and classes", start="The model"):
        given = np.asarray(model(slices))
    if given.shape != (4, CLASSES):
        raise Wrong(
            f"Of 4 slices it makes the shape {given.shape}, and not (4, {CLASSES}): pool the maps, "
            "then a dense layer with a number for each class."
        )
    _preprocessing(seen, slices)
    if base.trainable_weights:
        raise Wrong("The base is not frozen: set base.trainable = False.")
    _head(model, slices)


def unfrozen(answer: object, data: object) -> None:
    """04.2: a function of base and last that opens the last convolutions, not batch norm."""
    for last in (2, 3):
        base = _stand_in([])
        base.trainable = False
        before = base.get_weights()
        with trying(answer, "base and last") as unfreeze:
            # By name, since what is given by place is copied.
            unfreeze(base=base, last=last)
        learning = {id(weight) for weight in base.trainable_weights}
        opened = [layer.name for layer in base.layers if layer.trainable and layer.weights]
        norms = [name for name in opened if name.startswith("norm")]
        convolutions = [layer.name for layer in base.layers if layer.name.startswith("conv")]
        found = [name for name in opened if name in convolutions]
        if not learning:
            raise Wrong(
                "Nothing may learn. While base.trainable is False, no layer in it does: set it "
                "True first, then freeze layer by layer."
            )
        if norms:
            raise Wrong("Batch norm is open, too: it has to stay frozen everywhere.")
        if found == convolutions:
            raise Wrong(f"All convolutions may learn: only the last {last} should.")
        if found == convolutions[:last]:
            raise Wrong("These are the first ones: late layers should learn, not early ones.")
        if found != convolutions[-last:]:
            raise Wrong(
                f"With last={last}, {len(found)} convolutions may learn ({', '.join(found)}), and "
                f"the last {last} should: layers without a kernel do not count."
            )
        if not all(map(np.array_equal, before, base.get_weights())):
            raise Wrong("It changed weights: it should only settle which of them may learn.")


def _stand_in(seen: list) -> keras.Model:
    """A small backbone with batch norm, which notes the values that reach it."""

    class Note(layers.Layer):
        def call(self, inputs):
            if hasattr(inputs, "numpy"):
                seen.append(inputs.numpy())
            return inputs

    inputs = keras.Input((SIDE, SIDE, 3))
    x = Note()(inputs)
    for number in range(1, 6):
        x = layers.Conv2D(4, 3, strides=2, padding="same", name=f"conv{number}")(x)
        x = layers.BatchNormalization(name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
    return keras.Model(inputs, x, name="base")


def _preprocessing(seen: list, slices: np.ndarray) -> None:
    """Say what is wrong with the values that reached the base."""
    if not seen:
        raise Wrong("The base is not in the model: call it, base(x).")
    given, three = seen[-1], np.repeat(slices, 3, axis=-1)
    mistakes = {
        "The slices reach the base as they are: give them to preprocess_input.": three,
        "They reach the base from 0 to 255: preprocess_input is missing.": 255 * three,
        "preprocess_input wants 0 to 255, and these slices go from 0 to 1: multiply first.": three
        - MEANS,
        "That is MobileNetV2's preprocess_input, from −1 to 1: take ResNet50's.": 2 * three - 1,
        "That is MobileNetV2's preprocess_input, and without times 255: take ResNet50's, and "
        "multiply first.": three / 127.5 - 1,
    }
    rule_out(given, mistakes, atol=1e-2)
    if not np.allclose(given, 255 * three - MEANS, atol=1e-2):
        raise Wrong(
            f"What reaches the base goes from {given.min():.1f} to {given.max():.1f}. Times 255, "
            "the grey repeated three times, then keras.applications.resnet50.preprocess_input."
        )


def _head(model: keras.Model, slices: np.ndarray) -> None:
    """Say what is wrong with the head: its answers must be probabilities that can be certain."""
    given = np.asarray(model(slices))
    if not np.allclose(given.sum(axis=1), 1, atol=1e-3) or given.min() < 0:
        raise Wrong("The answers of a slice do not add up to 1: end in a softmax.")
    dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    if not dense:
        raise Wrong("There is no dense layer to be trained.")
    # A head that is very sure: a second softmax would still answer evenly.
    kernel, bias = dense[-1].get_weights()
    dense[-1].set_weights([kernel, np.where(np.arange(len(bias)) == 0, 1e4, bias)])
    surest = np.asarray(model(slices)).max()
    dense[-1].set_weights([kernel, bias])
    if surest < 0.9:
        raise Wrong(f"Its surest answer is {surest:.0%}: is softmax applied twice?")


CHECKS = {
    "04.1": transfer_model,
    "04.2": unfrozen,
    "04.3": number_check(  # how many times as fast: trunk 6 ms, tail 3 ms per slice, 20 epochs
        20 * (6 + 3) / (6 + 20 * 3),
        {
            (6 + 3) / 3: "That is the gain in one epoch. The cache has to be filled once, too.",
            (6 + 20 * 3) / (20 * (6 + 3)): "Turn it over: how many times as fast, not as long.",
            20: "The tail still has to be trained in each of the 20 epochs.",
        },
        hint="Compare 20 times trunk and tail with once the trunk and 20 times the tail.",
        tolerance=0.01,
    ),
    "04.4": number_check(  # McNemar's p: only one is right on 30 slices, only the other on 14
        binomtest(30, 30 + 14).pvalue,
        {
            binomtest(30, 44, alternative="greater").pvalue: "That is the one-sided test. Either "
            "of the two might have been the better one.",
            binomtest(30, 44).statistic: "That is the share that the first one wins, not yet p.",
        },
        hint="scipy.stats.binomtest(wins, slices) tells how often a coin does that or worse.",
        tolerance=0.0005,
    ),
}
