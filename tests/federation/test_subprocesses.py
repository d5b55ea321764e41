"""Processes are found again by number and beginning, waited for, and ended with their children."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from course_utils.core.errors import CourseError
from course_utils.federation import subprocesses

SLEEP = "import time; time.sleep(600)"
PARENT = (
    "import subprocess, sys, time; "
    f"child = subprocess.Popen([sys.executable, '-c', '{SLEEP}']); "
    "print(child.pid, flush=True); time.sleep(600)"
)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); "


@pytest.fixture
def begin():
    """Function that starts Python with some code; what is left is killed afterwards."""
    processes = []

    def start(code):
        processes.append(
            subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_a_process_is_ended_with_its_children(begin):
    process = begin(PARENT)
    child = psutil.Process(int(process.stdout.readline()))
    subprocesses.stop(process.pid)
    assert process.wait(60) is not None
    psutil.wait_procs([child], timeout=60)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_one_that_does_not_listen_is_killed(begin, monkeypatch):
    monkeypatch.setattr(subprocesses, "STOP_LIMIT", 0.5)
    process = begin(DEAF + SLEEP)
    process.stdout.readline()
    subprocesses.stop(process.pid)
    assert process.wait(60) is not None


def test_ending_one_that_is_gone_is_no_error(begin):
    process = begin("pass")
    process.wait(60)
    subprocesses.stop(process.pid)


def test_a_number_alone_is_not_a_process(begin):
    process = begin(SLEEP)
    subprocesses.save_state({"A": process})
    pid, born = subprocesses.load_state()["processes"]["A"]
    assert subprocesses.is_alive(pid, born)
    assert not subprocesses.is_alive(pid, born - 100), "another process had the number before"
    process.kill()
    # Nobody has waited for it yet: it is a zombie, and gone all the same.
    psutil.wait_procs([psutil.Process(pid)], timeout=60)
    assert not subprocesses.is_alive(pid, born)


def test_what_runs_is_noted_with_who_looks_after_it(begin):
    subprocesses.save_state({"A": begin(SLEEP)})
    assert subprocesses.is_alive(*subprocesses.load_state()["supervisor"])
    assert subprocesses.load_state()["supervisor"][0] == os.getpid()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"supervisor": [1, 2]}', b"\xff"])
def test_a_damaged_note_counts_as_none(content):
    subprocesses.folder().mkdir(parents=True)
    (subprocesses.folder() / "state.json").write_bytes(content)
    assert subprocesses.load_state() == {}


def test_waiting_ends_with_the_process(begin):
    process = begin("pass")
    with pytest.raises(CourseError, match=r"A did not connect and ended.*A\.log"):
        subprocesses.wait_for(lambda: False, process, "A", "connect")


def test_waiting_ends_with_the_time(begin, monkeypatch):
    monkeypatch.setattr(subprocesses, "START_LIMIT", 0.5)
    with pytest.raises(CourseError, match=r"A did not connect after 0.5 s.*A\.log"):
        subprocesses.wait_for(lambda: False, begin(SLEEP), "A", "connect")


def test_ports_are_free_and_differ():
    ports = subprocesses.free_ports(5)
    assert len(set(ports)) == 5
    assert all(port > 1023 for port in ports)


def test_a_missing_program_is_named():
    with pytest.raises(CourseError, match="flower-nonsense is not installed.*make extras"):
        subprocesses.flower(["flower-nonsense"])


def test_flower_keeps_its_files_in_the_data_folder(own_data_folder, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    found = subprocesses.environment()
    assert found["FLWR_HOME"].startswith(str(own_data_folder.resolve()))
    assert found["COURSE_DATA"] == str(own_data_folder.resolve())
    assert "127.0.0.1" in found["NO_PROXY"].split(",")
    assert found["FLWR_TELEMETRY_ENABLED"] == "0"
    assert found["HTTPS_PROXY"], "what else is set stays"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_act_like_ctrl_c_and_once_is_enough(name):
    if not hasattr(signal, name):
        pytest.skip(f"this system has no {name}")
    number = getattr(signal, name)
    before = signal.getsignal(number)
    tidied = False
    with pytest.raises(KeyboardInterrupt), subprocesses.interrupted_by_signals():
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)
            tidied = True
    assert tidied
    assert signal.getsignal(number) == before
