"""Lesson 14: the web app."""

from course_utils.core import packages


def need_packages() -> None:
    """Go on only where Voila and pydicom are installed; say how to add them where they are not."""
    packages.need("app")
