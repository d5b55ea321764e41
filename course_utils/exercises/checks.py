"""What the checks of all lessons share.

A check takes a learner's answer and the data set, and returns None for a right answer or else
words on what is wrong. It works the truth out from the data set, so it holds for any.
"""

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real

import numpy as np
import pandas as pd


def number(
    answer: object,
    truth: float,
    tolerance: float = 0,
    mistakes: Mapping[float, str] | None = None,
    hint: str = "",
) -> str | None:
    """Check a number.

    Parameters
    ----------
    tolerance : float
        How far off the answer may be.
    mistakes : mapping of float to str, optional
        Wrong numbers that are likely, and what to say to each.
    hint : str
        What to say to any other wrong number, after "too high" or "too low".
    """
    if isinstance(answer, np.ndarray | pd.Series) and answer.size == 1:
        answer = answer.item()
    if isinstance(answer, bool | np.bool_) or not isinstance(answer, Real):
        return f"This wants one number, and it got {_kind(answer)}."
    if not np.isfinite(answer):
        return f"This wants a finite number, and it got {answer}."
    if abs(answer - truth) <= tolerance:
        return None
    for wrong, words in (mistakes or {}).items():
        if abs(answer - wrong) <= tolerance:
            return words
    return f"{answer:,.6g} is too {'high' if answer > truth else 'low'}. {hint}".strip()


def choice(
    answer: object, truth: str, options: Sequence[str], mistakes: Mapping[str, str] | None = None
) -> str | None:
    """Check a choice among words; capitals and spaces around it do not matter.

    Parameters
    ----------
    options : sequence of str
        What one may choose from.
    mistakes : mapping of str to str, optional
        What to say to a wrong option.
    """
    if not isinstance(answer, str):
        return f"This wants one of {', '.join(options)}, in quotes, and it got {_kind(answer)}."
    given = answer.strip().casefold()
    if given == truth.casefold():
        return None
    if given not in [option.casefold() for option in options]:
        return f"{answer!r} is none of {', '.join(options)}."
    return (mistakes or {}).get(given, f"It is not {answer.strip()!r}: look at the numbers again.")


def rows(answer: object, slices: int) -> np.ndarray | str:
    """Read row numbers, or a True or False for each slice: the row numbers, or what is wrong."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return f"This wants an array of row numbers, and it got {_kind(answer)}."
    answer = np.asarray(answer)
    if answer.dtype == bool and answer.shape == (slices,):
        answer = np.flatnonzero(answer)
    if answer.ndim != 1 or not np.issubdtype(answer.dtype, np.integer):
        return (
            "This wants an array of row numbers in one dimension, and it got an array of "
            f"{answer.dtype} with the shape {answer.shape}."
        )
    if answer.size and (answer.min() < 0 or answer.max() >= slices):
        return (
            f"Rows run from 0 to {slices - 1:,}, and this holds {answer.min()} to {answer.max()}."
        )
    if len(np.unique(answer)) < len(answer):
        return "Some rows are in it twice."
    return answer


def _kind(answer: object) -> str:
    if answer is None:
        return "None: does its last line give a value?"
    if callable(answer):
        return "a function: call it, with brackets behind its name"
    return f"{'an' if type(answer).__name__[0] in 'aeiou' else 'a'} {type(answer).__name__}"
