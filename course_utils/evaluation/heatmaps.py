"""Where a classifier looks: Grad-CAM, and how well its heat lies on the lesion."""

import numpy as np
from scipy import ndimage, special

from course_utils import models, settings
from course_utils.core.backend import keras, tf
from course_utils.core.errors import CourseError
from course_utils.training import features

# Called layer by layer, as here, a network keeps all its maps: 64 slices at a time took 2 GB.
BATCH = 32


def gradcam(
    model: keras.Model,
    images: np.ndarray,
    classes: np.ndarray | None = None,
    layer: str = "features",
) -> np.ndarray:
    """Heat maps of what in a slice speaks for a class.

    The gradient of the class's logit says how much each feature map counts; the maps' weighted
    sum, where it is positive, is the heat (Selvaraju et al. 2017, arXiv 1610.02391). The heat is
    as coarse as the layer, and is drawn larger without becoming sharper.

    Parameters
    ----------
    model : keras.Model
        One of :mod:`course_utils.models.cnn`.
    images : ndarray of uint8, (slices, 128, 128)
    classes : ndarray of int, (slices,), optional
        The class to explain; the predicted one where it is left out.
    layer : str
        The feature maps to weigh: a layer that everything passes through.

    Returns
    -------
    ndarray of float32, (slices, 128, 128)
        From 0 to 1, each slice's hottest place being 1; all 0 where nothing speaks for the class.
    """
    trunk = models.submodel(model, stop=layer)
    head = models.submodel(model, start=layer, stop="logits")
    heat = []
    for begin in range(0, len(images), BATCH):
        batch = images[begin : begin + BATCH, ..., np.newaxis] / np.float32(255)
        maps = trunk(batch, training=False)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            logits = head(maps, training=False)
            chosen = tf.argmax(logits, 1) if classes is None else classes[begin : begin + BATCH]
            # A sum over slices parts again in the gradient: no slice touches another's logit.
            score = tf.reduce_sum(tf.gather(logits, chosen, axis=1, batch_dims=1))
        weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
        heat.append(tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True)))
    return _enlarged(np.concatenate(heat), images.shape[1:])


