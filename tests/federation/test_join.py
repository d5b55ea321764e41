"""A hospital's app sees that hospital's slices, and no app runs but the one installed before."""

import os

import numpy as np
import pytest

pytest.importorskip("flwr")

from course_utils.core import files
from course_utils.core.errors import CourseError
from course_utils.federation import confinement, credentials, hospitals, join, net, subprocesses

THIEF = """
from flwr.clientapp import ClientApp
from course_utils.federation import hospitals

client = ClientApp()
"""
# What Flower's process does with an app that a coordinator sends, and what an app may try then.
CODE = """
import json, sys
from pathlib import Path
from flwr.cli.install import install_from_fab
from course_utils.federation import hospitals, join, subprocesses

approved, foreign = (Path(name).read_bytes() for name in sys.argv[1:3])
mine, other = hospitals.path_of("A"), hospitals.path_of("B")
key = subprocesses.folder() / "keys" / "A.key"
join.lock("A", 1)
attempts = {
    "install the approved app": lambda: install_from_fab(approved, skip_prompt=True),
    "read own slices": lambda: mine.read_bytes(),
    "write own folder": lambda: (join.private("A") / "new").write_text("x"),
    "install a foreign app": lambda: install_from_fab(foreign, skip_prompt=True),
    "read others' slices": lambda: other.read_bytes(),
    "read the key": lambda: key.read_bytes(),
    "change own slices": lambda: mine.write_bytes(b""),
    "change the app": lambda: (join.approved() / "new").write_text("x"),
}
"""
MAY = ["install the approved app", "read own slices", "write own folder"]


@pytest.fixture
def slices():
    """Hospitals that have a slice each."""
    for name in hospitals.NAMES:
        with files.atomic(hospitals.path_of(name)) as new:
            files.write_arrays(new, images=np.zeros((1, 64, 64), np.uint8), labels=np.zeros(1, int))


@pytest.mark.skipif(not confinement.version(), reason="this system has no Landlock")
def test_a_locked_app_runs_only_if_it_was_installed_before(slices, attempted, tmp_path):
    net.write_app()
    net.approve()
    (approved,) = join.approved().glob("*.fab")
    credentials.hospital(subprocesses.folder() / "keys", "A")
    join.private("A").mkdir(parents=True)
    # The same name and version as ours, with a line more: that is enough to be another app.
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "pyproject.toml").write_text(net.APP.replace("classes = 4", "classes = 5"))
    (theirs / "thief.py").write_text(THIEF)
    with subprocesses.flower(["flwr", "build", "--app", str(theirs)], cwd=tmp_path) as building:
        building.communicate()
    (foreign,) = tmp_path.glob("*.fab")
    assert attempted(CODE, approved, foreign, env=join.locked_environment("A")) == MAY
    assert len(list((join.approved() / "apps").iterdir())) == 1


@pytest.fixture
def keys(slices, tmp_path):
    for name in ("ca.pem", "A.key"):
        (tmp_path / name).write_text("x")
    return tmp_path / "ca.pem", tmp_path / "A.key"


@pytest.fixture
def became(monkeypatch):
    """What the process would have turned into, and the locked processes it started before."""
    found = {"locked": []}
    monkeypatch.setattr(os, "execve", lambda *words: found.update(command=words[1], env=words[2]))
    monkeypatch.setattr(join, "run_apps", lambda *words: found["locked"].append(words))
    return found


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot turn one process into another")
def test_the_process_with_the_key_runs_no_app(keys, became, monkeypatch):
    monkeypatch.setattr(confinement, "version", lambda: 4)
    join.join("192.0.2.7:8443", "C", *keys, 9001)
    words = " ".join(became["command"])
    assert "--superlink 192.0.2.7:8443" in words
    assert "partition-id=2" in words
    assert "--host 127.0.0.1 --port 9001" in words
    assert "--isolation process --superexec-auth-secret-file" in words
    assert "--insecure" not in words
    ((name, port, secret),) = became["locked"]
    assert (name, port, len(secret.read_bytes())) == ("C", 9001, 32)
    assert "192.0.2.7" in became["env"]["NO_PROXY"].split(",")


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot turn one process into another")
def test_where_nothing_can_be_locked_it_is_said(keys, became, monkeypatch, capsys):
    monkeypatch.setattr(confinement, "version", lambda: 0)
    join.join("192.0.2.7:8443", "A", *keys, 9001)
    assert "--isolation" not in became["command"]
    assert not became["locked"]
    assert "all of your own rights" in capsys.readouterr().out


def test_what_is_missing_is_named(keys):
    with pytest.raises(CourseError, match="no hospital E: it is one of A, B, C, D"):
        join.join("192.0.2.7:8443", "E", *keys, 9001)
    keys[1].unlink()
    with pytest.raises(CourseError, match=r"no file .*A\.key"):
        join.join("192.0.2.7:8443", "A", *keys, 9001)
    hospitals.path_of("A").unlink()
    with pytest.raises(CourseError, match=r"no file .*hospital-A\.npz"):
        join.join("192.0.2.7:8443", "A", *keys, 9001)
