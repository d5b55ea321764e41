"""From a file's bytes to an answer: words that hold, refusals in a sentence, nothing kept."""

import dataclasses
import datetime

import numpy as np
import pandas as pd
import pytest

from course_utils import settings
from course_utils.core import pictures
from course_utils.core.errors import CourseError
from course_utils.training import runs
from course_utils.webapp import app


def test_a_slice_gets_everything_that_belongs_to_an_answer(assistant):
    image = assistant.cases.images[3]
    found = app.answer(assistant, pictures.encode(image))
    assert not found.refused
    assert np.array_equal(found.slice, image)
    assert list(found.probabilities) == list(assistant.cases.class_names)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert found.heat.shape == image.shape
    assert found.similar["row"].iloc[0] == 3 and len(found.similar) == app.SIMILAR
    assert found.similar["patient"].is_unique
    right, of = found.right
    assert of == app.COMPARED and f"Of the {of} validation slices" in found.says
    assert f"named {right} rightly" in found.says
    assert found.similar["label"].iloc[0] == assistant.cases.table["label"].iloc[3]


def test_temperature_makes_the_probabilities_milder(assistant):
    images = assistant.cases.images[:4]
    hot, plain = (app.probabilities_of(assistant.model, t, images) for t in (100.0, 1.0))
    assert 0 < hot.max() - 0.25 < (plain.max() - 0.25) / 10


def test_what_cannot_be_read_is_refused_with_what_is_wanted(assistant):
    for data, words in ((b"", "is empty"), (b"junk", "not an image"), (bytes(11**7), "10 MB")):
        found = app.answer(assistant, data)
        assert found.refused and found.slice is None
        assert words in found.says and "What is wanted is one MRI slice" in found.says


def test_colour_and_distance_are_refused_with_the_picture(assistant):
    grey = assistant.cases.images[0]
    red = np.stack([grey, grey // 3, grey // 3], axis=2)
    found = app.answer(assistant, pictures.encode(red))
    assert found.refused and "in colour" in found.says and found.slice.shape == (128, 128)
    assistant.gate.limits["picture"] = 0.0
    found = app.answer(assistant, pictures.encode(grey))
    assert found.refused and "does not look like the brain slices" in found.says
    assert found.heat is None and found.similar is None


def test_every_answer_and_refusal_names_model_version_and_time(assistant):
    grey = assistant.cases.images[0]
    red = np.stack([grey, grey // 3, grey // 3], axis=2)
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    for data in (pictures.encode(grey), pictures.encode(red), b"junk"):
        name, _, when = app.answer(assistant, data).by.partition(", on ")
        assert name == "model none, version 0"
        when = datetime.datetime.strptime(when, "%d %B %Y at %H:%M:%S UTC")
        assert before <= when.replace(tzinfo=datetime.UTC) <= datetime.datetime.now(datetime.UTC)


@pytest.mark.parametrize(
    ("share", "verb", "right"),
    [
        (0.40, "does not know: glioma (40%) is its best guess", 0),
        (0.70, "leans towards glioma (70%); no tumor comes next", 91),
        (0.97, "says glioma (97%)", 100),
    ],
)
def test_words_follow_the_confidence_and_count_the_evidence(assistant, share, verb, right):
    rest = 1 - share
    says = app.how_sure(assistant, np.array([share, 0.2 * rest, 0.5 * rest, 0.3 * rest]))
    assert says.startswith(f"The model {verb}. Of the 100 validation slices")
    number = int(says.rstrip(".").split()[-2])
    assert number == pytest.approx(right, abs=2)


def test_two_classes_of_ones_own_are_spoken_of(assistant):
    cases = dataclasses.replace(assistant.cases, class_names=("healthy", "ill"))
    two = dataclasses.replace(assistant, cases=cases)
    says = app.how_sure(two, np.array([0.3, 0.7]))
    assert says.startswith("The model leans towards ill (70%); healthy comes next.")


def test_it_is_prepared_once_and_reloaded(practice, monkeypatch, own_data_folder, assistant):
    small = practice.take(np.arange(0, 3200, 8))
    trained = []

    def once(recipe, train, val, source, seed):
        trained.append(recipe.name)
        seconds = {"features": 0.0, "training": 0.0}
        return assistant.model, pd.DataFrame({"val_accuracy": [0.25]}), seconds

    monkeypatch.setattr(runs, "_trained", once)
    first, again = app.prepare(small), app.prepare(small)
    assert trained == [app.RECIPE]
    train, val, _ = small.split()
    assert len(again.cases) == len(train) and len(again.right) == len(val)
    folder = next(one for one in (settings.data_dir() / "runs").iterdir() if one.is_dir())
    recipe, digest = folder.name.split("-")
    assert again.name == first.name == f"model {recipe}, version {digest}.{app.VERSION}"
    assert again.temperature == first.temperature and again.gate.limits == first.gate.limits
    assert np.array_equal(again.gate.features, first.gate.features)
    assert again.card == first.card and again.card["model"] in again.name
    assert f"{len(train):,} slices" in again.card["learned from"]
    assert "no patient" in again.card["not made for"]
    (kept,) = (settings.data_dir() / "app").glob("*.npz")
    kept.write_bytes(b"damaged")
    with pytest.raises(CourseError, match="damaged"):
        app.prepare(small)
