"""A real federation on this computer: who gets in, who may listen, who drops out and comes back.

These tests start processes, and wait for what must become true, however long a busy computer takes.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest

pytest.importorskip("flwr")

from course_utils import settings
from course_utils.core import files
from course_utils.core.errors import CourseError
from course_utils.federation import credentials, hospitals, net, subprocesses

LIMIT = 420
# The network is what is tested here, not the training: hospitals that only wait a while, and whose
# code travels with the app. The coordinator's part is the course's own.
LIGHT = """
import time
from flwr.app import ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

client = ClientApp()


@client.train()
def wait(message, context):
    time.sleep(3)
    hospital = int(context.node_config["partition-id"])
    metrics = MetricRecord({"num-examples": 10, "hospital": hospital})
    answer = {"arrays": message.content["arrays"], "metrics": metrics}
    return Message(RecordDict(answer), reply_to=message)
"""
UP = "import sys; from course_utils.federation import net; net.up(sys.argv[1])"
# A stranger's app: it would send the slices of whatever hospital runs it.
THIEF = """
from flwr.app import ArrayRecord, Message, RecordDict
from flwr.clientapp import ClientApp
from course_utils.federation import hospitals

client = ClientApp()


@client.train()
def steal(message, context):
    images, _ = hospitals.read(context.node_config["partition-id"])
    return Message(RecordDict({"arrays": ArrayRecord([images])}), reply_to=message)
"""


def outside():
    """An address of this computer that others may reach, or None: no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, contextlib.suppress(OSError):
        asking.connect(("192.0.2.1", 9))
        found = asking.getsockname()[0]
        return None if found.startswith("127.") else found


def until(condition, what, process=None):
    """Wait until something is so."""
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, f"in {LIMIT} s it did not happen: {what}\n{logs()}"
        assert process is None or process.poll() is None, f"ended before: {what}\n{logs()}"
        time.sleep(0.1)


def logs():
    """The ends of all logs, for whoever has to find out why a test failed."""
    return "\n".join(
        f"--- {path.name}\n{path.read_text(encoding='utf-8', errors='replace')[-1500:]}"
        for path in sorted((net.folder() / "logs").glob("*.log"))
    )


def family():
    """All processes of the federation, with the helpers that they started."""
    found = []
    for pid, born in subprocesses.load_state()["processes"].values():
        if subprocesses.is_alive(pid, born):
            process = psutil.Process(pid)
            found += [process, *process.children(recursive=True)]
    return found


def gone(processes):
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


