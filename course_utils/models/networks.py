"""Every network that a recipe can name: how it is built, and which contrasts it takes."""

import dataclasses
import functools
from collections.abc import Callable

from course_utils.core.backend import keras
from course_utils.models import attention, backbones, cnn, fusion, weights


@dataclasses.dataclass(frozen=True)
class Network:
    """A network that can be trained by a recipe.

    ``build`` takes ``classes``, ``dropout`` and ``shape``; a backbone ``source`` and ``images``,
    too, see :func:`course_utils.models.backbones.transfer`. ``contrasts`` are those that it takes
    of a slice, in this order, or none for the main one of a data set.
    """

    build: Callable[..., keras.Model]
    contrasts: tuple[str, ...] = ()


NETWORKS = {
    "baseline": Network(cnn.baseline),
    "baseline-flair": Network(cnn.baseline, ("flair",)),
    "attention": Network(attention.attention_cnn),
    "early-fusion": Network(fusion.early_fusion, fusion.CONTRASTS),
    **{name: Network(functools.partial(backbones.transfer, name)) for name in weights.BACKBONES},
}
