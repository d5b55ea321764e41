"""The web app in a real browser: what a visitor does, sees and hears, and what nobody else sees.

Each wait ends: a page that stays silent fails its test.
"""

import contextlib
import io
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from PIL import Image

from course_utils import datasets, models, settings
from course_utils.core import pictures
from course_utils.core.backend import keras
from course_utils.training import runs
from course_utils.webapp import app, dicom, ood, uploads

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="the extra 'browser' is not installed: make extras"
)
pytest.importorskip("voila", reason="the extra 'app' is not installed: make extras")

# Far longer than any answer takes, so that a slow computer passes.
START_SECONDS, ANSWER_MS = 180, 60_000


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A data folder with the practice data and a finished run, and what the app makes of it.

    The network has learnt little: what the page shows is tested, not how good the network is.
    """
    data = datasets.load("practice")
    here = tmp_path_factory.mktemp("app-data")
    (here / "practice").symlink_to(datasets.folder_of("practice").parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(here))
        patch.setattr(runs, "_trained", _little_trained)
        assistant = app.prepare(data)
    return here, assistant


def _little_trained(recipe, train, val, source, seed):
    keras.utils.set_random_seed(seed)
    model = models.baseline()
    few = np.arange(0, len(train), 10)
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train.images[few, ..., None] / 255, train.labels[few], epochs=2, verbose=0)
    return model, pd.DataFrame({"epoch": [2]}), {"features": 0.0, "training": 0.0}


@pytest.fixture(scope="module")
def served(prepared, free_port, tmp_path_factory):
    """A running app: its process, and the address with the token that it printed."""
    folder, _ = prepared
    port = free_port()
    command = [sys.executable, "-m", "course_utils", "app", "--no-browser", f"--port={port}"]
    environment = os.environ | {"COURSE_DATA": str(folder), "COURSE_DATASET": "practice"}
    # As under nbval: the page must be a live one all the same.
    environment["COURSE_STATIC"] = "1"
    log = tmp_path_factory.mktemp("app-log") / "log"
    with log.open("w") as file:
        server = subprocess.Popen(command, cwd=settings.ROOT, env=environment, stdout=file)
    try:
        end = time.monotonic() + START_SECONDS
        while not (found := re.search(r"http://\S+", log.read_text())) or not _listens(port):
            assert server.poll() is None, "the server stopped"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.5)
        yield psutil.Process(server.pid), found[0]
    finally:
        server.terminate()
        server.wait(30)


def _listens(port):
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def address(served):
    """Address of the app without the token."""
    return served[1].partition("login")[0]


def kernels(served):
    """Processes of the visitors' kernels, with the one that waits for the next visitor."""
    found = set()
    for one in served[0].children():
        # One that has just ended has no command any more.
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {one.pid} if "ipykernel_launcher" in one.cmdline() else set()
    return found


def wait_for_kernels(served, *counts):
    end = time.monotonic() + START_SECONDS
    while len(kernels(served)) not in counts:
        assert time.monotonic() < end, f"there are {len(kernels(served))} kernels, not {counts}"
        time.sleep(0.2)


@pytest.fixture
def visit(chromium, served):
    """Function that opens the app for a new visitor, in a window of a width, until it is ready."""
    contexts = []

    def open_page(width=1000):
        context = chromium.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.failures = []
        page.on("pageerror", lambda error: page.failures.append(str(error)))
        page.requested = []
        page.on("request", lambda request: page.requested.append(request.url))
        page.goto(served[1], timeout=START_SECONDS * 1000, wait_until="commit")
        page.get_by_role("heading", level=1).wait_for(timeout=START_SECONDS * 1000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # Whoever closes the page gives up the place, and the picture with it. One waits for the next
    # visitor, unless all places were taken.
    wait_for_kernels(served, 0, 1)


@pytest.fixture(scope="module")
def slices(prepared):
    """Three test slices that are answered, as PNG files, each of another class."""
    _, assistant = prepared
    _, _, test = datasets.load("practice").split()
    test = test.take(np.arange(0, len(test), 10))
    found = ood.distances(assistant.gate, assistant.model, test.images)
    passed = ood.passes(assistant.gate, found)
    rows = [int(np.flatnonzero(passed & (test.labels == label))[0]) for label in range(3)]
    return [pictures.encode(test.images[row]) for row in rows]


def upload(page, data, name="slice.png"):
    page.get_by_label("Choose a slice").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )


def said(page, words):
    """Wait until the live region says something, and return it."""
    status = page.get_by_role("status")
    sync_api.expect(status).to_have_text(re.compile(words), timeout=ANSWER_MS)
    return status.inner_text()


