"""Explorers: controls above a picture that follows them, or one still picture in static mode."""

from course_utils.widgets.controls import explore, lay_out
from course_utils.widgets.data import dataset_selector, slice_explorer
from course_utils.widgets.errors import error_browser, referral
from course_utils.widgets.labs import augmentation_lab, kernel_lab
