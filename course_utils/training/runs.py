"""Training: with a progress you can watch, only the layers that need it, and never twice.

The way to a fast fine-tuning is short. Layers that stay frozen give the same output for the same
slice in every epoch, so their output is computed once and kept (see ``features`` beside this). What
comes after them is then trained as a small network of its own. It shares its layers with the whole
network, which is thereby trained too.
"""

import dataclasses
import hashlib
import importlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from course_utils import augment, models, settings
from course_utils.core import files
from course_utils.core.backend import configured, keras, tf
from course_utils.core.errors import CourseError, look_up
from course_utils.datasets import Dataset
from course_utils.models import networks, weights
from course_utils.training import features
from course_utils.training.recipes import RECIPES, Recipe

# Part of every run's name: raise it when the same settings no longer give the same run.
VERSION = 2


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A finished training: the whole network, and all that is known of it.

    ``history`` is what :func:`fit` returned, ``settings`` all that decided how it came out, and
    ``seconds`` what ``"features"`` and ``"training"`` took on the computer that trained it.
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
        """Probabilities, (slices, classes), from the contrasts that this network takes."""
        if "predictor" in self.settings:
            return importlib.import_module(self.settings["predictor"]).predict(self.model, data)
        images = data.stacked(self.settings["contrasts"])
        taken, given = (
            "{} x {} pixels and {} channels".format(*shape)
            for shape in (self.model.input_shape[1:], models.shape_of(images))
        )
        if taken != given:
            raise CourseError(
                f"{self.name} takes slices of {taken}, and those of the {data.name} data have "
                f"{given}: train it on these data first."
            )
        return features.predict(self.model, images)