def test_a_slice_is_answered(visit, slices):
    page = visit()
    sync_api.expect(page.get_by_role("note")).to_contain_text("no medical device")
    upload(page, slices[0])
    says = said(page, "validation slices")
    assert re.search(r"\(\d+%\).* Of the 100 validation slices .* it named \d+ rightly\.", says)
    rows = page.get_by_role("row").all_inner_texts()
    assert len(rows) == 4 + 2
    # What the share promises beside what happened, both counted.
    (promised, happened), rows = rows[4:], rows[:4]
    assert re.search(r"Promised\s+(\d+)%: about (\d+) of 100 such answers right", promised)
    right = re.search(r"Happened\s+(\d+) of 100 validation slices", happened)[1]
    assert f"named {right} rightly" in says
    signed = page.get_by_text("Answered by")
    sync_api.expect(signed).to_have_text(
        re.compile(
            r"^Answered by model baseline, version \w{12}\.\d, on \d+ \w+ \d{4} at \d\d:.* UTC"
        )
    )
    assert {row.split("\t")[0].strip() for row in rows} == {
        "glioma", "meningioma", "no tumor", "pituitary"
    }  # fmt: skip
    shares = [int(re.search(r"(\d+)%", row)[1]) for row in rows]
    assert abs(sum(shares) - 100) <= 2 and shares == sorted(shares, reverse=True)
    # The picture is described by its result, the heat lies over it and can be taken away.
    seen = page.get_by_role("img", name=re.compile("^Your slice.*validation"))
    assert seen.evaluate("image => image.naturalWidth") == 128
    heat = page.locator(".heat")
    assert heat.evaluate("image => image.naturalWidth") == 128
    page.get_by_label("Show where the model looked").uncheck()
    sync_api.expect(heat).to_be_hidden()
    assert page.get_by_role("listitem").count() == 4
    assert page.get_by_role("img", name=re.compile("^Training slice")).count() == 4
    sync_api.expect(page.get_by_role("note")).to_contain_text("no medical device")
    assert not page.failures


