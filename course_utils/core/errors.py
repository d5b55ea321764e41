"""The two errors of the course: one for a reader, one for a single file among many."""


class CourseError(RuntimeError):
    """Something a reader can mend: one sentence that says what is wrong and what to do."""


class BadFile(Exception):
    """One file is no use, and the rest may be: says in a few words what is wrong with it."""
