"""The processes of a federation: how each is started, found again, watched and ended.

What runs is written to ``state.json``, each process with its number and the moment it began: a
number alone may belong to another process by the time somebody looks.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sysconfig
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from course_utils import settings
from course_utils.core import files
from course_utils.core.errors import CourseError

LOCALHOST = "127.0.0.1"
# Seconds: long, for a computer that is busy with other things.
START_LIMIT = 180
STOP_LIMIT = 15


def folder() -> Path:
    """Where a federation keeps keys, logs and results: ``federated`` in the data folder."""
    return settings.data_dir() / "federated"


def log_of(name: str) -> Path:
    """File into which a process writes what it has to say."""
    return folder() / "logs" / f"{name}.log"


def environment() -> dict[str, str]:
    """Environment for Flower's programs: on the path, with their files in the data folder.

    They ask no proxy for this computer's own addresses.
    """
    chosen = {
        "FLWR_HOME": str(folder() / "flower"),
        "NO_PROXY": f"{LOCALHOST},localhost",
        "no_proxy": f"{LOCALHOST},localhost",
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")]),
        "COURSE_DATA": str(settings.data_dir()),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    return os.environ | chosen


def flower(command: list[str], **options) -> subprocess.Popen:
    """Start one of Flower's programs; options go to :class:`subprocess.Popen`.

    Raises
    ------
    CourseError
        If the program is not installed.
    """
    program = shutil.which(command[0], path=environment()["PATH"])
    if program is None:
        raise CourseError(f"Flower's program {command[0]} is not installed: type 'make extras'.")
    return subprocess.Popen(
        [program, *command[1:]],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        **options,
    )


def started(name: str, command: list[str]) -> subprocess.Popen:
    """Start a lasting process, whose words go to its log."""
    with log_of(name).open("ab") as log:
        # In a session of its own: Ctrl-C reaches only the one who started it, and who ends it.
        return flower(command, stdout=log, start_new_session=True)


def stop(pid: int, alone: bool = False) -> None:
    """End a process and all that it started; one that does not listen is killed.

    Parameters
    ----------
    pid : int
    alone : bool
        Whether it ends its own children by itself.
    """
    try:
        process = psutil.Process(pid)
        family = [process] if alone else [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.terminate()
    _, deaf = psutil.wait_procs(family, timeout=STOP_LIMIT * (3 if alone else 1))
    for one in deaf:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(deaf, timeout=STOP_LIMIT)


def note(processes: dict[str, subprocess.Popen]) -> None:
    """Write down what runs, and who looks after it."""
    numbers = {name: process.pid for name, process in processes.items()}
    numbers = {name: [pid, _born(pid)] for name, pid in numbers.items()}
    about = {"supervisor": [os.getpid(), _born(os.getpid())], "processes": numbers}
    with files.atomic(_state_file()) as new:
        new.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def noted() -> dict:
    """What :func:`note` wrote last; empty where there is nothing, or nothing that can be read."""
    try:
        return json.loads(_state_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def forget() -> None:
    """Remove the note of what runs."""
    files.remove(_state_file())


def is_alive(pid: int, born: float | None) -> bool:
    """Whether the process with this number and this beginning still runs."""
    return born is not None and _born(pid) == born


def wait_for(
    condition: Callable[[], bool], process: subprocess.Popen, name: str, what: str
) -> None:
    """Wait until something is so, for as long as the process lives and the time is not up.

    Raises
    ------
    CourseError
        If the process ended, or the time is up; with the log that knows more.
    """
    end = time.monotonic() + START_LIMIT
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            why = f"after {START_LIMIT} s" if process.poll() is None else "and ended"
            raise CourseError(f"{name} did not {what} {why}: the reason is in {log_of(name)}.")
        time.sleep(0.3)


def answers(port: int, authority: Path) -> bool:
    """Whether the coordinator answers on this port with a certificate that the authority signed."""
    try:
        trusted = ssl.create_default_context(cafile=authority)
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted)
        )
        with direct.open(f"https://{LOCALHOST}:{port}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Find ports of this computer that nobody listens on."""
    with contextlib.ExitStack() as stack:
        # All open at once, or the same one might be found twice.
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOCALHOST, 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Let a request to end, or a closed terminal, act like Ctrl-C, so that all is tidied up."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def interrupt(number, frame):
        # Once is enough: a second one must not break off the tidying.
        for name in names:
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {name: signal.signal(getattr(signal, name), interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _born(pid: int) -> float | None:
    try:
        process = psutil.Process(pid)
        # A dead child whose parent has not looked yet is dead all the same.
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def _state_file() -> Path:
    return folder() / "state.json"
