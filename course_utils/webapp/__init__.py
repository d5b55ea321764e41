"""Lesson 14: the web app."""

from course_utils.core import packages

# Stands on every screen of the app.
NOTICE = "This is teaching material and no medical device. Never use it for anyone's health."


def need_packages() -> None:
    """Go on only where Voila and pydicom are installed; say how to add them where they are not."""
    packages.need("app")
