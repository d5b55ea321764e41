"""What the checks of all lessons share.

A check takes a learner's answer and the data set, and raises :class:`Wrong` where the answer is
not right. It works the truth out from the data set, so it holds for any.
"""

import contextlib
import copy
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from numbers import Real

import numpy as np

Check = Callable[[object, object], None]
NOT_TRIED = "Not tried yet: put your answer in the place of the three dots."


class Wrong(Exception):
    """An answer is not right: says to the learner in words why."""


def number_check(
    truth: float, mistakes: Mapping[float, str], hint: str, tolerance: float = 0
) -> Check:
    """Make the check of an exercise whose answer is one number, whatever the data set."""
    return lambda answer, data: number(answer, truth, mistakes, hint, tolerance)


def number(
    answer: object, truth: float, mistakes: Mapping[float, str], hint: str, tolerance: float = 0
) -> None:
    """Check a number: say what belongs to likely mistakes, and the hint to any other."""
    answer = _plain(answer)
    if isinstance(answer, bool) or not isinstance(answer, Real):
        wanted = "one number, without quotes" if isinstance(answer, str) else "one number"
        raise Wrong(f"This wants {wanted}, and it got {_kind(answer)}.")
    with contextlib.suppress(OverflowError):
        answer = float(answer)
    if not isinstance(answer, float) or not math.isfinite(answer):
        raise Wrong("This wants a finite number, and it got one that is not, or is far too large.")
    if abs(answer - truth) <= tolerance:
        return
    for wrong, words in mistakes.items():
        if abs(answer - wrong) <= tolerance:
            raise Wrong(words)
    raise Wrong(f"{answer:,.6g} is too {'high' if answer > truth else 'low'}. {hint}")


def choice(
    answer: object, right: Collection[str], options: Collection[str], mistakes: Mapping[str, str]
) -> str:
    """Check a choice among words, of which several may tie, and return it as it is spelt there.

    Capitals and spaces around it do not matter.
    """
    answer = _plain(answer)
    if not isinstance(answer, str):
        wanted = f"one of {', '.join(options)}, in quotes"
        raise Wrong(f"This wants {wanted}, and it got {_kind(answer)}.")
    given = _option(answer, options)
    if given not in right:
        raise Wrong(mistakes.get(given, f"It is not {given!r}: look at the numbers again."))
    return given


def words(answer: object, options: Collection[str]) -> set[str]:
    """Read a set of words; capitals and spaces around them do not matter."""
    given = list(answer) if np.iterable(answer) and not isinstance(answer, str) else []
    if not given:
        first, second, *_ = options
        raise Wrong(f'This wants a set of words, such as {{"{first}", "{second}"}}.')
    return {_option(str(word), options) for word in given}


def rows(answer: object, slices: int) -> np.ndarray:
    """Read row numbers, or a True or False for each slice, as row numbers."""
    try:
        chosen = np.asarray(answer if hasattr(answer, "__array__") else list(answer))
    except (TypeError, ValueError):
        raise Wrong(f"This wants an array of row numbers, and it got {_kind(answer)}.") from None
    if chosen.shape == (0,):
        chosen = chosen.astype(int)
    if chosen.dtype == bool and chosen.shape == (slices,):
        chosen = np.flatnonzero(chosen)
    if chosen.ndim != 1 or not np.issubdtype(chosen.dtype, np.integer):
        got = f"an array of {chosen.dtype} with the shape {chosen.shape}"
        raise Wrong(f"This wants an array of row numbers in one dimension, and it got {got}.")
    if chosen.size and (chosen.min() < 0 or chosen.max() >= slices):
        held = f"{chosen.min()} to {chosen.max()}"
        raise Wrong(f"Rows run from 0 to {slices - 1:,}, and this holds {held}.")
    if len(np.unique(chosen)) < len(chosen):
        raise Wrong("Some rows are in it twice.")
    return chosen


def array(answer: object, wanted: str, *shapes: tuple[int, ...]) -> np.ndarray:
    """Read finite numbers in one of some shapes; the complaint begins with what was wanted."""
    try:
        numbers = np.asarray(answer, float)
    except (TypeError, ValueError):
        raise Wrong(f"This wants {wanted}, and it got {_kind(answer)}.") from None
    if answer is None or numbers.shape not in shapes:
        got = "None" if answer is None else f"the shape {numbers.shape}"
        raise Wrong(f"This wants {wanted}, and it got {got}.")
    if not np.isfinite(numbers).all():
        raise Wrong(f"This wants {wanted}, and it got numbers that are not finite.")
    return numbers


def rule_out(found: np.ndarray, mistakes: Mapping[str, np.ndarray], **tolerance: float) -> None:
    """Complain in the words of the mistake that gives these very numbers, if one of them does."""
    for words, wrong in mistakes.items():
        if np.allclose(found, wrong, **tolerance):
            raise Wrong(words)


@contextlib.contextmanager
def trying(answer: object, parameters: str, start: str = "It") -> Iterator[Callable]:
    """Give a learner's function to call, and say in words what stops it.

    It is called with copies, so that what it changes in place is not changed for the check. Where
    it still returns the three dots that it came with, it was not tried yet.
    """
    if not callable(answer):
        raise Wrong(f"This wants a function of {parameters}: give its name, without brackets.")

    def call(*inputs, **options):
        returned = answer(*copy.deepcopy(inputs), **options)
        if returned is ...:
            raise Wrong(NOT_TRIED)
        return returned

    try:
        yield call
    except Wrong:
        raise
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        end = f": {reason}" if reason else "."
        raise Wrong(f"{start} stopped with {type(error).__name__}{end}") from None


def _plain(answer: object) -> object:
    """The one value that an array, a series or a tensor holds, as a plain Python object."""
    with contextlib.suppress(Exception):
        if hasattr(answer, "__array__") and np.size(answer) == 1:
            return np.asarray(answer).item()
    return answer


def _option(word: str, options: Collection[str]) -> str:
    """The option that a word stands for."""
    for option in options:
        if word.strip().casefold() == option.strip().casefold():
            return option
    raise Wrong(f"{str(word)!r} is none of {', '.join(options)}.")


def _kind(answer: object) -> str:
    if answer is None:
        return "None: does its last line give a value?"
    if callable(answer):
        return "a function: call it, with brackets behind its name"
    name = type(answer).__name__
    shape = f" of the shape {answer.shape}" if getattr(answer, "shape", ()) else ""
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}{shape}"
