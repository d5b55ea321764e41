"""Every network that a recipe can name: how it is built, and which contrasts it takes."""

import dataclasses
import functools
from collections.abc import Callable

from course_utils.core.backend import keras
from course_utils.core.errors import CourseError
from course_utils.datasets import MAIN_CONTRAST
from course_utils.models import attention, cnn, fusion, weights


@dataclasses.dataclass(frozen=True)
class Network:
    """A network that can be trained by a recipe.

    Attributes
    ----------
    build : callable
        Builds it. A published one takes its source, its dropout and training slices, see
        :func:`course_utils.models.cnn.transfer`; one of our own takes nothing.
    contrasts : tuple of str
        What it takes of a slice, in this order.
    """

    build: Callable[..., keras.Model]
    contrasts: tuple[str, ...] = (MAIN_CONTRAST,)


NETWORKS = {
    "baseline": Network(cnn.baseline),
    "baseline-flair": Network(cnn.baseline, ("flair",)),
    "attention": Network(attention.attention_cnn),
    "early-fusion": Network(fusion.early_fusion, fusion.CONTRASTS),
    **{name: Network(functools.partial(cnn.transfer, name)) for name in weights.BACKBONES},
}


def known(name: str) -> Network:
    """Look a network up by its name.

    Raises
    ------
    CourseError
        If there is no such network.
    """
    if name not in NETWORKS:
        raise CourseError(f"There is no network called {name!r}: use one of {', '.join(NETWORKS)}.")
    return NETWORKS[name]
