"""Predictions that a learner types before a result, with how sure they are of them.

They are kept beside the solved exercises, and lesson 06 asks how well sureness and truth agree.
"""

from collections.abc import Sequence

import pandas as pd
from IPython.display import Markdown, display

from course_utils.core.errors import CourseError
from course_utils.exercises import memory
from course_utils.exercises.common import Wrong, choice, number

# Predictions whose results this kernel has shown: what is guessed afterwards does not count.
_shown = set()


def predict(name: str, options: Sequence[str], guess: object = ..., sure: object = ...) -> None:
    """Keep which of the options a learner expects, and how sure they are, in percent.

    ``...`` was not tried yet. A prediction can be changed until its result is shown.
    """
    display(Markdown(_predict(name, options, guess, sure)))


def settle(name: str, truth: str) -> None:
    """Say what came out, beside what was predicted, and keep whether it was right."""
    first = name not in _shown
    _shown.add(name)
    try:
        if name not in memory.read()["predictions"]:
            display(Markdown(f"○ **Prediction {name}** You made none. The answer: {truth}."))
            return
        with memory.changing() as kept:
            made = kept["predictions"][name]
            right = made["guess"] == truth
            if first and made["right"] is None:
                made["right"] = right
    except CourseError as error:
        display(Markdown(f"**Prediction {name}** The answer: {truth}. ({error})"))
        return
    said = f"You said *{made['guess']}*, and were {made['sure']:.0%} sure."
    display(Markdown(f"{'✓' if right else '✗'} **Prediction {name}** {said} The answer: {truth}."))


def predictions() -> pd.DataFrame:
    """Predictions whose result is known: by name, the columns guess, sure (0 to 1) and right."""
    made = memory.read()["predictions"]
    known = {name: one for name, one in sorted(made.items()) if one["right"] is not None}
    table = pd.DataFrame.from_dict(known, orient="index", columns=["guess", "sure", "right"])
    return table.astype({"sure": float, "right": bool}).rename_axis("prediction")


def _predict(name: str, options: Sequence[str], guess: object, sure: object) -> str:
    """Keep a prediction, and return what to say to it."""
    start = f"**Prediction {name}**"
    listed = ", ".join(f'"{option}"' for option in options)
    if guess is ... or sure is ...:
        return (
            f"○ {start} Not made yet: `guess` is one of {listed}; "
            "`sure` is how sure you are of it, in percent."
        )
    try:
        said = choice(guess, options, options, {})
        least = 100 // len(options)
        hint = (
            f"With {len(options)} options, a blind guess is right {least}% of the time: "
            f"give a number from {least} to 100."
        )
        number(sure, (least + 100) / 2, {}, hint, (100 - least) / 2)
    except Wrong as wrong:
        return f"✗ {start} {wrong}"
    try:
        with memory.changing() as kept:
            before = kept["predictions"].get(name)
            if before and before["right"] is not None:
                return f"{start} It stands as you made it first: *{before['guess']}*."
            if name in _shown:
                return f"{start} Its result has been shown already, so this one does not count."
            kept["predictions"][name] = {"guess": said, "sure": sure / 100, "right": None}
    except CourseError as error:
        return f"{start} This was not written down: {error}"
    return f"● {start} Kept: *{said}*, {sure:g}% sure."
