"""Downloads from figshare, from a server of this computer that fails in every way."""

import json
import os
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from course_utils import settings
from course_utils.core.errors import CourseError
from course_utils.realdata import figshare

FIRST = "brainTumorDataPublic_1-766.zip"
CONTENTS = {FIRST: os.urandom(1000), "cvind.mat": b"folds", "README 2024.txt": b"hello"}


class Publisher:
    """Stands in for figshare: its files, and how it fails."""

    def __init__(self, contents):
        self.contents, self.asked = contents, []
        self.breaks_at, self.status, self.ranges, self.listing = None, 200, True, None
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                publisher.answer(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def files(self):
        return [
            {
                "name": name,
                "size": len(data),
                "download_url": f"{self.address}/files/{number}",
                "computed_md5": md5(data).hexdigest(),
            }
            for number, (name, data) in enumerate(self.contents.items())
        ]

    def answer(self, request):
        if request.path == "/articles/1512427":
            listing = {"files": self.files()} if self.listing is None else self.listing
            body = listing if isinstance(listing, bytes) else json.dumps(listing).encode()
            return self.send(request, 200, body)
        number = int(request.path.rpartition("/")[2])
        data = list(self.contents.values())[number]
        start = int(request.headers["Range"].removeprefix("bytes=").rstrip("-"))
        self.asked.append((number, start))
        if self.status != 200:
            return self.send(request, self.status, b"no")
        if self.ranges:
            return self.send(request, 206, data[start:], self.breaks_at)
        return self.send(request, 200, data, self.breaks_at)

    @staticmethod
    def send(request, status, body, breaks_at=None):
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        if status == 302:
            request.send_header("Location", "file:///etc/passwd")
        request.end_headers()
        request.wfile.write(body[:breaks_at])
        if breaks_at is not None:
            request.close_connection = True


@pytest.fixture
def publisher(monkeypatch):
    publisher = Publisher(dict(CONTENTS))
    monkeypatch.setattr(figshare, "API", publisher.address)
    yield publisher
    publisher.server.shutdown()
    publisher.server.server_close()


def failure():
    with pytest.raises(CourseError) as caught:
        figshare.download()
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith("and use 'course data import PATH'.")
    assert figshare.PAGE in sentence
    return sentence


def test_a_download_is_whole_and_nothing_is_fetched_twice(publisher):
    path = figshare.download()
    assert path == settings.data_dir() / "downloads" / "figshare"
    assert {file.name: file.read_bytes() for file in path.iterdir()} == CONTENTS
    publisher.asked.clear()
    assert figshare.download() == path and publisher.asked == []
    (path / FIRST).write_bytes(b"changed")
    figshare.download()
    assert publisher.asked == [(0, 0)] and (path / FIRST).read_bytes() == CONTENTS[FIRST]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_broke_off_goes_on(publisher, ranges):
    publisher.breaks_at = half = 2**16
    publisher.contents = {FIRST: os.urandom(100_000)}
    assert "There is no connection to figshare" in failure()
    publisher.breaks_at, publisher.ranges = None, ranges
    path = figshare.download()
    assert publisher.asked == [(0, 0), (0, half)]
    assert {file.name: file.read_bytes() for file in path.iterdir()} == publisher.contents


def test_what_arrived_damaged_is_fetched_anew(publisher):
    right = publisher.files()
    wrong = [file | {"computed_md5": "0" * 32} for file in right]
    publisher.listing = {"files": wrong}
    assert f"({FIRST} arrived damaged)" in failure()
    assert list((settings.data_dir() / "downloads" / "figshare").iterdir()) == []
    publisher.listing = None
    figshare.download()


def test_a_server_that_sends_without_end_is_stopped(publisher):
    publisher.listing = {"files": [file | {"size": 10} for file in publisher.files()]}
    assert "arrived damaged" in failure()


@pytest.mark.parametrize(
    "status, words", [(404, "404 Client Error"), (503, "503 Server Error"), (302, "file:///etc/")]
)
def test_an_error_of_the_server(publisher, status, words):
    publisher.status = status
    assert words in failure()


def test_nobody_answers(monkeypatch):
    monkeypatch.setattr(figshare, "API", "http://127.0.0.1:9")
    assert "There is no connection to figshare" in failure()


@pytest.mark.parametrize(
    "listing",
    [b"<html>", {}, [], {"files": None}, {"files": []}, {"files": ["x"]}, {"files": [{}]}],
)
def test_a_list_that_is_none(publisher, listing):
    publisher.listing = listing
    assert "its list of files is no use" in failure()


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "../../x"},
        {"name": ".."},
        {"name": "C:x"},
        {"name": "a\\b"},
        {"name": 7},
        {"size": "1"},
        {"size": 10**12},
        {"computed_md5": ""},
        {"download_url": None},
    ],
)
def test_an_odd_entry_in_the_list_writes_nothing(publisher, changed):
    publisher.listing = {"files": [*publisher.files()[:1], publisher.files()[1] | changed]}
    assert "its list of files is no use" in failure()
    assert list(settings.data_dir().rglob("*.*")) in ([], [_lock()])


def _lock():
    return settings.data_dir() / "downloads" / "figshare.lock"


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "x"])
def test_an_address_of_another_kind(publisher, address):
    publisher.listing = {"files": [file | {"download_url": address} for file in publisher.files()]}
    assert "could not be fetched from figshare" in failure()


def test_a_full_disk(publisher, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("course_utils.realdata.downloads.tqdm", full)
    with pytest.raises(CourseError, match="The disk is full, so .* was not written"):
        figshare.download()
