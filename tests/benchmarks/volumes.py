"""Volumes against slices, on patients enough to tell.

    python tests/benchmarks/volumes.py

Takes the three networks of lesson 12 (trained first where they were not), and tests them on the
practice data's test patients and on 480 fresh ones, simulated for this alone. It takes about five
minutes on two cores, and writes ``data/results/volumes-practice.json``, which lesson 12 reads.
"""

import argparse
import dataclasses
import subprocess
import sys
import threading
import time

import psutil

from course_utils import evaluation, volumes
from course_utils.core import files, results
from course_utils.volumes import Volumes, data, fitting

# Patients whom neither the practice data nor any choice of a network has met.
FRESH, FRESH_SEED = 480, 2026


def memory(kind: str) -> float:
    """GB that this process grows by, at most, while it trains for an epoch."""
    train, val, _ = volumes.load().split()
    recipe = dataclasses.replace(fitting.RECIPES[kind], name=f"memory-{time.time():.0f}", epochs=1)
    before, most, done = psutil.Process().memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            most[0] = max(most[0], psutil.Process().memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    run = fitting.train(recipe, train, val)
    done.set()
    watcher.join()
    files.remove(run.folder)
    return (most[0] - before) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", choices=fitting.RECIPES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print(memory(options.memory))
        return
    train, val, test = volumes.load().split()
    parts = {"test": test, "fresh": Volumes("fresh", *data.make(FRESH_SEED, FRESH))}
    figures, answers = {}, {}
    for name in fitting.RECIPES:
        # In a process of its own, or the memory of one training would hide that of the next.
        command = [sys.executable, __file__, "--memory", name]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        run = fitting.train(name, train, val)
        figures[name] = {
            "parameters": run.model.count_params(),
            # By the fastest epoch: whatever else runs on the computer only adds to an epoch.
            "training_seconds": len(run.history) * float(run.history["seconds"].min()),
            "training_gb": float(said.split()[-1]),
        }
        for part, patients in parts.items():
            answers[name, part] = run.predict(patients)
            figures[name][part] = dataclasses.asdict(
                evaluation.accuracy(patients.labels, answers[name, part], patients.table["group"])
            )
    for part, patients in parts.items():
        for other in ("2d", "bag"):
            pair = patients.labels, answers["3d", part], answers[other, part]
            figures[f"3d_minus_{other}_{part}"] = {
                **dataclasses.asdict(evaluation.difference(*pair, patients.table["group"])),
                "mcnemar": dataclasses.asdict(evaluation.mcnemar(*pair)),
            }
    path = results.save(
        "volumes-practice",
        figures,
        command="python tests/benchmarks/volumes.py",
        dataset="practice",
        split="group",
        patients={"train": len(train), "val": len(val), "test": len(test), "fresh": FRESH},
        fresh_seed=FRESH_SEED,
        epochs={name: recipe.epochs for name, recipe in fitting.RECIPES.items()},
    )
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
