"""Controls, and the picture that follows them."""

import asyncio
import base64
import contextlib
import html
from collections.abc import Callable, Iterable, Iterator, Mapping

import ipywidgets
from IPython.display import display
from matplotlib.figure import Figure

from course_utils import plots, settings
from course_utils.core.errors import CourseError

# Seconds without a further change before the picture is drawn again: a dragged slider sends a
# change for every step, and drawing each of them would leave the picture far behind the hand.
PAUSE = 0.05
# Explorers that are to be looked through rather than shown; None while they are shown.
_taken: list[tuple[Callable, Mapping]] | None = None


@contextlib.contextmanager
def recorded() -> Iterator[list[tuple[Callable, Mapping]]]:
    """Take explorers instead of showing them: their function ``draw`` and their controls."""
    global _taken
    _taken = taken = []
    try:
        yield taken
    finally:
        _taken = None


def explore(
    draw: Callable[..., tuple[Figure, str]], controls: Mapping[str, ipywidgets.ValueWidget]
) -> None:
    """Show controls, and the picture that ``draw`` makes of their values, by name.

    It returns the figure and what that shows, in words. In static mode
    (:func:`course_utils.settings.static`) the picture of the first values stands alone.
    """

    def values() -> dict:
        return {name: control.value for name, control in controls.items()}

    if _taken is not None:
        _taken.append((draw, controls))
        return
    if settings.static():
        plots.show(*draw(**values()))
        return
    picture = ipywidgets.HTML(layout={"max_width": "100%"})
    pending: list[asyncio.TimerHandle] = []

    def redraw() -> None:
        try:
            figure, says = draw(**values())
        except CourseError as error:
            picture.value = html.escape(str(error))
            return
        data = base64.b64encode(plots.png(figure)).decode()
        says = html.escape(says)
        picture.value = (
            f'<img alt="{says}" src="data:image/png;base64,{data}" style="max-width: 100%">'
            f'<p aria-live="polite">{says}</p>'
        )

    def changed(_) -> None:
        while pending:
            pending.pop().cancel()
        pending.append(asyncio.get_running_loop().call_later(PAUSE, redraw))

    for control in controls.values():
        control.observe(changed, "value")
    redraw()
    # Side by side where there is room, so that hand and eye stay together.
    knobs = ipywidgets.VBox([*controls.values()], layout={"margin": "0 1em 0 0"})
    display(ipywidgets.HBox([knobs, picture], layout={"flex_flow": "row wrap"}))


def lay_out(
    controls: Mapping[str, ipywidgets.ValueWidget], width: str = "38em", hidden: Iterable[str] = ()
) -> None:
    """Align controls below each other, and hide those that would change nothing."""
    for name, control in controls.items():
        control.style = {"description_width": "6em"}
        if isinstance(control, ipywidgets.ToggleButtons):
            control.style.button_width = "auto"
        control.layout.width = width
        control.layout.display = "none" if name in hidden else None


def class_buttons(names: Iterable[str], description: str = "class", **more):
    """One button a class, with its name as people say it."""
    options = [(plots.spoken(name), name) for name in names]
    return ipywidgets.ToggleButtons(options=options, description=description, **more)


def place(plane: str, before: str = " ") -> str:
    """The plane in a sentence, or nothing where nobody knows it."""
    return "" if plane == "unknown" else before + plane
