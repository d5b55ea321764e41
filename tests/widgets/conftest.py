"""What widgets show, and what explorers are made of."""

import numpy as np
import pandas as pd
import pytest

from course_utils import settings
from course_utils.plots import style
from course_utils.widgets import controls, data, errors, labs


@pytest.fixture
def table() -> pd.DataFrame:
    """Sixteen axial slices in eight groups of two, four slices of each class."""
    return pd.DataFrame(
        {
            "label": np.repeat(["glioma", "meningioma", "notumor", "pituitary"], 4),
            "group": np.repeat([f"g{n}" for n in range(8)], 2),
            "plane": "axial",
        }
    )


@pytest.fixture
def shown(monkeypatch):
    """What widgets display; explorers are live here, as in a learner's kernel."""
    things = []
    monkeypatch.setattr(settings, "static", lambda: False)
    for module in (controls, data, style):
        monkeypatch.setattr(module, "display", things.append)
    return things


@pytest.fixture
def explored(monkeypatch):
    """What an explorer hands to ``explore``: drawing function, controls, and their values."""
    caught = {}

    def explore(draw, controls):
        caught.update(draw=draw, controls=controls)
        caught["values"] = lambda: {name: control.value for name, control in controls.items()}

    for module in (data, errors, labs):
        monkeypatch.setattr(module, "explore", explore)
    return caught
