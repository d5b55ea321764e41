"""Slides of a lesson, made from what it stores: its questions, predictions, figures and key points.

One file a lesson, which needs no network and no program but a browser. A picture stays hidden until
everybody has had the time to predict; what it shows stands in the notes.
"""

import html
import re
from collections.abc import Sequence
from pathlib import Path

from course_utils.cli.lessons import BUILD, chosen
from course_utils.cli.stills import described
from course_utils.core import files

SLIDES = BUILD / "slides"
STYLE = Path(__file__).with_name("pages")
HELP = "→ on, ← back, n: notes, p: print"


def make(words: Sequence[str]) -> list[Path]:
    """Write the slides of the lessons whose names begin with one of the words, or of all."""
    made = []
    for lesson in chosen(words):
        path = SLIDES / f"{lesson.stem}.html"
        with files.atomic(path) as new:
            new.write_text(_page(_slides(lesson)), encoding="utf-8")
        made.append(path)
    return made


def _slides(lesson: Path) -> list[dict[str, str]]:
    """Title, text, picture and notes of each slide, all but the title as HTML."""
    import nbformat

    sections = _sections(nbformat.read(lesson, as_version=4).cells)
    title, cells = sections[0]
    prose = _prose(cells)
    can = re.search(r"(\*\*You will be able to\*\*\n.+?)(\n\n|$)", prose, re.S)
    slides = [{"title": title, "text": _html(can[1] if can else ""), "notes": _html(_first(prose))}]
    for title, cells in sections[1:]:
        prose = _prose(cells)
        if re.match(r"\d+ ·", title):
            slides.append({"title": title} | _asked(cells, prose))
        elif title == "Key points":
            points = prose.partition("\n## ")[0]
            slides.append({"title": title, "text": _html(points), "notes": ""})
    return slides


def _asked(cells: list, prose: str) -> dict[str, str]:
    """What a section asks, its first figure after that, and in the notes what it shows and says."""
    asks = [n for n, cell in enumerate(cells) if "**Predict first.**" in cell.source]
    start = asks[0] if asks else 0
    ask = re.search(r"\*\*Predict first\.\*\*.+?(?=\n\n|$)", cells[start].source, re.S)
    shown = [n for n, cell in enumerate(cells) if n >= start and _picture(cell)]
    picture, notes = "", [_first(prose)]
    if shown:
        cell = cells[shown[0]]
        picture = f'<img alt="{html.escape(described(cell))}" src="{_picture(cell)}">'
        notes += [described(cell), _first(_prose(cells[shown[0] + 1 :]))]
    return {
        "text": _html(ask[0] if ask else ""), "picture": picture, "notes": _html("\n\n".join(notes))
    }  # fmt: skip


def _sections(cells: list) -> list[tuple[str, list]]:
    """Headings, and the cells below each of them; the heading is taken out of its cell."""
    sections = []
    for cell in cells:
        heading = re.match(r"##? (.+)\n*", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            sections.append((heading[1], []))
            cell.source = cell.source[heading.end() :]
        sections[-1][1].append(cell)
    return sections


def _prose(cells: list) -> str:
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown").strip()


def _first(prose: str) -> str:
    return prose.partition("\n\n")[0]


def _picture(cell) -> str:
    """Address that holds the picture of a cell, or nothing."""
    outputs = cell.get("outputs", ())
    found = [one["data"]["image/png"] for one in outputs if "image/png" in one.get("data", {})]
    return "data:image/png;base64," + found[0].replace("\n", "") if found else ""


def _html(markdown: str) -> str:
    from nbconvert.filters import markdown2html

    # Addresses of other lessons lead nowhere from here.
    return markdown2html(re.sub(r"\[([^\]]+)\]\((?!http)[^)]+\)", r"\1", markdown))


def _page(slides: list[dict[str, str]]) -> str:
    parts = []
    for number, slide in enumerate(slides, start=1):
        picture = slide.get("picture", "")
        parts.append(
            f'<section aria-label="Slide {number} of {len(slides)}">'
            f"<h1>{html.escape(slide['title'])}</h1><div class='text'>{slide['text']}</div>"
            f"<figure>{picture}</figure>"
            f"<aside aria-label='Notes'>{slide['notes']}</aside></section>"
        )
    style, script = ((STYLE / f"slides.{kind}").read_text("utf-8") for kind in ("css", "js"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(slides[0]['title'])}</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main><footer><span role='status'></span> · {HELP} · "
        "teaching material and no medical device</footer>"
        f"<script>{script}</script></body></html>"
    )
