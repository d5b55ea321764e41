"""The app's door, tried by raw requests: a foreign name, no token, other pages, too many visitors,
and code sent to a kernel.

What the page shows is of no interest here, so the app served is one that prints a word.
"""

import asyncio
import concurrent.futures
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import psutil
import pytest

from course_utils import settings
from course_utils.federation import subprocesses

doors = pytest.importorskip(
    "course_utils.webapp.doors", reason="the extra 'app' is not installed: make extras"
)
from tornado.httpclient import HTTPClientError, HTTPRequest  # noqa: E402
from tornado.web import HTTPError  # noqa: E402
from tornado.websocket import websocket_connect  # noqa: E402
from traitlets.config import Config  # noqa: E402

from course_utils.webapp import server  # noqa: E402

# Far longer than anything takes, so that a slow computer passes.
PATIENCE = 120
LIGHT = """
import json, sys, types
from course_utils.webapp import server
server.only_the_app = lambda path: json.loads(path.read_text()) | {"cells": [
    {"cell_type": "code", "id": "a", "metadata": {}, "source": "print('served')", "outputs": [],
     "execution_count": None}]}
server.subprocess = types.SimpleNamespace(run=lambda command: types.SimpleNamespace(returncode=0))
server.serve(int(sys.argv[1]), browser=False)
"""
FOREIGN = {"Host": "evil.example"}


class Site:
    """A running app, asked by raw requests."""

    def __init__(self, port, process, log):
        self.port, self.process, self.log = port, process, log
        self.token = re.search(r"token=(\S+)", self.said())[1]
        _, headers, _ = self.get(f"/login?token={self.token}")
        self.cookies = [value for name, value in headers if name == "Set-Cookie"]
        self.home = {"Referer": f"http://127.0.0.1:{port}/"}
        self.key = {"Cookie": "; ".join(one.split(";")[0] for one in self.cookies)}

    def said(self):
        return self.log.read_text()

    def get(self, path="/", headers=(), method="GET", data=None):
        """Status, headers and text of an answer, to which no redirect is followed."""
        address = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(address, data, dict(headers), method=method)
        try:
            with urllib.request.build_opener(Stay).open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers.items(), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.items(), error.read().decode()

    def enter(self):
        """The kernel of a new visitor."""
        status, _, page = self.get("/", self.key)
        assert status == 200 and "served" in page
        return re.search(r'"kernelId": ?"([^"]+)"', page)[1]

    def leave(self, kernel):
        """As the page says it when it is closed."""
        xsrf = {"Cookie": self.key["Cookie"] + "; _xsrf=known", "X-XSRFToken": "known"}
        return self.get(f"/voila/api/shutdown/{kernel}", xsrf, "POST", b"")[0]

    def kernels(self):
        """Processes of kernels."""
        found = []
        for one in psutil.Process(self.process.pid).children():
            # One that has just ended has no command any more.
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [one] if "ipykernel_launcher" in one.cmdline() else []
        return found

    def socket(self, kernel, headers=(), **options):
        address = f"ws://127.0.0.1:{self.port}/api/kernels/{kernel}/channels?session_id=s"
        return websocket_connect(HTTPRequest(address, headers=self.key | dict(headers)), **options)


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def wait_for(what, why):
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.2)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    here = tmp_path_factory.mktemp("door")
    (port,) = subprocesses.free_ports(1)
    with (here / "log").open("w") as log:
        command = [sys.executable, "-c", LIGHT, str(port)]
        process = subprocess.Popen(command, cwd=settings.ROOT, stdout=log, stderr=log)
    try:
        wait_for(lambda: "token=" in (here / "log").read_text(), "the app does not start")

        def listens():
            with socket.socket() as trial:
                return trial.connect_ex(("127.0.0.1", port)) == 0

        wait_for(listens, "the app does not listen")
        yield Site(port, process, here / "log")
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def visitor(site):
    """Kernel of one visitor, who leaves in the end."""
    kernel = site.enter()
    yield kernel
    site.leave(kernel)


PATHS = ("/", "/voila/static/voila.js", "/voila/templates/base/static/voila.js", "/login")
PATHS += ("/voila/labextensions/a.js", "/voila/api/themes/a.css", "/voila/files/a.png")


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_host_is_refused_whatever_it_asks_for(site, path):
    before = len(site.kernels())
    with_token = f"{path}?token={site.token}"
    for asked in (path, with_token):
        status, _, text = site.get(asked, site.key | FOREIGN)
        assert status == 403 and "served" not in text
        # With the port, and so that it looks like this computer.
        for name in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "8.8.8.8"):
            host = {"Host": f"{name}:{site.port}"}
            assert site.get(asked, site.key | host)[0] == 403
    assert len(site.kernels()) == before


def test_this_computers_own_names_are_taken(site):
    for name in ("127.0.0.1", "localhost"):
        headers = {"Host": f"{name}:{site.port}"}
        assert site.get(f"/login?token={site.token}", headers)[0] == 200


