"""What counts as right in the exercises of lesson 10."""

from collections.abc import Callable

import numpy as np
from scipy import special

from course_utils import settings
from course_utils.datasets import Dataset
from course_utils.exercises.checks import number


def weights_of_a_block(answer: object, data: Dataset) -> str | None:
    """10.1: weights of a squeeze-and-excitation block of 64 channels, reduced to 16."""
    return number(
        answer,
        64 * 16 + 16 + 16 * 64 + 64,
        mistakes={
            2 * 64 * 16: "Nearly: both layers have a bias, too.",
            64 * 16 + 16: "That is the first layer. A second one leads back to 64 numbers.",
            16 * 64 + 64: "That is the second layer. The first one leads from 64 numbers to 16.",
            64 * 64 + 64: "That would be one layer from 64 numbers to 64. Here two go through 16.",
            2 * (64 * 16 + 16): "The second layer has a bias for each of its 64 numbers.",
            9 * 2 * 64 * 16: "There is no window of 3 × 3 here: squeezing leaves one number a "
            "channel.",
        },
        hint="Two dense layers, from 64 numbers to 16 and back, each with its bias.",
    )


def pooled_by_attention(answer: object, data: Dataset) -> str | None:
    """10.2: a function of maps and scores that pools places by the softmax of their scores."""
    if not isinstance(answer, Callable):
        return "This wants a function of maps and scores: give its name, without brackets."
    rng = np.random.default_rng(settings.SEED)
    maps, scores = rng.normal(size=(3, 5, 4)), rng.normal(size=(3, 5))
    weights = special.softmax(scores)
    try:
        given, large = (np.asarray(answer(maps, shift)) for shift in (scores, scores + 2000))
    except Exception as error:
        return f"It stopped with {type(error).__name__}: {str(error).splitlines()[0]}"
    if given.shape != (4,):
        return f"From maps of the shape (3, 5, 4) it made {given.shape}: 4 numbers were asked for."
    for wrong, words in (
        (maps.mean(axis=(0, 1)), "That is the plain mean: the scores make no difference."),
        (
            np.tensordot(scores, maps, 2),
            "The scores must become weights first: a softmax over all places.",
        ),
        (
            np.tensordot(special.softmax(scores, axis=1), maps, 2),
            "The weights of each row add up to 1. Those of all 15 places together should.",
        ),
        (
            np.tensordot(special.softmax(scores, axis=0), maps, 2),
            "The weights of each column add up to 1. Those of all 15 places together should.",
        ),
        (
            np.tensordot(weights, maps, 2) / weights.size,
            "The weights add up to 1 already: take the sum over places, not the mean.",
        ),
    ):
        if np.allclose(given, wrong):
            return words
    if not np.allclose(given, np.tensordot(weights, maps, 2)):
        return "Not yet. Weights: exp of each score over the sum of all. Then a weighted sum."
    if not np.allclose(large, given):
        return (
            "Right for small scores. With scores around 2000 exp overflows: subtract the largest "
            "score first, which changes no weight."
        )
    return None


def window_of_a_place(answer: object, data: Dataset) -> str | None:
    """10.3: side of the window of the slice that one place of the last maps sees."""
    return number(
        answer,
        73,
        mistakes={
            16: "That is how far the windows of two neighbours lie apart: they overlap.",
            128: "Close to the whole slice, but not all of it. Count from layer to layer.",
            9: "That would be without strides and pooling: 3 + 2 + 2 + 2.",
            38: "The first convolution moves in steps of two pixels: everything after counts "
            "double.",
            59: "Pooling widens the window, too: each time by one step.",
        },
        hint="Begin with a window of 1 and a step of 1. A layer of width k adds (k - 1) steps to "
        "the window, then its stride multiplies the step.",
    )


CHECKS = {
    "10.1": weights_of_a_block,
    "10.2": pooled_by_attention,
    "10.3": window_of_a_place,
}
