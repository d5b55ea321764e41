"""What a start is worth on real slices: run by hand, ``python tests/benchmarks/starts.py``.

Needs the Kaggle data and, for the rows from ImageNet, its weights. Takes about 25 minutes on two
cores and writes ``data/results/starts-kaggle.json``. Split by group; three seeds, each of which
draws other training slices, another order and, where the start is random, other weights. The
recipe and its epochs are the same for every start. The test slices are the same for all.
"""

import dataclasses

import keras
import numpy as np

from course_utils import datasets, evaluation, models, training
from course_utils.core import results
from course_utils.datasets import Dataset
from course_utils.models import weights
from course_utils.training import features
from course_utils.training.recipes import RECIPES, Recipe

SEEDS = (1, 2, 3)
COUNTS = (400, 1600)
STARTS = {
    "mobilenetv2-head": ("random", "simulated", "imagenet"),
    "mobilenetv2-finetuned": ("random", "simulated", "imagenet"),
    "resnet50-finetuned": ("random", "simulated"),
}


def main() -> None:
    train, val, test = datasets.load("kaggle").split("group")
    watched = val.take(few(val, 200, seed=0))
    chosen = {(count, seed): few(train, count, seed) for count in COUNTS for seed in SEEDS}
    figures = {}
    for name, starts in STARTS.items():
        for start in starts:
            source = weights.resolve(RECIPES[name].network, start)
            for count in COUNTS:
                values = []
                for seed in SEEDS:
                    rows = chosen[count, seed]
                    predicted = learned(RECIPES[name], source, train, rows, watched, test, seed)
                    values.append(100 * evaluation.share_right(test.labels, predicted))
                figures[f"{name}, {start}, {count} slices"] = {
                    "mean": round(float(np.mean(values)), 2),
                    "spread": round(float(np.std(values, ddof=1)), 2),
                    "seeds": [round(float(value), 2) for value in values],
                }
                print(name, start, count, figures[f"{name}, {start}, {count} slices"], flush=True)
    results.save(
        "starts-kaggle",
        figures,
        command="python tests/benchmarks/starts.py",
        unit="percent of the test slices right",
        spread="standard deviation over seeds",
        dataset="kaggle",
        split="group",
        seeds=SEEDS,
        test_slices=len(test),
        recipes={name: dataclasses.asdict(RECIPES[name]) for name in STARTS},
    )


def few(data: Dataset, count: int, seed: int) -> np.ndarray:
    """Rows of a random ``count`` slices, each class in its share; larger counts hold smaller."""
    order = np.random.default_rng(seed).permutation(len(data))
    places = np.empty(len(data))
    for label in np.unique(data.labels):
        rows = order[data.labels[order] == label]
        # Where in a fair mixture of the classes each slice comes.
        places[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.sort(np.argsort(places, kind="stable")[:count])


def learned(
    recipe: Recipe,
    source: weights.Source,
    train: Dataset,
    rows: np.ndarray,
    val: Dataset,
    test: Dataset,
    seed: int,
) -> np.ndarray:
    """Train as :func:`course_utils.training.runs.train` does; probabilities of the test slices."""
    keras.utils.set_random_seed(seed)
    model = models.transfer(
        recipe.network, source, recipe.dropout, train.images[np.sort(rows)], len(train.class_names)
    )
    tail = models.submodel(model, start=recipe.freeze_until)
    views = [train.images, train.images[:, :, ::-1]] if recipe.mirror else [train.images]
    # The trunk of a fixed start is the same for all seeds: let it run over all slices once.
    early = source.kind == "random"
    (*inputs, seen_val, seen_test), _ = features.outputs(
        model, recipe, *(view[rows] if early else view for view in views), val.images, test.images
    )
    inputs = np.concatenate([seen if early else seen[rows] for seen in inputs])
    labels = np.tile(train.labels[rows], len(views))
    served = features.batches(inputs, labels, recipe.batch_size, seed)
    watched = features.batches(seen_val, val.labels)
    training.fit(tail, served, watched, recipe.epochs, recipe.learning_rate)
    return features.predict(tail, seen_test)


if __name__ == "__main__":
    main()
