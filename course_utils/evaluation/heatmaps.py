"""Where a classifier looks: Grad-CAM, and how well its heat lies on the lesion."""

import numpy as np
from scipy import ndimage, stats

from course_utils import models, settings
from course_utils.core.backend import keras, tf
from course_utils.core.channels import greys, with_channels
from course_utils.core.errors import CourseError
from course_utils.models.backbones import take_averages

# Called layer by layer, as here, a network keeps all its maps: 64 slices at a time took 2 GB.
BATCH = 32
# Every so many pixels: maps are enlarged from cells of eight and more.
STEP = 8


def gradcam(
    model: keras.Model,
    images: np.ndarray,
    classes: np.ndarray | None = None,
    layer: str = "features",
) -> np.ndarray:
    """Heat maps of what in a slice speaks for a class.

    The gradient of the class's logit says how much each feature map counts; the maps' weighted
    sum, where it is positive, is the heat (Selvaraju et al. 2017, arXiv 1610.02391). The heat is
    as coarse as the layer, and is drawn larger without becoming sharper: float32, (slices, height,
    width), each slice's hottest place being 1; all 0 where nothing speaks for the class. The
    predicted ``classes`` are explained where none are given, int, (slices,); everything must pass
    through the ``layer``.
    """
    trunk = models.submodel(model, stop=layer)
    head = models.submodel(model, start=layer, stop="logits")
    heat = []
    for begin in range(0, len(images), BATCH):
        batch = with_channels(images[begin : begin + BATCH]) / np.float32(255)
        maps = trunk(batch, training=False)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            logits = head(maps, training=False)
            chosen = tf.argmax(logits, 1) if classes is None else classes[begin : begin + BATCH]
            # A sum over slices parts again in the gradient: no slice touches another's logit.
            score = tf.reduce_sum(tf.gather(logits, chosen, axis=1, batch_dims=1))
        weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
        heat.append(tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True)))
    return enlarged(np.concatenate(heat), images.shape[1:3])


def learned(model: keras.Model) -> list[list[keras.Layer]]:
    """Layers of a model that have weights, in steps from the slice to the logits.

    A batch norm belongs to the step of the layer that feeds it.
    """
    steps = []
    for layer in model.layers:
        if _is_norm(layer) and steps:
            steps[-1].append(layer)
        elif layer.get_weights():
            steps.append([layer])
    return steps


def randomised(
    model: keras.Model, layers: int, images: np.ndarray | None = None, seed: int = settings.SEED
) -> keras.Model:
    """Copy a model and shuffle the weights of its last ``layers``, counted as :func:`learned` does.

    A map that explains what was learned must change: the cascading randomisation of Adebayo et al.
    (2018, arXiv 1810.03292). Weights keep their values and lose their places. The averages of
    batch norm no longer fit what it is then fed, and the copy would be dead: it would answer the
    same to every slice. So they are taken again from training ``images``, uint8, which are needed
    where a batch norm is shuffled.
    """
    rng = np.random.default_rng(seed)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    steps = learned(copy)
    chosen = [layer for step in steps[len(steps) - layers :] for layer in step]
    for layer in chosen:
        # The last two arrays of a batch norm are its averages.
        kept = layer.get_weights()[2:] if _is_norm(layer) else []
        shuffled = layer.get_weights()[: len(layer.get_weights()) - len(kept)]
        layer.set_weights([rng.permuted(w.ravel()).reshape(w.shape) for w in shuffled] + kept)
    norms = [layer for layer in chosen if _is_norm(layer)]
    if norms:
        for layer in filter(_is_norm, copy.layers):
            # Frozen ones keep their averages.
            layer.trainable = layer in norms
        take_averages(copy, norms, images)
    return copy


def _is_norm(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization)