@pytest.mark.parametrize("path", PATHS[:3])
def test_without_the_token_there_is_no_page(site, path):
    before = len(site.kernels())
    for asked in (path, f"{path}?token={site.token}", f"{path}?token="):
        status, headers, text = site.get(asked)
        assert status == 302 and dict(headers)["Location"].startswith("/login?") and not text
    bearer = {"Authorization": f"token {site.token}"}
    assert site.get(path, bearer)[0] == 302, "one way in, and no other"
    assert len(site.kernels()) == before


def test_what_is_missing_is_said(site):
    for given in ("", "?token=", "?token=wrong", f"?token={site.token[:-1]}", "?token=é"):
        status, headers, text = site.get(f"/login{urllib.parse.quote(given, safe='?=')}")
        assert status == 403 and "asks for a key" in text and "no medical device" in text
        assert "Set-Cookie" not in dict(headers)


def test_the_token_buys_a_cookie_that_other_pages_cannot_use(site):
    (cookie,) = site.cookies
    for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in cookie
    assert site.token not in cookie and "expires" not in cookie
    assert site.get("/voila/static/voila.js", site.key)[0] == 200
    forged = {"Cookie": site.key["Cookie"][:-3] + '0"'}
    assert site.get("/", forged)[0] == 302


def test_the_token_is_compared_in_constant_time(monkeypatch):
    seen = []
    monkeypatch.setattr(doors.hmac, "compare_digest", lambda *pair: seen.append(pair))
    door = object.__new__(doors.Door)
    monkeypatch.setattr(doors.Door, "get_query_argument", lambda *words: "guess")
    assert doors.Keeper(token="right").get_token(door) is None
    assert seen == [(b"guess", b"right")]


def test_the_token_is_printed_once_and_known_to_nobody_else(site, visitor):
    status, _, page = site.get("/voila/static/voila.js", site.key)
    assert site.token not in page
    assert site.said().count(site.token) == 1
    for kernel in site.kernels():
        assert site.token not in " ".join([*kernel.cmdline(), *kernel.environ().values()])
    assert site.token not in " ".join(site.process.args)


def test_the_fourth_kernel_is_refused_in_words(site):
    wait_for(lambda: len(site.kernels()) == 1, "no kernel is ready")
    kernels = [site.enter() for _ in range(3)]
    try:
        status, _, text = site.get("/", site.key)
        assert status == 503 and "All 3 places are taken" in text and "no medical device" in text
        assert "Traceback" not in text
        assert len(site.kernels()) == 3
        # Whoever leaves makes room.
        assert site.leave(kernels.pop()) == 204
        kernels.append(site.enter())
        assert len(site.kernels()) == 3
    finally:
        for kernel in kernels:
            site.leave(kernel)
    # The next visitor is expected again.
    site.leave(site.enter())
    wait_for(lambda: len(site.kernels()) == 1, "no kernel is ready")


def test_a_closed_page_gives_up_its_kernel(site):
    kernel = site.enter()

    async def come_and_go():
        first, second = await site.socket(kernel), await site.socket(kernel)
        first.close()
        await asyncio.sleep(doors.GRACE_SECONDS + 2)
        assert site.get(f"/api/kernels/{kernel}", site.key | site.home)[0] == 200
        second.close()

    asyncio.run(come_and_go())
    gone = lambda: site.get(f"/api/kernels/{kernel}", site.key | site.home)[0] == 404  # noqa: E731
    wait_for(gone, "the kernel is still there")


def test_many_at_once_get_no_more(site):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: site.get("/", site.key), range(6)))
    assert len(site.kernels()) <= 3
    found = [re.search(r'"kernelId": ?"([^"]+)"', page) for status, _, page in answers]
    for (status, _, text), kernel in zip(answers, found, strict=True):
        assert status == 200 and kernel or status == 503 and "places are taken" in text
    for kernel in filter(None, found):
        site.leave(kernel[1])


@pytest.mark.parametrize("where", ["cross-site", "same-site"])
def test_another_page_starts_no_kernel(site, where):
    before = {kernel.pid for kernel in site.kernels()}
    sent = site.key | {"Sec-Fetch-Site": where, "Sec-Fetch-Dest": "image"}
    for _ in range(3):
        status, _, text = site.get("/", sent | {"Referer": "http://evil.example/"})
        assert status == 403 and "no other page may start this app" in text
    assert {kernel.pid for kernel in site.kernels()} == before


def test_another_page_reaches_no_kernel(site, visitor):
    other = {"Origin": "http://evil.example"}

    async def refused(headers):
        with pytest.raises(HTTPClientError) as caught:
            await site.socket(visitor, headers)
        return caught.value.code

    for headers in (other, {"Origin": f"http://127.0.0.1:{site.port + 1}"}, {"Cookie": ""}):
        assert asyncio.run(refused(headers)) == 403
    assert asyncio.run(refused(FOREIGN)) == 403
    # A form of another page can be sent, but it cannot know the second key.
    assert site.get(f"/voila/api/shutdown/{visitor}", site.key | other, "POST", b"")[0] >= 403
    assert site.get(f"/voila/api/shutdown/{visitor}", site.key, "POST", b"")[0] == 403
    assert site.get(f"/api/kernels/{visitor}", site.key | other, "DELETE")[0] >= 403
    assert site.get(f"/api/kernels/{visitor}", site.key | {"Referer": "http://127.0.0.1"})[0] < 500
    for path in ("/api/kernels", "/api/sessions", "/api/contents", f"/voila/query/{visitor}"):
        assert site.get(path, site.key)[0] in (302, 403, 404)


