"""Choosing a data set, and leafing through it."""

import html

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import HTML, display

from course_utils import datasets, plots, settings
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.widgets.controls import class_buttons, explore, lay_out, place

ABOUT = {
    "practice": "Its patients are simulated on this computer: no network, and patients, planes "
    "and lesions are known exactly.",
    "kaggle": "Its slices are real and come from several collections. Nobody wrote down the "
    "patients and planes, and nobody outlined the lesions.",
    "kaggle-v2": "This is version 2 of the Kaggle data: real slices of unknown patients. What was "
    "published before 2026 is about version 1, so figures do not compare.",
    "figshare": "Its slices are real, and patients and lesions are known; planes are not. It has "
    "three kinds of tumour, no slices without one, and one contrast.",
}
CASE = (
    "It is a case of lesson 07: its patients are simulated, and one fault is planted in it for you "
    "to find."
)
FETCH = {"kaggle": "course data download", "figshare": "course data download figshare"}
IMPORT = (
    "<code>course data import PATH</code> takes a zip or folder you have, and with <code>--name "
    "NAME</code> pictures of your own in class folders."
)
MOST_NAMES = 6


def slice_explorer(data: Dataset, start: str = "", outlined: bool = True) -> None:
    """Choose class, plane and patient (groups, where those are unknown) and leaf through slices.

    It starts with the class ``start``, where there is such a one, and lesions outlined or not.
    """
    known = data.has_patients
    table = data.table.assign(row=range(len(data)))
    rows = dict(iter(table.groupby(["label", "plane", "group"], sort=False)["row"]))
    planes = list(table["plane"].unique())
    names = [name for name in data.class_names if (table["label"] == name).any()]
    label = class_buttons(names, value=start if start in names else names[0])
    # Not every plane need hold slices of that class.
    first = table.loc[table["label"] == label.value, "plane"].iloc[0]
    plane = ipywidgets.ToggleButtons(options=planes, value=first, description="plane")
    group = ipywidgets.SelectionSlider(options=[""], description="patient" if known else "group")
    number = ipywidgets.IntSlider(min=1, max=1, description="slice")
    contrast = ipywidgets.ToggleButtons(options=list(data.contrasts), description="contrast")
    masked = data.masks is not None
    outline = ipywidgets.Checkbox(value=masked and outlined, description="outline the lesion")
    controls = {
        "label": label, "plane": plane, "group": group, "number": number, "contrast": contrast,
        "outline": outline,
    }  # fmt: skip
    needed = {"plane": planes[1:], "contrast": contrast.options[1:], "outline": masked}
    lay_out(controls, "24em", hidden=[name for name, choice in needed.items() if not choice])

    def offer_groups(_=None) -> None:
        here = [g for of, seen, g in rows if (of, seen) == (label.value, plane.value)] or [""]
        group.options = here
        group.value = here[0]
        offer_slices()

    def offer_slices(_=None) -> None:
        number.max = max(1, len(rows.get((label.value, plane.value, group.value), ())))
        # The middle of a patient's slices is where the lesion is best seen.
        number.value = (number.max + 1) // 2

    label.observe(offer_groups, "value")
    plane.observe(offer_groups, "value")
    group.observe(offer_slices, "value")
    offer_groups()

    @plots.look()
    def draw(label: str, plane: str, group: str, number: int, contrast: str, outline: bool):
        if (label, plane, group) not in rows:
            raise CourseError(f"No slice is {plots.spoken(label)} and {plane}: choose another.")
        own = rows[label, plane, group]
        number = min(number, len(own))
        row = own.iloc[number - 1]
        mask = data.masks[row] if outline and data.masks is not None else None
        figure, axes = plt.subplots(figsize=(4, 4))
        plots.close_up(figure)
        plots.draw_slice(axes, data.contrast(contrast)[row], mask, plane)
        says = (
            f"{'Patient' if known else 'Group'} {group}, {plots.spoken(label)}:{place(plane)} "
            f"slice {number} of {len(own)}, {contrast}."
        )
        if data.masks is not None:
            share = data.masks[row].mean()
            says += f" The lesion covers {share:.1%} of the picture." if share else " No lesion."
        return figure, says

    explore(draw, controls)


def dataset_selector() -> None:
    """Choose the data set of all lessons among those on this computer; it is remembered.

    ``$COURSE_DATASET`` goes before any choice.
    """
    chosen = settings.dataset()
    words = ipywidgets.HTML(_about(chosen))
    if settings.static():
        display(HTML(words.value))
        return
    here = [name for name in settings.datasets() if _is_here(name)]
    # What is chosen need not be here, and a case of lesson 07 is not even listed until it is made.
    options = list(dict.fromkeys([*here, chosen]))
    choice = ipywidgets.ToggleButtons(
        options=options, value=chosen, disabled=settings.dataset_is_fixed(), description="data set"
    )

    def choose(_) -> None:
        settings.choose_dataset(choice.value)
        words.value = _about(choice.value)

    choice.observe(choose, "value")
    display(ipywidgets.VBox([choice, words]))


def _is_here(name: str) -> bool:
    # Practice data is made on first use, so it is always at hand.
    return name == "practice" or datasets.folder_of(name).exists()


def _about(name: str) -> str:
    """Say in words what the chosen data set is and what else could be chosen, as HTML."""
    about = ABOUT[name] if name in ABOUT else html.escape(_own(name))
    words = [f"<b>The lessons use the {html.escape(name)} data.</b> {about}"]
    if settings.dataset_is_fixed():
        words.append(f"<code>COURSE_DATASET={name}</code> decides this; unset it to choose here.")
    for other, command in FETCH.items():
        if not _is_here(other):
            words.append(
                f"The {other} data is not on this computer: <code>{command}</code> fetches it."
            )
    return " ".join([*words, IMPORT])


def _own(name: str) -> str:
    """Say in words what a named data set is."""
    if name in settings.CASES:
        return CASE
    try:
        data = datasets.load(name)
    except CourseError as error:
        return str(error)
    groups, count = f"{data.table['group'].nunique():,}", len(data.class_names)
    names = list(map(plots.spoken, data.class_names[:MOST_NAMES]))
    names += ["and so on"] if count > MOST_NAMES else []
    whose = f"whose patients are not known; near-duplicates make {groups} groups"
    whose = f"of {groups} patients" if data.has_patients else whose
    return f"It is yours: {len(data):,} slices of {count} classes ({', '.join(names)}), {whose}."
