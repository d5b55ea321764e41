"""A small data set, and what a learner is told about it."""

import numpy as np
import pandas as pd
import pytest

from course_utils import exercises
from course_utils.datasets import Dataset

CLASS_NAMES = ("glioma", "meningioma", "notumor", "pituitary")


@pytest.fixture
def data():
    """Forty patients of three slices; every class has ten patients and another brightness."""
    patients = np.repeat([f"P{n:02d}" for n in range(40)], 3)
    table = pd.DataFrame({"label": np.repeat(CLASS_NAMES, 30), "group": patients})
    table["plane"] = np.resize(["axial", "axial", "coronal"], 120)
    table["split"] = "train"
    grey = np.repeat([20, 60, 40, 50], 30).astype(np.uint8)
    images = np.broadcast_to(grey[:, None, None], (120, 8, 8))
    return Dataset("made up", {"t1ce": images}, None, table, CLASS_NAMES)


@pytest.fixture
def said(data):
    """Function of an exercise and an answer: what a learner is told, or "right"."""
    return lambda number, answer: exercises.feedback(number, answer, data) or "right"
