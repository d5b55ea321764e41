"""Shortcut probes: classifiers that cannot see a tumour, and how far they get all the same.

A probe is given one thing that has nothing to do with disease. What it reaches above chance, a
deep network can reach by the same shortcut.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from course_utils import settings
from course_utils.core.errors import CourseError

BINS = 32
BORDER = 4
GEOMETRY = ("width", "height", "mode", "bytes")


def histogram(test, *seen, seed: int = settings.SEED) -> np.ndarray:
    """Classify slices by how many of their pixels are how bright, and by nothing else.

    It learns from ``seen``, mostly ``train, val``: a probe has nothing to tune, so it may use both.
    Returns probabilities, (test slices, classes).
    """
    return _probabilities(test, seen, _histograms, seed)


def border(test, *seen, seed: int = settings.SEED) -> np.ndarray:
    """Classify slices by the outermost four pixels on each side, averaged four by four.

    Otherwise like :func:`histogram`.
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
    bins = data.images.reshape(len(data), -1) // (256 // BINS)
    return np.stack([np.bincount(row, minlength=BINS) for row in bins])


def _borders(data) -> np.ndarray:
    count, height, width = data.images.shape
    blocks = data.images.reshape(count, height // BORDER, BORDER, width // BORDER, BORDER)
    blocks = blocks.mean((2, 4), dtype=np.float32)
    outside = np.ones(blocks.shape[1:], bool)
    outside[1:-1, 1:-1] = False
    return blocks[:, outside]


def _geometry(data) -> np.ndarray:
    facts = data.table[list(GEOMETRY)].copy()
    modes = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"]
    facts["mode"] = pd.Categorical(facts["mode"], categories=modes).codes
    return facts.to_numpy(float)
