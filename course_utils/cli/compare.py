"""What lessons find, measured again from the command line: ``course compare``."""

import dataclasses
from pathlib import Path

import numpy as np

from course_utils import augment, datasets, evaluation, models, settings, training
from course_utils.core import results
from course_utils.core.backend import keras, tf
from course_utils.datasets import Dataset
from course_utils.evaluation import attention, corruptions, heatmaps, intervals
from course_utils.realdata import duplicates, shortcuts
from course_utils.training import features

# Half a place of the attention map, in pixels.
MARGIN = 8
# How each of the networks of lesson 11 is trained; late fusion needs no training of its own.
CONTRASTS = {"t1ce": "baseline", "flair": "baseline-flair", "early fusion": "early-fusion"}
FOLDS = 5
# How large a share of the slices is turned and zoomed in lesson 03; None mirrors none either.
RATES = {"not augmented": None, "all turned": 1.0, "half turned": 0.5}
# The network of lesson 05, and the layers of which validation chooses one for the heat.
POINTER = "mobilenetv2-finetuned"
LAYERS = ("features", "block_13_expand_relu")


def compare(topic: str, seed: int = settings.SEED) -> Path:
    """Measure one of :data:`TOPICS`, and write down ``results/compare-<topic>.json``.

    The seed is that of the training: all seeds meet the same slices.
    """
    measure, name, split = TOPICS[topic]
    return results.save(
        f"compare-{topic}",
        measure(seed, datasets.load(name)),
        command=results.command("compare", topic, seed=seed),
        dataset=name,
        split=split,
        seed=seed,
    )


def _attention(seed: int, data: Dataset) -> dict:
    """Whether a network with attention answers better, and looks at the lesion more."""
    train, val, test = data.split()
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


def _contrasts(seed: int, data: Dataset) -> dict:
    """What a second contrast changes, above all between glioma and meningioma."""
    train, val, test = data.split()
    runs = {
        name: training.train(recipe, train, val, seed=seed) for name, recipe in CONTRASTS.items()
    }
    labels, groups = test.labels, test.table["group"].to_numpy()
    answers = models.fused(runs, test)
    against = {name: (p, answers["t1ce"]) for name, p in answers.items() if name != "t1ce"}
    pair = tuple(map(test.class_names.index, ("glioma", "meningioma")))
    swapped = {name: evaluation.swapped(labels, p, pair) for name, p in answers.items()}
    return {
        "accuracy": _accuracies(answers, test),
        "above_t1ce": {
            name: evaluation.difference(labels, *both, groups) for name, both in against.items()
        },
        "mixed_up": {name: intervals.mean(values, groups) for name, values in swapped.items()},
        "mixed_up_against_t1ce": {
            name: intervals.mean_difference(swapped[name] - swapped["t1ce"], groups)
            for name in against
        },
        "after_accidents": {
            what: _accuracies(models.fused(runs, after), test)
            for what, after in corruptions.accidents(test).items()
        },
    }


def _leak(seed: int, data: Dataset) -> dict:
    """What the label of the most similar training slice is worth, split in three ways."""
    from sklearn.neighbors import KNeighborsClassifier

    pixels = data.images[:, ::4, ::4].reshape(len(data), -1).astype(np.float32)
    patients = data.table["patient"].to_numpy()
    pairs = duplicates.near_duplicates(data.images)
    groups = {"near-duplicate": duplicates.duplicate_groups(data.images), "patient": patients}
    ways = {"slice": ("slice", data)}
    for name, units in groups.items():
        ways[name] = "group", dataclasses.replace(data, table=data.table.assign(group=units))
    guesses, known = {}, {}
    for name, (by, regrouped) in ways.items():
        guesses[name], known[name] = np.empty(len(data), int), np.empty(len(data), bool)
        for train, val, test in datasets.fold_rows(regrouped, by, FOLDS, seed):
            seen = np.concatenate([train, val])
            nearest = KNeighborsClassifier(1).fit(pixels[seen], data.labels[seen])
            guesses[name][test] = nearest.predict(pixels[test])
            known[name][test] = np.isin(patients[test], patients[seen])
    answers = {name: guess == data.labels for name, guess in guesses.items()}
    return {
        "slices": len(data),
        "patients": len(np.unique(patients)),
        "pairs": len(pairs),
        "pairs_across_patients": int((patients[pairs["first"]] != patients[pairs["second"]]).sum()),
        "accuracy": {name: intervals.mean(right, patients) for name, right in answers.items()},
        "patient_in_training": {name: seen.mean() for name, seen in known.items()},
        "above_patient": {
            name: intervals.mean_difference(right * 1.0 - answers["patient"], patients)
            for name, right in answers.items()
            if name != "patient"
        },
        "histogram": _histograms(seed, data),
    }


def _histograms(seed: int, data: Dataset) -> dict:
    """What a histogram alone gives away, split by patient, and whether it is the lesion that does.

    The seed is that of the folds, too.
    """
    groups, right = data.table["group"].to_numpy(), {}
    for name, slices in {
        "all": data,
        "lesions painted over": shortcuts.without_lesions(data),
    }.items():
        right[name] = np.empty(len(data), bool)
        for rows in datasets.fold_rows(data, "group", FOLDS, seed):
            train, val, test = map(slices.take, rows)
            guess = shortcuts.histogram(test, train, val).argmax(axis=1)
            right[name][rows[2]] = guess == test.labels
    change = right["lesions painted over"] * 1.0 - right["all"]
    found = {name: intervals.mean(hits, groups) for name, hits in right.items()}
    return found | {"change": intervals.mean_difference(change, groups)}


