"""A federation as separate processes that speak TLS: a coordinator, its gate, and four hospitals.

Flower calls the coordinator's process SuperLink, and a hospital's SuperNode. Both start the app
anew for each message, in a process of its own. Who submits an app and registers keys is asked for
no name by Flower, so the coordinator listens on loopback only; others reach its gate.
"""

import functools
import json
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from course_utils.core import files
from course_utils.core.errors import CourseError
from course_utils.federation import credentials, hospitals, join, subprocesses
from course_utils.federation.subprocesses import LOCALHOST, folder, log_of

COORDINATOR, GATE = "coordinator", "gate"
# Seconds between two attempts to bring a hospital back. It is missed only when it has sent no sign
# of life for a minute; until then the coordinator turns a second one with the same key away.
PAUSE = 10

APP = """[project]
name = "federated-course"
version = "1.0.0"
description = "Names two objects of course_utils, which every computer of the federation has."
license = "MIT"

[tool.flwr.app]
publisher = "course"
components.serverapp = "course_utils.federation.flower_app:server"
components.clientapp = "course_utils.federation.flower_app:client"

[tool.flwr.app.config]
rounds = 3
local-steps = 32
at-least = 2
timeout = 300
classes = 4
"""


def commands(ports: Sequence[int], host: str = LOCALHOST) -> dict[str, list[str]]:
    """What is typed to start each process, by its name; ports are in the same order.

    The gate listens at the host's address, all others on loopback.
    """
    keys = folder() / "keys"
    link, door = map(str, ports[:2])
    found = {
        COORDINATOR: [
            "flower-superlink",
            *("--host", LOCALHOST, "--port", link),
            *("--ssl-ca-certfile", str(keys / "ca.pem")),
            *("--ssl-certfile", str(keys / "coordinator.pem")),
            *("--ssl-keyfile", str(keys / "coordinator.key")),
            "--enable-supernode-auth",
            "--disable-runtime-dependency-installation",
        ],
        GATE: ["course", "federated", "gate", link, "--host", host, "--port", door],
    }
    for port, name in zip(ports[2:], hospitals.NAMES, strict=True):
        found[name] = [
            *("course", "federated", "join", f"{host}:{door}", name, "--port", str(port)),
            *("--authority", str(keys / "ca.pem"), "--key", str(keys / f"{name}.key")),
        ]
    return found


def up(host: str = LOCALHOST, port: int | None = None, guests: Sequence[Path] = ()) -> None:
    """Start a federation of hospitals whose slices are in their files (:func:`.hospitals.store`).

    Its gate is at the host's address, on any free port where none is given. Where guests, the
    public keys of hospitals on other computers, are given, they are let in, and none is started
    here. It is looked after until it is interrupted. CourseError where one is running already, a
    process does not start, or the coordinator stops.
    """
    if running():
        raise CourseError(
            f"A federation is running already in {folder()}: end it with 'course federated down'."
        )
    down()
    ports = subprocesses.free_ports(2 + len(hospitals.NAMES))
    ports[1] = port or ports[1]
    _prepare(ports[0], host)
    here = () if guests else hospitals.NAMES
    names = (COORDINATOR, GATE, *here)
    wanted = {name: what for name, what in commands(ports, host).items() if name in names}
    public = guests or [folder() / "keys" / f"{name}.pub" for name in here]
    processes: dict[str, subprocess.Popen] = {}
    with subprocesses.interrupted_by_signals():
        try:
            for name, command in wanted.items():
                processes[name] = subprocesses.started(name, command)
                subprocesses.save_state(processes)
                if name == COORDINATOR:
                    _open(processes[name], ports[0], public)
                if name == GATE:
                    answers = functools.partial(subprocesses.responds, ports[1], _authority(), host)
                    subprocesses.wait_for(answers, processes[name], name, "answer")
            for name in here:
                connected = functools.partial(is_connected, name)
                subprocesses.wait_for(connected, processes[name], name, "connect")
            who = "four hospitals are connected" if here else "those whose keys you gave may join"
            print(
                f"The coordinator's gate is at {host}:{ports[1]}, and {who}. "
                f"Logs: {folder() / 'logs'}\n"
                "Type 'course federated run' in another terminal. Ctrl-C ends the federation."
            )
            _tend(processes, wanted)
        finally:
            for process in reversed(processes.values()):
                subprocesses.stop(process.pid)
            files.remove(subprocesses.state_file())


def down() -> bool:
    """End a federation, also one that nobody looks after any more; say whether there was one."""
    state = subprocesses.load_state()
    if not state:
        return False
    if running():
        # It ends the others in order; what is left over is ended below.
        subprocesses.stop(state["supervisor"][0], alone=True)
    for pid, born in state["processes"].values():
        if subprocesses.is_alive(pid, born):
            subprocesses.stop(pid)
    files.remove(subprocesses.state_file())
    return True


def running() -> bool:
    """Whether somebody looks after a federation in this data folder."""
    state = subprocesses.load_state()
    return bool(state) and subprocesses.is_alive(*state["supervisor"])


def need_running() -> None:
    """Stop where no federation is running, and say how to start one."""
    if not running():
        raise CourseError("No federation is running: start one with 'course federated up'.")


def status() -> dict[str, str]:
    """Say of each process whether it runs: its name to words."""
    return {
        name: f"runs as process {pid}" if subprocesses.is_alive(pid, born) else "is gone"
        for name, (pid, born) in subprocesses.load_state().get("processes", {}).items()
    }