def fit(
    model: keras.Model,
    train: tf.data.Dataset,
    val: tf.data.Dataset | None,
    epochs: int,
    learning_rate: float = 1e-3,
    seen: tf.data.Dataset | None = None,
) -> pd.DataFrame:
    """Train a classifier in place and show how it goes, epoch by epoch.

    Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101) lowers the
    cross-entropy. The learning rate climbs during the first epoch to the value given, then falls
    along a cosine to zero.

    All sets serve batches of inputs and integer labels, as :func:`course_utils.augment.batches`
    does. ``seen`` are training slices as they are: the loss and the accuracy of training are those
    of them after each epoch, in inference mode, as those of validation are. Without it they are
    Keras's own: means over an epoch in which the network changed, of augmented slices, with
    dropout.

    Returns
    -------
    pandas.DataFrame
        One row per epoch: epoch, loss, accuracy, val_loss, val_accuracy, seconds; without ``val``
        nothing of validation.
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
    # Where the bar moves ten times a second, as usual, who reads a notebook's messages only after
    # the cell, as its tests do, loses the last ones: the queue is full by then.
    with tqdm(total=epochs * steps, unit="batch", mininterval=0.5) as bar:
        progress = _Progress(bar, epochs, seen)
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
    val: Dataset | None,
    start: str | None = None,
    seed: int = settings.SEED,
) -> Run:
    """Train by a recipe, or reload the run where the very same one was done before.

    The recipe is a name in :data:`RECIPES`, or one of your own, such as
    ``dataclasses.replace(RECIPES["baseline"], name="mine", epochs=5)``. A backbone starts from what
    :func:`course_utils.models.weights.resolve` makes of ``start``. The seed decides the first
    weights, the order of the slices and the augmentation. Nothing is learned from the validation
    slices, which only show how it goes: None where there are none. The test slices have no business
    here.
    A :class:`CourseError` says what cannot be done with this network or these data.
    """
    if not isinstance(recipe, Recipe):
        recipe = look_up(RECIPES, recipe, "recipe")
    contrasts = _contrasts(recipe, train)
    if val is not None and train.class_names != val.class_names:
        raise CourseError(
            "The training and the validation slices have different classes: take them from one set."
        )
    source = weights.Source("random")
    if recipe.network in weights.BACKBONES:
        source = weights.resolve(recipe.network, start)
    elif start not in (None, "random"):
        raise CourseError(
            f"{recipe.network} has no backbone to start from {start!r}: leave the start out."
        )
    choices = {
        "version": VERSION,
        "recipe": dataclasses.asdict(recipe),
        "classes": list(train.class_names),
        "contrasts": list(contrasts),
        "weights": source.identity,
        "seed": seed,
        "train": described(train, contrasts),
        "val": val and described(val, contrasts),
    }
    return load_or_train(choices, lambda: _trained(recipe, train, val, source, seed))


def load_or_train(choices: dict, make: Callable[[], tuple[keras.Model, pd.DataFrame, dict]]) -> Run:
    """Make a run and save it, or reload the one that was made by the very same choices.

    The choices are everything that decides how it comes out, ready for JSON: ``["recipe"]["name"]``
    is its name, and ``["contrasts"]`` what :meth:`Run.predict` gives the network. Where that is not
    all there is to it, ``["predictor"]`` names a module with a ``predict(model, data)``. ``make``
    trains, and returns the network, its history, and seconds by step.
    """
    name = choices["recipe"]["name"]
    digest = hashlib.blake2b(json.dumps(choices).encode(), digest_size=6).hexdigest()
    folder = settings.data_dir() / "runs" / f"{name}-{digest}"

    def save(new: Path) -> None:
        with configured():
            model, history, seconds = make()
        new.mkdir()
        model.save(new / "model.keras")
        history.to_csv(new / "history.csv", index=False)
        about = {"settings": choices, "seconds": seconds}
        (new / "run.json").write_text(json.dumps(about, indent=1) + "\n")

    if not files.once(folder, save):
        print(f"{name}: trained before, reloaded.")
    return load(folder)


def load(folder: Path) -> Run:
    """Read a finished run; a :class:`CourseError` says where it is damaged."""
    ours = folder.is_relative_to(settings.data_dir() / "runs")
    remedy = "delete this folder and train again" if ours else "name another folder"
    with files.reading(f"The run in {folder}", remedy):
        about = json.loads((folder / "run.json").read_text())
        history = pd.read_csv(folder / "history.csv")
        model = keras.models.load_model(folder / "model.keras", compile=False)
        name = about["settings"]["recipe"]["name"]
        return Run(name, model, history, about["settings"], about["seconds"], folder)


def described(data: Dataset, contrasts: Sequence[str]) -> dict:
    """What a run needs to know to tell whether it learned from these very slices."""
    return {
        "name": data.name,
        "slices": len(data),
        "fingerprint": features.fingerprint(*map(data.contrast, contrasts), data.labels),
    }


def spread(train: Dataset, val: Dataset | None) -> np.ndarray:
    """Rows of as many training slices as there are validation slices, evenly spread."""
    count = min(len(train), len(train if val is None else val))
    return np.linspace(0, len(train) - 1, count).round().astype(int)


def _contrasts(recipe: Recipe, data: Dataset) -> tuple[str, ...]:
    """Contrasts that a recipe's network takes: by name also where it is a data set's main one."""
    return look_up(networks.NETWORKS, recipe.network, "network").contrasts or (data.main,)


def _trained(recipe, train, val, source, seed) -> tuple[keras.Model, pd.DataFrame, dict]:
    # Before the model is built: it settles the first weights and the dropout.
    keras.utils.set_random_seed(seed)
    contrasts = _contrasts(recipe, train)
    images = train.stacked(contrasts)
    options = {"classes": len(train.class_names), "dropout": recipe.dropout}
    if recipe.network in weights.BACKBONES:
        options |= {"source": source, "images": images}
    build = networks.NETWORKS[recipe.network].build
    model = build(shape=models.shape_of(images), **options)
    # A model of its own even without frozen layers: only this one carries the optimiser.
    learner = models.submodel(model, start=recipe.freeze_until)
    if not learner.trainable_weights:
        raise CourseError(
            f"Nothing is left to train in {recipe.network} after {recipe.freeze_until!r}: freeze "
            "less, for example up to 'pooled'."
        )
    seconds = {"features": 0.0}
    rows = spread(train, val)
    shown = train.take(rows)
    if recipe.freeze_until is None:
        pipeline = augment.pipeline(seed=seed) if recipe.augment else None
        batches = augment.batches(train, recipe.batch_size, pipeline, True, seed, contrasts)
        seen, val_batches = (
            part and augment.batches(part, recipe.batch_size, contrasts=contrasts)
            for part in (shown, val)
        )
    else:
        views = [images, images[:, :, ::-1]] if recipe.mirror else [images]
        val_images = [] if val is None else [val.stacked(contrasts)]
        outputs, seconds["features"] = features.outputs(model, recipe, *views, *val_images)
        inputs, labels = np.concatenate(outputs[: len(views)]), np.tile(train.labels, len(views))
        batches = features.batches(inputs, labels, recipe.batch_size, seed)
        seen = features.batches(outputs[0][rows], shown.labels, recipe.batch_size)
        val_batches = val and features.batches(outputs[-1], val.labels, recipe.batch_size)
    begin = time.perf_counter()
    history = fit(learner, batches, val_batches, recipe.epochs, recipe.learning_rate, seen)
    seconds["training"] = time.perf_counter() - begin
    return model, history, seconds


class _Progress(keras.callbacks.Callback):
    """Moves the bar after each batch and writes a line after each epoch, at most about ten."""

    def __init__(self, bar: tqdm, epochs: int, seen: tf.data.Dataset | None) -> None:
        super().__init__()
        self.bar, self.epochs, self.seen, self.rows = bar, epochs, seen, []

    def on_epoch_begin(self, epoch, logs=None):
        self.begin = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        if self.seen is not None:
            logs = logs | self.model.evaluate(self.seen, verbose=0, return_dict=True)
        row = {"epoch": epoch + 1, **logs, "seconds": time.perf_counter() - self.begin}
        self.rows.append(row)
        every = -(-self.epochs // 10)
        if row["epoch"] % every == 0 or row["epoch"] == self.epochs:
            says = f"epoch {row['epoch']:>3}"
            for name, of in (("training", ""), ("validation", "val_")):
                if f"{of}loss" in row:
                    loss, accuracy = row[f"{of}loss"], row[f"{of}accuracy"]
                    says += f"   {name}: loss {loss:.3f}, accuracy {accuracy:.1%}"
            self.bar.write(says)
