"""The exercises of lesson 04: right answers pass, likely mistakes are answered in words."""

import pytest

from course_utils.exercises.lesson_04 import CHECKS


@pytest.mark.parametrize(
    ("number", "right", "mistakes"),
    [
        ("04.1", 8196, {8192: "bias", 5124: "2,048", 2052: "every class"}),
        ("04.2", 180 / 66, {3: "filled once", 66 / 180: "Turn it over", 20: "each of the 20"}),
        ("04.3", 0.0226, {0.0113: "one-sided", 30 / 44: "not yet p"}),
    ],
)
def test_numbers(number, right, mistakes):
    assert CHECKS[number](right, None) is None
    for wrong, words in mistakes.items():
        assert words in CHECKS[number](wrong, None)
    assert "This wants one number" in CHECKS[number]("many", None)
