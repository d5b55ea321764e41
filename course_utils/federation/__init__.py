"""Lesson 13: hospitals that learn together and keep their slices."""

import os

from course_utils.core import packages

# Flower, once imported, reports to nobody that it runs, nor looks for a newer version.
for _name, _value in (("FLWR_TELEMETRY_ENABLED", "0"), ("FLWR_DISABLE_UPDATE_CHECK", "1")):
    os.environ.setdefault(_name, _value)


def need_packages() -> None:
    """Go on only where Flower is installed; say how to add it where it is not."""
    packages.need("federated")
