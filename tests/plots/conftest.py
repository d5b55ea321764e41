"""Figures are closed after each test, and there is a small made-up data set to draw."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from course_utils.datasets import Dataset


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture
def made_up():
    """Function that makes six noisy slices in three groups of each class."""

    def make(names):
        count = 6 * len(names)
        table = pd.DataFrame({"label": np.repeat(names, 6)})
        table["plane"] = np.resize(["axial", "sagittal"], count)
        table["group"] = [f"P{row // 2}" for row in range(count)]
        masks = np.zeros((count, 128, 128), bool)
        masks[table["label"] != "notumor", 40:60, 50:70] = True
        images = np.random.default_rng(0).integers(0, 256, masks.shape, np.uint8)
        return Dataset("made up", {"t1ce": images}, masks, table, tuple(names))

    return make


@pytest.fixture
def data(made_up):
    return made_up(["glioma", "meningioma", "notumor", "pituitary"])


@pytest.fixture
def twelve(made_up):
    """Slices of twelve classes with long names."""
    return made_up([f"rather_long_name_of_{number:02}" for number in range(12)])
