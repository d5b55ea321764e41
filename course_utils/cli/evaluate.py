"""What ``course evaluate`` measures, and the table in the README that is made from it."""

import json
import time
from pathlib import Path

import numpy as np

from course_utils import datasets, evaluation, settings, training
from course_utils.cli import figures
from course_utils.core import results
from course_utils.realdata import duplicates

BASELINE = "baseline"
README = settings.ROOT / "README.md"


def evaluate(
    recipe: str,
    dataset: str | None = None,
    split: str = "group",
    start: str | None = None,
    seed: int = settings.SEED,
) -> Path:
    """Look at the test slices once, and write down what came out.

    The result is ``results/<recipe>-<dataset>-<split>.json``: what cannot be measured is null,
    with the reason. The classifier and the baseline CNN, to compare it with, are trained first
    where they were not trained before; on the publisher's split they learn from all slices that
    are not test slices. Another seed changes the training, and not the split, so that all models
    meet the same slices.
    """
    data = datasets.load(dataset)
    train, val, test = data.split(split)
    if split == "official":
        # Every recipe was settled before, on validation slices, and whoever reports this split
        # learns from all that the publisher set aside for it.
        train = data.take((data.table["split"] == "train").to_numpy())
    run = training.train(recipe, train, val, start, seed)
    # The first batch only builds the graph: it is not what a slice costs.
    run.predict(test.take(range(min(64, len(test)))))
    begin = time.perf_counter()
    probabilities = run.predict(test)
    seconds = time.perf_counter() - begin
    labels, groups = test.labels, test.table["group"]
    clean = duplicates.clean_rows(test, train, val)
    upright = clean if clean.all() else duplicates.without_upright_twin(test, train)
    report = evaluation.report(labels, probabilities, groups, data.class_names)
    found = {
        "accuracy": figures.accuracy(test, probabilities, np.ones(len(test), bool)),
        "accuracy_clean": figures.accuracy(test, probabilities, clean),
        "accuracy_no_upright_twin": figures.accuracy(test, probabilities, upright),
        "macro_f1": figures.kept(report["f1"].iloc[-1]),
        "slices": {
            "train": len(train),
            "val": len(val),
            "test": len(test),
            "clean": int(clean.sum()),
            "no_upright_twin": int(upright.sum()),
        },
        "parameters": run.model.count_params(),
        "megabytes": run.megabytes,
        "train_seconds": run.seconds,
        "milliseconds_a_slice": 1000 * seconds / len(test),
    }
    if recipe != BASELINE:
        other = training.train(BASELINE, train, val, seed=seed).predict(test)
        above = evaluation.difference(labels, probabilities, other, groups)
        found["above_baseline"] = figures.kept(above)
        found["mcnemar"] = evaluation.mcnemar(labels, probabilities, other)
    options = {"dataset": data.name, "split": split, "start": start, "seed": seed}
    return results.save(
        "-".join(filter(None, [recipe, data.name, split, start and Path(start).stem])),
        found,
        command=results.command("evaluate", recipe, **options),
        dataset=data.name,
        split=split,
        seed=seed,
        weights=run.settings["weights"],
        recipe=run.settings["recipe"],
    )


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
    above = figures.text(found["above_baseline"], "+.1%") if "above_baseline" in found else ""
    return {
        "model": how["recipe"]["name"],
        "starts from": how["weights"].partition("-")[0],
        "data": f"{how['dataset']}, {how['split']} split",
        "accuracy (95% interval)": figures.text(found["accuracy"]),
        "without upright twins": upright,
        "without any twins": clean,
        "above the baseline CNN": above,
        "parameters": f"{found['parameters']:,}",
        "file": f"{found['megabytes']:.1f} MB",
        "training": f"{sum(found['train_seconds'].values()):.0f} s",
        "one slice": f"{found['milliseconds_a_slice']:.1f} ms",
    }
