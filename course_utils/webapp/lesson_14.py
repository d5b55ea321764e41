"""What counts as right in the exercises of lesson 14."""

from collections.abc import Callable

import numpy as np

from course_utils.datasets import Dataset
from course_utils.exercises.checks import number
from course_utils.webapp import uploads

UPLOADS, STRANGERS, MISSED, FALSE = 1000, 0.05, 0.02, 0.015


def wrongly_refused(answer: object, data: Dataset) -> str | None:
    """14.1: what share of the refused uploads were brain slices after all?"""
    slices, strangers = UPLOADS * (1 - STRANGERS), UPLOADS * STRANGERS
    wrong, right = slices * FALSE, strangers * (1 - MISSED)
    return number(
        answer,
        wrong / (wrong + right),
        tolerance=0.002,
        mistakes={
            100 * wrong / (wrong + right): "Right, but as a percentage: give the share, 0 to 1.",
            FALSE: "That is the share of slices that are refused. Asked is the share of the "
            "refused that are slices.",
            wrong: "That is how many slices are refused. Divide by all that is refused.",
            right / (wrong + right): "That is the share of refusals that are right.",
            wrong / UPLOADS: "Divide by the refused uploads, not by all of them.",
        },
        hint="Count, among 1,000 uploads, the slices refused and the other pictures refused.",
    )


def windowed(answer: object, data: Dataset) -> str | None:
    """14.2: a function of values, centre and width that returns greys from 0 to 1."""
    if not isinstance(answer, Callable):
        return "This wants a function of values, centre and width: give its name, without brackets."
    values = np.array([[-100.0, 0.0, 250.0], [500.0, 1000.0, 4000.0]])
    try:
        greys = np.asarray(answer(values, 500, 1000), dtype=float)
    except Exception as error:
        return f"It stopped with {type(error).__name__}: {str(error).splitlines()[0]}"
    wanted = np.array([[0, 0, 0.25], [0.5, 1, 1]])
    if greys.shape != wanted.shape:
        return f"It must return an array like values, and it returned the shape {greys.shape}."
    if greys.min() < 0 or greys.max() > 1:
        return "Some greys lie outside 0 to 1: what is outside the window is black or white."
    if np.allclose(greys, 1 - wanted, atol=0.01):
        return "Black and white are exchanged: large values are bright."
    if np.allclose(greys, np.clip((values - 500) / 1000, 0, 1), atol=0.01):
        return "Your window begins at its centre: it reaches half its width to both sides."
    if not np.allclose(greys, wanted, atol=0.01):
        return "At centre 500 and width 1,000, a value of 250 should be a quarter of white."
    return None


def header_first(answer: object, data: Dataset) -> str | None:
    """14.3: a function of a PNG's bytes that tells whether it has too many pixels."""
    if not isinstance(answer, Callable):
        return "This wants a function of data: give its name, without brackets."
    most = uploads.MOST_PIXELS
    sizes = {(128, 128): False, (8000, 5000): False, (8001, 5000): True, (100_000, 401): True}
    for (width, height), wanted in sizes.items():
        try:
            # A header and nothing behind it: whoever decodes the pixels fails.
            given = answer(uploads.bare_png(width, height))
        except Exception as error:
            return (
                f"It stopped with {type(error).__name__} on a file of which only the header is "
                "there. Width and height are all you need: bytes 16 to 23."
            )
        if bool(given) != wanted:
            limit = "more" if wanted else "no more"
            return f"{width:,} × {height:,} pixels are {limit} than {most:,}, and it said {given}."
    return None


CHECKS = {
    "14.1": wrongly_refused,
    "14.2": windowed,
    "14.3": header_first,
}
