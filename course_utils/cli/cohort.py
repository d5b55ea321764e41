"""What a class solved and predicted, from the progress files that its learners handed in."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from course_utils import exercises
from course_utils.core.errors import CourseError, printable
from course_utils.exercises import handing_in

# How sure people were, in steps that are fine where most predictions are.
SURE = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 1]


def gather(folder: Path) -> tuple[dict[str, dict], list[str]]:
    """Read the progress files of a folder: progress by learner, and words on files left out.

    A learner goes by the name of the file. CourseError if there is no such file.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise CourseError(f"{folder} holds no .json file: collect there what learners hand in.")
    learners, left_out = {}, []
    for path in paths:
        try:
            learners[path.stem] = handing_in.read(path)
        except CourseError as error:
            left_out.append(str(error))
    return learners, left_out


def exercise_table(learners: Mapping[str, Mapping]) -> pd.DataFrame:
    """How many solved each exercise: a row for each of the lessons that anybody has begun."""
    solved = [number for progress in learners.values() for number in progress["solved"]]
    rows = [
        (number[:2], number, solved.count(number), len(learners)) for number in exercises.numbers()
    ]
    table = pd.DataFrame(rows, columns=["lesson", "exercise", "solved", "of"])
    begun = table.groupby("lesson")["solved"].transform("sum") > 0
    return table[begun].set_index(["lesson", "exercise"])


def predictions(learners: Mapping[str, Mapping]) -> pd.DataFrame:
    """All settled predictions: a row each, with learner, prediction, guess, sure and right."""
    rows = [
        {"learner": learner, "prediction": number, **one}
        for learner, progress in learners.items()
        for number, one in progress["predictions"].items()
    ]
    return pd.DataFrame(rows, columns=["learner", "prediction", "guess", "sure", "right"])


def prediction_table(made: pd.DataFrame) -> pd.DataFrame:
    """By prediction: how many made it, shares right and sure, and the guess made most often."""
    return _shares(made.groupby("prediction")).assign(
        most_guessed=made.groupby("prediction")["guess"].agg(lambda g: printable(str(g.mode()[0])))
    )


def calibration_table(made: pd.DataFrame) -> pd.DataFrame:
    """By how sure they were: how often they were right. Who is calibrated is right as often."""
    steps = pd.cut(made["sure"], SURE, include_lowest=True)
    table = _shares(made.groupby(steps, observed=True))
    table.index = [f"{max(step.left, 0):.0%} to {step.right:.0%}" for step in table.index]
    return table


def report(folder: Path) -> str:
    """Tables on a folder of progress files, in words and columns to print."""
    learners, left_out = gather(folder)
    parts = [f"{len(learners)} learners" + "".join(f"\nLeft out: {words}" for words in left_out)]
    made = predictions(learners)
    tables = {"Exercises": exercise_table(learners)}
    if len(made):
        tables |= {"Predictions": prediction_table(made), "How sure": calibration_table(made)}
    percent = "{:.0%}".format
    for title, table in tables.items():
        if len(table):
            body = table.to_string(float_format=percent, index_names=True)
            parts.append(f"{title}\n{body}")
    if len(made):
        over = made["sure"].mean() - made["right"].mean()
        side = "more" if over > 0 else "less"
        parts.append(f"On average they were {abs(over):.0%} {side} sure than right.")
    return "\n\n".join(parts)


def _shares(groups) -> pd.DataFrame:
    return groups.agg(made=("right", "size"), right=("right", "mean"), sure=("sure", "mean"))
