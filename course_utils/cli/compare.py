"""What lessons 10 and 11 find, measured again from the command line: ``course compare``."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from course_utils import datasets, evaluation, models, settings, training
from course_utils.core import results
from course_utils.evaluation import attention, corruptions, heatmaps, intervals
from course_utils.training import features

# Both questions need what only the practice data has: outlined lesions, and two contrasts.
DATASET = "practice"
# Half a place of the attention map, in pixels.
MARGIN = 8
# How each of the networks of lesson 11 is trained; late fusion needs no training of its own.
CONTRASTS = {"t1ce": "baseline", "flair": "baseline-flair", "early fusion": "early-fusion"}


def measure_attention(seed: int = settings.SEED) -> Path:
    """Measure whether a network with attention answers better, and looks at the lesion more.

    The seed is that of the training: all seeds meet the same slices. The result is
    ``results/compare-attention.json``.
    """
    train, val, test = datasets.load(DATASET).split()
    plain, attentive = (
        training.train(name, train, val, seed=seed) for name in ("baseline", "attention")
    )
    labels, groups = test.labels, test.table["group"].to_numpy()
    answers = {run.name: run.predict(test) for run in (plain, attentive)}
    tumour = test.take(test.masks.any(axis=(1, 2)))
    owners = tumour.table["group"].to_numpy()
    maps = {
        "attention": attention.attention_maps(attentive.model, tumour.images),
        "gradcam_attention": heatmaps.gradcam(attentive.model, tumour.images, tumour.labels),
        "gradcam_baseline": heatmaps.gradcam(plain.model, tumour.images, tumour.labels),
        "centre": heatmaps.centre_guess(tumour.images),
    }
    near = heatmaps.widened(tumour.masks, MARGIN)
    rulers = {
        "pointing_game": (heatmaps.pointing_game, tumour.masks),
        "pointing_game_near": (heatmaps.pointing_game, near),
        "share_inside": (heatmaps.share_inside, tumour.masks),
    }
    scores = {
        ruler: {name: score(heat, masks) for name, heat in maps.items()}
        for ruler, (score, masks) in rulers.items()
    }
    own = features.predict(models.submodel(attentive.model, stop="attention"), test.images)
    others = {
        name: attention.repooled(attentive.model, test.images, weights)
        for name, weights in attention.other_weights(own).items()
    }
    fixed = attention.with_fixed_channels(attentive.model, train.images[::4])
    others["fixed channels"] = features.predict(fixed, test.images)
    given = answers["attention"].argmax(axis=1)
    return _saved(
        "attention",
        seed,
        {
            "accuracy": _accuracies(answers, labels, groups),
            "above_baseline": evaluation.difference(labels, *list(answers.values())[::-1], groups),
            **{name: _means(players, owners) for name, players in scores.items()},
            **{
                f"{name}_above_gradcam_baseline": {
                    n: intervals.mean_difference(one - players["gradcam_baseline"], owners)
                    for n, one in players.items()
                }
                for name, players in scores.items()
            },
            "chance": float(np.nanmean(heatmaps.chance(tumour.images, tumour.masks))),
            "chance_near": float(np.nanmean(heatmaps.chance(tumour.images, near))),
            "other_weights": {
                "accuracy": _accuracies(others, labels, groups),
                "changed": _means({n: p.argmax(1) != given for n, p in others.items()}, groups),
            },
        },
    )


def measure_contrasts(seed: int = settings.SEED) -> Path:
    """Measure what a second contrast changes, above all between glioma and meningioma.

    As :func:`measure_attention`, into ``results/compare-contrasts.json``.
    """
    train, val, test = datasets.load(DATASET).split()
    runs = {
        name: training.train(recipe, train, val, seed=seed) for name, recipe in CONTRASTS.items()
    }
    labels, groups = test.labels, test.table["group"].to_numpy()
    answers = models.fused(runs, test)
    alone = answers["t1ce"]
    others = {name: p for name, p in answers.items() if name != "t1ce"}
    spoiled = {
        what: _accuracies(models.fused(runs, after), labels, groups)
        for what, after in corruptions.accidents(test).items()
    }
    pair = tuple(map(test.class_names.index, ("glioma", "meningioma")))
    mixed_up = partial(evaluation.mixed_up, pair=pair)
    return _saved(
        "contrasts",
        seed,
        {
            "accuracy": _accuracies(answers, labels, groups),
            "above_t1ce": {
                name: evaluation.difference(labels, p, alone, groups) for name, p in others.items()
            },
            "mixed_up": {
                name: evaluation.interval(mixed_up, labels, p, groups)
                for name, p in answers.items()
            },
            "mixed_up_against_t1ce": {
                name: intervals.paired_difference(mixed_up, labels, p, alone, groups)
                for name, p in others.items()
            },
            "after_accidents": spoiled,
        },
    )


TOPICS = {"attention": measure_attention, "contrasts": measure_contrasts}


def _accuracies(answers: Mapping[str, np.ndarray], labels, groups) -> dict:
    return {name: evaluation.accuracy(labels, p, groups) for name, p in answers.items()}


def _means(values: Mapping[str, np.ndarray], groups) -> dict:
    return {name: intervals.mean(one, groups) for name, one in values.items()}


def _saved(topic: str, seed: int, figures: Mapping) -> Path:
    return results.save(
        f"compare-{topic}",
        figures,
        command=results.command("compare", topic, seed=seed),
        dataset=DATASET,
        split="group",
        seed=seed,
    )
