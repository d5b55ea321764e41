"""What tests of the web app share."""

import numpy as np
import pytest


@pytest.fixture
def assistant(practice):
    """An assistant on the practice data whose network has learnt nothing and whose gate is open."""
    from course_utils import models
    from course_utils.core.backend import keras
    from course_utils.webapp import app, ood

    keras.utils.set_random_seed(1)
    model = models.baseline(len(practice.class_names))
    cases = practice.take(np.arange(0, 3200, 40))
    gate = ood.fit(model, cases, cases)
    gate.limits.update(dict.fromkeys(ood.DISTANCES, 1e9))
    sure, right = np.linspace(0.25, 1, 400), np.arange(400) >= 200
    card = {"network": "none", "made for": "tests"}
    return app.Assistant("model none, version 0", model, 1.0, gate, cases, sure, right, card)
