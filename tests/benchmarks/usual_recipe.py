"""Seconds to 94% and to 98%, in three ways: ``python tests/benchmarks/usual_recipe.py FOLDER``.

FOLDER is the Kaggle data, version 1, unpacked: ``Training/<class>/*.jpg`` and
``Testing/<class>/*.jpg``. All three ways start from these files, learn from all of the publisher's
training slices, and are tried on the test slices after every epoch, with the clock stopped; the
test slices choose nothing. The backbone starts from the same ImageNet weights:

- course: slices are decoded once, at 128 pixels; first the head alone on features computed once,
  then the tail behind them, each slice and its mirror image (the course's two recipes);
- guide: as Keras's own guide to transfer learning does it (keras.io/guides/transfer_learning):
  pictures from the disk at 224 pixels, flipped, turned and zoomed on the fly, a frozen MobileNetV2
  with Adam, then unfrozen from layer 100 with small steps;
- plain: a Sequential CNN of the kind that beginners' tutorials build, from random numbers, at 180
  pixels from the disk.

Writes ``data/results/usual-recipe.json``. Takes about two hours on two cores; nothing else may run.
``--epochs`` shortens a trial.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

from course_utils import models, settings
from course_utils.core import results
from course_utils.models import weights
from course_utils.realdata import kaggle
from course_utils.training import features, recipes

LIMITS = (0.94, 0.98)
EPOCHS = 15
BATCH = 32
# From this layer of MobileNetV2 on the guide's recipe learns, once the head has.
UNFROZEN_FROM = 100


class Clock(keras.callbacks.Callback):
    """Writes down how many seconds had passed at each epoch's end, and the test accuracy then."""

    def __init__(self, right) -> None:
        super().__init__()
        self.right, self.stopped, self.rows = right, 0.0, []
        self.begin = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        at = time.perf_counter()
        accuracy = self.right()
        self.rows.append({"seconds": at - self.begin - self.stopped, "accuracy": accuracy})
        print(f"{self.rows[-1]['seconds']:7.0f} s   {accuracy:.1%}", flush=True)
        self.stopped += time.perf_counter() - at


def course(folder: Path, epochs: int) -> list[dict]:
    """Head, then tail, on what the trunk made of the slices once."""
    clock = Clock(None)
    images, table, _ = kaggle.read(folder)
    names = sorted(table["label"].unique())
    labels = table["label"].map(names.index).to_numpy()
    seen = (table["split"] == "train").to_numpy()
    source = weights.resolve("mobilenetv2", "imagenet")
    for name in ("mobilenetv2-head", "mobilenetv2-finetuned"):
        recipe = recipes.RECIPES[name]
        keras.utils.set_random_seed(settings.SEED)
        model = models.transfer("mobilenetv2", source, recipe.dropout, images, len(names))
        views = [images[seen], images[seen][:, :, ::-1]] if recipe.mirror else [images[seen]]
        inputs, _ = features.outputs(model, recipe, *views)
        learner = models.submodel(model, start=recipe.freeze_until)
        at = time.perf_counter()
        (tested,), _ = features.outputs(model, recipe, images[~seen])
        clock.stopped += time.perf_counter() - at

        def right(learner=learner, tested=tested):
            return float(np.mean(features.predict(learner, tested).argmax(1) == labels[~seen]))

        clock.right = right
        steps = len(np.concatenate(inputs)) // recipe.batch_size + 1
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, steps * (recipe.epochs - 1), warmup_target=recipe.learning_rate, warmup_steps=steps
        )
        learner.compile(keras.optimizers.AdamW(schedule), "sparse_categorical_crossentropy")
        learner.fit(
            features.batches(
                np.concatenate(inputs),
                np.tile(labels[seen], len(views)),
                recipe.batch_size,
                settings.SEED,
            ),
            epochs=min(recipe.epochs, epochs),
            shuffle=False,
            verbose=0,
            callbacks=[clock],
        )
    return clock.rows


