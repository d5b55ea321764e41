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
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import requests

from course_utils import settings
from course_utils.core import files
from course_utils.core.errors import CourseError

LOCALHOST = "127.0.0.1"
# Seconds: long, for a computer that is busy with other things.
START_LIMIT, STOP_LIMIT = 180, 15


def folder() -> Path:
    """Where a federation keeps keys, logs and results: ``federated`` in the data folder."""
    return settings.data_dir() / "federated"


def log_of(name: str) -> Path:
    """File into which a process writes what it has to say."""
    return folder() / "logs" / f"{name}.log"


def environment() -> dict[str, str]:
    """Environment of Flower's programs: their files in the data folder, no proxy on loopback."""
    return os.environ | {
        "FLWR_HOME": str(folder() / "flower"),
        "NO_PROXY": f"{LOCALHOST},localhost",
        "no_proxy": f"{LOCALHOST},localhost",
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")]),
        "COURSE_DATA": str(settings.data_dir()),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def program(name: str) -> str:
    """Path of one of the programs that come with the course's packages."""
    found = shutil.which(name, path=environment()["PATH"])
    if found is None:
        raise CourseError(f"The program {name} is not installed: type 'make extras'.")
    return found


def flower(command: list[str], stdout=subprocess.PIPE, **options) -> subprocess.Popen:
    """Start one of Flower's programs, or the course's own; options go to ``Popen``."""
    return subprocess.Popen(
        [program(command[0]), *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        **{"env": environment()} | options,
    )


def started(name: str, command: list[str]) -> subprocess.Popen:
    """Start a lasting process, whose words go to its log."""
    with log_of(name).open("ab") as log:
        # In a session of its own: Ctrl-C reaches only the one who started it, and who ends it.
        return flower(command, stdout=log, start_new_session=True)


def stop(pid: int, alone: bool = False) -> None:
    """End a process and all that it started, unless it does that itself; kill what stays."""
    try:
        process = psutil.Process(pid)
        family = [process] if alone else [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                end(one)
        _, family = psutil.wait_procs(family, timeout=STOP_LIMIT * (3 if alone else 1))


def save_state(processes: dict[str, subprocess.Popen]) -> None:
    """Write down what runs, and who looks after it."""
    state = {
        "supervisor": [os.getpid(), _born(os.getpid())],
        "processes": {name: [one.pid, _born(one.pid)] for name, one in processes.items()},
    }
    with files.atomic(state_file()) as new:
        new.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")


def load_state() -> dict:
    """What was saved last; empty where there is nothing, or nothing that can be read."""
    try:
        state = json.loads(state_file().read_text(encoding="utf-8"))
        return {"supervisor": state["supervisor"], "processes": dict(state["processes"])}
    except (OSError, ValueError, TypeError, LookupError):
        return {}


def state_file() -> Path:
    """Where it is written what runs."""
    return folder() / "state.json"


def is_alive(pid: int, born: float | None) -> bool:
    """Whether the process with this number and this beginning still runs."""
    return born is not None and _born(pid) == born


def wait_for(
    condition: Callable[[], bool], process: subprocess.Popen, name: str, what: str
) -> None:
    """Wait until something is so; CourseError once the process has ended or the time is up."""
    end = time.monotonic() + START_LIMIT
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            why = f"after {START_LIMIT} s" if process.poll() is None else "and ended"
            raise CourseError(f"{name} did not {what} {why}: the reason is in {log_of(name)}.")
        time.sleep(0.3)


def responds(port: int, authority: Path, host: str = LOCALHOST) -> bool:
    """Whether the coordinator answers at this address with a certificate the authority signed."""
    with requests.Session() as session:
        # No proxy, and no other authority, whatever the environment says.
        session.trust_env = False
        try:
            address = f"https://{host}:{port}/health"
            return session.get(address, verify=str(authority), timeout=5).status_code == 200
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
    # Windows has no SIGHUP.
    numbers = {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}

    def interrupt(*_):
        # Once is enough: a second one must not break off the tidying.
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _born(pid: int) -> float | None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        # A dead child whose parent has not looked yet is dead all the same.
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
