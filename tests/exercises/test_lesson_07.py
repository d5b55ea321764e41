"""Checks of lesson 07 tell common mistakes from right answers."""

import numpy as np
import pytest


def correlated(images, groups, least=0.95, apart=True, standard=True):
    rows = images.reshape(len(images), -1).astype(float)
    if standard:
        rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    same = rows @ rows.T >= least
    return np.argwhere(np.triu(same & ((groups[:, None] != groups) | (not apart)), k=1))


def exact(images, groups):
    same = (images[:, None] == images).all(axis=(2, 3))
    return np.argwhere(np.triu(same & (groups[:, None] != groups), k=1))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (correlated, "right"),
        (lambda i, g: [tuple(pair) for pair in correlated(i, g)], "right"),
        (lambda i, g: correlated(i, g, apart=False), "Slices of one group"),
        (exact, "exact copies alone"),
        (lambda i, g: [], "none of the three"),
        (lambda i, g: correlated(i, g, least=0.3), "different pictures"),
        (lambda i, g: correlated(i, g, standard=False), "different pictures"),
        (lambda i, g: [*correlated(i, g), *correlated(i, g)[:, ::-1]], "comes twice"),
        (lambda i, g: [(0, 0), *correlated(i, g)], "with themselves"),
        (lambda i, g: 3, "wants pairs of row numbers"),
        (lambda i, g: correlated(i, g)[1:], "brighter"),
        (lambda i, g: ..., "Not tried yet"),
        ([(1, 9)], "wants a function"),
    ],
)
def test_twins(said, answer, words):
    assert words in said("07.1", answer)


def blinded(frame):
    def classify(train, labels, test):
        seen = np.ones(train.shape[1:], bool)
        seen[frame:-frame, frame:-frame] = False
        own = [train[labels == label][:, seen].mean(axis=0) for label in (0, 1)]
        return np.stack([((test[:, seen] - mean) ** 2).sum(axis=1) for mean in own]).argmin(axis=0)

    return classify


def everything(train, labels, test):
    own = [train[labels == label].mean(axis=0) for label in (0, 1)]
    return np.stack([((test - mean) ** 2).sum(axis=(1, 2)) for mean in own]).argmin(axis=0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (blinded(8), "right"),
        (everything, "It sees the middle"),
        (blinded(1), "misses a bright mark"),
        (lambda train, labels, test: np.zeros(len(test), int), "misses a bright mark"),
        (lambda train, labels, test: labels, "60 test slices"),
        (lambda train, labels, test: train[0, 0, 99], "stopped with IndexError"),
        (lambda train, labels, test: ..., "Not tried yet"),
    ],
)
def test_blind(said, answer, words):
    assert words in said("07.2", answer)


def disputed(labels, probabilities, groups, single=False, everybody=False):
    own = {}
    for name in np.unique(groups):
        here = groups == name
        mean, label = probabilities[here].mean(axis=0), labels[here][0]
        wrong = (
            (probabilities[here].argmax(axis=1) != label).any()
            if single
            else (mean.argmax() != label)
        )
        if wrong or everybody:
            own[name] = mean[label]
    return sorted(own, key=own.get)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (disputed, "right"),
        (lambda *given: disputed(*given)[::-1], "turn it round"),
        (lambda *given: disputed(*given, everybody=True), "names every patient"),
        (lambda *given: disputed(*given, single=True), "a single slice"),
        (lambda *given: sorted({"P4", "P5", "P6"}, key=["P4", "P6", "P5"].index), "confirmed"),
        (lambda *given: [], "nobody"),
        (lambda *given: "P2", "wants a list"),
        (lambda *given: 3, "wants a list"),
        (lambda *given: ..., "Not tried yet"),
    ],
)
def test_doubts(said, answer, words):
    assert words in said("07.3", answer)
