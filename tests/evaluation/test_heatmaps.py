"""Grad-CAM, its score against masks, and the randomisation test."""

import keras
import numpy as np
import pytest
from scipy import stats

from course_utils import models
from course_utils.core.errors import CourseError
from course_utils.evaluation import heatmaps


def tiny(pool=16):
    """A model whose classes are: bright, dark, not bright, and nothing at all."""
    inputs = keras.Input((128, 128, 1))
    x = keras.layers.AveragePooling2D(pool)(inputs)
    x = keras.layers.Conv2D(2, 1, name="features")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    x = keras.layers.Dense(4, name="logits")(x)
    model = keras.Model(inputs, keras.layers.Softmax(name="probabilities")(x))
    model.get_layer("features").set_weights([np.array([[[[1.0, -1.0]]]]), np.array([0.0, 1.0])])
    weights = np.array([[5.0, 0.0, -5.0, 0.0], [0.0, 5.0, 0.0, 0.0]])
    model.get_layer("logits").set_weights([weights, np.zeros(4)])
    return model


@pytest.fixture
def squares():
    """Two slices with one bright square each, and the square as mask."""
    masks = np.zeros((2, 128, 128), bool)
    masks[0, 32:48, 80:96] = masks[1, 96:112, 16:32] = True
    return (200 * masks).astype(np.uint8), masks


def test_heat_lies_on_what_speaks_for_the_class(squares):
    images, masks = squares
    maps = heatmaps.gradcam(tiny(), images, np.array([0, 0]))
    assert maps.shape == images.shape and maps.dtype == np.float32
    assert maps.max(axis=(1, 2)).tolist() == [1, 1] and maps.min() == 0
    assert heatmaps.pointing_game(maps, masks).tolist() == [1, 1]
    # The heat of one cell of 16 pixels fades over the cells beside it: more than a fifth stays.
    assert (heatmaps.share_inside(maps, masks) > 0.2).all()


def test_another_class_has_another_map(squares):
    images, masks = squares
    dark = heatmaps.gradcam(tiny(), images, np.array([1, 1]))
    assert (heatmaps.pointing_game(dark, masks) == 0).all()
    nothing = heatmaps.gradcam(tiny(), images, np.array([2, 3]))
    assert not nothing.any()
    assert heatmaps.pointing_game(nothing, np.ones_like(masks)).tolist() == [0, 0]
    assert heatmaps.share_inside(nothing, masks).tolist() == [0, 0]


def test_the_predicted_class_is_explained_where_none_is_named(squares):
    images, _ = squares
    model = tiny()
    predicted = model.predict(images[..., None] / 255, verbose=0).argmax(1)
    assert predicted.tolist() == [1, 1]
    expected = heatmaps.gradcam(model, images, predicted)
    assert np.array_equal(heatmaps.gradcam(model, images), expected)


def test_batches_do_not_change_the_maps(squares, monkeypatch):
    images, _ = squares
    whole = heatmaps.gradcam(tiny(), images, np.array([0, 1]))
    monkeypatch.setattr(heatmaps, "BATCH", 1)
    assert np.allclose(heatmaps.gradcam(tiny(), images, np.array([0, 1])), whole, atol=1e-6)


