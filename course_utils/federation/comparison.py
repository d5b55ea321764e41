"""Ways to learn from four hospitals, measured on the same test patients with as many steps each.

The patients are dealt out several times, and each deal has a training seed of its own.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy import optimize, special

from course_utils import datasets, evaluation, settings, training
from course_utils.core import results
from course_utils.datasets import Dataset
from course_utils.evaluation import intervals
from course_utils.evaluation.intervals import Estimate
from course_utils.federation import by_hand, hospitals
from course_utils.federation.by_hand import Schedule

# How many points of accuracy a federation may lose against pooling, decided before measuring.
MARGIN = 0.05
DEALS = 3
PULL = 0.1  # FedProx's mu
# Of differential privacy: the longest update of a hospital, and noise as a multiple of it.
CLIP = 15.0
NOISE = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.1, 1.0)
DELTA = 1e-5


def federated_split(
    data: Dataset, alpha: float = hospitals.ALPHA, seed: int = settings.SEED
) -> tuple[Dataset, Dataset, Dataset]:
    """Training and validation slices, divided unevenly in the same way, and test slices, evenly.

    So each hospital validates on its own kind of patients. In the test each has the same mix of
    patients, and only the scanners differ.
    """
    train, val, test = data.split()
    return tuple(
        hospitals.standardised(
            hospitals.as_seen(part, hospitals.dirichlet_partition(part, spread, seed))
        )
        for part, spread in ((train, alpha), (val, alpha), (test, np.inf))
    )


def verdict(difference: Estimate, margin: float = MARGIN) -> str:
    """Say whether a way is as good as another but for a margin, by the interval of new minus old.

    ``"not worse"`` where all of the interval is above minus the margin, ``"worse"`` where all of it
    is below, ``"open"`` where the margin lies inside (CONSORT for non-inferiority trials: Piaggio
    et al. 2012, JAMA 308, 2594-2604).
    """
    if difference.low > -margin:
        return "not worse"
    return "worse" if difference.high < -margin else "open"


def epsilon(noise: float, rounds: int, delta: float = DELTA) -> float:
    """Smallest epsilon for a delta after some rounds, each with Gaussian noise; infinite without.

    For whether a hospital takes part in all of them, or in none. So many rounds of Gaussian noise
    are together one of ``noise / sqrt(rounds)`` (Dong et al. 2019, arXiv 1905.02383), whose exact
    delta is that of Balle and Wang (2018, arXiv 1805.06530).
    """
    if not noise:
        return np.inf
    shift = np.sqrt(rounds) / noise

    def too_much(level: float) -> float:
        # In logarithms: the exponential of a large epsilon is no float.
        first = special.log_ndtr(shift / 2 - level / shift)
        second = level + special.log_ndtr(-shift / 2 - level / shift)
        return first + np.log1p(-np.exp(min(second - first, -1e-15))) - np.log(delta)

    return float(optimize.brentq(too_much, 0, shift**2 + 20 * shift + 20))


def compare_trainings(dataset: str | None = None) -> Path:
    """Train in each way on several deals, test each once, and write ``results/federated-*.json``.

    Deals have the seeds 7, 8 and so on, and so have their trainings. Noise is tried on the first.
    """
    data, schedule = datasets.load(dataset), Schedule()
    seeds = range(settings.SEED, settings.SEED + DEALS)
    splits = [federated_split(data, seed=seed) for seed in seeds]
    told, about = [], []
    for seed, (train, val, test) in zip(seeds, splits, strict=True):
        once = dataclasses.replace(schedule, seed=seed)
        trained, more = _trained(train, val, once)
        told.append(
            right({way: by_hand.predict(w, test.images) for way, w in trained.items()}, test)
        )
        accuracies = {way: float(values.mean()) for way, values in told[-1].items()}
        counts = hospitals.mix(train).tolist()
        about.append({"seed": seed, "patients": counts, "accuracy": accuracies} | more)
        print(f"deal {seed}:", ", ".join(f"{way} {a:.1%}" for way, a in accuracies.items()))
    mean = {way: np.mean([one[way] for one in told], axis=0) for way in told[0]}
    found = estimates(mean, test)
    return results.save(
        f"federated-{data.name}",
        found
        | {
            "verdict": verdict(found["federated_minus_pooled"]),
            "recipe": _by_the_recipe(*splits[0]),
            "deals": about,
            "privacy": _private(*splits[0], schedule),
        },
        command=results.command("federated", "measure", dataset=data.name),
        dataset=data.name,
        deals=DEALS,
        schedule=dataclasses.asdict(schedule),
        alpha=hospitals.ALPHA,
        margin=MARGIN,
        proximal_mu=PULL,
        clip=CLIP,
        delta=DELTA,
    )


def recorded() -> dict:
    """What was measured on the practice data; figures with an interval are estimates."""
    figures = results.load("federated-practice")["figures"]
    return {n: Estimate(**f) if isinstance(f, dict) else f for n, f in figures.items()}


def right(probabilities: Mapping[str, np.ndarray], test: Dataset) -> dict[str, np.ndarray]:
    """Whether each test slice is right, 0 or 1, by way: of probabilities, (slices, classes)."""
    return {
        way: (said.argmax(axis=1) == test.labels).astype(float)
        for way, said in probabilities.items()
    }


def estimates(rights: Mapping[str, np.ndarray], test: Dataset) -> dict[str, Estimate]:
    """Accuracy of each way, and paired differences between them, counting patients.

    Each slice is right, 0 to 1, by way: ``alone_A`` to ``alone_D``, ``federated``, ``pooled`` and
    maybe more. So are the estimates; ``alone`` is the mean of the four. What is more than these is
    compared with ``federated``.
    """
    groups = test.table["group"]
    alone = np.mean([rights[f"alone_{name}"] for name in hospitals.NAMES], axis=0)
    pairs = {
        "federated_minus_alone": (rights["federated"], alone),
        "federated_minus_pooled": (rights["federated"], rights["pooled"]),
    }
    for way, values in rights.items():
        if not way.startswith(("alone", "federated", "pooled")):
            pairs[f"{way}_minus_federated"] = values, rights["federated"]
    return {
        **{way: intervals.mean(values, groups) for way, values in rights.items()},
        "alone": intervals.mean(alone, groups),
        **{name: intervals.mean_difference(a - b, groups) for name, (a, b) in pairs.items()},
    }


def _trained(train: Dataset, val: Dataset, schedule: Schedule) -> tuple[dict, dict]:
    """Weights by way, and what else is worth keeping: validation curves, and who lied."""
    from flwr.serverapp.strategy import FedAvg, FedMedian, FedProx

    from course_utils.federation import flower_app

    classes = len(train.class_names)
    parts = [hospitals.of(train, number) for number in range(len(hospitals.NAMES))]
    hospitals.store(train, val)
    largest = int(np.argmax([len(part) for part in parts]))
    alone = {f"alone_{n}": [part] for n, part in zip(hospitals.NAMES, parts, strict=True)}
    weights = {way: by_hand.federate(some, schedule)[-1] for way, some in alone.items()}
    pooled = by_hand.federate([train], schedule.pooled())
    weights["pooled"] = pooled[-1]
    liar = flower_app.app(flower_app.upside_down(largest))
    add_up, curves = {"evaluate_metrics_aggr_fn": flower_app.add_up}, {}
    for way, strategy, client in (
        ("federated", FedAvg(**add_up), flower_app.client),
        ("FedProx", FedProx(proximal_mu=PULL, **add_up), flower_app.client),
        ("FedMedian", FedMedian(**add_up), flower_app.client),
        ("FedAvg, one lies", FedAvg(**add_up), liar),
        ("FedMedian, one lies", FedMedian(**add_up), liar),
    ):
        history, curves[way] = flower_app.federate(strategy, schedule, classes, client)
        weights[way] = history[-1]
    honest = [part for number, part in enumerate(parts) if number != largest]
    weights["FedAvg without the liar"] = by_hand.federate(honest, schedule)[-1]
    curves["pooled"] = [_share_right(one, val) for one in pooled[1:]]
    return weights, {"liar": hospitals.NAMES[largest], "validation": curves}


def _share_right(weights: list[np.ndarray], data: Dataset) -> float:
    return float(evaluation.share_right(data.labels, by_hand.predict(weights, data.images)))


def _by_the_recipe(train: Dataset, val: Dataset, test: Dataset) -> float:
    """Test accuracy of lesson 03's recipe on the pooled slices of a deal."""
    said = training.train("baseline", train, val).predict(test)
    return float(evaluation.share_right(test.labels, said))


def _private(
    train: Dataset, val: Dataset, test: Dataset, schedule: Schedule
) -> list[dict[str, float]]:
    """Test accuracy of the federation by noise, and the epsilon that goes with it."""
    from flwr.serverapp.strategy import DifferentialPrivacyServerSideFixedClipping, FedAvg

    from course_utils.federation import flower_app

    hospitals.store(train, val)
    kept, everyone = [], len(hospitals.NAMES)
    for noise in NOISE:
        inner = FedAvg(fraction_evaluate=0.0)  # Nobody asks what the rounds between are worth.
        strategy = DifferentialPrivacyServerSideFixedClipping(inner, noise, CLIP, everyone)
        # Whoever counts for more would need more noise: here each hospital counts alike.
        client = flower_app.app(flower_app.one_vote)
        history, _ = flower_app.federate(strategy, schedule, len(train.class_names), client)
        share = _share_right(history[-1], test)
        level = epsilon(noise, schedule.rounds) if noise else None
        kept.append({"noise": noise, "epsilon": level, "accuracy": share})
        print(f"noise {noise}: {share:.1%}")
    return kept
