"""The thresholds of lesson 06 keep their promise to patients, and those that count slices do not.

What is tested is the code that the learner reads.
"""

import ast
import json

import numpy as np
import pytest

from course_utils import settings


@pytest.fixture(scope="module")
def threshold():
    """The function of this name in the lesson."""
    path = settings.ROOT / "notebooks" / "06_trust_it.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    (source,) = [s for s in ("".join(c["source"]) for c in cells) if "def threshold(" in s]
    (function,) = [
        node for node in ast.parse(source).body if getattr(node, "name", "") == "threshold"
    ]
    names = {"np": np}
    exec(compile(ast.Module([function], []), path.name, "exec"), names)
    return names["threshold"]


def covered(threshold, patients, counted, tied=1.0, draws=4000):
    """Share of new patients' slices under the threshold of patients with eight slices each.

    ``tied`` is how alike the slices of a patient are, from 0 to 1; ``counted`` as patients or not.
    """
    rng = np.random.default_rng(0)
    owners = np.repeat(np.arange(patients), 8)
    found = []
    for _ in range(draws):
        own = rng.normal(size=(patients + 1, 1))
        scores = np.sqrt(tied) * own + np.sqrt(1 - tied) * rng.normal(size=(patients + 1, 8))
        limit = threshold(scores[:-1].ravel(), owners if counted else np.arange(len(owners)))
        found.append(np.mean(scores[-1] <= limit))
    return np.mean(found)


@pytest.mark.parametrize("patients", [9, 12, 40])
def test_counting_patients_keeps_the_promise_however_alike_their_slices_are(threshold, patients):
    for tied in (0.0, 0.7, 1.0):
        assert covered(threshold, patients, True, tied, draws=1500) > 0.89


def test_slices_taken_for_independent_fall_short_where_they_are_not(threshold):
    short = covered(threshold, 12, counted=False)
    # Twelve patients are as good as twelve slices: the eleventh of them, and the new one, 11 / 13.
    assert short == pytest.approx(11 / 13, abs=0.02)
    # A control: where they are independent, counting slices is right, and hardly too safe.
    assert covered(threshold, 12, counted=False, tied=0.0) == pytest.approx(0.9, abs=0.015)


def test_a_slice_for_each_patient_is_plain_split_conformal_prediction(threshold):
    scores = np.random.default_rng(1).random(57)
    k = int(np.ceil(58 * 0.9))
    assert threshold(scores, np.arange(57)) == np.sort(scores)[k - 1]
    # The new patient counts, too: of 19 and one, 18 are nine in ten.
    assert threshold(np.arange(19.0), np.arange(19)) == 17
    assert covered(threshold, 19, counted=True) == pytest.approx(0.9, abs=0.015)


def test_too_few_patients_rule_nothing_out(threshold):
    assert threshold(np.arange(80.0), np.arange(80) // 10) == np.inf
    assert threshold(np.arange(90.0), np.arange(90) // 10) == 89
    assert threshold(np.arange(90.0), np.arange(90) // 10, promise=0.5) < 60
    assert threshold(np.array([]), np.array([])) == np.inf


def test_every_patient_weighs_the_same(threshold):
    # One patient with many high scores moves the threshold no more than one with a single one.
    few, many = np.repeat(np.arange(20), 1), np.append(np.arange(20), np.full(50, 19))
    high = threshold(np.append(np.arange(20.0), np.full(50, 19.0)), many)
    assert high == threshold(np.arange(20.0), few)
