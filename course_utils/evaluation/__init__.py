"""How good a classifier is, how sure one can be of it, and where it looks."""

from course_utils.core.results import load as recorded
from course_utils.evaluation.intervals import Estimate
from course_utils.evaluation.metrics import (
    McNemar,
    accuracy,
    confusion,
    cross_validated,
    difference,
    label_issues,
    mcnemar,
    mixed_up,
    report,
    share_right,
    subgroups,
)
from course_utils.realdata import duplicates, shortcuts

__all__ = [
    "Estimate",
    "McNemar",
    "accuracy",
    "confusion",
    "cross_validated",
    "difference",
    "mcnemar",
    "mixed_up",
    "recorded",
    "report",
    "share_right",
    "shortcuts",
    "subgroups",
    "duplicates",
    "label_issues",
]
