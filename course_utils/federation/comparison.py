"""Three ways to learn from four hospitals, measured on the same test patients."""

import dataclasses
from pathlib import Path

import numpy as np

from course_utils import datasets, evaluation, settings
from course_utils.core import results
from course_utils.datasets import Dataset
from course_utils.evaluation import intervals
from course_utils.evaluation.intervals import Estimate
from course_utils.federation import by_hand, hospitals
from course_utils.federation.by_hand import Schedule


def federated_split(data: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    """Training slices, divided unevenly, and validation and test slices, divided evenly.

    There each hospital gets the same mix of patients, and only the scanners differ.
    """
    train, val, test = data.split()
    return tuple(
        hospitals.as_seen(part, hospitals.dirichlet_partition(part, alpha))
        for part, alpha in ((train, hospitals.ALPHA), (val, np.inf), (test, np.inf))
    )


def compare_trainings(dataset: str | None = None, seed: int = settings.SEED) -> Path:
    """Train alone, federated and pooled, test each once, and write ``results/federated-*.json``.

    The hospitals take turns in this process, without Flower: the weights are the same. The seed is
    the training's; patients are divided as ever.
    """
    data = datasets.load(dataset)
    train, _, test = federated_split(data)
    schedule = Schedule(seed=seed)
    parts = [hospitals.of(train, number) for number in range(len(hospitals.NAMES))]
    ways = {f"alone_{name}": [part] for name, part in zip(hospitals.NAMES, parts, strict=True)}
    ways |= {"federated": parts, "pooled": [train]}
    probabilities = {
        name: by_hand.predict(by_hand.federate(some, schedule)[-1], test.images)
        for name, some in ways.items()
    }
    return results.save(
        f"federated-{data.name}" + ("" if seed == settings.SEED else f"-seed{seed}"),
        estimates(probabilities, test) | {"patients": hospitals.mix(train).tolist()},
        command=results.command("federated", "measure", dataset=data.name, seed=seed),
        dataset=data.name,
        seed=seed,
        schedule=dataclasses.asdict(schedule),
        alpha=hospitals.ALPHA,
    )


def estimates(probabilities: dict[str, np.ndarray], test: Dataset) -> dict[str, Estimate]:
    """Accuracy of each way, and paired differences between them, counting patients.

    Probabilities, (slices, classes), are by way: ``alone_A`` to ``alone_D``, ``federated`` and
    ``pooled``. So are the estimates; ``alone`` is the mean of the four.
    """
    labels, groups = test.labels, test.table["group"]
    right = {
        name: (said.argmax(axis=1) == labels).astype(float) for name, said in probabilities.items()
    }
    alone = np.mean([right[f"alone_{name}"] for name in hospitals.NAMES], axis=0)
    return {
        **{n: evaluation.accuracy(labels, said, groups) for n, said in probabilities.items()},
        "alone": intervals.mean(alone, groups),
        "federated_minus_alone": intervals.mean_difference(right["federated"] - alone, groups),
        "federated_minus_pooled": evaluation.difference(
            labels, probabilities["federated"], probabilities["pooled"], groups
        ),
    }
