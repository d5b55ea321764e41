"""An answer as a page of its own, to be kept: one HTML file that fetches nothing."""

import html
from collections.abc import Mapping

from course_utils.webapp import NOTICE

STYLE = (
    "body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; "
    "padding: 0 1rem; color: #222 } img { width: 18rem; max-width: 100% } "
    "th { text-align: left; padding-right: 1rem; font-weight: normal; vertical-align: top } "
    ".notice { border-left: 6px solid #e69f00; background: #fdf4e0; padding: 0.6rem 0.9rem }"
)


def page(answer: Mapping, card: Mapping[str, str]) -> str:
    """Write what :func:`.page.described` says of an answer or a refusal, and the model card.

    The picture goes into the file as the model got it, and the name of the upload does not.
    """
    shares = {row["name"]: f"{row['share']:.0%}" for row in answer.get("probabilities", ())}
    kept = {name: answer[name] for name in ("promised", "happened") if name in answer}
    parts = [
        f'<p class="notice">{html.escape(NOTICE)}</p>',
        f"<p>{html.escape(answer['says'])}</p>",
        f"<p>{html.escape(answer['by'])}</p>",
    ]
    if "slice" in answer:
        alt = html.escape(answer.get("alt", "What the file shows, as the model gets it"))
        parts.append(f'<img src="{html.escape(answer["slice"])}" alt="{alt}">')
    tables = {"Probabilities": shares, "Promised, and what happened": kept, "Model card": card}
    for title, rows in tables.items():
        if rows:
            parts.append(f"<h2>{title}</h2><table>{_rows(rows)}</table>")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Report</title>'
        f"<style>{STYLE}</style></head><body><h1>What a network saw in a brain slice</h1>"
        + "".join(parts)
        + "</body></html>"
    )


def _rows(rows: Mapping[str, str]) -> str:
    cells = (f"<th>{html.escape(a)}</th><td>{html.escape(b)}</td>" for a, b in rows.items())
    return "".join(f"<tr>{row}</tr>" for row in cells)
