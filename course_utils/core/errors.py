"""The two errors of the course, one for a reader and one for a single file, and their words."""

from collections.abc import Mapping
from typing import Any


class CourseError(RuntimeError):
    """Something a reader can mend: one sentence that says what is wrong and what to do."""

    def __init__(self, sentence: str):
        # It may quote the name of a file that somebody else chose.
        super().__init__(printable(sentence))


class BadFile(Exception):
    """One file is no use, and the rest may be: says in a few words what is wrong with it."""


def printable(text: str) -> str:
    r"""Escape what a terminal or a CSV file would obey: ``"a\r"`` becomes ``"a\\r"``.

    So do bytes of a file's name that are no UTF-8.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def reason(error: BaseException) -> str:
    """What an error says of itself, in one line."""
    said = getattr(error, "strerror", None) or str(error)
    return said.strip().partition("\n")[0] or type(error).__name__


def look_up(table: Mapping[str, Any], name: str, what: str) -> Any:
    """Give ``table[name]``, or name in a :class:`CourseError` what the table does hold.

    ``what`` is the word for one thing in it, such as ``"recipe"``.
    """
    try:
        return table[name]
    except (KeyError, TypeError):
        names = ", ".join(table)
        raise CourseError(f"There is no {what} called {name!r}: use one of {names}.") from None
