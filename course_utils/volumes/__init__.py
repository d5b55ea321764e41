"""Lesson 12: whole patients as volumes."""

from course_utils.simulator import patient, whole
from course_utils.volumes.data import SHAPE, VOXEL, Volumes, load
