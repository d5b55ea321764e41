"""Federated learning by hand: networks that are trained apart and averaged.

Every training here goes in *rounds*: all hospitals start from the same weights, each trains on its
own slices, and the weighted mean of what comes back starts the next round. With one hospital
nothing is left to average: so a hospital trains alone, and so do all slices put together. The three
ways of training differ in who holds the slices, and in nothing else.
"""

import dataclasses
import functools
import json
from collections.abc import Sequence

import numpy as np
from tqdm.auto import tqdm

from course_utils import models, settings
from course_utils.core import files
from course_utils.core.backend import keras
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.federation import hospitals
from course_utils.training import features

# Part of a training's name: raise it when the same plan no longer gives the same weights.
VERSION = 1


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Everything about a training in rounds that is decided before it begins.

    Attributes
    ----------
    rounds : int
        How often the networks are averaged.
    local_epochs : int
        How often a hospital goes through its slices between two averages.
    learning_rate : float
        Learning rate of the first round. It falls along a cosine, to nearly zero in the last.
    batch_size : int
        Slices a step.
    seed : int
        Seed of the first weights, of the order of the slices, and of the dropout.
    """

    rounds: int = 8
    local_epochs: int = 2
    learning_rate: float = 3e-3
    batch_size: int = 32
    seed: int = settings.SEED

    def rate_of(self, number: int) -> float:
        """Learning rate of a round; the first one has number 1."""
        return self.learning_rate * (1 + np.cos(np.pi * (number - 1) / self.rounds)) / 2


def network() -> keras.Model:
    """Build the baseline CNN for small slices: (batch, 64, 64, 1) to (batch, 4)."""
    inputs = keras.Input((hospitals.SIDE, hospitals.SIDE, 1), name="slice")
    return keras.models.clone_model(models.baseline(), input_tensors=inputs)


def first_weights(seed: int = settings.SEED) -> list[np.ndarray]:
    """Draw the weights that all begin with, batch norm's averages among them."""
    keras.utils.set_random_seed(seed)
    return network().get_weights()


def predict(weights: Sequence[np.ndarray], images: np.ndarray) -> np.ndarray:
    """Ask a network that holds these weights.

    Parameters
    ----------
    weights : sequence of ndarray
    images : ndarray of uint8, (slices, 64, 64)

    Returns
    -------
    ndarray of float32, (slices, 4)
        Probabilities.
    """
    model = _workbench()
    model.set_weights(weights)
    return features.predict(model, images)


def trained(
    weights: Sequence[np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    plan: Schedule,
    number: int,
    hospital: int = 0,
) -> list[np.ndarray]:
    """Let a hospital train for one round on its own slices.

    AdamW starts each round afresh: what it remembers belongs to other weights than the new ones.
    Slices are mirrored at random.

    Parameters
    ----------
    weights : sequence of ndarray
        What the round starts from.
    images : ndarray of uint8, (slices, 64, 64)
    labels : ndarray of int, (slices,)
    plan : Schedule
    number : int
        Which round it is; the first one has number 1.
    hospital : int
        With the plan's seed and the round, it settles all that is random.

    Returns
    -------
    list of ndarray
        The weights afterwards: the same ones where there are too few slices for a batch.
    """
    model = _workbench()
    rng = np.random.default_rng([plan.seed, number, hospital])
    model.set_weights(weights)
    _forget(model, plan.rate_of(number), rng)
    for _ in range(plan.local_epochs):
        order = rng.permutation(len(images))
        # Batches of one size only: for another size Keras would build another graph.
        for begin in range(0, len(order) - plan.batch_size + 1, plan.batch_size):
            rows = order[begin : begin + plan.batch_size]
            batch = images[rows, ..., np.newaxis] / np.float32(255)
            mirrored = rng.random(plan.batch_size) < 0.5
            batch[mirrored] = batch[mirrored][:, :, ::-1]
            model.train_on_batch(batch, labels[rows])
    return model.get_weights()


def average(results: Sequence[Sequence[np.ndarray]], slices: Sequence[int]) -> list[np.ndarray]:
    """Average the weights of several networks; who learned from more slices counts for more.

    This is federated averaging (McMahan et al. 2017, arXiv 1602.05629).

    Parameters
    ----------
    results : sequence of sequences of ndarray
        The weights of each network, all in the same order.
    slices : sequence of int
        How many slices each network learned from.
    """
    # Python's own floats leave arrays in single precision, as Flower does: the same last digit.
    shares = [count / sum(slices) for count in slices]
    return [
        sum(share * array for share, array in zip(shares, arrays, strict=True))
        for arrays in zip(*results, strict=True)
    ]


def federate(parts: Sequence[Dataset], plan: Schedule) -> list[list[np.ndarray]]:
    """Train in rounds, the hospitals one after the other, or reload what was trained before.

    Parameters
    ----------
    parts : sequence of Dataset
        What each hospital has. A single one trains alone.
    plan : Schedule

    Returns
    -------
    list of list of ndarray
        The weights before the first round, and after each round.

    Raises
    ------
    CourseError
        If the file with an earlier training is damaged, or cannot be written.
    """
    choices = json.dumps({"version": VERSION} | dataclasses.asdict(plan))
    held = (array for part in parts for array in (part.images, part.labels))
    key = features.fingerprint(*held, [choices])
    path = settings.data_dir() / "runs" / f"rounds-{key}.npz"
    with files.lock(path):
        # Another kernel may have finished the same training while this one waited.
        if not path.exists():
            kept = _in_rounds(parts, plan)
            with files.atomic(path) as new, new.open("wb") as file:
                np.savez(file, *(array for weights in kept for array in weights))
        else:
            print("trained before, reloaded")
    try:
        with np.load(path) as stored:
            arrays = list(stored.values())
    # A truncated zip raises more kinds of exceptions than NumPy documents.
    except Exception as error:
        raise CourseError(f"{path} is damaged ({error}): delete it and try again.") from None
    size = len(arrays) // (plan.rounds + 1)
    return [arrays[begin : begin + size] for begin in range(0, len(arrays), size)]


def _in_rounds(parts: Sequence[Dataset], plan: Schedule) -> list[list[np.ndarray]]:
    kept = [first_weights(plan.seed)]
    for number in tqdm(range(1, plan.rounds + 1), unit="round"):
        results = [
            trained(kept[-1], part.images, part.labels, plan, number, hospital)
            for hospital, part in enumerate(parts)
        ]
        kept.append(average(results, [len(part) for part in parts]))
    return kept


@functools.cache
def _workbench() -> keras.Model:
    """One network for all that this process does: to build its graph takes seconds."""
    model = network()
    model.compile(keras.optimizers.AdamW(1e-3), loss="sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    return model


def _forget(model: keras.Model, learning_rate: float, rng: np.random.Generator) -> None:
    """Put the optimiser and the dropout back to a beginning."""
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))
    model.optimizer.learning_rate.assign(learning_rate)
    state = rng.integers(2**31, size=2)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign(state)
