"""Whether a browser can open here."""

import os

import pytest

from course_utils import settings
from course_utils.core import display

SCREEN = {"DISPLAY": ":0"}


@pytest.mark.parametrize(
    ("system", "variables", "root", "container", "expected"),
    [
        ("linux", SCREEN, False, False, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, False, False, True),
        ("linux", {}, False, False, False),
        ("linux", SCREEN, True, False, False),
        ("linux", SCREEN, False, True, False),
        ("darwin", {}, False, False, True),
        ("darwin", {"SSH_CONNECTION": "somewhere"}, False, False, False),
        ("win32", {}, False, False, True),
    ],
)
def test_a_browser_opens_for_who_sits_at_a_screen(
    monkeypatch, system, variables, root, container, expected
):
    monkeypatch.setattr(display.sys, "platform", system)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000, raising=False)
    monkeypatch.setattr(display, "CONTAINER_MARKS", [settings.ROOT] if container else [])
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert display.has_display() is expected
