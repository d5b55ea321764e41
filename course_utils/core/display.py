"""Whether a browser can open on this computer."""

import os
import sys
from pathlib import Path

# Docker and Podman put these files into a container.
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


def has_display() -> bool:
    """Whether a browser can open here: somebody sits at a screen, and not inside a container."""
    if sys.platform in ("win32", "darwin"):
        return not os.environ.get("SSH_CONNECTION")
    if os.geteuid() == 0 or any(mark.exists() for mark in CONTAINER_MARKS):
        return False
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
