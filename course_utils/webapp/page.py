"""The page of the web app: one widget, which runs in a lesson and on the page that Voila serves.

The browser's half, ``page.js``, sends a file's bytes and gets back words and pictures; each
visitor's kernel holds one widget, and so one visitor's picture.
"""

import base64
import contextlib
import dataclasses
import io
import logging
from pathlib import Path

import anywidget
import matplotlib
import numpy as np
import traitlets
from IPython.display import display

from course_utils import datasets, plots, settings
from course_utils.core import pictures
from course_utils.datasets import Dataset
from course_utils.webapp import NOTICE, app, dicom, report, uploads

FOLDER = Path(__file__).parent
MOST = f"{uploads.MOST_BYTES / 1e6:.0f} MB"
WORDS = {
    "title": "What a network sees in a brain slice",
    "notice": NOTICE,
    "choose": "Choose a slice",
    "drop": "or drop it here: PNG, JPEG or DICOM",
    "sample": "Try a practice slice",
    "limits": f"One file of at most {MOST} and {uploads.MOST_PIXELS / 1e6:.0f} megapixels. It "
    "stays in the memory of this computer, is never written to its disk, and is gone when you "
    "close this page.",
    "busy": "Looking at it …",
    "lost": "No answer came: the connection is lost. Reload this page.",
    "one": "That is more than one file: choose one.",
    "large": f"This file is larger than {MOST}, and was not sent: save the slice smaller.",
    "seen": "What the file shows, as the model gets it",
    "heat": "Show where the model looked",
    "probabilities": "Probabilities",
    "kept": "Promised, and what happened",
    "promised": "Promised",
    "happened": "Happened",
    "calibrated": "Both hold for slices like those the model was trained on, and for no others.",
    "zoom": "Enlarge",
    "eye": "What the file shows, through a window for the eye",
    "about_eye": "The model does not see this picture: it gets its own, the same for any window.",
    "centre": "Centre of the window",
    "width": "Width of the window",
    "report": "Save this as a report",
    "card": "Model card",
    "similar": "Similar training slices",
    "about_similar": "Nearest in the model's own eyes, one per patient. They say what the model "
    "compares with, not what is true of your slice.",
}


# A scanner's slice has seldom more pixels a side, and a window is moved many times a second.
MOST_SIDE = 512


class Page(anywidget.AnyWidget):
    """The app: takes a file, shows the answer."""

    _esm = FOLDER / "page.js"
    _css = FOLDER / "page.css"
    words = traitlets.Dict(WORDS).tag(sync=True)
    most_bytes = traitlets.Int(uploads.MOST_BYTES).tag(sync=True)

    def __init__(self, assistant: app.Assistant, samples: Dataset) -> None:
        super().__init__()
        self._assistant, self._samples, self._scan = assistant, samples, None
        self._rng = np.random.default_rng()
        self.on_msg(self._asked)

    def _asked(self, _, content: dict, buffers: list) -> None:
        if content.get("kind") not in ("file", "sample", "window"):
            return
        try:
            if content["kind"] == "window":
                self._look_through(float(content["centre"]), float(content["width"]))
                return
            if content["kind"] == "sample":
                row = self._rng.integers(len(self._samples))
                found = app.answer(self._assistant, pictures.encode(self._samples.images[row]))
            else:
                found = app.answer(self._assistant, bytes(buffers[0]) if buffers else b"")
            self._scan = found.scan and _smaller(found.scan)
            self.send(described(self._assistant, found))
        except Exception:
            # Whatever it is, a visitor can do nothing with a traceback; the log has it.
            logging.getLogger(__name__).exception("an upload was not answered")
            says = "Something went wrong with this file, and it was not answered: try another one."
            self.send({"refused": True, "says": says})

    def _look_through(self, centre: float, width: float) -> None:
        """Send the slice that was uploaded last through another window."""
        if self._scan is not None and np.isfinite([centre, width]).all():
            self.send({"view": _address(dicom.for_eye(self._scan, centre, width))})