def agreement(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Rank correlation (Spearman) of two maps of each slice over a grid of points, -1 to 1.

    It is 0 where one of the two has no heat, which tells no place from another. Float, (slices,).
    """
    grid = (slice(None), slice(STEP // 2, None, STEP), slice(STEP // 2, None, STEP))
    ranks = [stats.rankdata(m[grid].reshape(len(m), -1), axis=1) for m in (maps, others)]
    one, other = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    size = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    product = (one * other).sum(axis=1)
    return np.divide(product, size, out=np.zeros(len(maps)), where=size > 0)


def pointing_game(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Whether the hottest place of each map lies inside the lesion (Zhang et al. 2016).

    1 for a hit, 0 for a miss (a map without any heat, too), NaN where there is no lesion. Maps and
    masks are (slices, height, width). A ``CourseError`` says where none of them holds a lesion.
    """
    maps, masks = _flat(maps, masks)
    hits = masks[np.arange(len(masks)), maps.argmax(axis=1)] & (maps.max(axis=1) > 0)
    return np.where(masks.any(axis=1), hits.astype(float), np.nan)


def share_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of each map's heat that lies inside the lesion, 0 to 1; otherwise as pointing_game."""
    maps, masks = _flat(maps, masks)
    total = maps.sum(axis=1)
    inside = np.einsum("ij,ij->i", maps, masks, dtype=float)
    share = np.divide(inside, total, out=np.zeros(len(maps)), where=total > 0)
    return np.where(masks.any(axis=1), share, np.nan)


def widened(masks: np.ndarray, margin: float) -> np.ndarray:
    """Lesions with everything around them that is at most ``margin`` pixels away.

    A map of few cells cannot point more exactly than half a cell: widened lesions forgive it that.
    """
    masks = np.asarray(masks, bool)
    # Of a mask without a lesion, the distance to one is not defined.
    far = [np.where(m.any(), ndimage.distance_transform_edt(~m), np.inf) for m in masks]
    return np.stack(far) <= margin


def head(images: np.ndarray) -> np.ndarray:
    """Pixels that show the head, not the air around it: bool, (slices, height, width)."""
    shown = ndimage.gaussian_filter(greys(images).astype(np.float32), (0, 1, 1)) > 25
    for picture in shown:
        regions, count = ndimage.label(picture)
        if count:
            largest = np.bincount(regions.ravel())[1:].argmax() + 1
            picture[:] = ndimage.binary_fill_holes(regions == largest)
    return shown


def centre_guess(images: np.ndarray) -> np.ndarray:
    """Maps of someone who always points at the centroid of the head and never looks at it."""
    guess = np.zeros(images.shape[:3], np.float32)
    for one, shown in zip(guess, head(images), strict=True):
        middle = np.argwhere(shown).mean(axis=0) if shown.any() else np.array(one.shape) / 2
        one[tuple(middle.astype(int))] = 1
    return guess


def chance(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of the head that is lesion, NaN without one: how often a dart at the head hits it."""
    return share_inside(head(images).astype(np.float32), masks)


def enlarged(heat: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps (slices, height, width, 1) at the size of the slices, the hottest place being 1."""
    # Cubic, so that the hottest place may lie between two cells; it dips below 0 beside them.
    heat = tf.nn.relu(tf.image.resize(heat, size, method="bicubic"))[..., 0].numpy()
    hottest = heat.max(axis=(1, 2), keepdims=True)
    return np.divide(heat, hottest, out=np.zeros_like(heat), where=hottest > 0)


def _flat(maps: np.ndarray, masks: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Maps and masks with one flat axis of pixels."""
    if masks is None or not np.any(masks):
        raise CourseError(
            "Heat can only be scored against lesions that somebody outlined, and there is none "
            "here: use the practice or the figshare data, and slices with a tumour."
        )
    if maps.shape != masks.shape:
        raise CourseError(f"Maps {maps.shape} and masks {masks.shape} do not fit on each other.")
    return maps.reshape(len(maps), -1), np.asarray(masks, bool).reshape(len(masks), -1)
