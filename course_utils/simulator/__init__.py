"""A simulated patient: head, warp, lesion, scanner; its scans; the practice data."""

from course_utils.simulator.patients import LABELS, Patient, patient
from course_utils.simulator.practice import PATIENTS, VERSION, each, make, member
from course_utils.simulator.scans import slices, volume, whole