def show() -> None:
    """Show the app, ready to take a file; in static mode, its answer to one test slice."""
    data = datasets.load()
    _, _, test = data.split()
    # That a run was reloaded is no news to a visitor.
    with contextlib.redirect_stdout(io.StringIO()):
        assistant = app.prepare(data)
    if settings.static():
        found = app.look(assistant, test.images[0])
        truth = test.table["label"].iloc[0]
        figure = plots.answer(found.slice, found.probabilities, truth, heat=found.heat)
        plots.show(figure, found.says)
        return
    # The first slice builds the graph: let no visitor wait for it.
    app.look(assistant, test.images[0])
    display(Page(assistant, test))


def described(assistant: app.Assistant, found: app.Answer) -> dict:
    """Turn an answer into what the page needs: words, and pictures as data addresses."""
    about = {"refused": found.refused, "says": found.says, "by": f"Answered by {found.by}."}
    if found.slice is not None:
        about["slice"] = _address(found.slice)
    if found.scan is not None:
        about["eye"] = _eye(found.scan)
    if not found.refused:
        about |= _answered(assistant, found)
    rows = assistant.card.items()
    return about | {"card": [*rows], "report": report.page(about, assistant.card)}


def _answered(assistant: app.Assistant, found: app.Answer) -> dict:
    """What the page shows of an answer, and of no refusal."""
    where = _where(found.heat)
    shares = sorted(found.probabilities.items(), key=lambda one: one[1], reverse=True)
    colours = plots.colours(found.probabilities)
    right, of = found.right
    return {
        "promised": f"{shares[0][1]:.0%}: about {shares[0][1] * of:.0f} of {of} such answers right",
        "happened": f"{right} of {of} validation slices with about this share named rightly",
        "heat": _address(_coloured(found.heat)),
        "where": where,
        "alt": f"Your slice. {found.says} {where}",
        "probabilities": [
            {"name": plots.spoken(name), "share": share, "colour": colours[name]}
            for name, share in shares
        ],
        "similar": [_case(assistant.cases, one) for one in found.similar.itertuples()],
    }


def _smaller(scan: dicom.Scan) -> dicom.Scan:
    """Every second, third ... pixel of a large slice: enough for a screen."""
    step = -(-max(scan.values.shape) // MOST_SIDE)
    every = slice(None, None, step), slice(None, None, step)
    return dataclasses.replace(scan, values=scan.values[every], padding=scan.padding[every])


def _eye(scan: dicom.Scan) -> dict:
    """The slice through the window that came with it, and how far a window can be moved."""
    inside = scan.values[~scan.padding]
    ends = float(inside.min()), float(inside.max())
    return {
        "view": _address(dicom.for_eye(_smaller(scan), scan.centre, scan.width)),
        "centre": [ends[0], ends[1], scan.centre],
        "width": [(ends[1] - ends[0]) / 100, 2 * (ends[1] - ends[0]), scan.width],
    }


def _case(cases: Dataset, one) -> dict:
    what = plots.spoken(one.label)
    plane = "" if one.plane == "unknown" else f", {one.plane}"
    whose = f", patient {one.patient}" if isinstance(one.patient, str) and one.patient else ""
    return {
        "slice": _address(cases.images[one.row]),
        "caption": f"{what}{plane}",
        "says": f"Training slice: {what}{plane}{whose}.",
    }


def _where(heat: np.ndarray) -> str:
    """Say in which part of the picture the heat is greatest."""
    if not heat.any():
        return "No place speaks for this class."
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    down = ("upper", "middle", "lower")[3 * row // len(heat)]
    across = ("left", "centre", "right")[3 * column // len(heat)]
    place = f"at the {down} {across}".replace("middle centre", "centre")
    return f"What speaks most for this class lies {place} of the picture (bright)."


def _coloured(heat: np.ndarray) -> np.ndarray:
    colours = matplotlib.colormaps["inferno"](heat)
    colours[..., 3] = 0.7 * heat
    return (255 * colours).round().astype(np.uint8)


def _address(pixels: np.ndarray) -> str:
    return "data:image/png;base64," + base64.b64encode(pictures.encode(pixels)).decode()
