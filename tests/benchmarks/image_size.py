"""What a slice's size costs and gains: frozen MobileNetV2 and a linear classifier at each size.

    python tests/benchmarks/image_size.py PATH

PATH is the Kaggle data as zip or folder, already imported (``course data import PATH``). The
slices are decoded at the largest size and averaged down to the others. It takes minutes, and
writes ``data/results/image_size.json``, which lesson 02 reads.
"""

import argparse
import dataclasses
import time

import keras
import numpy as np
import tensorflow as tf
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from course_utils import augment, datasets, evaluation, settings
from course_utils.core import results
from course_utils.models import weights
from course_utils.realdata import kaggle

SIZES = (32, 64, 128, 224)


def features(images: np.ndarray, size: int) -> tuple[np.ndarray, float]:
    """Pooled features of slices shrunk to a size, and the milliseconds that one slice takes."""
    network = keras.applications.MobileNetV2(
        (size, size, 3), include_top=False, weights=None, pooling="avg"
    )
    weights.load(network, weights.resolve("mobilenetv2", "imagenet"))

    def served(slices: np.ndarray) -> tf.data.Dataset:
        batches = tf.data.Dataset.from_tensor_slices(slices[..., np.newaxis]).batch(64)
        shrunk = batches.map(lambda x: tf.image.resize(x, (size, size), "area"))
        return augment.prefetch(shrunk.map(lambda x: tf.repeat(x / 127.5 - 1, 3, axis=-1)))

    return network.predict(served(images), verbose=0), milliseconds(network, served(images[:256]))


def milliseconds(network: keras.Model, served: tf.data.Dataset) -> float:
    """Time of a slice in the fastest of five passes over 256 slices."""
    passes = []
    for _ in range(5):
        begin = time.perf_counter()
        network.predict(served, verbose=0)
        passes.append(time.perf_counter() - begin)
    return 1000 * min(passes) / 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="the Kaggle data as zip or folder")
    path = parser.parse_args().path
    data = datasets.load("kaggle")
    settings.IMAGE_SIZE = max(SIZES)
    images, table, _ = kaggle.read(path)
    if list(table["file"]) != list(data.table["file"]):
        raise SystemExit(f"{path} is not what was imported: import it again first.")
    train, val, test = datasets.split_rows(data, "group")
    train = np.concatenate([train, val])
    figures = {}
    for size in SIZES:
        inputs, duration = features(images, size)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
        model.fit(inputs[train], data.labels[train])
        accuracy = evaluation.accuracy(
            data.labels[test], model.predict_proba(inputs[test]), data.table["group"].iloc[test]
        )
        figures[str(size)] = {
            "accuracy": dataclasses.asdict(accuracy),
            "milliseconds": duration,
        }
        print(f"{size:4} px: {accuracy}, {duration:.1f} ms a slice", flush=True)
    results.save(
        "image_size",
        figures,
        command="python tests/benchmarks/image_size.py PATH",
        dataset="kaggle",
        split="group",
        test_slices=len(test),
        model="MobileNetV2 (ImageNet, frozen) and logistic regression",
    )


if __name__ == "__main__":
    main()
