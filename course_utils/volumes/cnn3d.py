"""One small network in rungs: from slices that vote to volumes, one change at a time."""

import numpy as np

from course_utils import settings
from course_utils.core.backend import keras
from course_utils.core.errors import look_up
from course_utils.models import cnn
from course_utils.volumes.data import SHAPE

# All rungs but "fine" see the same slices: two neighbours of the grid averaged into one.
SLICES = SHAPE[2] // 2
# The ladder, from the bottom up; what each rung changes is said in `network`.
LADDER = ("vote", "taught", "bag", "flat", "3d")
KINDS = (*LADDER, "shuffled", "fine")
# Rungs whose slices each have an answer of their own.
BY_SLICE = ("vote", "taught")
# An order of slices in which hardly any has the neighbours it had.
_SHUFFLED = np.random.default_rng(settings.SEED).permutation(SLICES).tolist()


def _smooth(maps, axis: tuple[int, ...]):
    """Logarithm of the mean exponential: above the mean, and below the largest value.

    Pinheiro & Collobert 2015, arXiv 1411.6228, with r = 1.
    """
    places = np.prod([maps.shape[number] for number in axis])
    return keras.ops.logsumexp(maps, axis=axis) - float(np.log(places))


# How one number is made of each feature map.
POOLINGS = {"max": keras.ops.max, "mean": keras.ops.mean, "smooth": _smooth}


def network(
    kind: str, classes: int = 4, dropout: float = cnn.DROPOUT, pooling: str = "max"
) -> keras.Model:
    """Build a small CNN of four convolutions, the course's baseline for another shape.

    Each takes volumes, float32 in [0, 1], (batch, 48, 56, 48, 1). From one rung to the next a
    single thing changes:

    - ``"vote"``: kernels of 3 x 3 x 1 look at each of 24 slices alone, and each slice gets an
      answer: probabilities (batch, 24, classes). All others answer once a patient, (batch,
      classes).
    - ``"taught"``: the vote is the network's own answer, and learns the label: the largest
      probability of each class in any slice counts, and they are made to add up to 1.
    - ``"bag"``: slices are joined before the answer, as feature maps are: by ``pooling``.
    - ``"flat"``: pooling between convolutions joins neighbouring slices, too.
    - ``"3d"``: kernels of 3 x 3 x 3.

    Two controls beside the last: ``"shuffled"`` gets the slices in another order, the same one for
    every patient; ``"fine"`` gets all 48 slices, and its first convolution moves in steps of two
    between them, too. A ``CourseError`` says where there is no such kind or pooling.
    """
    look_up(dict.fromkeys(KINDS), kind, "network")
    pool = look_up(POOLINGS, pooling, "pooling")
    kernel = (3, 3, 3) if kind in ("3d", "shuffled", "fine") else (3, 3, 1)
    window = (2, 2, 1) if kind in ("vote", "taught", "bag") else (2, 2, 2)
    x = inputs = keras.Input((*SHAPE, 1), name="volume")
    if kind != "fine":
        x = keras.layers.AveragePooling3D((1, 1, 2), name="thick")(x)
    if kind == "shuffled":
        x = keras.ops.take(x, _SHUFFLED, axis=3)
    for number, filters in enumerate((16, 32, 64, 128), start=1):
        if number > 1:
            x = keras.layers.MaxPooling3D(window, name=f"pool{number - 1}")(x)
        step = (2, 2, 2 if kind == "fine" else 1) if number == 1 else 1
        x = keras.layers.Conv3D(
            filters, kernel, step, "same", use_bias=False, name=f"conv{number}"
        )(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
    places = (1, 2) if kind in BY_SLICE else (1, 2, 3)
    named = keras.layers.Identity(name="pooled")
    model = cnn.classifier(
        f"volumes_{kind}", inputs, x, classes, dropout, lambda maps: named(pool(maps, axis=places))
    )
    if kind == "taught":
        largest = keras.layers.GlobalMaxPooling1D(name="largest")(model.output)
        vote = largest / keras.ops.sum(largest, axis=1, keepdims=True)
        model = keras.Model(inputs, vote, name=model.name)
    return model
