"""What a confined process may not do, it cannot do, whoever runs it."""

import os
import socket
import subprocess
import sys

import pytest

from course_utils import settings
from course_utils.federation import confinement

needs_landlock = pytest.mark.skipif(
    confinement.version() < 6, reason="this system has no Landlock that knows files, TCP, signals"
)
CODE = """
import json, os, socket, sys
from pathlib import Path
from course_utils.federation import confinement

folder, allowed, other = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if sys.argv[4] == "confined":
    system = [sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", "/etc/ld.so.cache"]
    read = [*system, folder / "data", folder / "nowhere"]
    confinement.confine(map(Path, read), [folder / "own"], [allowed])


def call(port):
    socket.create_connection(("127.0.0.1", port), timeout=30).close()


attempts = {
    "read": lambda: (folder / "data" / "slices").read_text(),
    "write own": lambda: (folder / "own" / "new").write_text("x"),
    "call": lambda: call(allowed),
    "read another's": lambda: (folder / "secret").read_text(),
    "change": lambda: (folder / "data" / "slices").write_text("x"),
    "delete": lambda: (folder / "data" / "old").unlink(),
    "write elsewhere": lambda: (folder / "new").write_text("x"),
    "call elsewhere": lambda: call(other),
    "listen": lambda: socket.create_server(("127.0.0.1", 0)).close(),
    "signal": lambda: os.kill(os.getppid(), 0),
    "look into another": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
}
"""
MAY = ["read", "write own", "call"]


@pytest.fixture
def attempt(attempted, tmp_path):
    """Function that tries everything in a process, confined or not, and lists what it could do."""
    for path in ("data/slices", "data/old", "secret", "own/old"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("42")

    def run(how):
        with (
            socket.create_server(("127.0.0.1", 0)) as one,
            socket.create_server(("127.0.0.1", 0)) as two,
        ):
            ports = [str(server.getsockname()[1]) for server in (one, two)]
            return attempted(CODE, tmp_path, *ports, how)

    return run


@needs_landlock
def test_a_confined_process_can_do_what_it_may_and_nothing_else(attempt, tmp_path):
    assert attempt("confined") == MAY
    assert (tmp_path / "data" / "slices").read_text() == "42"


@needs_landlock
def test_an_unconfined_one_can_do_it_all(attempt):
    assert len(attempt("free")) == 11


@needs_landlock
def test_a_process_ends_with_the_one_that_started_it():
    child = "from course_utils.federation import confinement; confinement.end_with_parent(); "
    child += "print('ready', flush=True); import time; time.sleep(600)"
    parent = "import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', sys.argv[1]], "
    parent += "stdout=subprocess.PIPE); c.stdout.readline(); print(c.pid)"
    done = subprocess.run(
        [sys.executable, "-c", parent, child], cwd=settings.ROOT, capture_output=True, text=True
    )
    import psutil

    pid = int(done.stdout)
    gone, _ = psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], 30)
    assert not psutil.pid_exists(pid) or gone


def test_a_system_without_it_says_so(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert confinement.version() == 0
    with pytest.raises(OSError, match="no Landlock"):
        confinement.confine([], [], [])
    assert os.access(settings.ROOT, os.R_OK)
