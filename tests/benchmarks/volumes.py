"""The ladder of lesson 12, one change a rung, five trainings each, on patients enough to tell.

    python tests/benchmarks/volumes.py

First the pooling is chosen: each network of the ladder is trained once with each. Taken are the two
with the lowest cross-entropy on the validation patients: one on average over the networks that pool
a slice, one on average over those that pool a patient.
Then each network and each control is trained with five seeds, and tested on the practice data's
test patients and on 480 fresh ones, simulated for this alone. Takes about 25 minutes on two cores.
Figures are written after each seed to ``data/results/volumes-practice.json``, which lesson 12
reads; patients and trainings are kept, so that a second start goes on where the first was stopped.
"""

import dataclasses

import numpy as np

from course_utils import datasets, evaluation, settings, volumes
from course_utils.core import files, results
from course_utils.core.backend import keras
from course_utils.evaluation import intervals
from course_utils.volumes import Volumes, cnn3d, data, fitting

# Patients whom neither the practice data nor any choice of a network has met.
FRESH, FRESH_SEED = 480, 2026
SEEDS = tuple(range(settings.SEED, settings.SEED + 5))
# What is measured against what: rung by rung, then each control against what it controls.
STEPS = (
    ("vote", "taught"), ("taught", "bag"), ("bag", "flat"), ("flat", "3d"), ("vote", "bag"),
    ("bag", "3d"), ("vote", "3d"), ("shuffled", "3d"), ("fine", "3d"), ("flat", "shuffled"),
)  # fmt: skip


def main() -> None:
    train, val, test = volumes.load().split()
    folder = data.folder_of().with_name(f"fresh-{data.folder_of().name}")
    files.once(folder, lambda new: datasets.save(new, *data.make(FRESH_SEED, FRESH)))
    fresh = Volumes(**vars(datasets.read("fresh", folder)))
    parts = {"val": val, "test": test, "fresh": fresh}
    figures = {"pooling": {}, "rules": {}, "rungs": {}, "steps": {}}

    for kind in cnn3d.LADDER:
        tried = figures["pooling"][kind] = {}
        for name in cnn3d.POOLINGS:
            run = fitting.train(kind, train, val, SEEDS[0], name)
            answers = {part: run.predict(patients) for part, patients in parts.items()}
            tried[name] = {"val_loss": entropy(val.labels, answers["val"])}
            for part, patients in parts.items():
                share = evaluation.share_right(patients.labels, answers[part])
                tried[name][part] = float(share)
            print(kind, name, tried[name], flush=True)
            keras.utils.clear_session()
    pooling = {}
    for group in (cnn3d.BY_SLICE, [k for k in cnn3d.KINDS if k not in cnn3d.BY_SLICE]):
        rows = [row for kind, row in figures["pooling"].items() if kind in group]
        losses = {n: np.mean([row[n]["val_loss"] for row in rows]) for n in cnn3d.POOLINGS}
        pooling |= dict.fromkeys(group, min(losses, key=losses.get))
    print("chosen:", pooling, flush=True)

    right = {}
    for seed in SEEDS:
        for kind in cnn3d.KINDS:
            run = fitting.train(kind, train, val, seed, pooling[kind])
            row = figures["rungs"].setdefault(kind, {"parameters": run.model.count_params()})
            # By the fastest epoch: whatever else runs on the computer only adds to an epoch.
            seconds = len(run.history) * float(run.history["seconds"].min())
            row["seconds"] = min(seconds, row.get("seconds", np.inf))
            learned = float(evaluation.share_right(train.labels, run.predict(train)))
            row.setdefault("train", []).append(learned)
            if kind == "vote":
                found = fitting.votes(run.model, val)
                for name in fitting.RULES:
                    answers = fitting.decided(found, name)
                    tried = figures["rules"].setdefault(name, {"val_loss": [], "val": []})
                    tried["val_loss"].append(entropy(val.labels, answers))
                    tried["val"].append(float(evaluation.share_right(val.labels, answers)))
            for part, patients in parts.items():
                correct = run.predict(patients).argmax(axis=1) == patients.labels
                right.setdefault((kind, part), []).append(correct)
                groups = patients.table["group"]
                row.setdefault(part, {"seeds": []})["seeds"].append(float(correct.mean()))
                each = np.mean(right[kind, part], axis=0)
                row[part] |= dataclasses.asdict(intervals.mean(each, groups))
            print(seed, kind, {name: row[name]["seeds"][-1] for name in parts}, flush=True)
            keras.utils.clear_session()
        figures["steps"] = {
            f"{kind} - {base}": {name: step(right, base, kind, name, parts) for name in parts}
            for base, kind in STEPS
        }
        results.save(
            "volumes-practice",
            figures,
            command="python tests/benchmarks/volumes.py",
            dataset="practice",
            split="group",
            patients={"train": len(train), **{name: len(part) for name, part in parts.items()}},
            fresh_seed=FRESH_SEED,
            seeds=SEEDS[: len(right["3d", "test"])],
            epochs=fitting.RECIPES["3d"].epochs,
            batch_size=fitting.RECIPES["3d"].batch_size,
            pooling=pooling,
            rule=fitting.RULE,
        )


def step(right: dict, base: str, kind: str, name: str, parts: dict) -> dict:
    """Gain in accuracy: by patient over all trainings, and of each pair of trainings."""
    # A seed is the same order of patients for both.
    pairs = [a * 1.0 - b for a, b in zip(right[kind, name], right[base, name], strict=True)]
    groups = parts[name].table["group"]
    estimate = intervals.mean_difference(np.mean(pairs, axis=0), groups)
    return dataclasses.asdict(estimate) | {"seeds": [float(pair.mean()) for pair in pairs]}


def entropy(labels: np.ndarray, answers: np.ndarray) -> float:
    """Cross-entropy of patients."""
    return float(-np.log(np.maximum(answers[np.arange(len(labels)), labels], 1e-7)).mean())


if __name__ == "__main__":
    main()
