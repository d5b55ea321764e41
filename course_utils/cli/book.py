"""A site of the lessons as they are stored, without running them again, and pages to print."""

import io
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from course_utils import settings
from course_utils.cli.lessons import BUILD
from course_utils.cli.stills import STATES
from course_utils.core import files
from course_utils.core.errors import CourseError

BOOK = BUILD / "book"
# What Sphinx makes on the way.
KEPT = BUILD / "book-kept"
STYLE = Path(__file__).with_name("pages")
PAGES = [
    "README.md",
    "GLOSSARY.md",
    "INSTRUCTOR.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE*.md",
]
PAGES += [
    "course_utils/README.md",
    "data/README.md",
    "data/weights/README.md",
    "notebooks/[0-9][0-9]_*.ipynb",
]
CONTENTS = {
    "Lessons": ["notebooks/0*"],
    "Extensions": ["notebooks/1*"],
    "Beside them": ["GLOSSARY", "data/README", "data/weights/README", "INSTRUCTOR"],
    "The project": ["CONTRIBUTING", "course_utils/README", "CHANGELOG", "LICENSE*"],
}
# No page is in these, and Sphinx would look through them.
ELSEWHERE = [".*", "build", "tests", "data/practice", "data/runs", "data/named"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
CONFIGURATION = {
    "project": "Brain MRI classification, taken by running it",
    "html_title": "Brain MRI, taken by running it",
    "extensions": ["myst_nb", "course_utils.cli.book"],
    "root_doc": "README",
    "include_patterns": PAGES,
    "exclude_patterns": ELSEWHERE,
    "html_theme": "furo",
    "html_static_path": [str(STYLE), str(STATES)],
    "html_css_files": ["book.css"],
    "html_js_files": ["book.js"],
    "html_copy_source": False,
    "html_use_index": False,
    "html_show_copyright": False,
    "html_show_sphinx": False,
    "language": "en",
    "pygments_style": "a11y-high-contrast-light",
    "myst_heading_anchors": 3,
    "nb_execution_mode": "off",
    "nb_custom_formats": {".ipynb": ["course_utils.cli.stills.read", {}, False]},
    # Sections may skip a level; a chart that only the project's host draws is shown as text.
    "suppress_warnings": ["myst.header", "misc.highlighting_failure"],
}


def build() -> Path:
    """Write the site to ``build/book``, with a PDF a lesson if there is Chromium to print it.

    CourseError if Sphinx has a warning to give, or a link within the site leads nowhere; the book
    that was there before then stays.
    """
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError

    shutil.rmtree(KEPT, ignore_errors=True)
    STATES.mkdir(parents=True)
    site, said = KEPT / "site", io.StringIO()
    where = (settings.ROOT, None, site, KEPT / "pages")
    try:
        Sphinx(*where, "html", CONFIGURATION, status=None, warning=said).build()
    except SphinxError as error:
        said.write(str(error))
    # Colours are for a terminal.
    if warnings := re.sub(r"\x1b\[[\d;]*m", "", said.getvalue()).strip():
        raise CourseError(f"The book cannot be built: {warnings}")
    shutil.copy(site / "README.html", site / "index.html")
    if browser():
        _print(sorted((site / "notebooks").glob("*.html")))
    if dead := dead_links(site):
        raise CourseError("Links of the book lead nowhere: " + "; ".join(dead))
    with files.atomic(BOOK) as new:
        shutil.copytree(site, new)
    return BOOK


def browser() -> str | None:
    """Chromium or a relative of it, if one is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _print(pages: list[Path]) -> None:
    """Print pages as PDF files beside them."""
    command = [browser(), "--headless", "--disable-gpu", "--no-pdf-header-footer"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # As root Chromium cannot build its own walls, and it opens our pages only.
        command.append("--no-sandbox")
    for page in pages:
        printing = [f"--print-to-pdf={page.with_suffix('.pdf')}", page.as_uri()]
        done = subprocess.run([*command, *printing], capture_output=True, text=True)
        if done.returncode:
            raise CourseError(f"{command[0]} does not print {page.name}: {done.stderr.strip()}")


def setup(app) -> None:
    """Let Sphinx take this module for an extension of its own."""
    app.connect("source-read", _with_contents)
    # After the theme, whose sidebar is mended.
    app.connect("html-page-context", _mended, priority=900)
    # The theme's own option, which does not exist before.
    app.connect("builder-inited", _in_the_dark, priority=1)


def _in_the_dark(app) -> None:
    app.config.pygments_dark_style = "a11y-high-contrast-dark"


def _mended(app, pagename: str, template: str, context: dict, doctree) -> None:
    """Lead from a lesson to what can be printed of it, and give the sidebar's headings a level."""
    tree = context["furo_navigation_tree"]
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )
    if pagename.startswith("notebooks/") and browser():
        name = Path(pagename).name
        context["body"] = f'<p class="print"><a href="{name}.pdf">To print</a></p>{context["body"]}'


def _with_contents(app, docname: str, source: list[str]) -> None:
    """Add the contents, which the sidebar shows, to the first page."""
    if docname == app.config.root_doc:
        for caption, names in CONTENTS.items():
            listed = "\n".join(names)
            source[0] += (
                f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n{listed}\n```\n"
            )


class _Page(HTMLParser):
    """Names that a page gives, and links that it makes."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.names, self.links = set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.names.add(value)
            elif name in ("href", "src") and value:
                self.links.add(value)


def dead_links(folder: Path) -> list[str]:
    """Links within a site that lead to no file or to no place in it, as "page: link"."""
    pages = {path: _Page(path) for path in sorted(folder.rglob("*.html"))}
    dead = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = target.is_file() and (
                not parts.fragment
                or target not in pages
                or unquote(parts.fragment) in pages[target].names
            )
            if not there:
                dead.append(f"{path.relative_to(folder)}: {link}")
    return dead
