"""The gate: an out-of-distribution detector, which a picture passes before the classifier sees it.

*Picture* is how far a dozen plain numbers are from those of training slices: the Mahalanobis
distance (Lee et al. 2018, arXiv 1807.03888, measure it on features). *Features* is how far the
network's pooled features are from those of the nearest ones (Sun et al. 2022, arXiv 2204.06507).
*Geometry* is how little a picture looks like a slice that nobody turned, squeezed or put on a sheet
with others (Golan and El-Yaniv 2018, arXiv 1805.10917).
"""

import dataclasses
import functools

import numpy as np
from PIL import Image
from scipy import ndimage, special
from sklearn.covariance import LedoitWolf
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import NearestNeighbors

from course_utils import models
from course_utils.core.backend import keras
from course_utils.datasets import Dataset
from course_utils.training.features import predict

DISTANCES = ("picture", "features", "geometry")
# Share of the validation slices that each of the distances lets through.
KEPT = 0.99
NEIGHBOURS = 10
SCALES = (1, 2, 4, 8, 16)

# One that is made anew has to be compiled anew, which takes longer than an answer.
submodel = functools.lru_cache(maxsize=8)(models.submodel)


@dataclasses.dataclass(frozen=True, eq=False)
class Gate:
    """What was measured on training slices, and how far a picture may be from it."""

    features: np.ndarray  # pooled, (training slices, channels), each row of length 1
    # Of the plain numbers: mean and standard deviation, and inverse covariance once standardised.
    centre: np.ndarray
    spread: np.ndarray
    precision: np.ndarray
    # Of the classifier that tells an unchanged slice (row 0) from changed ones: (changes, numbers)
    # and (changes,).
    coefficients: np.ndarray
    intercepts: np.ndarray
    limits: dict[str, float]  # the largest distances that pass


def fit(model: keras.Model, train: Dataset, val: Dataset, kept: float = KEPT) -> Gate:
    """Measure the training slices; set limits that let so many validation slices through, each."""
    numbers = plain_numbers(train.images)
    centre, spread = numbers.mean(axis=0), numbers.std(axis=0) + 1e-6
    precision = LedoitWolf().fit((numbers - centre) / spread).precision_
    told = _geometry(model, train.images, centre, spread)
    pooled = _pooled(model, train.images)
    gate = Gate(pooled, centre, spread, precision, told.coef_, told.intercept_, {})
    found = distances(gate, model, val.images)
    limits = {name: float(np.quantile(values, kept)) for name, values in found.items()}
    return dataclasses.replace(gate, limits=limits)


