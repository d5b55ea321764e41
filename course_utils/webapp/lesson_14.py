"""What counts as right in the exercises of lesson 14."""

import numpy as np

from course_utils.exercises.common import Wrong, array, number_check, trying
from course_utils.webapp import uploads

UPLOADS, OTHERS, MISSED, FALSE = 1000, 0.05, 0.02, 0.015
# Uploads that are refused: slices, wrongly, and other pictures, rightly.
WRONGLY, RIGHTLY = UPLOADS * (1 - OTHERS) * FALSE, UPLOADS * OTHERS * (1 - MISSED)
SHARE = WRONGLY / (WRONGLY + RIGHTLY)


def windowed(answer: object, data: object) -> None:
    """14.2: a function of values, centre and width that returns greys from 0 to 1."""
    values = np.array([[-100.0, 0.0, 250.0], [500.0, 1000.0, 4000.0]])
    with trying(answer, "values, centre and width") as window:
        wanted = "a function that returns an array like values"
        greys = array(window(values, 500, 1000), wanted, values.shape)
    right = np.array([[0, 0, 0.25], [0.5, 1, 1]])
    if greys.min() < 0 or greys.max() > 1:
        raise Wrong("Some greys lie outside 0 to 1: beyond the window is black or white.")
    if np.allclose(greys, 1 - right, atol=0.01):
        raise Wrong("Black and white are exchanged: large values are bright.")
    if np.allclose(greys, np.clip((values - 500) / 1000, 0, 1), atol=0.01):
        raise Wrong("Your window begins at its centre: it reaches half its width to both sides.")
    if not np.allclose(greys, right, atol=0.01):
        raise Wrong("At centre 500 and width 1,000, a value of 250 should be a quarter of white.")


def header_first(answer: object, data: object) -> None:
    """14.3: a function of a PNG's bytes that tells whether it has too many pixels."""
    most = uploads.MOST_PIXELS
    for width, height in ((128, 128), (2000, 2000), (2001, 2000), (100_000, 41)):
        # Whoever decodes the pixels fails: there are none.
        start = "On a file of which only the header is there (bytes 16 to 23 are all you need) it"
        with trying(answer, "data", start) as too_large:
            given = bool(too_large(uploads.bare_png(width, height)))
        if given != (width * height > most):
            limit = "no more" if given else "more"
            raise Wrong(
                f"{width:,} × {height:,} pixels are {limit} than {most:,}, and it said {given}."
            )


CHECKS = {
    "14.1": number_check(  # the share of the refused uploads that were brain slices after all
        SHARE,
        {
            100 * SHARE: "Right, but as a percentage: give the share, 0 to 1.",
            FALSE: "That is the share of slices refused. Asked is the share of the refused that "
            "are slices.",
            WRONGLY: "That is how many slices are refused. Divide by all that is refused.",
            1 - SHARE: "That is the share of refusals that are right.",
            WRONGLY / UPLOADS: "Divide by the refused uploads, not by all of them.",
        },
        hint="Count, among 1,000 uploads, the slices refused and the other pictures refused.",
        tolerance=0.002,
    ),
    "14.2": windowed,
    "14.3": header_first,
}
