"""Shortcut probes: classifiers that cannot see a tumour, and how far they get all the same.

A probe is given one thing that has nothing to do with disease. What it reaches above chance, a
deep network can reach by the same shortcut.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import ndimage

from course_utils import settings
from course_utils.core.channels import with_channels
from course_utils.core.errors import CourseError

BINS = 32
BORDER = 4
GEOMETRY = ("width", "height", "mode", "bytes")


def histogram(test, *seen, seed: int = settings.SEED) -> np.ndarray:
    """Classify slices by how many of their pixels are how bright, and by nothing else.

    In colour, red, green and blue are counted apart. It learns from ``seen``, mostly ``train,
    val``: a probe has nothing to tune, so it may use both. Returns probabilities, (test slices,
    classes).
    """
    return _probabilities(test, seen, _histograms, seed)


def border(test, *seen, seed: int = settings.SEED) -> np.ndarray:
    """Classify slices by the outermost four pixels on each side, averaged four by four.

    Their sides are multiples of four. Otherwise like :func:`histogram`.
    """
    return _probabilities(test, seen, _borders, seed)


def geometry(test, *seen, seed: int = settings.SEED) -> np.ndarray:
    """Classify slices by their files' width, height, mode and number of bytes, unopened.

    Otherwise like :func:`histogram`; an error where the slices did not come from files.
    """
    for data in (test, *seen):
        if not set(GEOMETRY) <= set(data.table):
            raise CourseError(
                f"The {data.name} data did not come in image files, so their geometry gives "
                "nothing away: use the Kaggle data for this probe."
            )
    return _probabilities(test, seen, _geometry, seed)


def without_lesions(data, margin: int = 6, seed: int = settings.SEED):
    """Paint lesions over, so that a probe of the same slices cannot have seen one: the control.

    Every pixel of a lesion, or at most ``margin`` pixels from it, becomes one drawn at random from
    the rest of its slice, which leaves the histogram of the rest. The masks of ``data`` are needed.
    """
    rng = np.random.default_rng(seed)
    images = np.array(data.images)
    for image, mask in zip(images, data.masks, strict=True):
        if mask.any():
            near = ndimage.binary_dilation(mask, iterations=margin)
            image[near] = rng.choice(image[~near], near.sum())
    return dataclasses.replace(data, contrasts={data.main: images})


def mirrored_lesions(data):
    """Move the masks to the other half of each picture, where there is no lesion: a control.

    Painted over there, a patch of the same shape hides no lesion.
    """
    return dataclasses.replace(data, masks=data.masks[:, :, ::-1] & ~data.masks)


def _probabilities(test, seen, features: Callable[..., np.ndarray], seed: int) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    classifier = HistGradientBoostingClassifier(max_iter=150, random_state=seed)
    # Its threads wait for each other after every small step: on a busy computer, several are
    # many times slower than one.
    with threadpool_limits(1, user_api="openmp"):
        classifier.fit(
            np.concatenate([features(part) for part in seen]),
            np.concatenate([part.labels for part in seen]),
        )
    probabilities = np.zeros((len(test), len(test.class_names)))
    # A class that training lacks has no column of its own.
    probabilities[:, classifier.classes_] = classifier.predict_proba(features(test))
    return probabilities


def _histograms(data) -> np.ndarray:
    images = with_channels(data.images)
    channels = images.shape[-1]
    # Each channel has bins of its own.
    bins = images // (256 // BINS) + BINS * np.arange(channels, dtype=np.uint8)
    rows = bins.reshape(len(data), -1)
    return np.stack([np.bincount(row, minlength=BINS * channels) for row in rows])


def _borders(data) -> np.ndarray:
    images = with_channels(data.images)
    count, height, width, channels = images.shape
    blocks = images.reshape(count, height // BORDER, BORDER, width // BORDER, BORDER, channels)
    blocks = blocks.mean((2, 4), dtype=np.float32)
    outside = np.ones(blocks.shape[1:3], bool)
    outside[1:-1, 1:-1] = False
    return blocks[:, outside].reshape(count, -1)


def _geometry(data) -> np.ndarray:
    facts = data.table[list(GEOMETRY)].copy()
    modes = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"]
    facts["mode"] = pd.Index(modes).get_indexer(facts["mode"])  # -1 for all others
    return facts.to_numpy(float)