def _pointing(seed: int, data: Dataset) -> dict:
    """Whether a network looks at the real lesions of patients it has not met, and needs them.

    In each fold, validation slices choose the layer that the heat is taken from.
    """
    views = {
        "as they are": data,
        "lesions painted over": shortcuts.without_lesions(data),
        "a patch opposite painted over": shortcuts.without_lesions(
            shortcuts.mirrored_lesions(data)
        ),
    }
    tested, right, scores, layers = [], {name: [] for name in views}, [], []
    for rows in datasets.fold_rows(data, "group", FOLDS, seed):
        train, val, test = map(data.take, rows)
        model = training.train(POINTER, train, val, seed=seed).model
        hits = {
            layer: np.nanmean(
                heatmaps.pointing_game(
                    heatmaps.gradcam(model, val.images, val.labels, layer), val.masks
                )
            )
            for layer in LAYERS
        }
        layers.append(max(hits, key=hits.get))
        headless = heatmaps.randomised(model, 1, seed=seed)
        maps = {
            "true class": heatmaps.gradcam(model, test.images, test.labels, layers[-1]),
            "predicted class": heatmaps.gradcam(model, test.images, layer=layers[-1]),
            "shuffled logits": heatmaps.gradcam(headless, test.images, test.labels, layers[-1]),
            "centre": heatmaps.centre_guess(test.images),
        }
        for ruler, masks in (("exact", test.masks), ("near", heatmaps.widened(test.masks, MARGIN))):
            found = {name: heatmaps.pointing_game(heat, masks) for name, heat in maps.items()}
            found["chance"] = heatmaps.chance(test.images, masks)
            scores += [(ruler, name, values) for name, values in found.items()]
        for name, view in views.items():
            answers = features.predict(model, view.images[rows[2]]).argmax(axis=1)
            right[name].append(answers == test.labels)
        tested.append(test.table["group"])
    patients = np.concatenate(tested)
    seen = {name: np.concatenate(marks) for name, marks in right.items()}
    right = seen["as they are"]
    without, elsewhere = (marks * 1.0 for name, marks in seen.items() if name != "as they are")
    found = {
        "slices": len(right),
        "layers": layers,
        "accuracy": {name: intervals.mean(marks, patients) for name, marks in seen.items()},
        "lesion_lost": intervals.mean_difference(without - right, patients),
        "lesion_lost_against_patch": intervals.mean_difference(without - elsewhere, patients),
    }
    for ruler in ("exact", "near"):
        names = dict.fromkeys(name for _, name, _ in scores)
        own = {n: np.concatenate([v for r, m, v in scores if (r, m) == (ruler, n)]) for n in names}
        found[ruler] = {name: intervals.mean(values, patients) for name, values in own.items()}
        found[ruler] |= {
            f"{name}, {which} answers": intervals.mean(own[name][marks], patients[marks])
            for name in ("true class", "predicted class")
            for which, marks in (("right", right), ("wrong", ~right))
            if marks.any()
        }
        lead = own["true class"] - own["centre"]
        found[ruler]["true class above centre"] = intervals.mean_difference(lead, patients)
    return found


def _augmentation(seed: int, data: Dataset) -> dict:
    """What networks get right that never saw an unturned slice: shares right, three seeds each."""
    train, val, _ = data.split()
    groups = train.table["group"]
    chosen = groups.drop_duplicates().sample(frac=0.25, random_state=settings.SEED)
    few = train.take(groups.isin(chosen).to_numpy())
    found = {}
    for name, patients in {"few": few, "all": train}.items():
        for way, rate in RATES.items():
            found[f"{name}, {way}"] = row = {}
            for number in range(seed, seed + 3):
                for place, share in _turned(patients, val, rate, number).items():
                    row.setdefault(place, []).append(share)
    return found


def _turned(train: Dataset, val: Dataset, rate: float | None, seed: int) -> dict[str, float]:
    """Train the baseline with a share of the slices turned, and see what it gets right in use."""
    recipe = training.RECIPES["baseline"]
    keras.utils.set_random_seed(seed)
    model = models.baseline(len(train.class_names), recipe.dropout, models.shape_of(train.images))
    pipeline = None if rate is None else augment.pipeline(seed=seed, rate=rate)
    batches = augment.batches(train, recipe.batch_size, pipeline, True, seed)
    history = training.fit(
        model, batches, augment.batches(val), recipe.epochs, recipe.learning_rate
    )
    found = {"reported": history["accuracy"].iloc[-1]}
    for name, part in {"training": train, "validation": val}.items():
        images = augment.scale(part.images)
        for how, shown in {
            "": images,
            ", smoothed": tf.nn.avg_pool2d(images, 2, 1, "SAME"),
        }.items():
            right = model.predict(shown, verbose=0).argmax(axis=1) == part.labels
            found[name + how] = float(right.mean())
    return found


# How each topic is measured, on which data, split how.
TOPICS = {
    "leak": (_leak, "figshare", "slice, near-duplicate and patient"),
    "augmentation": (_augmentation, "practice", "group"),
    "pointing": (_pointing, "figshare", "group"),
    "attention": (_attention, "practice", "group"),
    "contrasts": (_contrasts, "practice", "group"),
}


def _accuracies(answers: dict[str, np.ndarray], test: Dataset) -> dict:
    groups = test.table["group"]
    return {name: evaluation.accuracy(test.labels, p, groups) for name, p in answers.items()}
