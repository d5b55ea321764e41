"""What counts as right in the exercises of lesson 12."""

import numpy as np

from course_utils import settings
from course_utils.exercises.common import Wrong, array, rule_out, trying

# A head that lies askew, with voxels that are no cubes: what is left out or swapped shows.
ASKEW = np.array([[-2.0, 0.3, 0, 90], [0.2, 2.5, -0.4, -126], [0, 0.5, 3, -72], [0, 0, 0, 1]])


def places_of_voxels(answer: object, data: object) -> None:
    """12.1: a function of an affine and indices, (n, 3), that returns places in mm, (n, 3)."""
    indices = np.array([[0, 0, 0], [30, 40, 20], [7, 0, 11], [1, 2, 3]])
    matrix, origin = ASKEW[:3, :3], ASKEW[:3, 3]
    with trying(answer, "an affine and indices") as places:
        found = array(places(ASKEW, indices), "x, y and z for each index, (4, 3)", (4, 3))
    truth = indices @ matrix.T + origin
    mistakes = {
        "That is how far each voxel is from voxel (0, 0, 0): add the last column.": truth - origin,
        "Rows and columns of the affine are swapped: x takes the first row, times (i, j, k, 1).": (
            indices @ matrix + origin
        ),
        "Mind the signs: the first axis of this file runs to the left.": (
            indices @ np.abs(matrix).T + origin
        ),
        "It uses the diagonal alone, and this head lies askew: take the whole rows.": (
            indices * np.diag(matrix) + origin
        ),
        "A step is not 1 mm: multiply the indices by the affine first.": indices + origin,
        "The axes are swapped: x comes first, and z last.": truth[:, ::-1],
    }
    rule_out(found, mistakes)
    if not np.allclose(found, truth):
        row, axis = np.argwhere(~np.isclose(found, truth))[0]
        raise Wrong(
            f"{'xyz'[axis]} of index {tuple(indices[row].tolist())} is {found[row, axis]:g} and "
            f"should be {truth[row, axis]:g}: row by row, multiply, add up, add the last column."
        )


def convolution_in_3d(answer: object, data: object) -> None:
    """12.2: a function of a volume with channels and of kernels, without a border."""
    rng = np.random.default_rng(settings.SEED)
    volume = rng.normal(size=(6, 7, 5, 2))
    for size in ((3, 3, 3), (3, 3, 1)):
        kernels = rng.normal(size=(*size, 2, 4))
        named = " x ".join(map(str, size))
        truth = _convolved(volume, kernels)
        with trying(answer, "a volume and kernels", f"With kernels of {named} it") as convolve:
            found = np.asarray(convolve(volume, kernels))
            if found.shape[:3] == volume.shape[:3] and found.shape != truth.shape:
                raise Wrong("It has a border: without one, the result is smaller than the volume.")
            if found.shape == truth.shape[:3]:
                raise Wrong("There are 4 filters, and it gives one map: make one of each filter.")
            found = array(found, f"the shape {truth.shape} for kernels of {named}", truth.shape)
        mistakes = {
            "The kernels are flipped: networks lay them on as they are.": _convolved(
                volume, kernels[::-1, ::-1, ::-1]
            ),
            "It looks at the first channel only: add up over all of them.": _convolved(
                volume[..., :1], kernels[..., :1, :]
            ),
            "It takes the mean of the channels: add them up.": truth / 2,
            "It takes the mean of the products: add them up.": truth / kernels[..., 0].size,
        }
        if size == (3, 3, 3):
            swapped = _convolved(volume, kernels.transpose(2, 1, 0, 3, 4))
            mistakes["The kernels' axes are swapped: the first runs along x, as here."] = swapped
        rule_out(found, mistakes)
        if not np.allclose(found, truth):
            raise Wrong(f"With kernels of {named} it does not give the sums of all products.")


