"""The book in a browser: nothing that axe calls serious, nothing from elsewhere, no page too wide.

It takes minutes, so it runs by name alone: ``pytest -m book``. It looks at the book that is there
and makes one where there is none; ``make book`` makes it anew.
"""

import pytest

from course_utils.cli import book

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="the extra 'browser' is not installed: make extras"
)
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="the extra 'browser' is not installed: make extras",
)
pytest.importorskip("myst_nb", reason="the extra 'book' is not installed: make extras")
pytestmark = pytest.mark.book

# A laptop by day and a telephone by night.
VIEWS = {"laptop": (1366, "light"), "telephone": (390, "dark")}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return book.BOOK if (book.BOOK / "index.html").exists() else book.build()


@pytest.fixture(scope="module", params=VIEWS)
def view(chromium, request):
    width, scheme = VIEWS[request.param]
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.said, page.asked = [], []
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    page.close()


def test_every_page_is_in_order(view, site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 15
    found = []
    for path in pages:
        view.goto(path.as_uri())
        name, width = path.relative_to(site), view.viewport_size["width"]
        # Styles are read in the page: a file may not be fetched by another.
        answer = axe.Axe().run(view, options={"preload": False})
        found += [
            f"{name}: {one['id']}: {one['nodes'][0]['html'][:100]}"
            for one in answer.response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        if view.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{name} is wider than {width} pixels")
    assert not found, "\n".join(found)
    assert not view.said
    assert all(url.startswith(("file:", "data:", "blob:")) for url in view.asked)


def test_sliders_move_by_keyboard(view, site):
    moved = 0
    for path in sorted((site / "notebooks").glob("*.html")):
        view.goto(path.as_uri())
        for box in view.locator(".states").all():
            picture, says = box.locator("img"), box.locator("p")
            before = picture.get_attribute("src"), says.inner_text()
            box.locator("input").focus()
            view.keyboard.press("ArrowRight")
            sync_api.expect(picture).not_to_have_attribute("src", before[0])
            assert says.inner_text() == picture.get_attribute("alt") != before[1]
            assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") > 100
            moved += 1
    assert moved >= 4


def test_the_quiz_answers_and_the_search_finds(view, site):
    view.goto((site / "notebooks" / "03_baseline_cnn.html").as_uri())
    answer = view.locator("details.answer").first
    answer.locator("summary").press("Enter")
    sync_api.expect(answer.locator("p")).to_be_visible()
    view.goto((site / "search.html").as_uri() + "?q=augmentation")
    sync_api.expect(view.locator("#search-results li a").first).to_be_visible()
