"""Feedback on the exercises of lesson 04."""

import pytest


@pytest.mark.parametrize(
    ("number", "right", "mistakes"),
    [
        ("04.1", 8196, {8192: "bias", 5124: "2,048", 2052: "every class"}),
        ("04.2", 180 / 66, {3: "filled once", 66 / 180: "Turn it over", 20: "each of the 20"}),
        ("04.3", 0.0226, {0.0113: "one-sided", 30 / 44: "not yet p"}),
    ],
)
def test_numbers(said, number, right, mistakes):
    assert said(number, right) == "right"
    for wrong, words in mistakes.items():
        assert words in said(number, wrong)
    assert "This wants one number" in said(number, "many")