def attention_maps(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Heat maps of the weights by which a network pools the places of its last feature maps.

    Parameters
    ----------
    model : keras.Model
        :func:`course_utils.models.attention.attention`, or another with its layer ``attention``.
    images : ndarray of uint8, (slices, 128, 128)

    Returns
    -------
    ndarray of float32, (slices, 128, 128)
        Drawn as by :func:`gradcam`. There is one map a slice, whatever the class.
    """
    return _enlarged(
        features.predict(models.submodel(model, stop="attention"), images), images.shape[1:]
    )


def other_weights(weights: np.ndarray, seed: int = settings.SEED) -> dict[str, np.ndarray]:
    """Weights that a network did not choose, to pool its places by.

    Parameters
    ----------
    weights : ndarray of float, (slices, height, width, 1)
        The network's own; those of a slice add up to 1.
    seed : int

    Returns
    -------
    dict of str to ndarray, (slices, height, width, 1)
        The same weights dealt out to other places, equal weights, the own ones without the
        place that counts most, and without a place picked at random.
    """
    rng = np.random.default_rng(seed)
    flat = weights.reshape(len(weights), -1)
    rows = np.arange(len(flat))

    def without(places: np.ndarray) -> np.ndarray:
        # Where one place has it all, the others get equal shares of it.
        left = flat + 1e-9
        left[rows, places] = 0
        return left / left.sum(axis=1, keepdims=True)

    found = {
        "shuffled": rng.permuted(flat, axis=1),
        "equal": np.full_like(flat, 1 / flat.shape[1]),
        "without the top place": without(flat.argmax(axis=1)),
        "without some place": without(rng.integers(flat.shape[1], size=len(flat))),
    }
    return {name: one.reshape(weights.shape) for name, one in found.items()}


def repooled(model: keras.Model, images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Answers of a network when its places are pooled by other weights than its own.

    An answer that stays the same under quite other weights does not hang on them, and a map of
    its own weights does not explain it (Jain & Wallace 2019, arXiv 1902.10186).

    Parameters
    ----------
    model : keras.Model
        Pools ``features`` to ``pooled`` by a weighted sum over places.
    images : ndarray of uint8, (slices, 128, 128)
    weights : ndarray of float, (slices, height, width, 1)
        A weight for each place of ``features``; those of a slice add up to 1.

    Returns
    -------
    ndarray of float32, (slices, classes)
        Probabilities.
    """
    maps = features.predict(models.submodel(model, stop="features"), images)
    pooled = (maps * weights).sum(axis=(1, 2))
    return features.predict(models.submodel(model, start="pooled"), pooled)


def with_fixed_channels(model: keras.Model, images: np.ndarray) -> keras.Model:
    """Copy a network whose channels all slices weigh alike: at their mean weight.

    If the copy answers as well, weighing channels slice by slice was of no use.

    Parameters
    ----------
    model : keras.Model
        What :func:`course_utils.models.attention.attention_cnn` builds.
    images : ndarray of uint8, (slices, 128, 128)
        Slices to take the means over: training slices, or the test slices would have a say.
    """
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in copy.layers:
        if layer.name.startswith("excite"):
            mean = features.predict(models.submodel(model, stop=layer.name), images).mean((0, 1, 2))
            # Without its kernel the layer says the same to every slice: the sigmoid of its bias.
            layer.set_weights([np.zeros(layer.kernel.shape), special.logit(np.float64(mean))])
    return copy


def pointing_game(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Whether the hottest place of each map lies inside the lesion (Zhang et al. 2016).

    Parameters
    ----------
    maps : ndarray of float, (slices, height, width)
    masks : ndarray of bool, (slices, height, width)

    Returns
    -------
    ndarray of float, (slices,)
        1 for a hit, 0 for a miss (a map without any heat, too), NaN where there is no lesion.

    Raises
    ------
    CourseError
        If nobody drew masks, none of them holds a lesion, or the shapes differ.
    """
    maps, masks = _paired(maps, masks)
    hottest = maps.argmax(axis=1)
    hits = masks[np.arange(len(masks)), hottest] & (maps.max(axis=1) > 0)
    return np.where(masks.any(axis=1), hits.astype(float), np.nan)


def share_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of each map's heat that lies inside the lesion, 0 to 1; otherwise as pointing_game."""
    maps, masks = _paired(maps, masks)
    total = maps.sum(axis=1)
    inside = np.einsum("ij,ij->i", maps, masks, dtype=float)
    share = np.divide(inside, total, out=np.zeros(len(maps)), where=total > 0)
    return np.where(masks.any(axis=1), share, np.nan)


def widened(masks: np.ndarray, margin: float) -> np.ndarray:
    """Lesions with everything around them that is at most ``margin`` pixels away.

    A map of few cells cannot point more exactly than half a cell: hits in widened lesions forgive
    it that, and forgive every other player the same.
    """
    return np.stack(
        [
            ndimage.distance_transform_edt(~mask) <= margin if mask.any() else mask
            for mask in np.asarray(masks, bool)
        ]
    )


def head(images: np.ndarray) -> np.ndarray:
    """Pixels that show the head, not the air around it: bool, (slices, 128, 128)."""
    bright = ndimage.gaussian_filter(images.astype(np.float32), (0, 1, 1)) > 25
    return np.stack([_filled(picture) for picture in bright])


def centre_guess(images: np.ndarray) -> np.ndarray:
    """Maps of someone who always points at the middle of the brain and never looks at it.

    Returns
    -------
    ndarray of float32, (slices, 128, 128)
        All heat in one pixel, the centroid of the head.
    """
    guess = np.zeros(images.shape, np.float32)
    for one, shown in zip(guess, head(images), strict=True):
        middle = np.argwhere(shown).mean(axis=0) if shown.any() else np.array(one.shape) / 2
        one[tuple(middle.astype(int))] = 1
    return guess


def chance(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of the head that is lesion: how often a dart thrown at the head would hit it.

    Returns
    -------
    ndarray of float, (slices,)
        NaN where there is no lesion.
    """
    return share_inside(head(images).astype(np.float32), masks)


def shuffled(model: keras.Model, seed: int = settings.SEED) -> keras.Model:
    """Copy a model with the numbers of every weight array dealt out anew.

    The copy has learnt nothing, though each layer has the same weights as before, only in other
    places. A map that explains what was learnt must change: the randomisation test of Adebayo et
    al. (2018, arXiv 1810.03292).
    """
    rng = np.random.default_rng(seed)
    copy = keras.models.clone_model(model)
    copy.set_weights([rng.permuted(w.ravel()).reshape(w.shape) for w in model.get_weights()])
    return copy


def _enlarged(heat: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps (slices, height, width, 1) at the size of the slices, the hottest place being 1."""
    # Cubic, so that the hottest place may lie between two cells; it dips below 0 beside them.
    heat = tf.nn.relu(tf.image.resize(heat, size, method="bicubic"))[..., 0].numpy()
    hottest = heat.max(axis=(1, 2), keepdims=True)
    return np.divide(heat, hottest, out=np.zeros_like(heat), where=hottest > 0)


def _paired(maps: np.ndarray, masks: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Maps and masks with one flat axis of pixels."""
    if masks is None or not np.any(masks):
        raise CourseError(
            "Heat can only be scored against lesions that somebody outlined, and there is none "
            "here: use the practice data, and slices with a tumour."
        )
    if maps.shape != masks.shape:
        raise CourseError(f"Maps {maps.shape} and masks {masks.shape} do not fit on each other.")
    return maps.reshape(len(maps), -1), np.asarray(masks, bool).reshape(len(masks), -1)


def _filled(bright: np.ndarray) -> np.ndarray:
    """The largest bright region, with its holes filled."""
    regions, count = ndimage.label(bright)
    if not count:
        return bright
    largest = np.bincount(regions.ravel())[1:].argmax() + 1
    return ndimage.binary_fill_holes(regions == largest)
