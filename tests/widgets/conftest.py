"""What widgets show, and what explorers are made of."""

import pytest

from course_utils import settings
from course_utils.plots import style
from course_utils.widgets import controls, data, errors, labs


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
