"""How much cached features save: run by hand, ``python tests/benchmarks/training_speed.py``.

Takes about eight minutes on two cores and writes ``data/results/training-speed.json``. The same
slices are learned from in each way, each slice and its mirror image once an epoch:

- tail: the layers after ``freeze_until``, on cached outputs of the trunk (what the recipe does);
- frozen: the same layers, but each batch runs through the frozen trunk again;
- whole: all layers but batch norm learn, which is what fine-tuning mostly means elsewhere (timed
  on a tenth of the batches);
- head and head through the network: the last layer alone, on cached features or without.

Validation is left out of the times: it is one batch here.
"""

import time

import keras
import numpy as np

from course_utils import datasets, evaluation, models, training
from course_utils.core import results
from course_utils.models import weights
from course_utils.training import features, recipes

TAIL = recipes.RECIPES["mobilenetv2-finetuned"]
HEAD = recipes.RECIPES["mobilenetv2-head"]


def main() -> None:
    train, val, test = datasets.load().split()
    classes = len(train.class_names)
    source = weights.resolve(TAIL.network)
    figures, predicted = {}, {}
    for name in ("tail", "frozen", "whole"):
        keras.utils.set_random_seed(7)
        model = models.transfer(TAIL.network, source, TAIL.dropout, classes=classes)
        if name == "tail":
            begin = time.perf_counter()
            trunk = models.submodel(model, stop=TAIL.freeze_until)
            inputs = [features.predict(trunk, i).astype(np.float16) for i in views(train)]
            figures["cache_seconds"] = time.perf_counter() - begin
            val_inputs = features.predict(trunk, val.images).astype(np.float16)
            learner = models.submodel(model, start=TAIL.freeze_until)
        else:
            inputs, val_inputs, learner = views(train), val.images, models.submodel(model)
        if name == "frozen":
            for layer in models.submodel(model, stop=TAIL.freeze_until).layers:
                layer.trainable = False
        inputs, labels = np.concatenate(inputs), np.tile(train.labels, 2)
        batches = features.batches(inputs, labels, TAIL.batch_size, seed=7)
        share = 10 if name == "whole" else 1
        history = training.fit(
            learner,
            batches.take(len(batches) // share),
            features.batches(val_inputs, val.labels, TAIL.batch_size).take(1),
            3 if name == "whole" else TAIL.epochs,
            TAIL.learning_rate,
        )
        figures[f"{name}_epoch_seconds"] = share * seconds(history)
        predicted[name] = training.predict(model, test.images)

    for name in ("head", "head_through_network"):
        model = models.transfer(HEAD.network, source, HEAD.dropout, classes=classes)
        trunk = models.submodel(model, stop=HEAD.freeze_until)
        for layer in trunk.layers:
            layer.trainable = False
        if name == "head":
            inputs, val_inputs = (features.predict(trunk, d.images) for d in (train, val))
            learner, epochs = models.submodel(model, start=HEAD.freeze_until), 10
        else:
            inputs, val_inputs, learner, epochs = (
                train.images,
                val.images,
                models.submodel(model),
                2,
            )
        history = training.fit(
            learner,
            features.batches(inputs, train.labels, HEAD.batch_size, seed=7),
            features.batches(val_inputs, val.labels, HEAD.batch_size).take(1),
            epochs,
            HEAD.learning_rate,
        )
        figures[f"{name}_epoch_seconds"] = seconds(history)

    def ratio(slow: str, fast: str) -> float:
        return figures[f"{slow}_epoch_seconds"] / figures[f"{fast}_epoch_seconds"]

    figures |= {
        "tail_against_frozen": ratio("frozen", "tail"),
        "tail_against_whole": ratio("whole", "tail"),
        "head_against_network": ratio("head_through_network", "head"),
    }
    gain = evaluation.difference(
        test.labels, predicted["tail"], predicted["frozen"], test.table["group"]
    )
    figures["accuracy_tail_minus_frozen"] = vars(gain)
    path = results.save(
        "training-speed",
        figures,
        command="python tests/benchmarks/training_speed.py",
        dataset=train.name,
        slices=len(train),
        weights=source.kind,
    )
    print(path.read_text(encoding="utf-8"))
    assert gain.low <= 0 <= gain.high
    assert figures["tail_against_whole"] >= 4
    assert figures["head_against_network"] >= 30


def views(data: datasets.Dataset) -> list[np.ndarray]:
    """The slices and their mirror images."""
    return [data.images, data.images[:, :, ::-1]]


def seconds(history) -> float:
    """A typical epoch; the first one, which also builds the graph, does not count."""
    return float(np.median(history["seconds"][1:]))


if __name__ == "__main__":
    main()
