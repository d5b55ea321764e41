"""A hospital: the process that speaks to the coordinator, and a locked one that runs the app.

The first is Flower's SuperNode and holds the key; it runs nothing that came from outside. The
second is Flower's SuperExec. Where Linux has Landlock it sees this hospital's slices and no other
file of the reader's, can write into one folder, calls the SuperNode and nobody else, and cannot
install an app: it runs the one that was installed before, or none.
"""

import functools
import os
import secrets
import subprocess
import sys
from pathlib import Path

from course_utils import settings
from course_utils.core.errors import CourseError
from course_utils.federation import confinement, hospitals, subprocesses
from course_utils.federation.subprocesses import LOCALHOST, folder

# What Python and its libraries read of a Linux; nothing of the reader's lies there.
SYSTEM = "/usr /lib /lib64 /bin /proc /sys /dev/urandom /dev/random /dev/zero /etc/ld.so.cache"
SYSTEM += " /etc/localtime /etc/fonts /etc/ssl /etc/hosts /etc/nsswitch.conf"


def join(coordinator: str, name: str, authority: Path, key: Path, port: int) -> None:
    """Turn this process into the hospital with this name, for as long as it is wanted.

    The coordinator is ``host:port``; the port is one of this computer, on loopback, by which the
    two processes speak to each other. CourseError where there is no such hospital, no file of
    slices, no key or no certificate.
    """
    if name not in hospitals.NAMES:
        known = ", ".join(hospitals.NAMES)
        raise CourseError(f"There is no hospital {name}: it is one of {known}.")
    for needed in (hospitals.path_of(name), authority, key):
        if not needed.is_file():
            raise CourseError(f"Hospital {name} has no file {needed}: put it there, then join.")
    number = hospitals.NAMES.index(name)
    command = [
        *("flower-supernode", "--superlink", coordinator),
        *("--root-certificates", str(authority), "--auth-supernode-private-key", str(key)),
        *("--host", LOCALHOST, "--port", str(port), "--node-config", f"partition-id={number}"),
    ]
    environment = subprocesses.environment()
    for variable in ("NO_PROXY", "no_proxy"):
        environment[variable] += f",{coordinator.rpartition(':')[0]}"
    if confinement.version():
        secret = _new(name) / "secret"
        secret.write_bytes(secrets.token_bytes(32))
        command += ["--isolation", "process", "--superexec-auth-secret-file", str(secret)]
        run_apps(name, port, secret)
        if confinement.version() < 4:
            print("Landlock is an old one here: the app's files are locked, its calls are not.")
    else:
        print("This system has no Landlock: the app runs here with all of your own rights.")
    program = subprocesses.program(command[0])
    sys.stdout.flush()
    if os.name == "nt":
        raise SystemExit(subprocess.call([program, *command[1:]], env=environment))
    os.execve(program, [program, *command[1:]], environment)


def run_apps(name: str, port: int, secret: Path) -> subprocess.Popen:
    """Start the locked process of a hospital; it ends with the process that started it."""
    return subprocesses.flower(
        [
            *("flower-superexec", "--insecure", "--runtime-api-address", f"{LOCALHOST}:{port}"),
            *("--superexec-auth-secret-file", str(secret)),
        ],
        stdout=None,
        cwd=private(name),
        env=locked_environment(name),
        preexec_fn=functools.partial(lock, name, port),
    )


def lock(name: str, port: int) -> None:
    """Give up, in this process and for good, what a hospital's app has no need of."""
    # Flower's own way to notice the end asks by a signal, which is among what is given up.
    confinement.end_with_parent()
    system = [*SYSTEM.split(), sys.prefix, sys.base_prefix, settings.ROOT / "course_utils"]
    own = [hospitals.path_of(name), approved()]
    confinement.confine(map(Path, [*system, *own]), [private(name), Path("/dev/null")], [port])


def locked_environment(name: str) -> dict[str, str]:
    """Environment of the locked process: its own folder is all it may write to."""
    own = str(private(name))
    return subprocesses.environment() | {
        "FLWR_HOME": str(approved()),
        **dict.fromkeys(("HOME", "TMPDIR", "KERAS_HOME", "MPLCONFIGDIR"), own),
    }


def private(name: str) -> Path:
    """Folder of a hospital's locked process."""
    return folder() / "locked" / name


def approved() -> Path:
    """Folder with the one app that the hospitals of this computer run."""
    return folder() / "approved"


def _new(name: str) -> Path:
    private(name).mkdir(parents=True, exist_ok=True, mode=0o700)
    return private(name)
