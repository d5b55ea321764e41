"""What is measured of the gate, and what is written down."""

import json

import numpy as np
import pytest

from course_utils.evaluation.intervals import Estimate
from course_utils.webapp import app, ood, ood_pictures, refusal_rates


@pytest.fixture
def gate(monkeypatch):
    """A gate that refuses pictures whose mean grey is above 100."""
    monkeypatch.setattr(ood, "distances", lambda gate, model, images: images.mean(axis=(1, 2)))
    monkeypatch.setattr(ood, "passes", lambda gate, found: found <= 100)
    return app.Assistant("", None, 1.0, None, None, np.ones(2), np.ones(2, bool), {})


def greys(*means):
    return np.stack([np.full((128, 128), mean, np.uint8) for mean in means])


def test_shares_come_with_intervals_over_groups(gate):
    images, groups = greys(50, 50, 150, 150), np.array([0, 0, 1, 1])
    share = refusal_rates.refused(gate, images, groups)
    assert share.value == 0.5
    assert share.low == 0 and share.high == 1, "two groups say next to nothing"


def test_let_through_is_the_rest(gate, monkeypatch, practice):
    every = np.arange(20)
    kinds = {"dark": (greys(*[50] * 20), every), "half": (greys(*[50, 150] * 10), every)}
    monkeypatch.setattr(ood_pictures, "held_out", lambda count, slices: kinds)
    found = refusal_rates.let_through(gate, practice, 20)
    assert found["dark"].value == 1 and found["dark"].low < 0.9 and found["dark"].high == 1
    assert found["half"].low < 0.5 < found["half"].high


def test_hard_pictures_are_slices_that_were_changed_and_photographs_in_colour(
    gate, monkeypatch, practice
):
    pytest.importorskip("skimage", reason="the extra 'app' is not installed: make extras")
    answer = app.Answer("no", "me")
    monkeypatch.setattr(app, "answer", lambda assistant, data: answer)
    few = practice.take(np.arange(12))
    found = refusal_rates.hard_refused(gate, few)
    assert set(found) == {*ood_pictures.hard(few.images), "photographs in colour"}
    assert found["photographs in colour"].value == 1 and found["photographs in colour"].low > 0.5
    assert (
        found["mirrored"].value == refusal_rates.refused(gate, few.images[::2], np.arange(6)).value
    ), "the mean grey stays"


def test_everything_is_written_with_its_command(gate, monkeypatch, practice):
    monkeypatch.setattr(app, "prepare", lambda data: gate)
    monkeypatch.setattr(refusal_rates.datasets, "load", lambda name: practice)
    half = Estimate(0.5, 0.4, 0.6)
    monkeypatch.setattr(refusal_rates, "let_through", lambda *arguments: {"cats": half})
    monkeypatch.setattr(refusal_rates, "hard_refused", lambda *arguments: {"turned": half})
    record = json.loads(refusal_rates.measure_refusals().read_text())
    assert record["name"] == "app-refusals"
    assert record["figures"]["let through: cats"] == {"value": 0.5, "low": 0.4, "high": 0.6}
    assert record["figures"]["refused: turned"]["value"] == 0.5
    assert "test_slices_refused" in record["figures"]
    assert "real_slices_refused" not in record["figures"], "there are none here"
    assert record["settings"]["command"] == "course app --measure"
