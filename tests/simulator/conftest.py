"""Easy patients of every class, and their whole heads, scanned once for all tests of this room."""

import pytest

from course_utils import simulator


@pytest.fixture(scope="package")
def patients():
    """One patient of each class."""
    return {label: simulator.patient(3, label, "easy") for label in simulator.LABELS}


@pytest.fixture(scope="package")
def heads(patients):
    """The images, mask and affine of each patient's whole head."""
    return {label: simulator.whole(patient) for label, patient in patients.items()}
