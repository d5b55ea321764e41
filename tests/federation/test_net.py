"""A real federation on this computer: who gets in, who may listen, who drops out and comes back.

These tests start processes, and wait for what must become true, however long a busy computer takes.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

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
UP = "from course_utils.federation import net; net.up(4)"


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
def federation():
    """Four hospitals, up and connected, with an app that is quick; all is ended afterwards."""
    with subprocess.Popen(
        [sys.executable, "-c", UP],
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


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
def test_strangers_stay_outside_and_nothing_is_left_behind(tmp_path):
    with federation() as (process, _):
        everybody = family()
        heard = {
            (connection.laddr.ip, connection.laddr.port)
            for one in everybody
            for connection in one.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        assert len(heard) == 5, "the coordinator and four hospitals listen"
        assert {address for address, _ in heard} == {"127.0.0.1"}

        config = (net.folder() / "flower" / "config.toml").read_text()
        port = int(config.partition("127.0.0.1:")[2].partition('"')[0])
        keys = net.folder() / "keys"
        assert subprocesses.responds(port, keys / "ca.pem")
        credentials.certificates(tmp_path / "others")
        assert not subprocesses.responds(port, tmp_path / "others" / "ca.pem")

        credentials.hospital(keys, "stranger")
        command = net.commands([port, subprocesses.free_ports(1)[0], 0, 0, 0])["A"]
        command = [word.replace("A.key", "stranger.key") for word in command]
        # Into a file: its helper holds on to what it inherits until somebody has seen its end.
        words = tmp_path / "stranger.log"
        with words.open("wb") as log, subprocesses.flower(command, stdout=log) as stranger:
            until(lambda: stranger.poll() is not None, "turned away")
        assert stranger.returncode != 0
        assert "Failed to initialize the connection" in words.read_text(encoding="utf-8")

        assert set(net.status()) == {"coordinator", "A", "B", "C", "D"}
        with pytest.raises(CourseError, match="running already"):
            net.up(4)

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
        net.up(4)
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
    net._prepare(subprocesses.free_ports(1)[0], classes=4)
    with pytest.raises(CourseError, match="broke off after 0 of 3 rounds.*run.log"):
        net.submit(3)


def test_every_hospital_has_its_own_key_and_number():
    commands = net.commands([1, 2, 3, 4, 5])
    assert list(commands) == ["coordinator", *hospitals.NAMES]
    for number, name in enumerate(hospitals.NAMES):
        words = " ".join(commands[name])
        assert f"{name}.key" in words
        assert f"partition-id={number}" in words
        assert f"--port {2 + number}" in words
        assert "--insecure" not in words
    assert "--enable-supernode-auth" in commands["coordinator"]
