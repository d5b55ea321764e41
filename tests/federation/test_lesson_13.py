"""Right answers of lesson 13 pass, and wrong ones are told what is wrong."""

import numpy as np
import pytest

from course_utils import exercises


def said(number: str, answer: object) -> str:
    """What a learner is told; these exercises need no data."""
    return exercises.feedback(number, answer, data=()) or "right"


def right(results, slices):
    there = [(r, n) for r, n in zip(results, slices, strict=True) if r is not None]
    total = sum(n for _, n in there)
    return [sum(r[i] * n / total for r, n in there) for i in range(2)]


def of_all_slices(results, slices):
    there = [(r, n) for r, n in zip(results, slices, strict=True) if r is not None]
    return [sum(r[i] * n / sum(slices) for r, n in there) for i in range(2)]


def unweighted(results, slices):
    there = [r for r in results if r is not None]
    return [sum(r[i] for r in there) / len(there) for i in range(2)]


def with_all(results, slices):
    return [sum(r[i] * n for r, n in zip(results, slices, strict=True)) for i in range(2)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (right, "right"),
        (lambda results, slices: ..., "Not tried yet"),
        (of_all_slices, "divide by the slices of those who are there"),
        (unweighted, "counts all hospitals alike"),
        (lambda r, s: [2 * one for one in right(r, s)], "With hospital 2 of 3 absent the mean"),
        (with_all, "It stopped with TypeError"),
        (lambda results, slices: [np.zeros(2)], "as many arrays"),
        (lambda results, slices: None, "It stopped with TypeError"),
        (lambda results, slices: (x / 0 for x in slices), "It stopped with ZeroDivisionError"),
        (3, "a function"),
    ],
)
def test_a_mean_of_those_there(answer, words):
    assert words in said("13.1", answer)


def deal(labels, alpha, hospitals, rng, shuffled=True, own=True, used=True):
    given = np.zeros(len(labels), int)
    shares = rng.dirichlet([alpha] * hospitals)
    for label in np.unique(labels):
        patients = np.flatnonzero(labels == label)
        patients = rng.permutation(patients) if shuffled else patients
        shares = rng.dirichlet([alpha if used else 1] * hospitals) if own else shares
        cuts = np.rint(np.cumsum(shares)[:-1] * len(patients)).astype(int)
        for hospital, some in enumerate(np.split(patients, cuts)):
            given[some] = hospital
    return given


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (deal, "right"),
        (lambda labels, alpha, hospitals, rng: ..., "Not tried yet"),
        (lambda *given: deal(*given, shuffled=False), "Shuffle the patients"),
        (lambda *given: deal(*given, own=False), "shares of its own"),
        (lambda *given: deal(*given, used=False), "about a quarter of each class"),
        (lambda n, a, h, rng: rng.integers(0, h, len(n)), "nearly all of a class"),
        (lambda n, a, h, rng: deal(n, a, h, np.random.default_rng(5)), "with the rng given"),
        (lambda *given: deal(*given) + 1, "some are 1 or 4"),
        (lambda *given: deal(*given)[:9], "got the shape (9,)"),
        (lambda labels: labels, "It stopped with TypeError"),
    ],
)
def test_patients_dealt_out_by_class(answer, words):
    assert words in said("13.2", answer)


def trimmed(results, cut, first=None, last=None):
    arrays = (np.sort(found, axis=0) for found in zip(*results, strict=True))
    first, last = cut if first is None else first, cut if last is None else last
    return [ordered[first : len(ordered) - last].mean(axis=0) for ordered in arrays]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (trimmed, "right"),
        (lambda results, cut: ..., "Not tried yet"),
        (lambda results, cut: trimmed(results, 0), "plain mean"),
        (lambda results, cut: trimmed(results, cut, first=0), "Cut at both ends"),
        (lambda results, cut: trimmed(results, cut, last=0), "Cut at both ends"),
        (lambda results, cut: trimmed(results[cut : 5 - cut], 0), "Whole hospitals went"),
        (lambda r, cut: [(5 - 2 * cut) / 5 * one for one in trimmed(r, cut)], "how many are left"),
        (lambda results, cut: trimmed(results, 2), "With cut=1"),
        (lambda results, cut: trimmed(results, cut)[:1], "as many arrays"),
        (lambda results, cut: trimmed(results, 3), "not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_trimmed_mean(answer, words):
    assert words in said("13.3", answer)


def step(weights, gradients, sent, rate, mu, pull=1.0):
    three = zip(weights, gradients, sent, strict=True)
    return [now - rate * (slope + pull * mu * (now - before)) for now, slope, before in three]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (step, "right"),
        (lambda *given: ..., "Not tried yet"),
        (lambda *given: step(*given, pull=0), "There is no pull"),
        (lambda *given: step(*given, pull=-1), "mind the sign"),
        (lambda *given: step(*given, pull=0.5), "is mu times the distance."),
        (lambda *given: step(*given, pull=2), "not twice that"),
        (lambda *given: step(*given, pull=1 / given[3]), "The rate belongs to both"),
        (lambda w, g, s, rate, mu: step(w, g, s, -rate, mu), "uphill"),
        (lambda *given: step(*given, pull=3), "With rate=0.1 and mu=0.5"),
        (lambda *given: step(*given)[0], "as many arrays"),
        (lambda *given: given[9], "It stopped with IndexError"),
    ],
)
def test_a_step_of_fedprox(answer, words):
    assert words in said("13.4", answer)
