"""How good a classifier is, how sure one can be of it, and where it looks.

Throughout, ``labels`` are int, (slices,); ``probabilities`` float, (slices, classes), or in their
place the predicted classes, int, (slices,); ``groups`` name the patient, or the set of
near-duplicates, of each slice. What does not belong together raises a ``CourseError``.
"""

from course_utils.core.results import load as recorded
from course_utils.evaluation.intervals import Estimate, interval, predictions
from course_utils.evaluation.metrics import McNemar, accuracy, confusion, cross_validated
from course_utils.evaluation.metrics import difference, label_issues, mcnemar, mixed_up, report
from course_utils.evaluation.metrics import share_right, subgroups, swapped
from course_utils.realdata import duplicates, shortcuts
