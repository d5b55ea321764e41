"""Volumes against a vote of slices, on patients enough to tell.

    python tests/benchmarks/volumes.py

Trains both networks of lesson 12 with three seeds (runs that are there are reloaded), and tests
them on the practice data's test patients and on 640 fresh ones, simulated for this alone. Takes
about ten minutes on two cores, and writes ``data/results/volumes-practice.json``, which lesson 12
reads.
"""

import argparse
import dataclasses
import subprocess
import sys
import threading
import time

import numpy as np
import psutil

from course_utils import (
    datasets,
    evaluation,
    intervals,
    results,
    settings,
    training_volumes,
    volumes,
)
from course_utils.volumes import Volumes

SEEDS = (7, 8, 9)
# Patients whom neither the practice data nor any choice of a network has met.
FRESH, FRESH_SEED = 640, 2026
NAMES = {2: "2d", 3: "3d"}


def memory(dimensions: int) -> float:
    """GB that this process grows by, at most, while it trains for an epoch."""
    train, val, _ = volumes.load().split()
    recipe = dataclasses.replace(
        training_volumes.RECIPES[dimensions], name=f"memory-{time.time():.0f}", epochs=1
    )
    before, most, done = psutil.Process().memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            most[0] = max(most[0], psutil.Process().memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    run = training_volumes.train(dimensions, train, val, recipe)
    done.set()
    watcher.join()
    datasets.files.remove(run.folder)
    return (most[0] - before) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", type=int, choices=NAMES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print(memory(options.memory))
        return
    data = volumes.load()
    train, val, test = data.split()
    contrasts, masks, table = volumes.practice(FRESH_SEED, FRESH)
    fresh = Volumes("fresh", contrasts, masks, table)
    figures = {name: {"fresh": {}} for name in NAMES.values()}
    answers = {}
    for dimensions, name in NAMES.items():
        # In a process of its own, or the memory of one training would hide that of the next.
        command = [sys.executable, __file__, "--memory", str(dimensions)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        figures[name]["training_gb"] = float(said.split()[-1])
        for seed in SEEDS:
            run = training_volumes.train(dimensions, train, val, seed=seed)
            begin = time.perf_counter()
            answers[name, seed] = training_volumes.predict(run.model, fresh)
            seconds = time.perf_counter() - begin
            figures[name]["fresh"][seed] = evaluation.accuracy(
                fresh.labels, answers[name, seed], fresh.table["group"]
            )
            if seed != settings.SEED:
                continue
            answers[name, "test"] = training_volumes.predict(run.model, test)
            figures[name] |= {
                "test": evaluation.accuracy(
                    test.labels, answers[name, "test"], test.table["group"]
                ),
                "parameters": run.model.count_params(),
                "training_seconds": run.seconds["training"],
                "milliseconds_a_patient": 1000 * seconds / FRESH,
            }
    for name, part in {"test": test, **dict.fromkeys(SEEDS, fresh)}.items():
        pair = answers["3d", name], answers["2d", name]
        figures[f"3d_minus_2d_{name}"] = {
            "difference": evaluation.difference(part.labels, *pair, part.table["group"]),
            "mcnemar": evaluation.mcnemar(part.labels, *pair),
        }
    right = {key: a.argmax(1) == fresh.labels for key, a in answers.items() if key[1] != "test"}
    for name in NAMES.values():
        every = np.mean([right[name, seed] for seed in SEEDS], axis=0)
        figures[name]["fresh_mean"] = intervals.mean(every, fresh.table["group"])
    gains = np.mean([1.0 * right["3d", s] - right["2d", s] for s in SEEDS], axis=0)
    figures["3d_minus_2d_mean"] = intervals.mean(gains, fresh.table["group"])
    path = results.save(
        "volumes-practice",
        _plain(figures),
        command="python tests/benchmarks/volumes.py",
        dataset="practice",
        split="group",
        patients={"train": len(train), "val": len(val), "test": len(test), "fresh": FRESH},
        seeds=SEEDS,
        fresh_seed=FRESH_SEED,
        epochs={NAMES[d]: recipe.epochs for d, recipe in training_volumes.RECIPES.items()},
    )
    print(path.read_text(encoding="utf-8"))


def _plain(figure: object) -> object:
    if dataclasses.is_dataclass(figure):
        return dataclasses.asdict(figure)
    if isinstance(figure, dict):
        return {str(key): _plain(value) for key, value in figure.items()}
    return figure


if __name__ == "__main__":
    main()
