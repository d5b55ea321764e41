"""Explorers: controls above a picture that follows them, or one still picture in static mode."""

import asyncio
import base64
import html
from collections.abc import Callable, Mapping

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, display
from matplotlib.figure import Figure

from course_utils import datasets, plots, settings
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset

# Seconds without a further change before the picture is drawn again: a dragged slider sends a
# change for every step, and drawing each of them would leave the picture far behind the hand.
PAUSE = 0.05
WIDE = {"description_width": "5.5em"}
ABOUT = {
    "practice": "Its patients are simulated on this computer: no network, and patients, planes "
    "and lesions are known exactly.",
    "kaggle": "Its slices are real and come from several collections. Nobody wrote down the "
    "patients and planes, and nobody outlined the lesions.",
}


def explore(
    draw: Callable[..., tuple[Figure, str]], controls: Mapping[str, ipywidgets.ValueWidget]
) -> None:
    """Show controls, and below them the picture that their values give.

    In static mode (:func:`course_utils.settings.static`) the picture of the first values is
    shown without controls.

    Parameters
    ----------
    draw : callable
        Takes the controls' values by name; returns the figure and one sentence on what it shows.
    controls : mapping of str to widget
    """

    def values() -> dict:
        return {name: control.value for name, control in controls.items()}

    if settings.static():
        plots.show(*draw(**values()))
        return
    picture = ipywidgets.HTML()
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
            f'<img alt="{says}" src="data:image/png;base64,{data}"><p aria-live="polite">{says}</p>'
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


def slice_explorer(data: Dataset) -> None:
    """Browse a data set: choose class, plane and patient, and leaf through the slices.

    Where the patients are unknown, groups of near-duplicates take their place; contrasts, planes
    and outlines can be chosen where the data set has them.
    """
    table = data.table.assign(row=np.arange(len(data)))
    known = table["patient"].notna().all()
    planes = list(table["plane"].unique())
    label = ipywidgets.ToggleButtons(
        options=[(plots.spoken(name), name) for name in data.class_names], description="class"
    )
    plane = ipywidgets.ToggleButtons(options=planes, description="plane")
    group = ipywidgets.SelectionSlider(
        options=[""], description="patient" if known else "group", continuous_update=True
    )
    number = ipywidgets.IntSlider(min=1, max=1, description="slice")
    contrast = ipywidgets.ToggleButtons(options=list(data.contrasts), description="contrast")
    outline = ipywidgets.Checkbox(
        value=data.masks is not None, description="outline the lesion", indent=True
    )
    controls = {
        "label": label,
        "plane": plane,
        "group": group,
        "number": number,
        "contrast": contrast,
        "outline": outline,
    }
    for control in controls.values():
        control.style = WIDE | ({"button_width": "auto"} if hasattr(control, "tooltips") else {})
        control.layout.width = "24em"
    hidden = (plane, len(planes) < 2), (contrast, len(data.contrasts) < 2)
    for control, useless in (*hidden, (outline, data.masks is None)):
        control.layout.display = "none" if useless else None

    def fitting() -> np.ndarray:
        return table[(table["label"] == label.value) & (table["plane"] == plane.value)]

    def offer_groups(_=None) -> None:
        names = list(fitting()["group"].unique()) or [""]
        group.options = names
        group.value = names[0]
        offer_slices()

    def offer_slices(_=None) -> None:
        number.max = max(1, int((fitting()["group"] == group.value).sum()))
        # The middle of a patient's slices is where the lesion is best seen.
        number.value = (number.max + 1) // 2

    label.observe(offer_groups, "value")
    plane.observe(offer_groups, "value")
    group.observe(offer_slices, "value")
    offer_groups()

    def draw(label: str, plane: str, group: str, number: int, contrast: str, outline: bool):
        rows = table.loc[
            (table["label"] == label) & (table["plane"] == plane) & (table["group"] == group), "row"
        ]
        if rows.empty:
            raise CourseError(f"No slice is {plots.spoken(label)} and {plane}: choose another.")
        row = rows.iloc[min(number, len(rows)) - 1]
        mask = data.masks[row] if outline and data.masks is not None else None
        figure, axes = plt.subplots(figsize=(4, 4))
        figure.get_layout_engine().set(w_pad=0, h_pad=0)
        plots.draw_slice(axes, data.contrast(contrast)[row], mask, plane)
        where = "" if plane == "unknown" else f" {plane}"
        says = (
            f"{'Patient' if known else 'Group'} {group}, {plots.spoken(label)}:{where} slice "
            f"{number} of {len(rows)}, {contrast}."
        )
        if data.masks is not None:
            share = data.masks[row].mean()
            says += f" The lesion covers {share:.1%} of the picture." if share else " No lesion."
        return figure, says

    explore(draw, controls)


def dataset_selector() -> None:
    """Choose the data set of all lessons; the choice is remembered.

    Data that is not on this computer cannot be chosen, and ``$COURSE_DATASET`` goes before any
    choice: both are said in words.
    """
    here = [name for name in settings.DATASETS if _is_here(name)]
    words = ipywidgets.HTML(_about(settings.dataset()))
    if settings.static():
        display(HTML(words.value))
        return
    choice = ipywidgets.ToggleButtons(
        options=sorted({*here, settings.dataset()}, key=settings.DATASETS.index),
        value=settings.dataset(),
        disabled=settings.dataset_is_fixed(),
        description="data set",
        style=WIDE,
    )

    def chosen(_) -> None:
        settings.choose_dataset(choice.value)
        words.value = _about(choice.value)

    choice.observe(chosen, "value")
    display(ipywidgets.VBox([choice, words]))


def _is_here(name: str) -> bool:
    # Practice data is made on first use, so it is always at hand.
    return name == "practice" or datasets.folder_of(name).exists()


def _about(name: str) -> str:
    """Say in words what the chosen data set is and what else could be chosen, as HTML."""
    words = f"<b>The lessons use the {name} data.</b> {ABOUT[name]}"
    if settings.dataset_is_fixed():
        words += f" <code>COURSE_DATASET={name}</code> decides this; unset it to choose here."
    if not _is_here("kaggle"):
        words += (
            " The Kaggle data is not on this computer: <code>course data download</code> fetches "
            "it, and <code>course data import PATH</code> takes a zip or folder you have."
        )
    return words
