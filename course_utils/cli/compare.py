"""What lessons 10 and 11 find, measured again from the command line: ``course compare``."""

from functools import partial
from pathlib import Path

import numpy as np

from course_utils import datasets, evaluation, models, settings, training
from course_utils.core import results
from course_utils.datasets import Dataset
from course_utils.evaluation import attention, corruptions, heatmaps, intervals
from course_utils.training import features

# Both questions need what only the practice data has: outlined lesions, and two contrasts.
DATASET = "practice"
# Half a place of the attention map, in pixels.
MARGIN = 8
# How each of the networks of lesson 11 is trained; late fusion needs no training of its own.
CONTRASTS = {"t1ce": "baseline", "flair": "baseline-flair", "early fusion": "early-fusion"}


def compare(topic: str, seed: int = settings.SEED) -> Path:
    """Measure one of :data:`TOPICS`, and write down ``results/compare-<topic>.json``.

    The seed is that of the training: all seeds meet the same slices.
    """
    return results.save(
        f"compare-{topic}",
        TOPICS[topic](seed, *datasets.load(DATASET).split()),
        command=results.command("compare", topic, seed=seed),
        dataset=DATASET,
        split="group",
        seed=seed,
    )


def _attention(seed: int, train: Dataset, val: Dataset, test: Dataset) -> dict:
    """Whether a network with attention answers better, and looks at the lesion more."""
    plain = training.train("baseline", train, val, seed=seed)
    attentive = training.train("attention", train, val, seed=seed)
    answers = {run.name: run.predict(test) for run in (plain, attentive)}
    given, groups = answers["attention"], test.table["group"].to_numpy()
    tumour = test.take(test.masks.any(axis=(1, 2)))
    owners = tumour.table["group"].to_numpy()
    maps = {
        "attention": attention.attention_maps(attentive.model, tumour.images),
        "gradcam_attention": heatmaps.gradcam(attentive.model, tumour.images, tumour.labels),
        "gradcam_baseline": heatmaps.gradcam(plain.model, tumour.images, tumour.labels),
        "centre": heatmaps.centre_guess(tumour.images),
    }
    near = heatmaps.widened(tumour.masks, MARGIN)
    means, leads = {}, {}
    for ruler, score, masks in (
        ("pointing_game", heatmaps.pointing_game, tumour.masks),
        ("pointing_game_near", heatmaps.pointing_game, near),
        ("share_inside", heatmaps.share_inside, tumour.masks),
    ):
        scores = {name: score(heat, masks) for name, heat in maps.items()}
        means[ruler] = {name: intervals.mean(one, owners) for name, one in scores.items()}
        leads[f"{ruler}_above_gradcam_baseline"] = {
            name: intervals.mean_difference(one - scores["gradcam_baseline"], owners)
            for name, one in scores.items()
        }
    own = features.predict(models.submodel(attentive.model, stop="attention"), test.images)
    others = {
        name: attention.repooled(attentive.model, test.images, weights)
        for name, weights in attention.other_weights(own).items()
    }
    fixed = attention.with_fixed_channels(attentive.model, train.images[::4])
    others["fixed channels"] = features.predict(fixed, test.images)
    changed = {
        name: intervals.mean(p.argmax(1) != given.argmax(1), groups) for name, p in others.items()
    }
    gain = evaluation.difference(test.labels, given, answers["baseline"], groups)
    return {
        "accuracy": _accuracies(answers, test),
        "above_baseline": gain,
        **means,
        **leads,
        "chance": float(np.nanmean(heatmaps.chance(tumour.images, tumour.masks))),
        "chance_near": float(np.nanmean(heatmaps.chance(tumour.images, near))),
        "other_weights": {"accuracy": _accuracies(others, test), "changed": changed},
    }


def _contrasts(seed: int, train: Dataset, val: Dataset, test: Dataset) -> dict:
    """What a second contrast changes, above all between glioma and meningioma."""
    runs = {
        name: training.train(recipe, train, val, seed=seed) for name, recipe in CONTRASTS.items()
    }
    labels, groups = test.labels, test.table["group"].to_numpy()
    answers = models.fused(runs, test)
    against = {name: (p, answers["t1ce"]) for name, p in answers.items() if name != "t1ce"}
    pair = tuple(map(test.class_names.index, ("glioma", "meningioma")))
    mixed_up = partial(evaluation.mixed_up, pair=pair)
    return {
        "accuracy": _accuracies(answers, test),
        "above_t1ce": {
            name: evaluation.difference(labels, *both, groups) for name, both in against.items()
        },
        "mixed_up": {
            name: evaluation.interval(mixed_up, labels, p, groups) for name, p in answers.items()
        },
        "mixed_up_against_t1ce": {
            name: intervals.paired_difference(mixed_up, labels, *both, groups)
            for name, both in against.items()
        },
        "after_accidents": {
            what: _accuracies(models.fused(runs, after), test)
            for what, after in corruptions.accidents(test).items()
        },
    }


TOPICS = {"attention": _attention, "contrasts": _contrasts}


def _accuracies(answers: dict[str, np.ndarray], test: Dataset) -> dict:
    groups = test.table["group"]
    return {name: evaluation.accuracy(test.labels, p, groups) for name, p in answers.items()}