def distances(gate: Gate, model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """How far pictures are from the training slices: all :data:`DISTANCES`, (slices,) each.

    That of the picture is in standard deviations, that of the features from 0 to 2; that of the
    geometry is minus the logarithm of the probability that nothing was changed.
    """
    offsets = (plain_numbers(images) - gate.centre) / gate.spread
    pooled = _pooled(model, images)
    squared = np.einsum("ij,jk,ik->i", offsets, gate.precision, offsets)
    apart, _ = _nearest(gate, pooled, NEIGHBOURS)
    scores = np.hstack([offsets, pooled]) @ gate.coefficients.T + gate.intercepts
    changed = special.logsumexp(scores, axis=1) - scores[:, 0]
    return {"picture": np.sqrt(squared), "features": apart[:, -1], "geometry": changed}


def passes(gate: Gate, found: dict[str, np.ndarray]) -> np.ndarray:
    """Whether pictures at these distances are within all limits: bool, (slices,)."""
    return np.all([found[name] <= limit for name, limit in gate.limits.items()], axis=0)


def changes(images: np.ndarray) -> list[np.ndarray]:
    """Slices as they come, and changed in eight ways: uint8, (slices, 128, 128) each.

    Mirrored ones count as unchanged: brains are too nearly symmetric to tell.
    """
    as_they_come = np.concatenate([images[::2], images[1::2, :, ::-1]])
    turned = [np.rot90(as_they_come, quarter, (1, 2)) for quarter in (1, 2, 3)]
    squeezed = [resized(as_they_come, *size) for size in ((1, 0.7), (1, 1.4))]
    sheets = [sheet(as_they_come, side) for side in (2, 3)]
    return [as_they_come, *turned, as_they_come[:, ::-1], *squeezed, *sheets]


def resized(images: np.ndarray, tall: float, wide: float) -> np.ndarray:
    """Slices stretched or squeezed about their middle, cut or padded to their old size."""
    height, width = images.shape[1:]
    scale = np.diag([tall, wide])
    # Row and column of the old picture from which each new pixel comes.
    middle = np.array([height, width]) / 2
    where = {"matrix": np.linalg.inv(scale), "offset": middle - np.linalg.inv(scale) @ middle}
    return np.stack([ndimage.affine_transform(image, **where, order=1) for image in images])


def sheet(images: np.ndarray, side: int) -> np.ndarray:
    """Each slice with those after it on one sheet of ``side`` rows and columns."""
    size = images.shape[1]
    ends = np.linspace(0, size, side + 1).astype(int)
    sheets = np.zeros_like(images)
    for place in range(side**2):
        (top, down), (left, right) = (ends[n : n + 2] for n in divmod(place, side))
        small = [Image.fromarray(image).resize((right - left, down - top)) for image in images]
        sheets[:, top:down, left:right] = np.roll(np.stack(small), -place, axis=0)
    return sheets


def similar(gate: Gate, model: keras.Model, image: np.ndarray, groups: np.ndarray, count: int):
    """Rows of the training slices whose features are nearest, at most one per group."""
    _, rows = _nearest(gate, _pooled(model, image[np.newaxis]), len(gate.features))
    _, first = np.unique(groups[rows[0]], return_index=True)
    return rows[0][np.sort(first)[:count]]


def plain_numbers(images: np.ndarray) -> np.ndarray:
    """Describe pictures by numbers that anybody can explain: float, (slices, 13).

    Mean grey of the four borders, the darkest first; mean and spread of all greys; shares of nearly
    black and of very bright pixels; and the logarithm of how much detail there is at five sizes,
    from fine to coarse.
    """
    x = np.asarray(images, np.float32) / 255
    sides = x[:, :4], x[:, -4:], x[:, :, :4], x[:, :, -4:]
    borders = np.sort([side.mean(axis=(1, 2)) for side in sides], axis=0)
    greys = [x.mean((1, 2)), x.std((1, 2)), (x < 0.1).mean((1, 2)), (x > 0.8).mean((1, 2))]
    details = []
    for scale in SCALES:
        smooth = ndimage.gaussian_filter(x, (0, scale, scale))
        details.append(np.log(((x - smooth) ** 2).mean(axis=(1, 2)) + 1e-6))
    return np.stack([*borders, *greys, *details], axis=1).astype(float)


def _geometry(
    model: keras.Model, images: np.ndarray, centre: np.ndarray, spread: np.ndarray
) -> LinearDiscriminantAnalysis:
    """Fit the classifier that tells unchanged slices from changed ones."""
    # Every second slice will do: each comes nine times.
    stacks = changes(images[::2])
    numbers = [
        np.hstack([(plain_numbers(stack) - centre) / spread, _pooled(model, stack)])
        for stack in stacks
    ]
    which = np.repeat(np.arange(len(stacks)), len(stacks[0]))
    told = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    return told.fit(np.concatenate(numbers), which)


def _nearest(gate: Gate, pooled: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances to, and row numbers of, the nearest training slices: two (slices, count)."""
    return NearestNeighbors(n_neighbors=count).fit(gate.features).kneighbors(pooled)


def _pooled(model: keras.Model, images: np.ndarray) -> np.ndarray:
    pooled = predict(submodel(model, stop="pooled"), images)
    return pooled / (np.linalg.norm(pooled, axis=1, keepdims=True) + 1e-9)
