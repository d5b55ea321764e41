"""Chromium, driven by Playwright; where one of the two is missing, tests of pages are skipped."""

import pytest

from course_utils.cli import book
from course_utils.federation import subprocesses


# Playwright keeps an event loop running in this thread, beside which no other can be started: it
# must be gone before the next file's tests.
@pytest.fixture(scope="module")
def chromium():
    reason = "the extra 'browser' is not installed: make extras"
    sync_api = pytest.importorskip("playwright.sync_api", reason=reason)
    found = book.browser()
    if found is None:
        pytest.skip("there is no Chromium on this computer (Debian: apt install chromium)")
    with sync_api.sync_playwright() as play:
        # Inside a container Chromium cannot build its own walls, and it opens our page only.
        # A stranger's name that means this computer, as after DNS rebinding.
        rebound = "--host-resolver-rules=MAP evil.example 127.0.0.1"
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox", rebound])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def free_port():
    """Function that returns a port which nobody uses."""
    return lambda: subprocesses.free_ports(1)[0]
