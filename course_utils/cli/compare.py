"""What lessons 10 and 11 find, measured again from the command line: ``course compare``."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from course_utils import datasets, evaluation, models, settings, training
from course_utils.core import results
from course_utils.evaluation import corruptions, heatmaps, intervals
from course_utils.training import features

# Both questions need what only the practice data has: outlined lesions, and two contrasts.
DATASET = "practice"
# Half a place of the attention map, in pixels.
MARGIN = 8
# How each of the networks of lesson 11 is trained; late fusion needs no training of its own.
CONTRASTS = {"t1ce": "baseline", "flair": "baseline-flair", "early fusion": "early-fusion"}


def attention(seed: int = settings.SEED) -> Path:
    """Measure whether a network with attention answers better, and looks at the lesion more.

    Parameters
    ----------
    seed : int
        Seed of the training. The split keeps its own, so that all models meet the same slices.

    Returns
    -------
    Path
        The result: ``results/compare-attention.json``.
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
        "attention": heatmaps.attention_maps(attentive.model, tumour.images),
        "gradcam_attention": heatmaps.gradcam(attentive.model, tumour.images, tumour.labels),
        "gradcam_baseline": heatmaps.gradcam(plain.model, tumour.images, tumour.labels),
        "centre": heatmaps.centre_guess(tumour.images),
    }
    masks = tumour.masks
    near = heatmaps.widened(masks, MARGIN)
    scores = {
        "pointing_game": {name: heatmaps.pointing_game(heat, masks) for name, heat in maps.items()},
        "pointing_game_near": {n: heatmaps.pointing_game(heat, near) for n, heat in maps.items()},
        "share_inside": {name: heatmaps.share_inside(heat, masks) for name, heat in maps.items()},
    }
    own = features.predict(models.submodel(attentive.model, stop="attention"), test.images)
    others = {
        name: heatmaps.repooled(attentive.model, test.images, weights)
        for name, weights in heatmaps.other_weights(own).items()
    }
    fixed = heatmaps.with_fixed_channels(attentive.model, train.images[::4])
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
                f"{name}_above_gradcam_baseline": _means(
                    {n: one - players["gradcam_baseline"] for n, one in players.items()}, owners
                )
                for name, players in scores.items()
            },
            "chance": float(np.nanmean(heatmaps.chance(tumour.images, masks))),
            "chance_near": float(np.nanmean(heatmaps.chance(tumour.images, near))),
            "other_weights": {
                "accuracy": _accuracies(others, labels, groups),
                "changed": _means({n: p.argmax(1) != given for n, p in others.items()}, groups),
            },
        },
    )


def contrasts(seed: int = settings.SEED) -> Path:
    """Measure what a second contrast changes, above all between glioma and meningioma.

    Parameters
    ----------
    seed : int
        As in :func:`attention`.

    Returns
    -------
    Path
        The result: ``results/compare-contrasts.json``.
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
    return _saved(
        "contrasts",
        seed,
        {
            "accuracy": _accuracies(answers, labels, groups),
            "above_t1ce": {
                name: evaluation.difference(labels, p, alone, groups) for name, p in others.items()
            },
            "mixed_up": {
                name: intervals.interval(evaluation.mixed_up, labels, p, groups)
                for name, p in answers.items()
            },
            "mixed_up_against_t1ce": {
                name: intervals.paired_difference(evaluation.mixed_up, labels, p, alone, groups)
                for name, p in others.items()
            },
            "after_accidents": spoiled,
        },
    )


TOPICS = {"attention": attention, "contrasts": contrasts}


def _accuracies(answers: Mapping[str, np.ndarray], labels, groups) -> dict:
    return {name: evaluation.accuracy(labels, p, groups) for name, p in answers.items()}


def _means(values: Mapping[str, np.ndarray], groups) -> dict:
    return {name: intervals.mean(one, groups) for name, one in values.items()}


def _saved(topic: str, seed: int, figures: Mapping) -> Path:
    return results.save(
        f"compare-{topic}",
        figures,
        command=f"course compare {topic}" + (f" --seed {seed}" if seed != settings.SEED else ""),
        dataset=DATASET,
        split="group",
        seed=seed,
    )
