"""Federated learning by hand: networks that are trained apart and averaged, in rounds.

A hospital alone, and all slices put together, are trained in rounds of one hospital. Every network
takes the same number of gradient steps: the ways differ in who holds the slices, and in nothing
else.
"""

import dataclasses
import functools
import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from course_utils import augment, models, settings
from course_utils.core import files
from course_utils.core.backend import keras, tf
from course_utils.datasets import Dataset
from course_utils.federation import hospitals
from course_utils.training import features

# Part of a training's name: raise it when the same schedule no longer gives the same weights.
VERSION = 2


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Everything about a training in rounds that is decided before it begins."""

    rounds: int = 10
    local_steps: int = 32  # gradient steps of each hospital, between two averages
    learning_rate: float = 3e-3  # of the first round; it falls along a cosine to nearly zero
    batch_size: int = 32  # slices for a step
    seed: int = settings.SEED  # of the first weights, the order of the slices, and the dropout

    def rate_of(self, number: int) -> float:
        """Learning rate of a round; the first one has number 1."""
        return self.learning_rate * (1 + np.cos(np.pi * (number - 1) / self.rounds)) / 2

    def pooled(self) -> "Schedule":
        """As many steps in one place, each of as many slices as all hospitals take together."""
        return dataclasses.replace(self, batch_size=len(hospitals.NAMES) * self.batch_size)


def network(classes: int) -> keras.Model:
    """Build the baseline CNN for small slices: (batch, 64, 64, 1) to (batch, classes)."""
    inputs = keras.Input((hospitals.SIDE, hospitals.SIDE, 1), name="slice")
    return keras.models.clone_model(models.baseline(classes), input_tensors=inputs)


def initial_weights(classes: int, seed: int = settings.SEED) -> list[np.ndarray]:
    """Draw the weights that all begin with, batch norm's averages among them."""
    keras.utils.set_random_seed(seed)
    return network(classes).get_weights()


def predict(weights: Sequence[np.ndarray], images: np.ndarray) -> np.ndarray:
    """Probabilities, (slices, classes), of uint8 slices, (slices, 64, 64)."""
    return features.predict(_loaded(weights), images)


def count_right(weights: Sequence[np.ndarray], images: np.ndarray, labels: np.ndarray) -> int:
    """How many slices, (slices, 64, 64), a network gets right."""
    return int((predict(weights, images).argmax(axis=1) == labels).sum()) if len(labels) else 0


def fit_round(
    weights: Sequence[np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    schedule: Schedule,
    number: int,
    hospital: int = 0,
    pull: float = 0.0,
) -> list[np.ndarray]:
    """Let a hospital train for one round on its slices, (slices, 64, 64), changed at random.

    The numbers of round (from 1 on) and hospital, and the schedule's seed, settle all that is
    random. Whoever has few slices sees each of them more often; where there are none, the weights
    stay as they are. ``pull`` is FedProx's mu (Li et al. 2018, arXiv 1812.06127): it adds
    ``mu / 2`` times the squared distance from the weights that were sent to the loss.
    """
    if not len(images):
        return list(weights)
    model, (step, change) = _loaded(weights), _step(len(weights[-1]))
    rng = np.random.default_rng([schedule.seed, number, hospital])
    # What AdamW remembers belongs to other weights than the new ones.
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))
    model.optimizer.learning_rate.assign(schedule.rate_of(number))
    for layer in (change, *model.layers):
        # What a dropout and a random change keep is the state of their random numbers.
        if layer is change or isinstance(layer, keras.layers.Dropout):
            for variable in layer.variables:
                variable.assign(rng.integers(2**31, size=2))
    sent = [tf.constant(variable) for variable in model.trainable_variables]
    size = schedule.batch_size
    passes = -(-schedule.local_steps * size // len(images))
    order = np.concatenate([rng.permutation(len(images)) for _ in range(passes)])
    for begin in range(0, schedule.local_steps * size, size):
        rows = order[begin : begin + size]
        batch = images[rows, ..., np.newaxis] / np.float32(255)
        step(batch, labels[rows].astype(np.int64), sent, np.float32(pull))
    return model.get_weights()


def average(results: Sequence[Sequence[np.ndarray]], slices: Sequence[int]) -> list[np.ndarray]:
    """Average the weights of several networks; who learned from more slices counts for more.

    This is federated averaging (McMahan et al. 2017, arXiv 1602.05629).
    """
    # Python's own floats leave arrays in single precision, as Flower does: the same last digit.
    shares = [count / sum(slices) for count in slices]
    return [
        sum(share * array for share, array in zip(shares, arrays, strict=True))
        for arrays in zip(*results, strict=True)
    ]


def federate(parts: Sequence[Dataset], schedule: Schedule) -> list[list[np.ndarray]]:
    """Train in rounds, the hospitals one after the other, or reload what was trained before.

    A part is what a hospital has. Returns the weights before the first round, and after each.
    """
    classes = len(parts[0].class_names)
    choices = {"version": VERSION, "classes": classes} | dataclasses.asdict(schedule)
    held = (array for part in parts for array in (part.images, part.labels))
    key = features.fingerprint(*held, [json.dumps(choices)])
    path = settings.data_dir() / "runs" / f"rounds-{key}.npz"

    def train(new: Path) -> None:
        history = [initial_weights(classes, schedule.seed)]
        for number in tqdm(range(1, schedule.rounds + 1), unit="round"):
            results = [
                fit_round(history[-1], part.images, part.labels, schedule, number, hospital)
                for hospital, part in enumerate(parts)
            ]
            history.append(average(results, [len(part) for part in parts]))
        files.write_arrays(new, *itertools.chain(*history))

    if not files.once(path, train):
        print("trained before, reloaded")
    arrays = read_weights(path)
    size = len(arrays) // (schedule.rounds + 1)
    return [arrays[begin : begin + size] for begin in range(0, len(arrays), size)]


def read_weights(path: Path) -> list[np.ndarray]:
    """Read weights from a file, in their order; CourseError where it is damaged."""
    with files.reading(path, "delete it and train again"), np.load(path) as stored:
        return list(stored.values())


@functools.cache
def _step(classes: int) -> tuple[Callable, keras.layers.Layer]:
    """One gradient step of the workbench, as a graph, and what changes its slices before."""
    model, loss_of = _workbench(classes), keras.losses.SparseCategoricalCrossentropy()
    change = augment.pipeline()

    @tf.function(reduce_retracing=True)
    def step(images, labels, sent, pull):
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(change(images, training=True), training=True))
        variables = model.trainable_variables
        found = zip(tape.gradient(loss, variables), variables, sent, strict=True)
        gradients = [gradient + pull * (now - before) for gradient, now, before in found]
        model.optimizer.apply(gradients, variables)

    return step, change


@functools.cache
def _workbench(classes: int) -> keras.Model:
    """One network for all that this process does: to build its graph takes seconds."""
    model = network(classes)
    model.compile(keras.optimizers.AdamW(1e-3))
    model.optimizer.build(model.trainable_variables)
    return model


def _loaded(weights: Sequence[np.ndarray]) -> keras.Model:
    # The last array holds one bias per class.
    model = _workbench(len(weights[-1]))
    model.set_weights(weights)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # Noise, or a hospital that lies, may have pushed a variance below zero.
            layer.moving_variance.assign(np.maximum(layer.moving_variance, 0))
    return model
