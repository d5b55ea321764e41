"""A probe sees its one clue and nothing else."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.realdata import shortcuts

CLASS_NAMES = ("glioma", "meningioma", "notumor", "pituitary")
COUNT = 160


@pytest.fixture
def noise():
    """Slices of pure noise: no probe can tell their classes."""
    rng = np.random.default_rng(0)
    labels = np.arange(COUNT) % 4
    images = rng.integers(0, 256, (COUNT, 128, 128), dtype=np.uint8)
    table = pd.DataFrame({"label": [CLASS_NAMES[label] for label in labels]})
    table = table.assign(width=128, height=128, mode="L", bytes=rng.integers(5000, 9000, COUNT))
    return Dataset("kaggle", {"t1ce": images}, None, table)


def accuracy(probe, data):
    train, test = data.take(np.arange(0, 120)), data.take(np.arange(120, COUNT))
    probabilities = probe(test, train.take(range(60)), train.take(range(60, 120)))
    assert probabilities.shape == (40, 4)
    assert np.allclose(probabilities.sum(axis=1), 1)
    return np.mean(probabilities.argmax(axis=1) == test.labels)


@pytest.mark.parametrize("probe", [shortcuts.histogram, shortcuts.border, shortcuts.geometry])
def test_noise_tells_nothing(noise, probe):
    assert accuracy(probe, noise) < 0.5


def test_a_histogram_sees_brightness_and_no_shape(noise):
    for row, label in enumerate(noise.labels):
        noise.images[row, :40] = noise.images[row, :40] // 8 + 60 * label
    assert accuracy(shortcuts.histogram, noise) == 1
    # The same pixels in another order are the same to it.
    rng = np.random.default_rng(1)
    order = [rng.permutation(128 * 128) for _ in range(len(noise))]
    flat = noise.images.reshape(len(noise), -1)
    shuffled = np.stack([image[o] for image, o in zip(flat, order, strict=True)])
    other = Dataset("kaggle", {"t1ce": shuffled.reshape(-1, 128, 128)}, None, noise.table)
    half, rest = np.arange(80), np.arange(80, COUNT)
    assert np.array_equal(
        shortcuts.histogram(noise.take(rest), noise.take(half)),
        shortcuts.histogram(other.take(rest), other.take(half)),
    )


def test_the_border_probe_sees_the_border_only(noise):
    for row, label in enumerate(noise.labels):
        noise.images[row, 4:-4, 4:-4] = 60 * label
    assert accuracy(shortcuts.border, noise) < 0.5
    for row, label in enumerate(noise.labels):
        noise.images[row, 124:] = 60 * label
    assert accuracy(shortcuts.border, noise) == 1


@pytest.mark.parametrize("clue", ["width", "height", "bytes", "mode"])
def test_the_geometry_probe_sees_the_file(noise, clue):
    values = ["L", "RGB", "RGBA", "P"] if clue == "mode" else [100, 200, 300, 400]
    noise.table[clue] = [values[label] for label in noise.labels]
    assert accuracy(shortcuts.geometry, noise) == 1


def test_slices_without_files_have_no_geometry(practice):
    few = practice.take(range(8))
    with pytest.raises(CourseError, match="practice data did not come in image files"):
        shortcuts.geometry(few, few)


def test_a_class_that_training_lacks_is_never_predicted(noise):
    train = noise.take(noise.labels != 2)
    probabilities = shortcuts.histogram(noise, train)
    assert probabilities.shape == (COUNT, 4) and (probabilities[:, 2] == 0).all()
    assert np.mean(probabilities.argmax(axis=1)[noise.labels != 2] == train.labels) > 0.9


def test_painted_over_a_lesion_can_no_longer_be_counted(noise):
    # Nothing but a square tells the classes apart, and its mask is known.
    masks = np.zeros(noise.images.shape, bool)
    masks[:, 40:80, 40:80] = True
    images = np.where(masks, 60 * noise.labels[:, None, None], noise.images).astype(np.uint8)
    told = dataclasses.replace(noise, contrasts={"t1ce": images}, masks=masks)
    painted = shortcuts.without_lesions(told)
    assert accuracy(shortcuts.histogram, told) > 0.95 > 0.5 > accuracy(shortcuts.histogram, painted)
    # What lies far from the lesion stays, and so does the data set that was handed in.
    assert np.array_equal(painted.images[:, :30], images[:, :30])
    assert (told.images[0, 40:80, 40:80] == 0).all()


@pytest.mark.parametrize("probe", [shortcuts.histogram, shortcuts.border, shortcuts.geometry])
def test_a_probe_takes_any_slices(own_data, probe):
    probabilities = probe(own_data, own_data)
    assert probabilities.shape == (len(own_data), len(own_data.class_names))


@pytest.mark.parametrize("probe", [shortcuts.histogram, shortcuts.border])
def test_a_probe_tells_colours_apart(noise, probe):
    # All are equally bright: only which colour has which value differs.
    values = np.array([(40, 120, 200), (40, 200, 120), (120, 40, 200), (200, 120, 40)], np.uint8)
    images = values[noise.labels][:, None, None] + noise.images[:, :32, :32, None] // 8
    coloured = dataclasses.replace(noise, contrasts={"picture": images})
    assert accuracy(probe, coloured) == 1


def test_a_mirrored_lesion_hides_none(noise):
    masks = np.zeros(noise.images.shape, bool)
    masks[:, 40:80, 40:74] = True
    moved = shortcuts.mirrored_lesions(dataclasses.replace(noise, masks=masks)).masks
    assert not (moved & masks).any()
    # What would lie on the lesion itself, across the middle, is left out.
    assert moved[:, 40:80, 74:88].all() and moved.sum() == len(noise) * 40 * 14
