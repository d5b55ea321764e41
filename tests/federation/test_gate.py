"""The gate passes on what a registered hospital asks for, and nothing that a stranger could use."""

import pytest

pytest.importorskip("flwr")

from flwr.superlink.main import create_app
from starlette.responses import Response
from starlette.testclient import TestClient

from course_utils.federation import credentials, gate, subprocesses


@pytest.fixture
def passed(monkeypatch):
    """What was passed on to the coordinator."""
    found = []

    def ask(method, address, body, headers, authority):
        found.append((method, address, body, headers))
        return Response(b"well", 201, {"x-flower": "yes"})

    monkeypatch.setattr(gate, "_ask", ask)
    return found


@pytest.fixture
def outside(tmp_path):
    return TestClient(gate.gate(8000, tmp_path / "ca.pem"))


def flowers_paths():
    """Every path at which Flower's coordinator answers."""
    return set(create_app().openapi()["paths"]) | {"/docs", "/openapi.json"}


def test_of_all_that_flower_answers_hospitals_get_what_they_need(outside, passed):
    register = {"/v1/fleet/register-node", "/v1/fleet/unregister-node"}
    hospital = {path for path in flowers_paths() if path.startswith("/v1/fleet/")} - register
    assert hospital == {f"/v1/fleet/{name}" for name in gate.ROUTES}
    for path in sorted(hospital):
        assert outside.post(path).status_code == 201, path
    strange = flowers_paths() - hospital - {"/health"}
    assert "/v1/control/start-run" in strange
    assert "/v1/control/register-node" in strange
    assert "/v1/runtime/acquire-task" in strange
    passed.clear()
    for path in sorted(strange):
        for method in ("GET", "POST"):
            assert outside.request(method, path).status_code == 404, path
    assert not passed


@pytest.mark.parametrize(
    "path",
    [
        "/v1/fleet/%2e%2e/control/start-run",
        "/v1/fleet/get-run/../../control/start-run",
        "/v1/fleet/get-run%2f..%2f..%2fcontrol%2fstart-run",
        "//v1/control/start-run",
        "/V1/CONTROL/start-run",
        "/v1/fleet/get-run/",
        "/v1/fleet/get-run;/v1/control/start-run",
    ],
)
def test_no_spelling_leads_elsewhere(outside, passed, path):
    assert outside.post(path, follow_redirects=False).status_code in (307, 404)
    assert not passed


def test_a_message_arrives_as_it_was_sent(outside, passed):
    answer = outside.post(
        "/v1/fleet/get-run?at=home", content=b"\x00\x01", headers={"signature": "abc"}
    )
    ((method, address, body, headers),) = passed
    assert (method, address, body) == ("POST", "https://127.0.0.1:8000/v1/fleet/get-run", b"\0\1")
    assert headers["signature"] == "abc"
    assert not gate.OWN & set(headers)
    assert (answer.status_code, answer.content, answer.headers["x-flower"]) == (201, b"well", "yes")


def test_too_much_is_refused_before_it_is_read(outside, passed, monkeypatch):
    monkeypatch.setattr(gate, "LARGEST", 10)
    assert outside.post("/v1/fleet/push-object", content=b"x" * 10).status_code == 201
    assert outside.post("/v1/fleet/push-object", content=b"x" * 11).status_code == 413
    endless = outside.post("/v1/fleet/push-object", content=iter([b"x"]))
    assert endless.status_code == 413
    assert len(passed) == 1


def test_a_coordinator_that_is_away_is_said_to_be(tmp_path):
    credentials.certificates(tmp_path)
    (port,) = subprocesses.free_ports(1)
    outside = TestClient(gate.gate(port, tmp_path / "ca.pem"))
    assert outside.post("/v1/fleet/get-run").status_code == 502