def message(kind, content, channel="shell"):
    header = {"msg_type": kind, "msg_id": uuid.uuid4().hex, "session": "s", "username": ""}
    header |= {"version": "5.3", "date": "2026-01-01T00:00:00Z"}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content}


def plain(channel, sent):
    return json.dumps(sent | {"channel": channel, "buffers": []})


def binary(channel, sent):
    """The newer of Jupyter's two ways of sending a message: offsets, then the parts."""
    names = ("header", "parent_header", "metadata", "content")
    parts = [channel.encode(), *(json.dumps(sent[name]).encode() for name in names)]
    start = 8 * (len(parts) + 2)
    ends = [start + sum(map(len, parts[:count])) for count in range(len(parts) + 1)]
    numbers = [len(ends), *ends]
    return b"".join(number.to_bytes(8, "little") for number in numbers) + b"".join(parts)


@pytest.mark.parametrize(
    ("packed", "options"),
    [(plain, {}), (binary, {"subprotocols": ["v1.kernel.websocket.jupyter.org"]})],
)
def test_no_code_is_executed_over_the_channel(site, visitor, tmp_path, packed, options):
    marks = [tmp_path / name for name in ("shell", "control", "disguised")]

    def code(mark):
        content = {"code": f"open({str(mark)!r}, 'w')", "silent": False, "store_history": False}
        return content | {"user_expressions": {"a": content["code"]}, "allow_stdin": False}

    async def talk():
        there = await site.socket(visitor, **options)
        for channel, mark in zip(("shell", "control"), marks, strict=False):
            there.write_message(
                packed(channel, message("execute_request", code(mark))),
                binary=packed is binary,
            )
        disguised = message("execute_request", code(marks[2])) | {"msg_type": "comm_info_request"}
        for kind, content in (("debug_request", {}), ("input_reply", {"value": "1"})):
            there.write_message(packed("control", message(kind, content)), binary=packed is binary)
        there.write_message(packed("shell", disguised), binary=packed is binary)
        # What may be asked is answered, after all that was sent before.
        allowed = message("kernel_info_request", {})
        there.write_message(packed("shell", allowed), binary=packed is binary)
        heard = ""
        while "kernel_info_reply" not in heard or allowed["header"]["msg_id"] not in heard:
            said = await asyncio.wait_for(there.read_message(), PATIENCE)
            heard = said.decode(errors="replace") if isinstance(said, bytes) else said
            assert "execute_reply" not in heard and "execute_input" not in heard
        there.close()

    asyncio.run(talk())
    assert not any(mark.exists() for mark in marks)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_the_memory_of_every_kernel_is_limited(site, visitor):
    for kernel in site.kernels():
        soft, hard = kernel.rlimit(psutil.RLIMIT_DATA)
        assert soft == hard == server.MOST_MEMORY


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_more_memory_than_that_is_not_to_be_had():
    script = (
        "from course_utils.webapp import server; server.MOST_MEMORY = 500_000_000\n"
        "server._limit_memory(); import numpy as np; print(len(np.ones(10_000_000)))\n"
        "np.ones(100_000_000)"
    )
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=settings.ROOT, capture_output=True, text=True,
        env=environment,
    )  # fmt: skip
    assert done.stdout == "10000000\n" and "MemoryError" in done.stderr


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_where_memory_cannot_be_limited_it_is_said(monkeypatch, capsys, system):
    monkeypatch.setattr(server.sys, "platform", system)
    server._limit_memory()
    assert "cannot limit the memory" in capsys.readouterr().out


def test_an_idle_kernel_is_ended_though_its_page_is_open(monkeypatch):
    monkeypatch.setattr(doors, "IDLE_SECONDS", 1)
    config = server._configuration(8866, browser=False, token="a")

    async def idle():
        kernels = doors.FewKernels(config=Config(config))
        kernel = await kernels.start_kernel()
        kernels.notify_connect(kernel)
        try:
            end = time.monotonic() + PATIENCE
            while len(kernels):
                assert time.monotonic() < end, "it is still there"
                await asyncio.sleep(0.2)
        finally:
            await kernels.shutdown_all()

    asyncio.run(idle())


def test_no_kernel_is_started_beyond_the_last(monkeypatch):
    started = []

    async def start(self, **options):
        await asyncio.sleep(0)
        started.append(options)
        return str(len(started))

    monkeypatch.setattr(doors.AsyncMappingKernelManager, "start_kernel", start)
    monkeypatch.setattr(doors.FewKernels, "__len__", lambda self: len(started))

    async def six():
        kernels = doors.FewKernels()
        tasks = [kernels.start_kernel() for _ in range(6)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(six())
    refused = [one for one in found if isinstance(one, HTTPError)]
    assert len(started) == doors.MOST_KERNELS and len(refused) == 3
    assert all(one.status_code == 503 and "places" in one.log_message for one in refused)
