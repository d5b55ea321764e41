"""What a notebook needs to be opened away from its course: the address, in its first cell.

``pyproject.toml`` alone names the address. From there it goes into the first cell of each notebook,
and into the badges of ``README.md``, which there are none of while it is empty.
"""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from course_utils import settings
from course_utils.core import files, packages, results

README = settings.ROOT / "README.md"
# The first cell's own, in every notebook.
IDENTITY = "alone"
CELL = """\
# Opened alone, this notebook first fetches its course; inside its course, this does nothing.
import importlib.util
import os
import runpy
import subprocess
from pathlib import Path

if importlib.util.find_spec("course_utils") is None:
    address = os.environ.get("COURSE_REPOSITORY") or "{address}"
    course = Path("..") if Path("../course_utils").is_dir() else Path("brain-mri-course")
    if not course.exists():
        assert address, "Open this notebook in its course, or set COURSE_REPOSITORY to the address."
        code, said = subprocess.getstatusoutput(f'git clone -q --depth=1 "{{address}}" {{course}}')
        assert code == 0, f"git could not fetch the course from {{address}}: {{said}}"
    runpy.run_path(f"{{course}}/course_utils/core/alone.py", run_name="__main__")"""
# Those that open a notebook of a public repository on GitHub: their picture, and where they do so.
HOSTS = {
    "Colab": (
        "https://colab.research.google.com/assets/colab-badge.svg",
        "https://colab.research.google.com/github/{place}/blob/main/{notebook}",
    ),
    "Kaggle": (
        "https://kaggle.com/static/images/open-in-kaggle.svg",
        "https://kaggle.com/kernels/welcome?src=https://github.com/{place}/blob/main/{notebook}",
    ),
    "Binder": (
        "https://mybinder.org/badge_logo.svg",
        "https://mybinder.org/v2/gh/{place}/main?labpath={notebook}",
    ),
}


def address() -> str:
    """Where ``pyproject.toml`` says that the project is hosted, ``""`` if nowhere."""
    return packages.project().get("urls", {}).get("Repository", "")


def write() -> list[Path]:
    """Write the address into each notebook's first cell and README's badges; return notebooks."""
    notebooks = sorted(settings.NOTEBOOKS.glob("*.ipynb"))
    for path in notebooks:
        text = path.read_text(encoding="utf-8")
        changed = with_cell(text, CELL.format(address=address()))
        if changed != text:
            with files.atomic(path) as new:
                new.write_text(changed, encoding="utf-8")
    results.insert(README, "badges", badges(address()))
    return notebooks


def with_cell(notebook: str, source: str) -> str:
    """Text of a notebook whose first cell of code is this one; outputs and all else stay."""
    content = json.loads(notebook)
    cells = content["cells"]
    first = next(n for n, cell in enumerate(cells) if cell["cell_type"] == "code")
    if cells[first].get("id") != IDENTITY:
        cell = {"cell_type": "code", "execution_count": 1, "id": IDENTITY}
        cell |= {"metadata": {"jupyter": {"source_hidden": True}}, "outputs": [], "source": []}
        for later in cells[first:]:
            # Stored as if all had been run from the top: the counts go up by one.
            for part in (later, *later.get("outputs", ())):
                if part.get("execution_count"):
                    part["execution_count"] += 1
        cells.insert(first, cell)
    cells[first]["source"] = source.splitlines(keepends=True)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n" * notebook.endswith("\n")


def badges(address: str) -> str:
    """Markdown that opens the first lesson elsewhere, for an address on GitHub; else none."""
    parts = urlsplit(address)
    if parts.hostname != "github.com":
        return ""
    place = re.sub(r"\.git$", "", parts.path.strip("/"))
    lesson = min(settings.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")).relative_to(settings.ROOT)
    return "\n".join(
        f"[![Open in {name}]({picture})]({link.format(place=place, notebook=lesson.as_posix())})"
        for name, (picture, link) in HOSTS.items()
    )