def is_connected(name: str) -> bool:
    """Whether the coordinator has let a hospital in since it was last started."""
    log = log_of(name).read_text(encoding="utf-8", errors="replace")
    return "SuperNode ID" in log.rpartition("Starting Flower SuperNode")[2]


def submit(
    rounds: int, at_least: int = 2, classes: int = 4, say: Callable[[str], None] = print
) -> list[list[int]]:
    """Have the running federation train, say one line per round, and list who took part in each.

    CourseError where no federation is running, or the training broke off.
    """
    if rounds < 1 or not 1 <= at_least <= len(hospitals.NAMES):
        raise CourseError(
            f"{rounds} rounds with at least {at_least} hospitals cannot be: ask for at least one "
            f"round, and for 1 to {len(hospitals.NAMES)} hospitals."
        )
    need_running()
    files.remove(rounds_file())
    chosen = f"rounds={rounds} at-least={at_least} classes={classes}"
    command = ["flwr", "run", str(folder() / "app"), "course", "--stream", "--run-config", chosen]
    with (
        log_of("run").open("w", buffering=1, encoding="utf-8") as log,
        subprocesses.flower(command) as process,
    ):
        for line in process.stdout:
            log.write(line)
            if found := re.search(r"round \d+ of \d+: .*", line):
                say(found[0].rstrip())
    done = _noted().get("took_part", [])
    if len(done) < rounds:
        raise CourseError(
            f"The training broke off after {len(done)} of {rounds} rounds: the reason is in "
            f"{log_of('run')}, or in the log of a hospital beside it."
        )
    return done


def counted() -> dict[str, int]:
    """What the hospitals counted at home after the last round, added up; empty where none did."""
    return _noted().get("counts", {})


def rounds_file() -> Path:
    """Where the coordinator notes who took part in which round, and what they counted."""
    return folder() / "rounds.json"


def weights_file() -> Path:
    """Where the coordinator keeps the latest weights, for :func:`.by_hand.read_weights`."""
    return folder() / "weights.npz"


def approve() -> None:
    """Install the app in ``app`` for the hospitals of this computer, which then run no other one.

    An app of the same name with another byte in it is another one: Flower names it by its hash.
    """
    join.approved().mkdir(parents=True, exist_ok=True)
    # The folder stays: a process that is locked already would not see a new one in its place.
    for old in join.approved().iterdir():
        files.remove(old)
    settings = subprocesses.environment() | {"FLWR_HOME": str(join.approved())}
    _told(["flwr", "build", "--app", str(folder() / "app")], cwd=join.approved())
    (bundle,) = join.approved().glob("*.fab")
    _told(["flwr", "install", str(bundle)], env=settings)


def write_app() -> None:
    """Write the app that the course submits: a few lines that name objects of ``course_utils``."""
    files.remove(folder() / "app")
    (folder() / "app").mkdir(parents=True)
    (folder() / "app" / "pyproject.toml").write_text(APP, encoding="utf-8")


def _prepare(port: int, host: str) -> None:
    """Write new keys, Flower's settings and the app; the logs of earlier times go."""
    for part in ("keys", "flower", "logs", "locked"):
        files.remove(folder() / part)
        (folder() / part).mkdir(parents=True)
    credentials.certificates(folder() / "keys", ["localhost", LOCALHOST, host])
    for name in hospitals.NAMES:
        credentials.hospital(folder() / "keys", name)
    write_app()
    approve()
    # A string of JSON is one of TOML, too, with all its backslashes.
    authority = json.dumps(str(_authority()))
    link = f'address = "{LOCALHOST}:{port}"\nroot-certificates = {authority}\n'
    config = folder() / "flower" / "config.toml"
    config.write_text(f"[superlink.course]\n{link}", encoding="utf-8")


def _noted() -> dict:
    file = rounds_file()
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _authority() -> Path:
    return folder() / "keys" / "ca.pem"


def _open(process: subprocess.Popen, port: int, public: Sequence[Path]) -> None:
    """Wait for the coordinator, and tell it the hospitals' public keys: no other gets in."""
    answers = functools.partial(subprocesses.responds, port, _authority())
    subprocesses.wait_for(answers, process, COORDINATOR, "answer")
    for key in public:
        _told(["flwr", "supernode", "register", str(key), "course"])


def _told(command: list[str], **options) -> None:
    """Run one of Flower's programs to its end; CourseError with its words where it fails."""
    with subprocesses.flower(command, **options) as process:
        said, _ = process.communicate()
    if process.returncode:
        raise CourseError(f"'{' '.join(command)}' did not work: {said.strip()}")


def _tend(processes: dict, commands: dict) -> None:
    """Bring back whatever is gone, for as long as the coordinator is there."""
    tried = dict.fromkeys(processes, time.monotonic())
    missed: set[str] = set()
    others = [name for name in processes if name != COORDINATOR]
    while processes[COORDINATOR].poll() is None:
        for name in others:
            called = "The gate" if name == GATE else f"Hospital {name}"
            if processes[name].poll() is None:
                if name in missed and (name == GATE or is_connected(name)):
                    missed.remove(name)
                    print(f"{called} is back.")
                continue
            if name not in missed:
                missed.add(name)
                print(f"{called} is gone. It is started again, until it is let back in.")
            if time.monotonic() - tried[name] > PAUSE:
                tried[name] = time.monotonic()
                processes[name] = subprocesses.started(name, commands[name])
                subprocesses.save_state(processes)
        time.sleep(0.5)
    raise CourseError(f"The coordinator has stopped: the reason is in {log_of(COORDINATOR)}.")