def guide(folder: Path, epochs: int) -> list[dict]:
    """Pictures from the disk, augmented on the fly, through the frozen network in every epoch."""
    clock = Clock(None)
    train, test = from_disk(folder, 224)
    keras.utils.set_random_seed(settings.SEED)
    base = keras.applications.MobileNetV2(
        input_shape=(224, 224, 3), include_top=False, weights="imagenet"
    )
    base.trainable = False
    inputs = keras.Input((224, 224, 3))
    x = keras.layers.RandomFlip("horizontal")(inputs)
    x = keras.layers.RandomZoom(0.1)(keras.layers.RandomRotation(0.1)(x))
    x = base(keras.layers.Rescaling(1 / 127.5, offset=-1)(x), training=False)
    x = keras.layers.Dropout(0.2)(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, keras.layers.Dense(4, "softmax")(x))
    clock.right = lambda: model.evaluate(test, verbose=0, return_dict=True)["accuracy"]
    compiled(model, 1e-3).fit(train, epochs=epochs, verbose=0, callbacks=[clock])
    base.trainable = True
    for layer in base.layers[:UNFROZEN_FROM]:
        layer.trainable = False
    compiled(model, 1e-5).fit(train, epochs=epochs, verbose=0, callbacks=[clock])
    return clock.rows


def plain(folder: Path, epochs: int) -> list[dict]:
    """Three convolutions and two dense layers, from random numbers."""
    clock = Clock(None)
    train, test = from_disk(folder, 180)
    keras.utils.set_random_seed(settings.SEED)
    layers = keras.layers
    model = keras.Sequential([keras.Input((180, 180, 3)), layers.Rescaling(1 / 255)])
    for filters in (16, 32, 64):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
    for layer in (layers.Dropout(0.2), layers.Flatten(), layers.Dense(128, "relu")):
        model.add(layer)
    model.add(layers.Dense(4, "softmax"))
    clock.right = lambda: model.evaluate(test, verbose=0, return_dict=True)["accuracy"]
    compiled(model, 1e-3).fit(train, epochs=epochs, verbose=0, callbacks=[clock])
    return clock.rows


def compiled(model: keras.Model, rate: float) -> keras.Model:
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def from_disk(folder: Path, size: int) -> list:
    return [
        keras.utils.image_dataset_from_directory(
            folder / part, image_size=(size, size), batch_size=BATCH, seed=settings.SEED
        ).prefetch(2)
        for part in ("Training", "Testing")
    ]


def reached(rows: list[dict], limit: float) -> float | None:
    """Seconds until the test accuracy first reached a limit; None where it never did."""
    return next((row["seconds"] for row in rows if row["accuracy"] >= limit), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    asked = parser.parse_args()
    figures = {}
    for way in (course, guide, plain):
        print(way.__name__, flush=True)
        # The course's recipes have epochs of their own, on features that cost next to nothing.
        usual = os.environ.get("COURSE_DATA", "")
        with tempfile.TemporaryDirectory() as new:
            # Features of an earlier run would be found, and cost nothing.
            os.environ["COURSE_DATA"] = new
            rows = way(asked.folder, 40 if way is course else asked.epochs)
            os.environ["COURSE_DATA"] = usual
        figures[way.__name__] = {
            **{f"seconds_to_{limit:.0%}": reached(rows, limit) for limit in LIMITS},
            "seconds": rows[-1]["seconds"],
            "best": max(row["accuracy"] for row in rows),
            "curve": rows,
        }
    for limit in LIMITS:
        ours = figures["course"][f"seconds_to_{limit:.0%}"]
        for way in ("guide", "plain"):
            took = figures[way][f"seconds_to_{limit:.0%}"]
            # Who never got there took longer than all of its seconds: a lower bound.
            figures[way][f"times_as_long_to_{limit:.0%}"] = {
                "value": ours and (took or figures[way]["seconds"]) / ours,
                "at_least": took is None,
            }
    path = results.save(
        "usual-recipe",
        figures,
        command="python tests/benchmarks/usual_recipe.py FOLDER",
        dataset="kaggle",
        split="official",
        epochs=asked.epochs,
    )
    print(path.read_text())


if __name__ == "__main__":
    main()
