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


def dealt(data: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    """Deal the patients of all three parts out to the hospitals.

    Training patients are dealt out unevenly. Each hospital gets the same mix of validation
    patients, and of test patients: there only the scanners differ.
    """
    train, val, test = data.split()
    return tuple(
        hospitals.as_seen(part, hospitals.dirichlet_partition(part, alpha))
        for part, alpha in ((train, hospitals.ALPHA), (val, np.inf), (test, np.inf))
    )


def probabilities(weights: list[np.ndarray], data: Dataset) -> np.ndarray:
    """What a network with these weights says to each slice: (slices, classes)."""
    return by_hand.predict(weights, data.images)


def measure(dataset: str | None = None, seed: int = settings.SEED) -> Path:
    """Train alone, federated and pooled, look at the test patients once, and write it down.

    The hospitals take turns in this process, without Flower: the weights are the same.

    Parameters
    ----------
    dataset : str, optional
        See :func:`course_utils.datasets.load`.
    seed : int
        Seed of the training. The patients are dealt out as ever.

    Returns
    -------
    Path
        ``results/federated-<dataset>.json``, with the seed in its name if it is not the usual one.
    """
    data = datasets.load(dataset)
    train, _, test = dealt(data)
    plan = Schedule(seed=seed)
    parts = [hospitals.of(train, number) for number in range(len(hospitals.NAMES))]
    told = {
        name: probabilities(by_hand.federate(some, plan)[-1], test)
        for name, some in (
            *((f"alone_{name}", [part]) for name, part in zip(hospitals.NAMES, parts, strict=True)),
            ("federated", parts),
            ("pooled", [train]),
        )
    }
    figures = {name: dataclasses.asdict(found) for name, found in compared(told, test).items()}
    name = f"federated-{data.name}" + (f"-seed{seed}" if seed != settings.SEED else "")
    return results.save(
        name,
        figures | {"patients": hospitals.mix(train).tolist()},
        command=f"course federated measure --dataset {data.name}"
        + (f" --seed {seed}" if seed != settings.SEED else ""),
        dataset=data.name,
        seed=seed,
        plan=dataclasses.asdict(plan),
        alpha=hospitals.ALPHA,
    )


def compared(told: dict[str, np.ndarray], test: Dataset) -> dict[str, Estimate]:
    """Accuracy of each way, and paired differences between them, resampling patients.

    Parameters
    ----------
    told : dict of str to ndarray, (slices, classes)
        What each network said to the test slices: ``alone_A`` to ``alone_D``, ``federated`` and
        ``pooled``.

    Returns
    -------
    dict of str to Estimate
        By the names in ``told``, then ``alone`` (the mean of the four), ``federated_minus_alone``
        and ``federated_minus_pooled``.
    """
    labels, groups = test.labels, test.table["group"]
    found = {name: evaluation.accuracy(labels, said, groups) for name, said in told.items()}
    right = {name: (said.argmax(axis=1) == labels).astype(float) for name, said in told.items()}
    alone = np.mean([right[f"alone_{name}"] for name in hospitals.NAMES], axis=0)
    return found | {
        "alone": intervals.mean(alone, groups),
        "federated_minus_alone": intervals.mean(right["federated"] - alone, groups),
        "federated_minus_pooled": evaluation.difference(
            labels, told["federated"], told["pooled"], groups
        ),
    }
