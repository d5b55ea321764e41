"""Whether the answers of a network with attention hang on its weights, as its maps suggest."""

import numpy as np
from scipy import special

from course_utils import models, settings
from course_utils.core.backend import keras
from course_utils.evaluation.heatmaps import enlarged
from course_utils.training import features


def attention_maps(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Heat maps, as of ``heatmaps.gradcam``, of the weights by which ``attention`` pools places."""
    weights = features.predict(models.submodel(model, stop="attention"), images)
    return enlarged(weights, images.shape[1:3])


def other_weights(weights: np.ndarray) -> dict[str, np.ndarray]:
    """Weights that a network did not choose, made of its own: float, (slices, height, width, 1).

    Those of a slice add up to 1.
    """
    rng = np.random.default_rng(settings.SEED)
    flat = weights.reshape(len(weights), -1)

    def without(places: np.ndarray) -> np.ndarray:
        # Where one place has it all, the others get equal shares of it.
        left = flat + 1e-9
        left[np.arange(len(flat)), places] = 0
        return left / left.sum(axis=1, keepdims=True)

    def without_as_much() -> np.ndarray:
        """Other places than the top one, at random, until as much weight is gone as it had."""
        top, most = flat.argmax(axis=1, keepdims=True), flat.max(axis=1, keepdims=True)
        order = rng.permuted(np.tile(np.arange(flat.shape[1]), (len(flat), 1)), axis=1)
        others = order != top
        dealt = np.take_along_axis(flat, order, axis=1) * others
        gone = others & (dealt.cumsum(axis=1) - dealt < most)
        left = flat + 1e-9
        np.put_along_axis(left, order, np.where(gone, 0, np.take_along_axis(left, order, 1)), 1)
        return left / left.sum(axis=1, keepdims=True)

    found = {
        "shuffled": rng.permuted(flat, axis=1),
        "equal": np.full_like(flat, 1 / flat.shape[1]),
        "without the top place": without(flat.argmax(axis=1)),
        "without some place": without(rng.integers(flat.shape[1], size=len(flat))),
        "without as much elsewhere": without_as_much(),
    }
    return {name: one.reshape(weights.shape) for name, one in found.items()}


def repooled(model: keras.Model, images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probabilities when the places of ``features`` are pooled by other weights than its own.

    An answer that stays the same under quite other weights does not hang on them, and a map of
    its own weights does not explain it (Jain & Wallace 2019, arXiv 1902.10186).
    """
    maps = features.predict(models.submodel(model, stop="features"), images)
    pooled = (maps * weights).sum(axis=(1, 2))
    return features.predict(models.submodel(model, start="pooled"), pooled)


def with_fixed_channels(model: keras.Model, images: np.ndarray) -> keras.Model:
    """Copy an :func:`~course_utils.models.attention_cnn` that weighs channels alike on all slices.

    Each weight is its mean over ``images``: training slices, or the test slices would have a say.
    If the copy answers as well, weighing channels slice by slice was of no use.
    """
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in copy.layers:
        if layer.name.startswith("excite"):
            mean = features.predict(models.submodel(model, stop=layer.name), images).mean((0, 1, 2))
            # Without its kernel the layer says the same to every slice: the sigmoid of its bias.
            layer.set_weights([np.zeros(layer.kernel.shape), special.logit(np.float64(mean))])
    return copy