def test_rubbish_is_refused_in_a_sentence(visit):
    page = visit()
    noise = np.random.default_rng(1).integers(0, 255, (200, 200)).astype(np.uint8)
    rubbish = {
        "is not an image": b"<script>alert(1)</script>",
        "more than 4,000,000 pixels": uploads.bare_png(6300, 6300),
        "is empty": b"",
        "does not look like": pictures.encode(noise),
        "in colour": pictures.encode(np.stack([noise, noise // 3, noise // 5], axis=2)),
    }
    for words, data in rubbish.items():
        upload(page, data, "<b>slice</b>.png")
        assert "Traceback" not in said(page, words)
        assert page.get_by_role("table").count() == 0
    upload(page, bytes(11_000_000))
    said(page, "larger than 10 MB, and was not sent")
    sync_api.expect(page.get_by_role("note")).to_contain_text("no medical device")
    assert not page.failures


def test_a_dicom_slice_has_a_window_and_an_answer_can_be_kept(visit, slices):
    pytest.importorskip("pydicom", reason="the extra 'app' is not installed: make extras")
    values = np.asarray(Image.open(io.BytesIO(slices[0]))).astype(np.uint16) * 8
    page = visit()
    upload(page, dicom.example(values, WindowCenter=1000, WindowWidth=2000), "slice.dcm")
    said(page, "validation slices|No answer")
    view = page.locator("figure.eye img")
    before = view.get_attribute("src")
    page.get_by_label("Width of the window").fill("100")
    sync_api.expect(view).not_to_have_attribute("src", before, timeout=ANSWER_MS)
    page.get_by_role("link", name="Model card").click()
    sync_api.expect(page.get_by_role("row", name="not made for")).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_role("button", name="Save this as a report").click()
    report = Path(kept.value.path()).read_text(encoding="utf-8")
    assert "no medical device" in report and "Answered by model baseline" in report
    assert "slice.dcm" not in report and "Nobody" not in report
    assert not page.failures


def test_two_visitors_do_not_see_each_other(visit, slices):
    first, second = visit(), visit()
    upload(first, slices[0])
    upload(second, slices[1])
    seen = []
    for page in (first, second):
        said(page, "validation slices")
        seen.append(page.locator("figure.one img").first.get_attribute("src"))
    assert seen[0] != seen[1]
    # A later upload of one changes nothing for the other.
    upload(first, slices[2])
    sync_api.expect(first.locator("figure.one img").first).not_to_have_attribute("src", seen[0])
    said(first, "validation slices")
    assert second.locator("figure.one img").first.get_attribute("src") == seen[1]
    for page, other in ((first, seen[1]), (second, seen[0])):
        assert other not in page.content()


def test_it_fits_a_phone(visit, slices):
    page = visit(width=390)
    upload(page, slices[1])
    said(page, "validation slices")
    # Voila puts the page into a box of its own, which scrolls.
    for place in ("html", "#rendered_cells", ".brain-app"):
        wide = page.evaluate(f"document.querySelector('{place}').scrollWidth")
        assert wide <= 390, f"{place} would have to be scrolled sideways"
    for box in (page.get_by_role("table", name="Probabilities"), page.locator("figure.one")):
        edges = box.bounding_box()
        assert edges["x"] >= 0 and edges["x"] + edges["width"] <= 390


def opened_by_enter(page):
    """The file chooser that Enter opens; on a busy computer the first key may come too early."""
    for _ in range(5):
        try:
            with page.expect_file_chooser(timeout=10_000) as chooser:
                page.keyboard.press("Enter")
            return chooser.value
        except sync_api.TimeoutError:
            continue
    raise AssertionError("Enter opens no file chooser")


def test_a_keyboard_is_enough(visit, slices):
    page = visit()
    page.locator("body").press("Tab")
    focused = "document.activeElement"
    assert page.evaluate(f"{focused}.type") == "file"
    assert page.evaluate(f"getComputedStyle({focused}.parentElement).outlineStyle") == "solid"
    opened_by_enter(page).set_files({"name": "a.png", "mimeType": "image/png", "buffer": slices[0]})
    said(page, "validation slices")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{focused}.textContent") == "Try a practice slice"
    # The frame can be scrolled, the slider enlarges, the box takes the heat away.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    layers = page.locator("figure.one .layers").first
    wide = layers.evaluate("layers => layers.scrollWidth / layers.parentElement.clientWidth")
    assert wide > 1.2
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    sync_api.expect(page.locator(".heat")).to_be_hidden()
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    sync_api.expect(page.locator(".heat")).to_be_visible(timeout=ANSWER_MS)


def test_nothing_is_fetched_from_elsewhere_or_left_on_the_disk(visit, slices, address, prepared):
    folder, _ = prepared
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    page = visit()
    upload(page, slices[2])
    said(page, "validation slices")
    assert page.requested
    for url in page.requested:
        assert url.startswith((address, "data:", "blob:")), f"{url} is fetched from elsewhere"
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert after == before


def test_the_token_stays_behind(visit, served, address):
    page = visit()
    token = served[1].partition("token=")[2]
    assert page.url == address
    assert token not in page.content() and token not in page.evaluate("document.referrer")
    # From then on the cookie is enough.
    page.reload(wait_until="commit")
    page.get_by_role("heading", level=1).wait_for(timeout=START_SECONDS * 1000)


def test_without_the_token_the_visitor_is_told_what_is_missing(chromium, served, address):
    before = kernels(served)
    with chromium.new_context() as context:
        page = context.new_page()
        assert page.goto(address).status == 403
        sync_api.expect(page.get_by_role("main")).to_contain_text("asks for a key")
        sync_api.expect(page.get_by_role("main")).to_contain_text("no medical device")
    assert kernels(served) == before


def test_a_strangers_name_for_this_computer_opens_nothing(chromium, served, address):
    with chromium.new_context() as context:
        page = context.new_page()
        for path in ("", served[1].split("/", 3)[3]):
            rebound = address.replace("127.0.0.1", "evil.example")
            assert page.goto(f"{rebound}{path}").status == 403
            assert page.get_by_role("heading").count() == 0


def test_another_page_starts_no_kernel(visit, served, address):
    page = visit()
    # That of this visitor, and the one that waits for the next.
    wait_for_kernels(served, 2)
    before = kernels(served)
    other = page.context.new_page()
    # On this computer, too, but at another port: the cookie of the app is sent along.
    pictures = "".join(f'<img src="{address}?{number}">' for number in range(3))
    body = f'{pictures}<iframe src="{address}"></iframe><a href="{address}">look</a>'
    where = "http://127.0.0.1:9/"
    other.route(where, lambda route: route.fulfill(body=body, content_type="text/html"))
    answers = []
    other.on("response", lambda answer: answers.append((answer.url, answer.status)))
    other.goto(where)
    other.get_by_role("link").click()
    sync_api.expect(other.get_by_role("main")).to_contain_text("Another page sent you here")
    asked = [status for url, status in answers if url.startswith(address)]
    assert set(asked) == {403}
    assert kernels(served) == before


def test_the_fourth_visitor_is_refused_in_words(visit, served, address):
    pages = [visit() for _ in range(3)]
    fourth = pages[0].context.new_page()
    assert fourth.goto(address).status == 503
    sync_api.expect(fourth.get_by_role("main")).to_contain_text("All 3 places are taken")
    assert len(kernels(served)) == 3


def test_the_server_shows_nothing_but_the_app(visit, address):
    page = visit()
    assert "Predict first" not in page.content()
    assert "import" not in page.get_by_role("main").inner_text()
    for path in ("api/kernels", "voila/files/pyproject.toml", "api/contents", "voila/tree"):
        assert page.request.get(f"{address}{path}").status >= 400
