"""Training: with a progress you can watch, only the layers that need it, and never twice.

The way to a fast fine-tuning is short. Layers that stay frozen give the same output for the same
slice in every epoch, so their output is computed once and kept (see ``features`` beside this). What
comes after them is then trained as a small network of its own. It shares its layers with the whole
network, which is thereby trained too.
"""

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from course_utils import augment, models, settings
from course_utils.core import files
from course_utils.core.backend import keras, tf
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.models import networks, weights
from course_utils.training import features, recipes
from course_utils.training.features import predict as predict
from course_utils.training.recipes import RECIPES as RECIPES
from course_utils.training.recipes import Recipe

# Part of every run's name: raise it when the same settings no longer give the same run.
VERSION = 1


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A finished training.

    Attributes
    ----------
    name : str
        The recipe's.
    model : keras.Model
        The whole network, from slice to probabilities.
    history : pandas.DataFrame
        A row an epoch: epoch, loss, accuracy, val_loss, val_accuracy, seconds.
    settings : dict
        The recipe, the seed, the data's fingerprint and the weights it started from.
    seconds : dict of str to float
        What it took on the computer that trained it: ``"features"``, ``"training"``.
    folder : Path
        Where it is kept.
    """

    name: str
    model: keras.Model
    history: pd.DataFrame
    settings: dict
    seconds: dict[str, float]
    folder: Path

    @property
    def megabytes(self) -> float:
        """Size of the file that holds the network."""
        return (self.folder / "model.keras").stat().st_size / 1e6

    def predict(self, data: Dataset) -> np.ndarray:
        """Probabilities of slices, in the contrasts this network takes: float32, (slices, 4).

        Raises
        ------
        CourseError
            If the data lacks one of these contrasts.
        """
        contrasts = networks.known(self.settings["recipe"]["network"]).contrasts
        return predict(self.model, data.stacked(contrasts))


def fit(
    model: keras.Model,
    train: tf.data.Dataset,
    val: tf.data.Dataset,
    epochs: int,
    learning_rate: float = 1e-3,
) -> pd.DataFrame:
    """Train a classifier and show how it goes, epoch by epoch.

    Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101) lowers the
    cross-entropy. The learning rate climbs during the first epoch, then falls along a cosine to
    zero.

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities. It is changed in place.
    train, val : tf.data.Dataset
        Batches of inputs and integer labels, as :func:`course_utils.augment.batches` serves them.
    epochs : int
    learning_rate : float
        Its highest value.

    Returns
    -------
    pandas.DataFrame
        A row an epoch: epoch, loss, accuracy, val_loss, val_accuracy, seconds.
    """
    steps = len(train)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        # A single epoch is all climbing; Keras wants at least one step down.
        decay_steps=max(1, steps * (epochs - 1)),
        warmup_target=learning_rate,
        warmup_steps=steps,
    )
    model.compile(
        keras.optimizers.AdamW(schedule),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    # Who reads a notebook's messages only after the cell, as its tests do, loses the last ones of a
    # long training where the bar moves ten times a second, as usual: the queue is full by then.
    with tqdm(total=epochs * steps, unit="batch", mininterval=0.5) as bar:
        progress = _Progress(bar, epochs)
        model.fit(
            train,
            validation_data=val,
            epochs=epochs,
            shuffle=False,  # The batches come shuffled.
            verbose=0,
            callbacks=[progress],
        )
    return pd.DataFrame(progress.rows)


def train(
    recipe: str | Recipe,
    train: Dataset,
    val: Dataset,
    start: str | None = None,
    seed: int = settings.SEED,
) -> Run:
    """Train by a recipe, or reload the run where the very same one was done before.

    Parameters
    ----------
    recipe : str or Recipe
        A name in :data:`RECIPES`, or a recipe of your own:
        ``dataclasses.replace(RECIPES["baseline"], name="mine", epochs=5)``.
    train, val : Dataset
        To learn from, and to watch. The test slices have no business here.
    start : str, optional
        Where a published network starts from: ``"imagenet"``, ``"simulated"``, ``"random"``, or a
        file; what :func:`course_utils.models.weights.resolve` finds where it is left out.
    seed : int
        Seed of the first weights, of the order of the slices and of the augmentation.

    Returns
    -------
    Run

    Raises
    ------
    CourseError
        If there is no such recipe or network, the data lacks a contrast, or a saved run is
        damaged.
    """
    recipe = recipes.known(recipe)
    contrasts = networks.known(recipe.network).contrasts
    source = None
    if recipe.network in weights.BACKBONES:
        source = weights.resolve(recipe.network, start)
    choices = {
        "version": VERSION,
        "recipe": dataclasses.asdict(recipe),
        "weights": source.identity if source else "random",
        "seed": seed,
        "train": described(train, contrasts),
        "val": described(val, contrasts),
    }
    return load_or_train(choices, lambda: _trained(recipe, train, val, source, seed))


def load_or_train(choices: dict, make: Callable[[], tuple[keras.Model, pd.DataFrame, dict]]) -> Run:
    """Make a run and save it, or reload the one that was made by the very same choices.

    Parameters
    ----------
    choices : dict
        Everything that decides how the run comes out, ready for JSON; ``["recipe"]["name"]`` is
        the run's name.
    make : callable
        Trains, and returns the network, its history, and seconds by step.
    """
    name = choices["recipe"]["name"]
    digest = hashlib.blake2b(json.dumps(choices).encode(), digest_size=6).hexdigest()
    folder = settings.data_dir() / "runs" / f"{name}-{digest}"
    with files.lock(folder):
        # Another kernel may have finished the same run while this one waited.
        if not folder.exists():
            model, history, seconds = make()
            _save(folder, choices, model, history, seconds)
            return Run(name, model, history, choices, seconds, folder)
    print(f"{name}: trained before, reloaded.")
    return load(folder)


def load(folder: Path) -> Run:
    """Read a finished run.

    Raises
    ------
    CourseError
        If the folder is damaged.
    """
    try:
        about = json.loads((folder / "run.json").read_text())
        history = pd.read_csv(folder / "history.csv")
        model = keras.models.load_model(folder / "model.keras", compile=False)
    # Keras raises nearly every kind of exception on a broken file.
    except Exception as error:
        raise CourseError(
            f"The run in {folder} is damaged ({error}): delete this folder and train again."
        ) from None
    name = about["settings"]["recipe"]["name"]
    return Run(name, model, history, about["settings"], about["seconds"], folder)


def _trained(recipe, train, val, source, seed) -> tuple[keras.Model, pd.DataFrame, dict]:
    # Before the model is built: it settles the first weights and the dropout.
    keras.utils.set_random_seed(seed)
    network = networks.known(recipe.network)
    published = (source, recipe.dropout, train.images) if source else ()
    model = network.build(*published)
    feature_seconds = 0.0
    if recipe.freeze_until is None:
        pipeline = augment.pipeline(seed=seed) if recipe.augment else None
        batches = augment.batches(train, recipe.batch_size, pipeline, True, seed, network.contrasts)
        val_batches = augment.batches(val, recipe.batch_size, contrasts=network.contrasts)
    else:
        images, val_images = (part.stacked(network.contrasts) for part in (train, val))
        views = [images, images[:, :, ::-1]] if recipe.mirror else [images]
        (*seen, val_seen), feature_seconds = features.outputs(model, recipe, *views, val_images)
        inputs, labels = np.concatenate(seen), np.tile(train.labels, len(views))
        batches = features.batches(inputs, labels, recipe.batch_size, seed)
        val_batches = features.batches(val_seen, val.labels, recipe.batch_size)
    begin = time.perf_counter()
    # A model of its own even without a cut: only this one carries the optimiser.
    history = fit(
        models.submodel(model, start=recipe.freeze_until),
        batches,
        val_batches,
        recipe.epochs,
        recipe.learning_rate,
    )
    seconds = {"features": feature_seconds, "training": time.perf_counter() - begin}
    return model, history, seconds


def _save(folder, choices, model, history, seconds) -> None:
    with files.atomic(folder) as new:
        new.mkdir(parents=True)
        model.save(new / "model.keras")
        history.to_csv(new / "history.csv", index=False)
        about = {"settings": choices, "seconds": seconds}
        (new / "run.json").write_text(json.dumps(about, indent=1) + "\n")


def described(data: Dataset, contrasts: Sequence[str]) -> dict:
    """What a run needs to know to tell whether it learned from these very slices."""
    return {
        "name": data.name,
        "slices": len(data),
        "fingerprint": features.fingerprint(*map(data.contrast, contrasts), data.labels),
    }


class _Progress(keras.callbacks.Callback):
    """Moves the bar after each batch and writes a line after each epoch, at most about ten."""

    def __init__(self, bar: tqdm, epochs: int) -> None:
        super().__init__()
        self.bar, self.epochs, self.rows = bar, epochs, []

    def on_epoch_begin(self, epoch, logs=None):
        self.begin = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, **logs, "seconds": time.perf_counter() - self.begin}
        self.rows.append(row)
        every = -(-self.epochs // 10)
        if row["epoch"] % every == 0 or row["epoch"] == self.epochs:
            self.bar.write(
                f"epoch {row['epoch']:>3}   training: loss {row['loss']:.3f}, "
                f"accuracy {row['accuracy']:.1%}   validation: loss {row['val_loss']:.3f}, "
                f"accuracy {row['val_accuracy']:.1%}"
            )
