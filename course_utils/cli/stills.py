"""What a stored lesson shows without a kernel: pictures described, a quiz that unfolds, sliders.

Used by the book and by the slides; nothing of the lesson is run again.
"""

import hashlib
import html
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice

import nbformat

from course_utils.cli.lessons import BUILD
from course_utils.core import files

# What is drawn for sliders lies here, and in _static in the site.
STATES = BUILD / "book-kept" / "states"
PROGRESS_BAR = "application/vnd.jupyter.widget-view+json"
# An explorer that needs nothing but the data, and what its slider moves.
EXPLORER = re.compile(r"widgets\.(\w+)\((data|train|val|test)\b.*\)")
MOVED = {
    "slice_explorer": ("label", "group"),
    "augmentation_lab": ("zoom",),
    "kernel_lab": ("recipe",),
}
# So many patients of a class, so many settings of a knob.
MOST = {"group": 3, "zoom": 7}


def read(text: str) -> nbformat.NotebookNode:
    """Read a stored lesson, and put what works without a kernel in place of what does not."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # Bars of a progress that is over.
            cell.outputs = [one for one in cell.outputs if PROGRESS_BAR not in one.get("data", {})]
            if asked := questions(cell):
                # The code gives the answers away.
                cell.metadata["tags"] = ["remove-input"]
                cell.outputs = [_html(_quiz(asked))]
            elif states := _states(cell.source):
                cell.outputs = [_html(_slider(states))]
            elif says := described(cell):
                cell.metadata["mystnb"] = {"image": {"alt": says}}
    return notebook


def described(cell: nbformat.NotebookNode) -> str:
    """Words that describe the picture of a cell, or nothing."""
    about = [one["metadata"].get("image/png", {}) for one in cell.outputs if "metadata" in one]
    return next((one["alt"] for one in about if "alt" in one), "")


def questions(cell: nbformat.NotebookNode) -> list[dict]:
    """Questions of the quiz that a cell shows, each with its answers and what to say to them."""
    for output in cell.outputs:
        if script := output.get("data", {}).get("application/javascript"):
            return json.JSONDecoder().raw_decode(script, script.index("=") + 1)[0]
    return []


def _html(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", {"text/html": text})


def _quiz(asked: list[dict]) -> str:
    """Questions whose answers unfold to what there is to say of them."""
    lines = []
    for number, question in enumerate(asked, start=1):
        lines.append(f"<p><b>{number}.</b> {html.escape(question['question'])}</p>")
        # As stored, the right one comes first.
        for answer in sorted(question["answers"], key=lambda one: one["answer"]):
            mark, says = "✓" if answer["correct"] else "✗", html.escape(answer["feedback"])
            lines.append(
                f"<details class='answer'><summary>{html.escape(answer['answer'])}</summary>"
            )
            lines.append(f"<p>{mark} {says}</p></details>")
    return "\n".join(lines)


def _states(source: str) -> list[tuple[str, str]]:
    """Files with states of an explorer, and what each shows; empty for what needs a kernel."""
    call = EXPLORER.fullmatch(source.strip())
    if not call or call[1] not in MOVED:
        return []
    from course_utils import datasets, plots, widgets
    from course_utils.widgets import controls

    data = datasets.load("practice")
    names = dict(zip(("train", "val", "test"), data.split(), strict=True)) | {"data": data}
    with controls.recorded() as taken:
        # The very line of the lesson.
        exec(source, {"widgets": widgets, **names})
    draw, knobs = taken[0]
    states = {}
    for _ in _moves(knobs, MOVED[call[1]]):
        figure, says = draw(**{name: knob.value for name, knob in knobs.items()})
        picture = plots.png(figure)
        name = f"{hashlib.sha256(picture).hexdigest()[:20]}.png"
        with files.atomic(STATES / name) as new:
            new.write_bytes(picture)
        states[name] = says
    return list(states.items())


def _moves(knobs: dict, names: Sequence[str]) -> Iterator[None]:
    """Move the named knobs through their values, the last one fastest."""
    if not names:
        yield
        return
    knob = knobs[names[0]]
    if hasattr(knob, "options"):
        values = [one[1] if isinstance(one, tuple) else one for one in knob.options]
    else:
        values = range(knob.min, knob.max + 1, (knob.max - knob.min) // (MOST[names[0]] - 1))
    for value in islice(values, MOST.get(names[0])):
        knob.value = value
        yield from _moves(knobs, names[1:])


def _slider(states: list[tuple[str, str]]) -> str:
    """A picture, a slider that book.js moves through the states, and what is seen."""
    name, says = states[0]
    stored = html.escape(json.dumps([[f"../_static/{name}", says] for name, says in states]))
    return f"""<div class="states" data-states="{stored}">
<img src="../_static/{name}" alt="{html.escape(says)}">
<label>Move me <input type="range" min="0" max="{len(states) - 1}" value="0"></label>
<p aria-live="polite">{html.escape(says)}</p>
</div>"""
