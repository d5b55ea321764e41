"""Feedback on the exercises of lesson 12."""

import numpy as np
import pytest

MATRIX, ORIGIN = np.s_[:3, :3], np.s_[:3, 3]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda a, i: (np.c_[i, np.ones(len(i))] @ a.T)[:, :3], "right"),
        (lambda a, i: [(a @ [*one, 1])[:3] for one in i], "right"),
        (lambda a, i: ..., "Not tried yet"),
        (lambda a, i: np.c_[i, np.ones(len(i))] @ a.T, "got the shape (4, 4)"),
        (lambda a, i: i @ a[MATRIX].T, "add the last column"),
        (lambda a, i: i @ a[MATRIX] + a[ORIGIN], "Rows and columns of the affine are swapped"),
        (lambda a, i: i @ abs(a[MATRIX]).T + a[ORIGIN], "Mind the signs"),
        (lambda a, i: i * np.diag(a)[:3] + a[ORIGIN], "diagonal alone"),
        (lambda a, i: i + a[ORIGIN], "not 1 mm"),
        (lambda a, i: (i @ a[MATRIX].T + a[ORIGIN])[:, ::-1], "axes are swapped"),
        (lambda a, i: i @ a[MATRIX].T + 1, "x of index (0, 0, 0) is 1 and should be 90"),
        (lambda a, i: i @ a, "It stopped with ValueError"),
        ((30, -46, -12), "wants a function"),
    ],
)
def test_places_of_voxels(said, answer, words):
    assert words in said("12.1", answer)


def convolved(volume, kernels):
    sizes = kernels.shape[:3]
    sides = [side - size + 1 for side, size in zip(volume.shape, sizes, strict=False)]
    result = np.zeros((*sides, kernels.shape[-1]))
    for i, j, k in np.ndindex(*sides):
        window = volume[i : i + sizes[0], j : j + sizes[1], k : k + sizes[2]]
        result[i, j, k] = np.tensordot(window, kernels, 4)
    return result


def padded(volume, kernels):
    edges = [(size // 2, size // 2) for size in kernels.shape[:3]]
    return convolved(np.pad(volume, [*edges, (0, 0)]), kernels)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (convolved, "right"),
        (lambda v, k: ..., "Not tried yet"),
        (padded, "It has a border"),
        (lambda v, k: convolved(v, k)[..., 0], "make one of each filter"),
        (lambda v, k: convolved(v, k[::-1, ::-1, ::-1]), "kernels are flipped"),
        (lambda v, k: convolved(v, k.transpose(2, 1, 0, 3, 4)), "kernels' axes are swapped"),
        (lambda v, k: convolved(v[..., :1], k[..., :1, :]), "first channel only"),
        (lambda v, k: convolved(v, k) / 2, "mean of the channels"),
        (lambda v, k: convolved(v, k) / k[..., 0].size, "mean of the products"),
        (lambda v, k: convolved(v, k) + 1, "sums of all products"),
        (lambda v, k: convolved(v, np.repeat(k[:, :, :1], 3, 2)), "sums of all products"),
        (lambda v, k: convolved(v, k[:3, :3, [0, -1, -1]]), "sums of all products"),
        (lambda v, k: v.T @ k, "With kernels of 3 x 3 x 3 it stopped"),
        (None, "wants a function"),
    ],
)
def test_convolution_in_3d(said, answer, words):
    assert words in said("12.2", answer)


def test_a_convolution_for_cubes_alone_is_told_so(said):
    def cubes(volume, kernels):
        return convolved(volume, np.broadcast_to(kernels, (3, 3, 3, 2, 4)))

    assert "kernels of 3 x 3 x 1" in said("12.2", cubes)


def best_on(rules, votes, labels, pick=max):
    return pick(rules, key=lambda name: (rules[name](votes).argmax(1) == labels).mean())


def voted(rules, val_votes, val_labels, test_votes):
    return rules[best_on(rules, val_votes, val_labels)](test_votes).argmax(axis=1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (voted, "right"),
        (lambda r, v, y, t: ..., "Not tried yet"),
        (lambda r, v, y, t: r["mean"](t).argmax(axis=1), "It takes the rule"),
        (lambda r, v, y, t: r["largest"](t).argmax(axis=1), "It takes the rule"),
        (lambda r, v, y, t: r[best_on(r, v, y, min)](t).argmax(axis=1), "worst on the validation"),
        (
            lambda r, v, y, t: r[best_on(r, v, y)](v).argmax(axis=1),
            "those are the validation patients",
        ),
        (lambda r, v, y, t: r[best_on(r, v, y)](t), "class of the largest"),
        (lambda r, v, y, t: best_on(r, v, y), "a class for each of the 40"),
        (lambda r, v, y, t: (voted(r, v, y, t) + 1) % 3, "No rule gives these classes"),
        (lambda r, v, y, t: r["median"](t), "It stopped with KeyError"),
        ("mean", "wants a function"),
    ],
)
def test_a_vote_chosen_on_validation(said, answer, words):
    assert words in said("12.3", answer)


def right(volume, affine):
    for axis in range(3):
        if affine[axis, axis] < 0:
            volume = np.flip(volume, axis)
            affine[axis, 3] += affine[axis, axis] * (volume.shape[axis] - 1)
            affine[axis, axis] *= -1
    return volume, affine


def off_by_one(volume, affine):
    turned, there = right(volume, affine.copy())
    there[:3, 3] -= (np.diag(affine)[:3] < 0) * there[0, 0]
    return turned, there


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (right, "right"),
        (lambda v, a: ..., "Not tried yet"),
        (lambda v, a: (v, a), "still runs to the left"),
        (lambda v, a: (v, np.abs(a)), "What has become voxel"),
        (lambda v, a: (right(v, a.copy())[0], np.abs(a)), "What has become voxel"),
        (off_by_one, "What has become voxel"),
        (lambda v, a: (v * 0, right(v, a)[1]), "got lost"),
        (lambda v, a: (v[1:], a), "got the shape (2, 4, 5)"),
        (lambda v, a: (v, np.eye(4)), "changed their size"),
        (lambda v: v, "It stopped with TypeError"),
        (None, "wants a function"),
    ],
)
def test_to_ras(said, answer, words):
    assert words in said("12.4", answer)
