"""What counts as right in the exercises of lesson 10."""

import numpy as np
from scipy.special import softmax

from course_utils import settings
from course_utils.core.backend import keras
from course_utils.exercises.common import Wrong, array, rule_out, trying


def squeeze_and_excite(answer: object, data: object) -> None:
    """10.1: a function of feature maps and a number of units that weighs their channels."""
    inputs = keras.Input((6, 5, 8))
    # Not as an input of its own, which is copied: a copy belongs to no network.
    tried = (lambda: answer(inputs, 3)) if callable(answer) else answer
    with trying(tried, "x and reduced") as excited:
        outputs = excited()
    if getattr(outputs, "shape", None) != inputs.shape:
        shape = getattr(outputs, "shape", type(outputs).__name__)
        raise Wrong(f"It should return maps of the shape {inputs.shape}, and returned {shape}.")
    model = keras.Model(inputs, outputs)
    keras.utils.set_random_seed(settings.SEED)
    for layer in model.layers:
        layer.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in layer.weights])
    maps = np.random.default_rng(settings.SEED).uniform(0.5, 1, (4, 6, 5, 8)).astype("float32")
    shares = model(maps).numpy() / maps
    if np.ptp(shares, axis=(1, 2)).max() > 1e-4:
        raise Wrong("Places of one channel get different weights: squeeze to one number first.")
    if shares.min() < 0 or shares.max() > 1:
        raise Wrong("Some weights lie outside 0 to 1: the second dense layer wants a sigmoid.")
    if np.ptp(shares, axis=0).max() < 1e-6:
        raise Wrong("Every slice gets the same weights: they should come from what is in it.")
    count, right = model.count_params(), 8 * 3 + 3 + 3 * 8 + 8
    if count != right:
        raise Wrong(
            f"From 8 channels to 3 and back, each layer with a bias, takes {right} weights; it "
            f"has {count}."
        )


def seen_by_one_place(answer: object, data: object) -> None:
    """10.3: a function of a list of widths and steps that returns the side of the window."""
    baseline = [(3, 2), (2, 2), (3, 1), (2, 2), (3, 1), (2, 2), (3, 1)]
    cases = {1: [], 5: [(3, 1), (3, 1)], 7: [(3, 2), (3, 1)], 73: baseline}
    with trying(answer, "layers") as window:
        for right, layers in cases.items():
            given = window(list(layers))
            if isinstance(given, float | int | np.number) and given == right:
                continue
            mistakes = {
                sum(width for width, _ in layers): "Widths do not add up: windows overlap.",
                1 + sum(width - 1 for width, _ in layers): "Steps multiply: after a layer in "
                "steps of two, everything counts double.",
            }
            words = mistakes.get(given, "A layer of width k adds (k - 1) of the steps so far.")
            raise Wrong(f"For {layers} it said {given}, and it is {right}. {words}")


def pooled_by_attention(answer: object, data: object) -> None:
    """10.2: a function of maps and scores that pools places by the softmax of their scores."""
    rng = np.random.default_rng(settings.SEED)
    maps, scores = rng.normal(size=(3, 5, 4)), rng.normal(size=(3, 5))
    with trying(answer, "maps and scores") as pool:
        wanted = "a function that returns 4 numbers, one per channel"
        given = array(pool(maps, scores), wanted, (4,))
        large = np.asarray(pool(maps, scores + 2000), float)
    mistakes = {
        "That is the plain mean: the scores make no difference.": np.full((3, 5), 1 / 15),
        "The scores must become weights first: a softmax over all places.": scores,
        "The weights of each row add up to 1. All 15 together should.": softmax(scores, axis=1),
        "The weights of each column add up to 1. All 15 together should.": softmax(scores, axis=0),
        "The weights add up to 1 already: take the sum, not the mean.": softmax(scores) / 15,
    }
    rule_out(given, {words: np.tensordot(w, maps, 2) for words, w in mistakes.items()})
    if not np.allclose(given, np.tensordot(softmax(scores), maps, 2)):
        raise Wrong("Not yet. Weights: exp of each score over the sum of all. Then a weighted sum.")
    if not np.allclose(large, given):
        raise Wrong("With scores around 2000 exp overflows: subtract the largest score first.")


CHECKS = {
    "10.1": squeeze_and_excite,
    "10.2": pooled_by_attention,
    "10.3": seen_by_one_place,
}
