"""Training: runs that repeat, are saved whole, come back, and train what they should."""

import dataclasses
import shutil

import keras
import numpy as np
import pandas as pd
import pytest

from course_utils import augment, models, training
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.evaluation import heatmaps
from course_utils.training import features, runs

CLASS_NAMES = ("glioma", "meningioma", "notumor", "pituitary")
QUICK = dataclasses.replace(training.RECIPES["baseline"], name="quick", epochs=1)
TAIL = dataclasses.replace(
    training.RECIPES["mobilenetv2-finetuned"], freeze_until="block_15_add", epochs=2, batch_size=8
)


def toy(slices, seed=0, class_names=CLASS_NAMES):
    """Slices whose class is a bright quarter: any classifier can learn it."""
    rng = np.random.default_rng(seed)
    labels = np.arange(slices) % len(class_names)
    images = rng.integers(0, 60, (slices, 128, 128), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(label % 4, 2)
        image[64 * row : 64 * row + 64, 64 * column : 64 * column + 64] += 150
    table = pd.DataFrame({"label": np.array(class_names)[labels], "group": range(slices)})
    return Dataset("toy", {"t1ce": images}, None, table, class_names)


def with_flair(data, flair):
    return dataclasses.replace(data, contrasts={"t1ce": data.images, "flair": flair})


@pytest.fixture(scope="module")
def parts():
    return toy(32, seed=1), toy(8, seed=2)


@pytest.fixture(autouse=True)
def random_start(monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHTS", "random")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, parts):
    """Data folder with what training by QUICK and by TAIL leaves: trained once for all tests."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(folder))
        patch.setenv("COURSE_WEIGHTS", "random")
        for recipe in (QUICK, TAIL):
            training.train(recipe, *parts)
    return folder


@pytest.fixture
def reload(trained, parts, own_data_folder):
    """Function that reloads the run by QUICK or by TAIL, copied to this test's own data folder."""
    shutil.copytree(trained, own_data_folder)
    return lambda recipe: training.train(recipe, *parts)


@pytest.fixture
def no_epochs(monkeypatch):
    """Networks are built and saved, and learn nothing."""
    monkeypatch.setattr(keras.Model, "fit", lambda *args, **kwargs: None)
    row = {"epoch": 1, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
    monkeypatch.setattr(runs, "fit", lambda *args: pd.DataFrame([row]))


def assert_same(one, two):
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    pd.testing.assert_frame_equal(one.history[columns], two.history[columns], check_exact=True)
    assert one.folder != two.folder and same_weights(one.model, two.model)


def same_weights(one, other):
    return all(map(np.array_equal, one.get_weights(), other.get_weights()))


def test_a_classifier_learns_what_can_be_learned():
    train, val = toy(160, seed=1), toy(16, seed=2)
    keras.utils.set_random_seed(0)
    model = models.baseline()
    history = training.fit(model, augment.batches(train), augment.batches(val), 6, 3e-3)
    assert list(history["epoch"]) == [1, 2, 3, 4, 5, 6]
    assert history["loss"].iloc[-1] < history["loss"].iloc[0] / 2
    assert history["val_accuracy"].iloc[-1] > 0.7
    predicted = training.predict(model, val.images)
    assert np.mean(predicted.argmax(1) == val.labels) == pytest.approx(
        history["val_accuracy"].iloc[-1]
    )


def test_training_slices_are_measured_as_validation_slices_are(parts, reload):
    run = reload(QUICK)
    rows = training.spread(*parts)
    assert len(rows) == len(parts[1]) and len(set(rows)) == len(rows)
    seen = parts[0].take(rows)
    predicted = training.predict(run.model, seen.images)
    last = run.history.iloc[-1]
    assert last["accuracy"] == pytest.approx(np.mean(predicted.argmax(1) == seen.labels))
    right = predicted[np.arange(len(seen)), seen.labels]
    assert last["loss"] == pytest.approx(-np.log(right).mean(), rel=1e-3)


@pytest.mark.parametrize("recipe", [QUICK, TAIL], ids=["all layers", "tail"])
def test_without_validation_slices_nothing_is_called_validation(parts, capsys, recipe):
    run = training.train(recipe, parts[0], None)
    assert "val_accuracy" not in run.history and run.history["accuracy"].notna().all()
    assert run.settings["val"] is None
    assert "validation" not in capsys.readouterr().out


def test_the_learning_rate_climbs_for_an_epoch_and_falls_to_zero(parts, no_epochs):
    model = models.baseline()
    batches = augment.batches(parts[0], 8)
    training.fit(model, batches, batches, 3, 1e-3)
    schedule = model.optimizer._learning_rate
    rates = [float(schedule(step)) for step in range(0, 13)]
    assert rates[0] == 0
    assert np.argmax(rates) == 4 and rates[4] == pytest.approx(1e-3)
    assert rates[12] == pytest.approx(0, abs=1e-9)


def test_the_bar_moves_twice_a_second_at_most(parts, monkeypatch, no_epochs):
    asked, bar = {}, runs.tqdm
    monkeypatch.setattr(runs, "tqdm", lambda **how: asked.update(how) or bar(**how))
    batches = augment.batches(parts[0])
    training.fit(models.baseline(), batches, batches, 1)
    assert asked["mininterval"] >= 0.5


def test_two_runs_with_one_seed_give_the_same_figures(parts, trained, capsys):
    one = training.train(QUICK, *parts)
    assert "reloaded" not in capsys.readouterr().out, "its data folder is empty"
    assert_same(training.load(trained / "runs" / one.folder.name), one)


def test_a_finished_run_is_reloaded_and_another_one_trained(parts, reload, capsys, no_epochs):
    one, again = reload(QUICK), reload(QUICK)
    assert capsys.readouterr().out.count("reloaded") == 2
    assert again.folder == one.folder and same_weights(one.model, again.model)
    pd.testing.assert_frame_equal(again.history, one.history)
    assert again.seconds == one.seconds and again.settings == one.settings

    others = [
        training.train(QUICK, *parts, seed=8),
        training.train(QUICK, parts[0].take(range(24)), parts[1]),
    ]
    assert "reloaded" not in capsys.readouterr().out
    assert len({run.folder for run in [one, *others]}) == 3
    assert not same_weights(others[0].model, others[1].model), "another seed, other first weights"


def test_fine_tuning_repeats_trains_the_tail_of_the_whole_network_and_leaves_the_trunk(
    parts, trained
):
    run = training.train(TAIL, *parts)
    assert_same(training.load(trained / "runs" / run.folder.name), run)
    keras.utils.set_random_seed(run.settings["seed"])
    before = models.transfer("mobilenetv2", images=parts[0].images)

    def changed(layer):
        return not np.array_equal(
            before.get_layer(layer).kernel.numpy(), run.model.get_layer(layer).kernel.numpy()
        )

    assert not changed("Conv1") and not changed("block_15_project")
    assert changed("block_16_expand") and changed("logits")
    assert run.seconds["features"] > 0
    probabilities = training.predict(run.model, parts[1].images)
    accuracy = np.mean(probabilities.argmax(1) == parts[1].labels)
    assert accuracy == pytest.approx(run.history["val_accuracy"].iloc[-1])


def test_a_run_that_breaks_off_leaves_nothing_behind(parts, monkeypatch, own_data_folder):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "fit", stop)
    with pytest.raises(KeyboardInterrupt):
        training.train(QUICK, *parts)
    assert all(path.suffix == ".lock" for path in own_data_folder.glob("runs/*"))


def test_a_damaged_run_is_named(parts, reload):
    run = reload(QUICK)
    model = run.folder / "model.keras"
    model.write_bytes(model.read_bytes()[:1000])
    with pytest.raises(CourseError, match=run.folder.name):
        training.train(QUICK, *parts)


def test_a_network_with_two_contrasts_is_trained_saved_and_predicts_by_both(parts, request):
    recipe = dataclasses.replace(training.RECIPES["early-fusion"], epochs=1)
    with pytest.raises(CourseError, match="toy data has no contrast 'flair'"):
        training.train(recipe, *parts)
    train, val = (with_flair(part, 255 - part.images) for part in parts)
    run = training.train(recipe, train, val)
    assert run.model.input_shape == (None, 128, 128, 2)
    found = run.predict(val)
    assert np.array_equal(found, training.predict(run.model, val.stacked(("t1ce", "flair"))))
    assert np.mean(found.argmax(1) == val.labels) == run.history["val_accuracy"].iloc[-1]
    assert training.train(recipe, train, val).folder == run.folder
    request.getfixturevalue("no_epochs")
    other = training.train(recipe, with_flair(train, train.images), val)
    assert other.folder != run.folder, "another flair makes another run"


def test_a_run_on_one_contrast_does_not_care_about_the_other(parts, reload, no_epochs):
    alone = reload(QUICK)
    both = [with_flair(part, 255 - part.images) for part in parts]
    assert training.train(QUICK, *both).folder == alone.folder
    flair = dataclasses.replace(training.RECIPES["baseline-flair"], name="quick", epochs=1)
    run = training.train(flair, *both)
    assert np.array_equal(run.predict(both[1]), training.predict(run.model, 255 - both[1].images))


def test_an_unknown_recipe_or_network_is_named(parts):
    with pytest.raises(CourseError, match="'resnet'.*resnet50-head"):
        training.train("resnet", *parts)
    with pytest.raises(CourseError, match="'vgg': use one of baseline, "):
        training.train(dataclasses.replace(QUICK, network="vgg"), *parts)


def test_other_classes_to_validate_on_are_refused(parts):
    with pytest.raises(CourseError, match="different classes"):
        training.train(QUICK, toy(12, class_names=("ill", "well")), parts[1])


def test_what_a_recipe_says_is_what_is_done(parts, no_epochs):
    for recipe in (QUICK, dataclasses.replace(QUICK, dropout=0.5)):
        run = training.train(recipe, *parts)
        assert run.model.get_layer("dropout").rate == run.settings["recipe"]["dropout"]
        assert run.model.get_layer("dropout").rate == recipe.dropout
    assert QUICK.dropout == 0.2


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("baseline", {"epochs": 0}, "epochs has to be 1 or more"),
        ("baseline", {"batch_size": 0}, "batch_size"),
        ("baseline", {"learning_rate": float("nan")}, "learning_rate"),
        ("baseline", {"dropout": 1.0}, "dropout"),
        ("baseline", {"mirror": True}, "mirror needs freeze_until"),
        ("baseline-plain", {"freeze_until": "pooled"}, "freeze_until needs a backbone"),
        ("mobilenetv2-head", {"augment": True}, "augment needs freeze_until=None"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(name, change, reason):
    with pytest.raises(CourseError, match=f"The recipe '{name}' cannot be followed: {reason}"):
        dataclasses.replace(training.RECIPES[name], **change)


@pytest.mark.parametrize("layer", ["logits", "nowhere", "block_4_expand"])
def test_what_cannot_be_frozen_is_refused(parts, layer):
    with pytest.raises(CourseError, match=f"mobilenetv2.* '{layer}'"):
        training.train(dataclasses.replace(TAIL, freeze_until=layer), *parts)


def test_a_network_without_a_backbone_starts_from_nothing_else(parts):
    with pytest.raises(CourseError, match="no backbone to start from 'imagenet'"):
        training.train("baseline", *parts, start="imagenet")


def test_a_run_is_in_single_precision_whatever_a_reader_has_set(parts, reload):
    usual = reload(QUICK)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        run = training.train(dataclasses.replace(QUICK, name="another"), *parts)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert same_weights(run.model, usual.model)


def test_a_damaged_run_that_somebody_keeps_elsewhere_is_not_to_be_deleted(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(CourseError, match=r"mine is damaged .*: name another folder\."):
        training.load(tmp_path / "mine")


def test_head_and_tail_share_one_pass_of_the_trunk(parts):
    images = parts[0].images
    model = models.transfer("mobilenetv2", images=images)
    tail, head = (training.RECIPES[f"mobilenetv2-{name}"] for name in ("finetuned", "head"))
    features.outputs(model, tail, images, images[::-1])
    files = sorted(features.settings.data_dir().glob("features/*.npz"))
    (pooled, turned), seconds = features.outputs(model, head, images, images[::-1])
    assert sorted(features.settings.data_dir().glob("features/*.npz")) == files and len(files) == 2
    np.testing.assert_allclose(turned[::-1], pooled, rtol=1e-5, atol=1e-5)
    direct = training.predict(models.submodel(model, stop="pooled"), images)
    np.testing.assert_allclose(pooled, direct, rtol=2e-2, atol=1e-2)
    assert seconds > 0


def test_outputs_are_served_in_single_precision_and_by_seed():
    outputs = np.random.default_rng(0).random((10, 2, 3)).astype(np.float16)
    labels = np.arange(10)
    plain = list(features.batches(outputs, labels, 4))
    assert [len(x) for x, _ in plain] == [4, 4, 2]
    assert plain[0][0].dtype == "float32"
    np.testing.assert_array_equal(np.concatenate([x for x, _ in plain]), outputs)
    shuffled = features.batches(outputs, labels, 10, seed=1)
    (x, y), (_, other) = (next(iter(shuffled)) for _ in range(2))
    np.testing.assert_array_equal(x, outputs[y])
    assert list(y) != list(labels) and list(other) != list(y)
    again = next(iter(features.batches(outputs, labels, 10, seed=1)))[1]
    np.testing.assert_array_equal(again, y)


def test_features_are_computed_once(parts, monkeypatch):
    images = parts[0].images
    trunk = models.submodel(models.transfer("mobilenetv2"), stop="block_1_project")
    first, seconds = features.cached(trunk, images)
    np.testing.assert_allclose(first, training.predict(trunk, images), rtol=2e-3, atol=1e-3)
    assert first.dtype == np.float16 and seconds > 0

    monkeypatch.setattr(features, "predict", lambda *_: pytest.fail("computed a second time"))
    again, same = features.cached(trunk, images)
    np.testing.assert_array_equal(again, first)
    assert same == seconds


def test_other_slices_weights_or_layers_have_other_features(parts):
    images = parts[0].images[:2]
    model, other = models.transfer("mobilenetv2"), models.transfer("mobilenetv2")
    trunks = [models.submodel(model, stop=layer) for layer in ("Conv1", "Conv1_relu")]
    features.cached(models.submodel(other, stop="Conv1"), images)
    features.cached(trunks[0], images[::-1])
    for trunk in trunks:
        features.cached(trunk, images)
    assert len(list(features.settings.data_dir().glob("features/*.npz"))) == 4


def test_layers_that_differ_in_their_settings_alone_have_other_features():
    images = np.full((2, 128, 128), 100, np.uint8)
    for scale in (1, 2):
        inputs = models.slice_input()
        trunk = keras.Model(inputs, keras.layers.Rescaling(scale, name="scale")(inputs))
        found, _ = features.cached(trunk, images)
        np.testing.assert_allclose(found, scale * 100 / 255, rtol=1e-3)


def test_a_saved_network_finds_the_features_of_the_one_that_was_trained(parts, reload):
    run = reload(TAIL)
    files = set(features.settings.data_dir().glob("features/*.npz"))
    features.cached(models.submodel(run.model, stop=TAIL.freeze_until), parts[1].images)
    assert set(features.settings.data_dir().glob("features/*.npz")) == files


def test_damaged_features_are_named(parts):
    trunk = models.submodel(models.transfer("mobilenetv2"), stop="Conv1")
    features.cached(trunk, parts[1].images)
    (path,) = features.settings.data_dir().glob("features/*.npz")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(CourseError, match=path.name):
        features.cached(trunk, parts[1].images)


@pytest.mark.parametrize("name", ["baseline", "mobilenetv2-head"])
def test_any_data_is_learned_from_and_predicted(own_data, name):
    recipe = dataclasses.replace(training.RECIPES[name], epochs=1, batch_size=8)
    half = len(own_data) // 2
    train, val = own_data.take(range(half)), own_data.take(range(half, 2 * half))
    run = training.train(recipe, train, val)
    assert run.settings["contrasts"] == ["picture"]
    assert run.settings["classes"] == list(own_data.class_names)
    assert run.model.input_shape == (None, *models.shape_of(own_data.images))
    again = training.load(run.folder)
    assert again.predict(val).shape == (half, len(own_data.class_names))
    assert same_weights(run.model, again.model)
    maps = heatmaps.gradcam(run.model, val.images)
    assert maps.shape == val.images.shape[:3] and maps.max() == 1


def test_a_run_says_which_slices_it_takes(parts, reload):
    run = reload(QUICK)
    assert run.settings["contrasts"] == ["t1ce"]
    small = dataclasses.replace(parts[1], contrasts={"t1ce": parts[1].images[:, ::2, ::2]})
    with pytest.raises(CourseError, match="128 x 128 pixels and 1 ch.*toy data have 64 x 64 pix"):
        run.predict(small)


def test_a_mirror_image_is_the_same_rows_backwards(monkeypatch):
    seen = []

    def outputs(model, recipe, *sets):
        seen.extend(sets)
        raise KeyboardInterrupt

    monkeypatch.setattr(features, "outputs", outputs)
    images = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), np.uint8)
    data = dataclasses.replace(toy(8), contrasts={"picture": images})
    with pytest.raises(KeyboardInterrupt):
        training.train(TAIL, data, data)
    np.testing.assert_array_equal(seen[1], np.stack([np.fliplr(image) for image in images]))
