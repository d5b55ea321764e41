"""Feedback on the exercises of lesson 12."""

import numpy as np
import pytest

from course_utils import exercises


def said(number: str, answer: object) -> str:
    return exercises.feedback(number, answer, data=()) or "right"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((30, -46, -12), "right"),
        (np.array([30.0, -46, -12, 1]), "right"),
        ([[30], [-46], [-12], [1]], "right"),
        ((-60, 80, 60), "last column"),
        ((150, -46, -12), "Mind the sign"),
        ((120, -86, -52), "not 1 mm"),
        ((30, -46, -32), "z is not right"),
        ((30, -46), "got the shape (2,)"),
        ("30", "three numbers"),
        (("a", "b", "c"), "three numbers"),
    ],
)
def test_place_of_a_voxel(answer, words):
    assert words in said("12.1", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (55296, "right"),
        (18432, "two dimensions"),
        (55360, "no bias"),
        (1728, "one channel"),
        (864, "one filter"),
        (5, "too low. 3 x 3 x 3"),
    ],
)
def test_weights_of_a_layer(answer, words):
    assert words in said("12.2", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (256 * 256 * 160 * 32 * 4 / 1e9, "right"),
        (1.25, "right"),
        (0.336, "float32 takes four"),
        (0.042, "one feature map"),
        (1342.2, "megabytes"),
        (256 * 256 * 160 * 32 * 4, "in bytes"),
        (7, "too high"),
    ],
)
def test_gigabytes_of_a_layer(answer, words):
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
def test_to_ras(answer, words):
    assert words in said("12.4", answer)
