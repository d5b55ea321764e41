"""Feedback on the exercises of lesson 06."""

import numpy as np
import pytest
from scipy import special


def ece(confidence, right, weigh=True, sign=False, bins=10):
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for one in np.unique(number):
        here = number == one
        gap = confidence[here].mean() - right[here].mean()
        share = here.mean() if weigh else 1 / len(np.unique(number))
        total += share * (gap if sign else abs(gap))
    return total


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ece, "right"),
        (lambda c, r: ece(c, r, weigh=False), "Weigh each"),
        (lambda c, r: ece(c, r, bins=1), "cancel"),
        (lambda c, r: ece(c, r, sign=True), "without their sign"),
        (lambda c, r: np.abs(c - r).mean(), "single slices"),
        (lambda c, r: c[10_000], "It stopped with IndexError"),
        (0.1, "This wants a function"),
    ],
)
def test_calibration_error(said, answer, words):
    assert words in said("06.1", answer)


def temperature(labels, logits, scale=lambda x, t: x / t, best=np.argmin, softmax=True):
    grid = np.arange(0.5, 4.001, 0.05)
    losses = []
    for t in grid:
        p = special.softmax(scale(logits, t), axis=1)
        losses.append(-np.log(p[np.arange(len(labels)), labels]).mean())
    return grid[best(losses)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (temperature, "right"),
        (lambda y, z: np.float32(temperature(y, z)), "right"),
        (lambda y, z: temperature(y, z, scale=lambda x, t: x * t), "do not multiply"),
        (lambda y, z: temperature(y, special.softmax(z, axis=1)), "not the probabilities"),
        (lambda y, z: temperature(z.argmax(axis=1), z), "of the true class"),
        (lambda y, z: temperature(y, z, best=np.argmax), "lowest loss"),
        (lambda y, z: list(np.arange(0.5, 4.001, 0.05))[-1], "last temperature"),
        (lambda y, z: round(temperature(y, z) / 0.05 - 10), "place in the grid"),
        (lambda y, z: 2.0, "too high"),
        (lambda y, z: z, "one number"),
        (lambda y: 0, "TypeError"),
        (2.4, "This wants a function"),
    ],
)
def test_temperature(said, answer, words):
    assert words in said("06.2", answer)


def risk(labels, p, groups, coverage, surest=-1, share=True, vote=False, cut=True, of=None):
    names = np.unique(groups)
    means = np.array([p[groups == name].mean(axis=0) for name in names])
    truth = np.array([labels[groups == name][0] for name in names])
    order = np.argsort(surest * means.max(axis=1)) if cut else np.arange(len(names))
    answered = order[: round(coverage * len(names))]
    said = means.argmax(axis=1)
    if vote:
        said = np.array([np.bincount(p[groups == name].argmax(axis=1)).argmax() for name in names])
    wrong = said[answered] != truth[answered]
    return wrong.sum() / (of or len(answered)) if share else wrong.sum()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (risk, "right"),
        (lambda y, p, g, c: risk(y, p, np.arange(len(y)), c), "risk by slice"),
        (lambda *given: 1 - risk(*given), "share of right answers"),
        (lambda *given: risk(*given, surest=1), "least confident"),
        (lambda *given: risk(*given, cut=False), "before you cut"),
        (lambda y, p, g, c: risk(y, p, g, 1), "risk of all patients"),
        (lambda *given: risk(*given, share=False), "Divide by the answers"),
        (lambda *given: risk(*given, of=30), "not by all"),
        (lambda *given: risk(*given, vote=True), "That is a vote"),
        (lambda *given: 0.9, "too high"),
        (lambda *given: None, "one number"),
        (lambda y, p: 0, "TypeError"),
        (0.1, "This wants a function"),
    ],
)
def test_risk_by_patient(said, answer, words):
    assert words in said("06.3", answer)


def sets(p, labels, groups, new, promise, score=np.max, extra=1, guard=True):
    scores = 1 - p[np.arange(len(labels)), labels]
    found = np.sort([score(scores[groups == name]) for name in np.unique(groups)])
    k = int(np.ceil((len(found) + extra) * promise - 1e-9))
    edge = found[min(k, len(found)) - 1] if k <= len(found) or not guard else np.inf
    return 1 - new <= edge


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (sets, "right"),
        (lambda p, y, g, new, a: sets(p, y, g, new, a).tolist(), "right"),
        (lambda *given: ~sets(*given), "outside the set"),
        (lambda p, y, g, *rest: sets(p, y, np.arange(len(y)), *rest), "It counts slices"),
        (lambda *given: sets(*given, score=np.mean), "mean score"),
        (lambda *given: sets(*given, score=np.min), "least strange"),
        (lambda *given: sets(*given, extra=0), "Count the new patient"),
        (lambda p, y, g, new, a: sets(p, y, g, new, 1 - a), "far too low"),
        (lambda p, y, g, new, a: sets(p, y, g, 1 - new, a), "compare 1 - new"),
        (lambda *given: sets(*given, guard=False), "no sixteenth score"),
        (lambda p, y, g, new, a: new > 0.3, "not the sets"),
        (lambda p, y, g, new, a: new[0], "True or False"),
        (lambda p, y: 0, "TypeError"),
        (3, "This wants a function"),
    ],
)
def test_sets_that_cover_a_patient(said, answer, words):
    assert words in said("06.4", answer)