def test_gradcam_before_a_pooled_linear_head_is_the_class_activation_map(squares):
    images, _ = squares
    model = tiny()
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(2, 4))
    model.get_layer("logits").set_weights([kernel, np.zeros(4)])
    features = keras.Model(model.input, model.get_layer("features").output)
    maps = features.predict(images[..., None] / 255, verbose=0)
    expected = np.maximum(maps @ kernel[:, 3], 0)
    found = heatmaps.gradcam(model, images, np.array([3, 3]))[:, 8::16, 8::16]
    for one, other in zip(found, expected, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.99


def test_scores_by_hand():
    maps = np.zeros((3, 4, 4), np.float32)
    maps[0, 1, 1], maps[0, 2, 2] = 0.75, 0.25
    maps[1, 0, 0], maps[2, 3, 3] = 1, 1
    masks = np.zeros((3, 4, 4), bool)
    masks[:2, 1, 1] = True
    assert heatmaps.pointing_game(maps, masks)[:2].tolist() == [1, 0]
    assert heatmaps.share_inside(maps, masks)[:2].tolist() == [0.75, 0]
    # No lesion, no score.
    assert np.isnan(heatmaps.pointing_game(maps, masks)[2])
    assert np.isnan(heatmaps.share_inside(maps, masks)[2])


@pytest.mark.parametrize("masks", [None, np.zeros((1, 4, 4), bool)])
def test_without_outlines_heat_cannot_be_scored(masks):
    for score in (heatmaps.pointing_game, heatmaps.share_inside):
        with pytest.raises(CourseError, match="somebody outlined"):
            score(np.ones((1, 4, 4)), masks)
    with pytest.raises(CourseError, match="do not fit"):
        heatmaps.pointing_game(np.ones((1, 4, 4)), np.ones((1, 5, 4), bool))


def test_the_guess_is_the_middle_of_the_head_not_of_the_picture():
    images = np.zeros((2, 128, 128), np.uint8)
    rows, columns = np.ogrid[:128, :128]
    images[0][(rows - 50) ** 2 + (columns - 80) ** 2 < 30**2] = 120
    images[0][45:55, 70:80] = 0
    images[0, 120:124, 5:9] = 255
    guess = heatmaps.centre_guess(images)
    row, column = np.unravel_index(guess[0].argmax(), (128, 128))
    assert abs(row - 50) <= 1 and abs(column - 80) <= 1
    # A black slice has no head: the middle of the picture has to do.
    assert guess[1, 64, 64] == 1
    assert guess.sum() == 2
    # The dark hole belongs to the head, the bright letter in the corner does not.
    shown = heatmaps.head(images)
    assert shown[0, 50, 75] and not shown[0, 122, 7]
    assert not shown[1].any()


def test_chance_is_the_share_of_the_head_that_is_lesion():
    images = np.zeros((1, 128, 128), np.uint8)
    images[0, 20:100, 20:100] = 150
    masks = np.zeros((1, 128, 128), bool)
    masks[0, 20:60, 20:100] = True
    assert heatmaps.chance(images, masks)[0] == pytest.approx(0.5, abs=0.03)


def kernel(model, name):
    return model.get_layer(name).get_weights()[0]


def test_shuffling_keeps_the_numbers_and_changes_the_places():
    model = tiny()
    copy = heatmaps.randomised(model, 2, seed=1)
    for before, after in zip(model.get_weights(), copy.get_weights(), strict=True):
        assert np.array_equal(np.sort(before, axis=None), np.sort(after, axis=None))
    assert not np.array_equal(kernel(model, "logits"), kernel(copy, "logits"))
    again = heatmaps.randomised(model, 2, seed=1)
    assert np.array_equal(kernel(copy, "logits"), kernel(again, "logits"))
    assert kernel(model, "logits")[0, 0] == 5


@pytest.fixture(scope="module")
def seen():
    """Slices for the averages of batch norm."""
    return np.random.default_rng(0).integers(0, 255, (70, 128, 128), np.uint8)


@pytest.mark.parametrize("layers", [0, 1, 2, 5])
def test_layers_are_shuffled_from_the_logits_downwards(seen, layers):
    model = models.baseline()
    names = [step[0].name for step in heatmaps.learned(model)]
    assert names == ["conv1", "conv2", "conv3", "conv4", "logits"]
    copy = heatmaps.randomised(model, layers, seen, seed=1)
    changed = [not np.array_equal(kernel(model, name), kernel(copy, name)) for name in names]
    assert changed == [False] * (5 - layers) + [True] * layers


def test_what_is_fed_by_shuffled_layers_takes_new_averages_and_the_rest_keeps_its_own(seen):
    model = models.baseline()
    # Averages that fit nothing: with them, nothing passes the ReLU that follows.
    for norms in heatmaps.learned(model)[2:4]:
        scale, shift, mean, spread = norms[1].get_weights()
        norms[1].set_weights([scale, shift, mean + 100, spread])
    copy = heatmaps.randomised(model, 2, seen)
    for place, kept in ((0, True), (1, True), (2, True), (3, False)):
        before, after = (heatmaps.learned(m)[place][1].get_weights()[2] for m in (model, copy))
        assert np.array_equal(before, after) == kept
    one, other = (m.predict(seen[:8, ..., None] / 255, verbose=0) for m in (model, copy))
    assert np.ptp(one, axis=0).max() < 1e-6, "it should have been dead"
    # The third of four still passes nothing on; shuffled as well, it does.
    alive = heatmaps.randomised(model, 3, seen).predict(seen[:8, ..., None] / 255, verbose=0)
    assert np.ptp(alive, axis=0).max() > 1e-3


def test_maps_agree_in_the_order_of_their_places():
    rng = np.random.default_rng(0)
    maps = rng.random((3, 64, 64)).astype(np.float32)
    assert heatmaps.agreement(maps, maps**3) == pytest.approx([1, 1, 1])
    assert heatmaps.agreement(maps, 1 - maps) == pytest.approx([-1, -1, -1])
    grid = [m[0, 4::8, 4::8].ravel() for m in (maps, maps[::-1])]
    expected = stats.spearmanr(*grid).statistic
    assert heatmaps.agreement(maps, maps[::-1])[0] == pytest.approx(expected)
    assert heatmaps.agreement(maps, np.zeros_like(maps)).tolist() == [0, 0, 0]


def test_widened_lesions_reach_as_far_as_asked_and_nothing_grows_from_nothing():
    masks = np.zeros((2, 64, 64), bool)
    masks[0, 30:33, 30:33] = True
    wide = heatmaps.widened(masks, 5)
    assert wide[0, 31, 37] and not wide[0, 31, 38]
    assert wide[0, 36, 32] and not wide[0, 36, 36], "round, not square"
    assert not wide[1].any()
    assert np.array_equal(heatmaps.widened(masks, 0), masks)


def test_heat_is_scored_on_slices_of_any_size_and_colour(own_data):
    images = own_data.images
    model = models.baseline(len(own_data.class_names), shape=models.shape_of(images))
    maps = heatmaps.gradcam(model, images, own_data.labels)
    masks = np.zeros(images.shape[:3], bool)
    masks[::2, 10:30, 10:30] = True
    for scored in (heatmaps.pointing_game(maps, masks), heatmaps.share_inside(maps, masks)):
        assert np.isnan(scored).tolist() == [False, True] * (len(images) // 2)
    assert heatmaps.head(images).all(axis=(1, 2)).all(), "there is noise everywhere"
    side = images.shape[1]
    np.testing.assert_allclose(heatmaps.chance(images, masks)[::2], 400 / side**2)
    assert (heatmaps.pointing_game(heatmaps.centre_guess(images), masks)[::2] == 0).all()
