"""Explorers: controls above a picture that follows them, or one still picture in static mode."""

from course_utils.widgets.base import WIDE, dataset_selector, explore, slice_explorer
from course_utils.widgets.errors import error_browser, referral
from course_utils.widgets.labs import augmentation_lab, kernel_lab

__all__ = [
    "WIDE",
    "augmentation_lab",
    "dataset_selector",
    "error_browser",
    "explore",
    "kernel_lab",
    "referral",
    "slice_explorer",
]
