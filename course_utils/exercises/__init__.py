"""Feedback on answers, hints, typed predictions, the quiz at a lesson's end, and progress."""

import functools
import importlib
from collections.abc import Mapping

import pandas as pd
from IPython.display import Markdown, display
from jupyterquiz import display_quiz

from course_utils import datasets, plots
from course_utils.core.errors import CourseError
from course_utils.exercises import memory
from course_utils.exercises.common import NOT_TRIED, Check, Wrong
from course_utils.exercises.guesses import predict, predictions, settle
from course_utils.exercises.handing_in import export
from course_utils.exercises.hints import HINTS
from course_utils.exercises.project import CARD, model_card, rubric

__all__ = [
    "CARD", "check", "export", "hint", "model_card", "predict", "predictions", "progress", "quiz",
    "rubric", "settle",
]  # fmt: skip

# How many exercises each lesson has.
EXERCISES = {
    "00": 2, "01": 4, "02": 4, "03": 4, "04": 4, "05": 2, "06": 4, "07": 3,
    "10": 3, "11": 3, "12": 4, "13": 4, "14": 3,
}  # fmt: skip
# How many hints on an exercise were shown in this session.
_given = {}
# The checks of a lesson with a wing of its own lie there, since they may use it.
WINGS = {"12": "volumes", "13": "federation", "14": "webapp"}
QUIZ_COLOURS = {
    "--jq-multiple-choice-bg": "#eef3f7", "--jq-mc-button-bg": "#ffffff",
    "--jq-mc-button-border": "#c5d3de", "--jq-mc-button-inset-shadow": "#c5d3de",
    "--jq-incorrect-color": plots.OKABE_ITO["vermilion"],
    "--jq-correct-color": plots.OKABE_ITO["green"], "--jq-text-color": "#222222",
}  # fmt: skip


def check(number: str, answer: object) -> None:
    """Say whether an answer is right and, if not, why; ``...`` was not tried yet.

    A function is run on cases, and was not tried yet while it returns ``...``. What was solved is
    remembered. Raises CourseError if there is no such exercise.
    """
    wrong = feedback(number, answer)
    if wrong is not None:
        display(Markdown(f"{'○' if wrong == NOT_TRIED else '✗'} **{number}** {wrong}"))
        return
    display(Markdown(f"✓ **{number}** Right."))
    try:
        with memory.changing() as kept:
            kept["solved"].append(number)
    except CourseError as error:
        display(Markdown(f"This was not written down: {error}"))


def hint(number: str) -> None:
    """Show the next of an exercise's three hints; a later call shows one more.

    Raises CourseError if there is no such exercise, or there are no hints for it.
    """
    if number not in HINTS:
        raise CourseError(f"There are no hints for {number!r}: choose one of {', '.join(HINTS)}.")
    given = _given[number] = min(_given.get(number, 0) + 1, len(HINTS[number]))
    steps = "".join(f"\n{step}. {text}" for step, text in enumerate(HINTS[number][:given], 1))
    more = "Run it again for one more." if given < len(HINTS[number]) else "That was the last one."
    display(Markdown(f"**{number}** {more}\n{steps}"))


def feedback(number: str, answer: object, data: datasets.Dataset | None = None) -> str | None:
    """Words on what is wrong with an answer, or None where it is right for the chosen data."""
    if number not in numbers():
        raise CourseError(f"There is no exercise {number!r}: choose one of {', '.join(numbers())}.")
    if answer is ...:
        return NOT_TRIED
    try:
        checks(number[:2])[number](answer, datasets.load() if data is None else data)
    except Wrong as wrong:
        return str(wrong)
    return None


def numbers() -> list[str]:
    """Names of all exercises, such as ``"01.2"``."""
    return [f"{lesson}.{n + 1}" for lesson, count in EXERCISES.items() for n in range(count)]


@functools.cache
def checks(lesson: str) -> dict[str, Check]:
    """The checks of one lesson, imported when it asks for the first of them."""
    wing = WINGS.get(lesson, "exercises")
    return importlib.import_module(f"course_utils.{wing}.lesson_{lesson}").CHECKS


def progress() -> pd.DataFrame:
    """Exercises solved so far: one row per lesson, with the columns solved and of."""
    solved = [number[:2] for number in set(memory.read()["solved"]) & set(numbers())]
    return pd.DataFrame(
        {"solved": map(solved.count, EXERCISES), "of": EXERCISES.values()},
        index=pd.Index(EXERCISES, name="lesson"),
    )


def quiz(questions: Mapping[str, Mapping[str, str]]) -> None:
    """Ask questions that answer back, answers in random order.

    To each question belong its answers, the right one first, and to each answer what to say to it.
    """
    asked = []
    for question, said in questions.items():
        answers = [{"answer": text, "correct": False, "feedback": said[text]} for text in said]
        answers[0]["correct"] = True
        asked.append({"question": question, "type": "multiple_choice", "answers": answers})
    display_quiz(asked, colors=QUIZ_COLOURS, max_width=760)