@contextlib.contextmanager
def federation(host="127.0.0.1"):
    """Four hospitals, up and connected, with an app that is quick; all is ended afterwards."""
    for name in hospitals.NAMES:
        with files.atomic(hospitals.path_of(name)) as new:
            files.write_arrays(new, images=np.zeros((1, 64, 64), np.uint8), labels=np.zeros(1, int))
    with subprocess.Popen(
        [sys.executable, "-c", UP, host],
        cwd=settings.ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        said = []
        reader = threading.Thread(target=lambda: said.extend(process.stdout), daemon=True)
        reader.start()
        try:
            until(lambda: any("Ctrl-C" in line for line in said), "all connected", process)
            app = net.folder() / "app" / "pyproject.toml"
            text = app.read_text().replace(
                "course_utils.federation.flower_app:client", "light:client"
            )
            # A hospital that is back before anyone missed it has lost its task all the same: then
            # only the timeout ends the round, and five minutes of it are too many for a test.
            assert "timeout = 300" in text
            app.write_text(text.replace("timeout = 300", "timeout = 150"))
            (app.parent / "light.py").write_text(LIGHT)
            # Hospitals run only what was installed for them.
            net.approve()
            yield process, said
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.wait(LIMIT)
            finally:
                process.kill()
                net.down()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
def test_a_hospital_drops_out_in_mid_round_and_comes_back():
    with federation() as (process, said):
        told, result = [], []
        # The next round begins only when all four are there, so the run needs it back.
        training = threading.Thread(
            target=lambda: result.append(net.submit(3, at_least=4, say=told.append)),
            daemon=True,
        )
        training.start()
        log = subprocesses.log_of("C")
        until(lambda: log.read_text().count("Receiving: train") == 2, "second round", process)
        pid, _ = subprocesses.load_state()["processes"]["C"]
        victim = psutil.Process(pid)
        for one in [victim, *victim.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        until(lambda: any("Hospital C is gone" in line for line in said), "missed", process)
        until(lambda: not training.is_alive(), "the run's end", process)
        assert result == [[[0, 1, 2, 3], [0, 1, 3], [0, 1, 2, 3]]], f"{told}\n{logs()}"
        assert told[1] == "round 2 of 3: A, B, D"
        until(lambda: any("Hospital C is back" in line for line in said), "back", process)
        new_pid, _ = subprocesses.load_state()["processes"]["C"]
        assert new_pid != pid

        everybody = family()
        process.send_signal(signal.SIGINT)
        process.wait(LIMIT)
        until(lambda: gone(everybody), "Ctrl-C ends all")
        assert subprocesses.load_state() == {}


def listening(processes):
    """Addresses at which these processes wait for calls."""
    return {
        (connection.laddr.ip, connection.laddr.port)
        for one in processes
        for connection in one.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def link_port():
    """Port at which the coordinator itself listens."""
    config = (net.folder() / "flower" / "config.toml").read_text()
    return int(config.partition("127.0.0.1:")[2].partition('"')[0])


def tried_by_a_stranger(home, address, *command):
    """Exit code and words of one of Flower's programs, used by somebody who has ca.pem."""
    home.mkdir(exist_ok=True)
    authority = json.dumps(str(net.folder() / "keys" / "ca.pem"))
    config = f'[superlink.course]\naddress = "{address}"\nroot-certificates = {authority}\n'
    (home / "config.toml").write_text(config)
    theirs = subprocesses.environment() | {"FLWR_HOME": str(home)}
    theirs["NO_PROXY"] = theirs["no_proxy"] = "*"
    with subprocesses.flower(["flwr", *command], env=theirs) as trying:
        said, _ = trying.communicate()
    return trying.returncode, said


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
@pytest.mark.skipif(outside() is None, reason="this computer has no address but loopback")
def test_strangers_stay_outside_and_nothing_is_left_behind(tmp_path):
    host = outside()
    with federation(host) as (process, _):
        everybody = family()
        ports = {address: port for address, port in listening(everybody) if address != "127.0.0.1"}
        assert set(ports) == {host}, "the gate alone is to be reached from outside"
        assert len(listening(everybody)) == 6
        door, link, keys = ports[host], link_port(), net.folder() / "keys"
        assert link != door
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, link), timeout=30)
        assert subprocesses.responds(door, keys / "ca.pem", host)
        credentials.certificates(tmp_path / "others")
        assert not subprocesses.responds(door, tmp_path / "others" / "ca.pem", host)

        # Somebody has the public ca.pem and reaches the gate: no app is taken from there, no key.
        (tmp_path / "app").mkdir()
        app = net.APP.replace("course_utils.federation.flower_app:client", "thief:client")
        (tmp_path / "app" / "pyproject.toml").write_text(app)
        (tmp_path / "app" / "thief.py").write_text(THIEF)
        credentials.hospital(tmp_path, "stranger")
        for words in (
            ("run", str(tmp_path / "app"), "course"),
            ("supernode", "register", str(tmp_path / "stranger.pub"), "course"),
        ):
            code, said = tried_by_a_stranger(tmp_path / "home", f"{host}:{door}", *words)
            assert code, said
            assert "404" in said, said
        heard = subprocesses.log_of("coordinator").read_text(encoding="utf-8")
        assert "/v1/control/start-run" not in heard
        assert heard.count("/v1/control/register-node") == 4, "those of the four hospitals"

        # Nor does a SuperNode come in whose key nobody registered.
        command = [
            *("flower-supernode", "--superlink", f"{host}:{door}"),
            *("--root-certificates", str(keys / "ca.pem")),
            *("--auth-supernode-private-key", str(tmp_path / "stranger.key")),
            *("--port", str(subprocesses.free_ports(1)[0])),
        ]
        # Into a file: its helper holds on to what it inherits until somebody has seen its end.
        words = tmp_path / "stranger.log"
        with words.open("wb") as log, subprocesses.flower(command, stdout=log) as stranger:
            until(lambda: stranger.poll() is not None, "turned away")
        assert stranger.returncode != 0
        assert "Failed to initialize the connection" in words.read_text(encoding="utf-8")

        assert set(net.status()) == {"coordinator", "gate", "A", "B", "C", "D"}
        with pytest.raises(CourseError, match="running already"):
            net.up()

        # Whoever looked after it dies without a chance to tidy up.
        process.kill()
        process.wait(LIMIT)
        assert not net.running()
        assert net.down()
        until(lambda: gone(everybody), "down ends all")
        assert not net.down()


def test_a_coordinator_that_does_not_start_leaves_nothing_behind(monkeypatch):
    started = []
    begin = subprocesses.started

    def wrong(name, command):
        started.append(begin(name, ["flower-superlink", "--no-such-option"]))
        return started[-1]

    monkeypatch.setattr(subprocesses, "started", wrong)
    with pytest.raises(CourseError, match="coordinator did not answer and ended.*coordinator.log"):
        net.up()
    assert "--no-such-option" in subprocesses.log_of("coordinator").read_text()
    assert len(started) == 1
    assert started[0].poll() is not None
    assert subprocesses.load_state() == {}


def test_a_run_without_a_federation_says_how_to_start_one():
    with pytest.raises(CourseError, match="course federated up"):
        net.submit(3)
    assert not net.down()
    assert net.status() == {}


@pytest.mark.parametrize(("rounds", "at_least"), [(0, 2), (3, 0), (3, 5)])
def test_numbers_that_make_no_sense_are_refused(rounds, at_least):
    with pytest.raises(CourseError, match="rounds|hospitals"):
        net.submit(rounds, at_least)


def test_a_run_that_breaks_off_names_its_log(monkeypatch):
    (net.folder() / "logs").mkdir(parents=True)
    monkeypatch.setattr(net, "running", lambda: True)
    with files.atomic(net.rounds_file()) as new:
        new.write_text(json.dumps({"took_part": [[0, 1, 2, 3]] * 3}))
    # No coordinator listens there, so Flower gives up; the rounds of an earlier run do not count.
    net._prepare(subprocesses.free_ports(1)[0], "127.0.0.1")
    with pytest.raises(CourseError, match="broke off after 0 of 3 rounds.*run.log"):
        net.submit(3)


def test_every_hospital_has_its_own_key_and_only_the_gate_is_outside():
    commands = net.commands([1, 2, 3, 4, 5, 6], "192.0.2.7")
    assert list(commands) == ["coordinator", "gate", *hospitals.NAMES]
    for number, name in enumerate(hospitals.NAMES):
        words = " ".join(commands[name])
        assert f"{name}.key" in words
        assert f"join 192.0.2.7:2 {name} --port {3 + number}" in words
    coordinator = " ".join(commands["coordinator"])
    assert "--host 127.0.0.1 --port 1" in coordinator
    assert "--enable-supernode-auth" in coordinator
    assert "--insecure" not in coordinator
    assert "192.0.2.7" not in coordinator
    assert " ".join(commands["gate"]) == "course federated gate 1 --host 192.0.2.7 --port 2"
