"""How figures look, the colours of classes, and ``show``, which puts a figure into the lesson."""

import colorsys
import io
import itertools
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

import matplotlib.pyplot as plt
from IPython.display import Image as Picture
from IPython.display import Markdown, display
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

# Okabe & Ito (2008), "Color Universal Design": colours that colour-blind readers tell apart too.
OKABE_ITO = {
    "vermilion": "#D55E00", "blue": "#0072B2", "green": "#009E73", "purple": "#CC79A7",
    "orange": "#E69F00", "sky": "#56B4E9", "black": "#000000", "yellow": "#F0E442",
}  # fmt: skip
COLOURS = {
    "glioma": OKABE_ITO["vermilion"], "meningioma": OKABE_ITO["blue"],
    "notumor": OKABE_ITO["green"], "pituitary": OKABE_ITO["purple"],
}  # fmt: skip
OUTLINE = OKABE_ITO["yellow"]
INK, PALE = "#333333", "#9a9a9a"
# Lines that are no class of slices must not wear a class's colour.
LINES = (OKABE_ITO["black"], OKABE_ITO["orange"], OKABE_ITO["sky"], PALE)
DASHED = {"color": PALE, "linestyle": "--", "linewidth": 1.5, "zorder": 0}
DPI = 100


def look() -> AbstractContextManager:
    """Draw in the course's look, as a context or a decorator, and leave other figures theirs."""
    return plt.style.context("course_utils.plots.course", after_reset=True)


def colours(class_names: Iterable[str]) -> dict[str, str]:
    """Give each class a colour: the course's own four keep theirs, others get one by their place.

    They are all classes of the data set, in order: so a class looks alike in every figure.
    """
    names = list(class_names)
    taken = {COLOURS.get(name) for name in names}
    free = (colour for colour in _places() if colour not in taken)
    return {name: COLOURS.get(name) or next(free) for name in names}


def _places() -> Iterator[str]:
    """Colours without end: those of Okabe and Ito, then dark hues far from the ones before."""
    # Yellow outlines lesions, and nobody could read it on white.
    yield from (colour for colour in OKABE_ITO.values() if colour != OUTLINE)
    for number in itertools.count():
        # Steps of the golden ratio around the circle leave the widest gaps between hues; these
        # darker ones begin where the next ten are farthest from the seven.
        yield to_hex(colorsys.hsv_to_rgb((0.9 + 0.618034 * number) % 1, 0.8, 0.6))


def spoken(label: str) -> str:
    """A class's name as people say it: ``no tumor`` for ``notumor``, spaces for underscores."""
    return label.replace("notumor", "no tumor").replace("_", " ")


def wrapped(label: str, width: int = 24) -> str:
    """A class's name as people say it, in lines of so many letters at most."""
    return textwrap.fill(spoken(label), width)


def show(figure: Figure, says: str) -> None:
    """Put a figure into the lesson; the words below it are its alternative text, too."""
    # As metadata, since the IPython of hosted notebooks knows no alt.
    display(Picture(png(figure), metadata={"alt": says}))
    display(Markdown(says))


@look()
def png(figure: Figure) -> bytes:
    """Draw a figure as a PNG file and close it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    plt.close(figure)
    # Some 50 greys and the even spread of colours look the same as all of them, and take a third
    # of the room in a notebook.
    rounded = [min(255, 5 * round(value / 5)) for value in range(256)]
    picture = Image.open(file).convert("RGB").point(rounded * 3)
    small = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    file = io.BytesIO()
    small.save(file, format="png", optimize=True)
    return file.getvalue()


def headlined(figure: Figure, headline: str) -> Figure:
    """Write what a figure says above it, at the left, and return it."""
    if headline:
        figure.suptitle(headline, x=0.01, ha="left", weight="bold", size=12)
    return figure


def titled(axes: Axes, title: str | None, size: float = 9) -> None:
    """Write the small title of one picture among others."""
    axes.set_title(title, size=size, weight="normal")


def close_up(figure: Figure) -> None:
    """Leave hardly any space between the pictures of a figure."""
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
