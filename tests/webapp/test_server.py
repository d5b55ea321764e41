"""Serving the app: to this computer alone, only the cell that is the app, and on a free port."""

import json
import socket
import subprocess

import pytest

from course_utils import settings
from course_utils.core import packages
from course_utils.core.errors import CourseError
from course_utils.webapp import server


def test_only_the_app_is_left_of_the_lesson():
    notebook = server.only_the_app(settings.NOTEBOOKS / server.NOTEBOOK)
    (cell,) = notebook["cells"]
    assert "page.show()" in "".join(cell["source"])
    assert cell["outputs"] == [] and cell["execution_count"] is None
    assert "no medical device" in notebook["metadata"]["title"]
    # It runs by itself: Voila runs no other cell.
    names = {"page": None}
    source = "".join(cell["source"]).replace("page.show()", "")
    if packages.lacking("app"):
        pytest.skip("the extra 'app' is not installed: make extras")
    exec(source, names)
    assert callable(names["page"].show)


def test_it_listens_to_this_computer_alone():
    pytest.importorskip("voila", reason="the extra 'app' is not installed: make extras")
    voila = server._configuration(8866, browser=False, token="a")["Voila"]
    assert voila["ip"] == "127.0.0.1" and not voila["open_browser"]
    policy = voila["tornado_settings"]["headers"]["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'") and "http" not in policy and "*" not in policy


def test_a_port_that_is_taken_is_said_or_passed_over():
    with socket.socket() as taken:
        taken.bind((server.ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CourseError, match=f"Port {port} is taken.*--port"):
            server._free([port])
        assert server._free([port, 0]) == 0


def test_what_cannot_be_prepared_is_not_served(monkeypatch):
    monkeypatch.setattr(packages, "need", lambda name: None)
    ended = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(server.subprocess, "run", lambda command: ended)
    monkeypatch.setattr(server, "only_the_app", lambda path: pytest.fail("it was served"))
    assert server.serve() == 1


def test_missing_packages_are_said_first(monkeypatch):
    def missing(name):
        raise CourseError("make extras")

    monkeypatch.setattr(packages, "need", missing)
    with pytest.raises(CourseError, match="make extras"):
        server.serve()


def test_outputs_of_the_lesson_are_not_served(tmp_path):
    cell = {"cell_type": "code", "metadata": {"tags": ["app"]}, "source": "1", "outputs": [1]}
    other = {"cell_type": "markdown", "metadata": {}, "source": "prose"}
    path = tmp_path / "lesson.ipynb"
    path.write_text(json.dumps({"cells": [other, cell], "metadata": {}}))
    (kept,) = server.only_the_app(path)["cells"]
    assert kept["source"] == "1" and kept["outputs"] == []
