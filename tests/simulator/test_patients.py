"""A simulated patient: the same from the same seed."""

import numpy as np
import pandas as pd
import pytest

from course_utils import simulator
from course_utils.core.errors import CourseError


def test_same_seed_gives_the_same_patient():
    first, second = (simulator.slices(simulator.patient(5, "glioma"), ["axial"]) for _ in "ab")
    other = simulator.slices(simulator.patient(6, "glioma"), ["axial"])
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])
    pd.testing.assert_frame_equal(first[2], second[2])
    assert not np.array_equal(first[0], other[0])


def test_difficulty_changes_the_lesion_and_nothing_else():
    easy, hard = (simulator.patient(5, "meningioma", level) for level in ("easy", "hard"))
    assert easy.lesion.radius > hard.lesion.radius
    assert easy.lesion.strength > hard.lesion.strength
    assert np.array_equal(easy.warp.linear, hard.warp.linear)
    assert easy.scanner.levels["fat"].tolist() == hard.scanner.levels["fat"].tolist()


@pytest.mark.parametrize("wrong", [("no_tumor", None), ("glioma", "impossible")])
def test_unknown_class_or_difficulty_is_named(wrong):
    with pytest.raises(CourseError, match=wrong[1] or wrong[0]):
        simulator.patient(1, *wrong)