def vote_chosen_on_validation(answer: object, data: object) -> None:
    """12.3: a function that takes the rule best on validation patients to those of the test."""
    rules = {
        "mean": lambda votes: votes.mean(axis=1),
        "largest": lambda votes: votes.max(axis=1),
        "first": lambda votes: votes[:, 0],
    }
    rng = np.random.default_rng(settings.SEED)
    for best in rules:
        votes, labels = _votes(rng, best)
        tested, _ = _votes(rng, best)
        with trying(answer, "rules, val_votes, val_labels and test_votes") as vote:
            found = np.asarray(vote(rules, votes, labels, tested))
        if found.shape == (40, 3):
            raise Wrong("That is a row of numbers a patient: name the class of the largest.")
        found = array(found, "a class for each of the 40 test patients", (40,))
        given = {name: rule(tested).argmax(axis=1) for name, rule in rules.items()}
        if np.array_equal(found, given[best]):
            continue
        if np.array_equal(found, rules[best](votes)[:40].argmax(axis=1)):
            raise Wrong("The rule is right, but those are the validation patients.")
        right = {n: np.mean(rule(votes).argmax(axis=1) == labels) for n, rule in rules.items()}
        if np.array_equal(found, given[min(right, key=right.get)]):
            raise Wrong("It takes the rule that is worst on the validation patients.")
        for name in rules:
            if np.array_equal(found, given[name]):
                raise Wrong(
                    f"It takes the rule {name!r}, right in {right[name]:.0%} of the validation "
                    f"patients, where {best!r} is right in {right[best]:.0%}."
                )
        raise Wrong("No rule gives these classes for the test patients: apply the best one whole.")


def to_ras(answer: object, data: object) -> None:
    """12.4: a function that flips axes until all of them run to the right, front and top."""
    rng = np.random.default_rng(0)
    for signs in ((-1, 1, 1), (1, -1, 1), (-1, -1, 1), (1, 1, 1), (-1, 1, -1)):
        volume = rng.permutation(60).reshape(3, 4, 5)
        affine = np.diag([*np.array(signs) * (2.0, 2.5, 3), 1])
        affine[:3, 3] = -30, 40, 50
        with trying(answer, "a volume and its affine") as turn:
            turned, there = turn(volume, affine)
            turned = array(turned, f"a volume of {volume.shape} first", volume.shape)
            there = array(there, "a 4 by 4 affine second", (4, 4))
        if wrong := _misplaced(volume, affine, turned, there):
            raise Wrong(f"Given an affine with {' '.join(f'{s:+d}' for s in signs)}: {wrong}")


def _convolved(volume: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(volume, kernels.shape[:3], axis=(0, 1, 2))
    return np.einsum("xyzcijk,ijkcf->xyzf", windows, kernels)


def _votes(rng: np.random.Generator, best: str) -> tuple[np.ndarray, np.ndarray]:
    """Votes of 40 patients, (40, 5, 3), of which one rule makes the most, and their labels."""
    labels = rng.integers(0, 3, 40)
    own = np.eye(3)[labels][:, None]
    votes = rng.dirichlet(np.ones(3), (40, 5)) * 0.5
    if best == "mean":
        # All agree a little, and one is sure of anything.
        votes += 0.35 * own
        votes[:, 2] = np.eye(3)[rng.integers(0, 3, 40)] * 0.98 + 0.01
    elif best == "largest":
        # One knows, and the others lean to another class.
        votes += 0.4 * np.eye(3)[(labels[:, None] + 1) % 3]
        votes[:, 3] = own[:, 0] * 0.98 + 0.01
    else:
        votes[:, 0] = own[:, 0] * 0.7 + 0.1
        votes[:, 1:] += np.eye(3)[rng.integers(0, 3, (40, 1))] * 0.6
    return votes / votes.sum(axis=2, keepdims=True), labels


def _misplaced(volume, affine, turned, there) -> str | None:
    """What is wrong with a turned volume and its new affine, or nothing."""
    if (np.diag(there) < 0).any():
        return "an axis still runs to the left, back or bottom."
    if not np.allclose(np.abs(np.diag(there)), np.abs(np.diag(affine))):
        return "the voxels have changed their size."
    if not np.array_equal(np.sort(turned, axis=None), np.sort(volume, axis=None)):
        return "numbers have got lost."
    for value in (0, 59):
        before, after = (
            a[:3, :3] @ np.argwhere(v == value)[0] + a[:3, 3]
            for v, a in ((volume, affine), (turned, there))
        )
        if not np.allclose(before, after):
            return (
                f"a voxel that was at {before.round(1).tolist()} mm is now at "
                f"{after.round(1).tolist()} mm. What has become voxel (0, 0, 0)?"
            )
    return None


CHECKS = {
    "12.1": places_of_voxels,
    "12.2": convolution_in_3d,
    "12.3": vote_chosen_on_validation,
    "12.4": to_ras,
}
