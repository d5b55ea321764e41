"""What ``course evaluate`` measures, and the table in the README that is made from it."""

import json
import time
from pathlib import Path

import numpy as np

from course_utils import datasets, evaluation, settings, training
from course_utils.cli import figures
from course_utils.core import results
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.evaluation import intervals
from course_utils.realdata import duplicates

BASELINE = "baseline"
README = settings.ROOT / "README.md"


def evaluate(
    recipe: str,
    dataset: str | None = None,
    split: str = "group",
    start: str | None = None,
    seed: int = settings.SEED,
    folds: int = 1,
    seeds: int = 1,
) -> Path:
    """Look at the test slices once, and write down what came out.

    The result is ``results/<recipe>-<dataset>-<split>.json``: what cannot be measured is null,
    with the reason. The classifier and the baseline CNN, to compare it with, are trained first
    where they were not trained before; on the publisher's split they learn from all slices that
    are not test slices. Another seed changes the training, and not the split, so that all models
    meet the same slices. With several ``folds`` as many classifiers are trained, and each slice is
    tested once, by the one that has not met it. With several ``seeds``, from ``seed`` upwards, all
    is trained as often: the figures are means, their intervals still count patients, and the
    accuracy of each seed stands beside them.
    """
    if seeds < 1:
        raise CourseError(f"A mean of {seeds} seeds cannot be taken: ask for 1 or more.")
    data = datasets.load(dataset)
    parts = [tuple(map(data.take, rows)) for rows in _rows(data, split, folds)]
    if split == "official":
        # Nothing is left to validate on, see _rows.
        parts = [(train, None, test) for train, _, test in parts]
    tests = [test for *_, test in parts]
    labels = np.concatenate([test.labels for test in tests])
    groups = np.concatenate([test.table["group"].to_numpy() for test in tests])

    def answered(recipe: str, start: str | None) -> tuple[list[training.Run], np.ndarray]:
        """All runs, seed by seed, and whether each is right about each slice: (seeds, slices)."""
        runs = [
            [training.train(recipe, train, val, start, seed + more) for train, val, _ in parts]
            for more in range(seeds)
        ]
        right = [
            np.concatenate(
                [
                    evaluation.predictions(run.predict(test)) == test.labels
                    for run, test in zip(row, tests, strict=True)
                ]
            )
            for row in runs
        ]
        return sum(runs, []), np.stack(right)

    runs, right = answered(recipe, start)
    begin = time.perf_counter()
    # By now its graph is built: the first batch alone took seconds.
    runs[0].predict(tests[0])
    seconds = time.perf_counter() - begin
    clean = [duplicates.clean_rows(test, *filter(None, seen)) for *seen, test in parts]
    upright = [
        new if new.all() else duplicates.without_upright_twin(test, train)
        for new, (train, _, test) in zip(clean, parts, strict=True)
    ]
    clean, upright = np.concatenate(clean), np.concatenate(upright)
    found = {
        "accuracy": figures.share(right.mean(axis=0), groups, np.ones(len(labels), bool)),
        "accuracy_clean": figures.share(right.mean(axis=0), groups, clean),
        "accuracy_no_upright_twin": figures.share(right.mean(axis=0), groups, upright),
        "accuracy_by_seed": right.mean(axis=1).tolist(),
        "slices": {
            "train": round(np.mean([len(train) for train, *_ in parts])),
            "val": round(np.mean([0 if val is None else len(val) for _, val, _ in parts])),
            "test": len(labels),
            "clean": int(clean.sum()),
            "no_upright_twin": int(upright.sum()),
        },
        "parameters": runs[0].model.count_params(),
        "megabytes": runs[0].megabytes,
        "train_seconds": {
            step: np.mean([run.seconds[step] for run in runs]) for step in runs[0].seconds
        },
        "milliseconds_a_slice": 1000 * seconds / len(tests[0]),
    }
    if recipe != BASELINE:
        _, other = answered(BASELINE, None)
        above = intervals.mean_difference((right * 1.0 - other).mean(axis=0), groups)
        found["above_baseline"] = figures.kept(above)
        found["above_baseline_by_seed"] = (right.mean(axis=1) - other.mean(axis=1)).tolist()
    options = {"dataset": data.name, "split": split, "start": start, "seed": seed}
    options |= {"folds": folds if folds > 1 else None, "seeds": seeds if seeds > 1 else None}
    return results.save(
        "-".join(filter(None, [recipe, data.name, split, start and Path(start).stem])),
        found,
        command=results.command("evaluate", recipe, **options),
        dataset=data.name,
        split=split,
        folds=folds,
        seed=seed,
        seeds=seeds,
        weights=runs[0].settings["weights"],
        recipe=runs[0].settings["recipe"],
    )


def _rows(data: Dataset, split: str, folds: int) -> list[tuple[np.ndarray, ...]]:
    """Row numbers of training, validation and test, once or for each fold."""
    if folds < 1:
        raise CourseError(f"A classifier cannot be tested in {folds} folds: ask for 1 or more.")
    if folds > 1:
        return datasets.fold_rows(data, split, folds)
    train, val, test = datasets.split_rows(data, split)
    if split == "official":
        # Every recipe was settled before, on validation slices, and whoever reports this split
        # learns from all that the publisher set aside for it.
        train = np.flatnonzero(data.table["split"] == "train")
    return [(train, val, test)]


def table() -> str:
    """Draw the table of all results that come along, as Markdown."""
    paths = sorted((settings.ROOT / "data" / "results").glob("*.json"))
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    # Other measurements lie in the same folder; the trained classifiers are those with a recipe.
    found = [one for one in found if "recipe" in one["settings"]]
    rows = [_row(one) for one in sorted(found, key=_place)]
    return figures.markdown(rows[0], *(row.values() for row in rows))


def _place(one: dict) -> tuple:
    """Practice data first, then one split after the other, from the worst model to the best."""
    dataset, split = (one["settings"][name] for name in ("dataset", "split"))
    return dataset != "practice", dataset, split, one["figures"]["accuracy"]["value"]


def _row(one: dict) -> dict[str, str]:
    how, found = one["settings"], one["figures"]
    leaked = found["slices"]["clean"] < found["slices"]["test"]
    twins = (figures.text(found[f"accuracy_{name}"]) for name in ("no_upright_twin", "clean"))
    upright, clean = twins if leaked else ("the same", "the same")
    folds = f", {how['folds']} folds" if how.get("folds", 1) > 1 else ""
    above = figures.text(found["above_baseline"], "+.1%") if "above_baseline" in found else ""
    by_seed = found.get("accuracy_by_seed", ())
    return {
        "model": how["recipe"]["name"],
        "starts from": how["weights"].partition("-")[0],
        "data": f"{how['dataset']}, {how['split']} split{folds}",
        "accuracy (95% interval)": figures.text(found["accuracy"]),
        "by seed": ", ".join(f"{one:.1%}" for one in by_seed) if len(by_seed) > 1 else "one seed",
        "without upright twins": upright,
        "without any twins": clean,
        "above the baseline CNN": above,
        "parameters": f"{found['parameters']:,}",
        "file": f"{found['megabytes']:.1f} MB",
        "training": f"{sum(found['train_seconds'].values()):.0f} s",
        "one slice": f"{found['milliseconds_a_slice']:.1f} ms",
    }
