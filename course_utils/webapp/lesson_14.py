"""What counts as right in the exercises of lesson 14."""

import numpy as np

from course_utils.exercises.common import Wrong, array, number_check, trying
from course_utils.webapp import uploads

UPLOADS, OTHERS, MISSED, FALSE = 1000, 0.05, 0.02, 0.015
# Uploads that are refused: slices, wrongly, and other pictures, rightly.
WRONGLY, RIGHTLY = UPLOADS * (1 - OTHERS) * FALSE, UPLOADS * OTHERS * (1 - MISSED)
SHARE = WRONGLY / (WRONGLY + RIGHTLY)


def stretched(answer: object, data: object) -> None:
    """14.2: a function of values and padding that returns greys from 0 to 1."""
    values = np.linspace(-200, 1800, 4000).reshape(40, 100)
    values[0, :3] = 90_000  # faulty pixels
    padding = np.zeros(values.shape, bool)
    padding[:, 90:] = True
    values[padding] = -32_768
    with trying(answer, "values and padding") as stretch:
        wanted = "a function that returns an array like values"
        greys = array(stretch(values, padding), wanted, values.shape)
        flat = array(stretch(np.full((4, 4), 7.0), np.eye(4, dtype=bool)), wanted, (4, 4))
    scanned = values[~padding]
    low, high = np.percentile(scanned, (0.5, 99.5))
    right = np.where(padding, 0, np.clip((values - low) / (high - low), 0, 1))
    if np.allclose(greys, right, atol=1e-3):
        if flat.min() < 0 or flat.max() > 1:
            raise Wrong("Of a slice that is 7 everywhere it makes greys outside 0 to 1.")
        return
    if greys.min() < 0 or greys.max() > 1:
        raise Wrong("Some greys lie outside 0 to 1: beyond the percentiles is black or white.")
    if np.allclose(greys[~padding], right[~padding], atol=1e-3):
        raise Wrong("What was scanned is right, but padding has to be black.")
    ends = scanned.min(), scanned.max()
    if np.allclose(greys[~padding], (scanned - ends[0]) / (ends[1] - ends[0]), atol=1e-3):
        raise Wrong("One faulty pixel decides about all others: take percentiles, not the ends.")
    low, high = np.percentile(values, (0.5, 99.5))
    if np.allclose(greys[~padding], np.clip((scanned - low) / (high - low), 0, 1), atol=1e-3):
        raise Wrong("Padding was counted, too: take the percentiles of what was scanned.")
    raise Wrong(
        "The 0.5th percentile of what was scanned should become 0, the 99.5th 1, and it does not."
    )


def header_first(answer: object, data: object) -> None:
    """14.3: a function of a file's bytes that says what is wrong with it, or None."""
    most, start = uploads.MOST_PIXELS, "On a file of which only the header is there it"
    sizes = ((128, 128), (2000, 2000), (2001, 2000), (100_000, 41), (15, 300), (300, 15), (16, 16))
    with trying(answer, "data", start) as problem:
        for junk in (b"", b"GIF89a" + bytes(40), b"\x89PNH" + uploads.bare_png(99, 99)[4:]):
            said = problem(junk)
            if said != "not a PNG":
                raise Wrong(
                    f"A file that begins with {junk[:6]!r} is no PNG, and it said {said!r}."
                )
        for width, height in sizes:
            # Whoever decodes the pixels fails: there are none.
            said = problem(uploads.bare_png(width, height))
            right = "too large" if width * height > most else None
            right = "too small" if min(width, height) < 16 else right
            if said != right:
                raise Wrong(
                    f"A PNG of {width:,} × {height:,} pixels is {right or 'as it should be'}, "
                    f"and it said {said!r}."
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
    "14.2": stretched,
    "14.3": header_first,
}
