"""Every explorer in JupyterLab, moved by keyboard at the width of a laptop and of a tablet.

One server and one kernel serve all tests: a notebook with a cell for each explorer.
"""

import json
import os
import re
import subprocess
import sys
import time

import nbformat
import pytest

from course_utils import datasets, settings

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="the extra 'browser' is not installed: make extras"
)

# Far longer than anything takes, so that a slow computer passes.
START_SECONDS, ANSWER_MS = 180, 30_000
WIDTHS = {"laptop": 1366, "tablet": 820}
PREPARED = """
import numpy as np
from course_utils import datasets, widgets
from course_utils.volumes import explorers

data = datasets.load("practice")
few = data.take(np.arange(0, len(data), 20))
chance = np.random.default_rng(1)
guessed = chance.dirichlet(np.ones(4), len(few))
maps = chance.random(few.images.shape)
head = chance.integers(0, 255, (24, 32, 28)).astype(np.uint8)
"""
# All cells stay in the page, wherever it is scrolled to; and nobody is asked about news.
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
# What a lesson types.
EXPLORERS = {
    "dataset_selector": "widgets.dataset_selector()",
    "slice_explorer": "widgets.slice_explorer(data)",
    "augmentation_lab": "widgets.augmentation_lab(few)",
    "kernel_lab": "widgets.kernel_lab(few)",
    "error_browser": "widgets.error_browser(few, guessed, maps)",
    "referral": "widgets.referral(few.labels, guessed, few.table['group'])",
    "volume_explorer": "explorers.volume_explorer(head, np.eye(4), head > 250)",
}
CONTROLS = (
    "button.jupyter-button:not(.mod-active)", ".noUi-handle", "textarea",
    "input[type=checkbox]",
)  # fmt: skip


def test_no_explorer_is_left_out():
    used = set()
    for lesson in settings.NOTEBOOKS.glob("*.ipynb"):
        for cell in nbformat.read(lesson, as_version=4).cells:
            if cell.cell_type == "code":
                used |= set(re.findall(r"\b(?:widgets|explorers)\.(\w+)\(", cell.source))
    assert used == set(EXPLORERS)


@pytest.fixture(scope="module")
def lab(free_port, tmp_path_factory):
    """Address of the notebook in a JupyterLab of its own."""
    here = tmp_path_factory.mktemp("lab")
    (here / "data").mkdir()
    (here / "data" / "practice").symlink_to(datasets.folder_of("practice").parent)
    cells = [PREPARED.strip(), *EXPLORERS.values()]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    # Else it would ask for a kernel.
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, here / "explorers.ipynb")
    for name, choices in SETTINGS.items():
        path = here / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(choices))
    environment = os.environ | {
        "COURSE_DATA": str(here / "data"), "JUPYTERLAB_SETTINGS_DIR": str(here / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(here), "JUPYTER_CONFIG_DIR": str(here),
        "JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_RUNTIME_DIR": str(here / "runtime"),
    }  # fmt: skip
    # Explorers are still pictures under a test, and this one wants them to move.
    for name in ("PYTEST_CURRENT_TEST", "COURSE_STATIC", "COURSE_DATASET"):
        environment.pop(name, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA", str(here / "data"))
        # A second data set to choose.
        datasets.folder_of("figshare").mkdir(parents=True)
    port = free_port()
    options = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=key"]
    command = [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={here}"]
    log = here / "log"
    with log.open("w") as file:
        server = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        end = time.monotonic() + START_SECONDS
        while "is running at" not in log.read_text():
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/lab/tree/explorers.ipynb?token=key"
    finally:
        # Its kernel ends with it.
        server.kill()
        server.wait(60)


@pytest.fixture(scope="module")
def notebook(chromium, lab):
    """The page with all explorers drawn, and what its console says from then on."""
    page = chromium.new_page(viewport={"width": WIDTHS["laptop"], "height": 900})
    page.set_default_timeout(ANSWER_MS)
    page.goto(lab, timeout=START_SECONDS * 1000)
    cells = sync_api.expect(page.locator(".jp-CodeCell"))
    cells.to_have_count(len(EXPLORERS) + 1, timeout=ANSWER_MS)
    page.locator("[data-status='idle']").first.wait_for(timeout=START_SECONDS * 1000)
    # What is run before the kernel is there is lost, and on a busy computer it may say so too soon.
    for _ in range(START_SECONDS // 15):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator("[data-command='runmenu:run-all']").click()
        try:
            prompt = page.locator(".jp-CodeCell .jp-InputPrompt").first
            sync_api.expect(prompt).to_have_text(re.compile(r"\[[\d*]+\]"), timeout=15_000)
            break
        except AssertionError:
            continue
    drawn = page.locator(".jp-OutputArea-output .widget-html-content")
    sync_api.expect(drawn).to_have_count(len(EXPLORERS), timeout=START_SECONDS * 1000)
    page.said = []
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("console", lambda line: page.said.append(line.text) if line.type == "error" else None)
    yield page
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_moves_by_keyboard(notebook, name, width):
    page = notebook
    page.set_viewport_size({"width": WIDTHS[width], "height": 900})
    place = 1 + list(EXPLORERS).index(name)
    output = page.locator(".jp-Notebook .jp-CodeCell").nth(place).locator(".jp-OutputArea")
    output.scroll_into_view_if_needed()
    picture = output.locator(".widget-html-content")
    moved = []
    for kind in CONTROLS:
        # Of a group of buttons one is moved, and of other controls each.
        found = output.locator(kind).locator("visible=true")
        for number in range(1 if "button" in kind and found.count() else found.count()):
            control = found.nth(number)
            least, most = map(control.get_attribute, ("aria-valuemin", "aria-valuemax"))
            if least is not None and least == most:
                continue
            before = picture.inner_html()
            control.focus()
            press(page, control, kind)
            end = time.monotonic() + ANSWER_MS / 1000
            while picture.inner_html() == before:
                assert time.monotonic() < end, f"{kind} number {number} moves nothing"
                page.wait_for_timeout(50)
            moved.append(kind)
    assert moved
    assert not output.locator("select").count(), "JupyterLab keeps the arrow keys for itself"
    assert not page.said, page.said
    edges = picture.bounding_box()
    assert edges["x"] + edges["width"] <= WIDTHS[width]


def press(page, control, kind):
    """Move the focused control, whichever way there is room."""
    if kind == ".noUi-handle":
        most = control.get_attribute("aria-valuenow") == control.get_attribute("aria-valuemax")
        page.keyboard.press("ArrowLeft" if most else "ArrowRight")
    elif kind == "textarea":
        page.keyboard.press("Control+End")
        page.keyboard.type("5")
    else:
        page.keyboard.press("Space")
