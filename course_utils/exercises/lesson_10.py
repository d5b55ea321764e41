"""What counts as right in the exercises of lesson 10."""

import numpy as np
from scipy.special import softmax

from course_utils import settings
from course_utils.exercises.common import Wrong, array, number_check, trying


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
    for words, weights in mistakes.items():
        if np.allclose(given, np.tensordot(weights, maps, 2)):
            raise Wrong(words)
    if not np.allclose(given, np.tensordot(softmax(scores), maps, 2)):
        raise Wrong("Not yet. Weights: exp of each score over the sum of all. Then a weighted sum.")
    if not np.allclose(large, given):
        raise Wrong("With scores around 2000 exp overflows: subtract the largest score first.")


CHECKS = {
    "10.1": number_check(  # weights of a squeeze-and-excitation block of 64 channels, reduced to 16
        64 * 16 + 16 + 16 * 64 + 64,
        {
            2 * 64 * 16: "Nearly: both layers have a bias, too.",
            64 * 16 + 16: "That is the first layer. A second one leads back to 64 numbers.",
            16 * 64 + 64: "That is the second layer. The first one leads from 64 numbers to 16.",
            64 * 64 + 64: "That would be one layer from 64 numbers to 64. Here two go through 16.",
            2 * (64 * 16 + 16): "The second layer has a bias for each of its 64 numbers.",
            9 * 2 * 64 * 16: "There is no window here: squeezing leaves one number a channel.",
        },
        hint="Two dense layers, from 64 numbers to 16 and back, each with its bias.",
    ),
    "10.2": pooled_by_attention,
    "10.3": number_check(  # side of the window of the slice that one place of the last maps sees
        73,
        {
            16: "That is how far the windows of two neighbours lie apart: they overlap.",
            128: "Close to the whole slice, but not all of it. Count from layer to layer.",
            9: "That would be without strides and pooling: 3 + 2 + 2 + 2.",
            38: "The first convolution moves in steps of two: everything after counts double.",
            59: "Pooling widens the window, too: each time by one step.",
        },
        hint="Begin with a window and a step of 1. A layer of width k adds (k - 1) steps to the "
        "window, then its stride multiplies the step.",
    ),
}
