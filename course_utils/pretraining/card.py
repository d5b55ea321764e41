"""The tables in ``data/weights/README.md``: what the weights are, and what they are worth."""

from pathlib import Path

from course_utils import settings
from course_utils.core import results
from course_utils.models import eight_bit, weights

FOLDER = settings.ROOT / "data" / "weights"


def write_tables(card: Path = FOLDER / "README.md") -> None:
    """Bring the tables in the weights' card up to date with ``data/results/``."""
    results.insert(card, "weights", _table_of_files())
    results.insert(card, "starts", _table_of_starts())


def _table_of_files() -> str:
    rows = [
        "| network | file | patients | epochs | hours on 2 cores | kind right | in 8 bits "
        "| plane right | SHA-256 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for backbone in weights.BACKBONES:
        record = results.load(f"pretrain-{backbone}")
        found, path = record["figures"], FOLDER / f"{backbone}.npz"
        # Epochs that shared the computer took longer.
        hours = len(found["curve"]) * min(row["seconds"] for row in found["curve"]) / 3600
        before, after = found["before_compacting"], found["after_compacting"]
        rows.append(
            f"| {weights.BACKBONES[backbone].title} | {path.stat().st_size / 1e6:.1f} MB "
            f"| {found['patients']:,} | {record['settings']['epochs']} "
            f"| {hours:.1f} | {before['kind_accuracy']:.1%} "
            f"| {after['kind_accuracy']:.1%} | {after['plane_accuracy']:.1%} "
            f"| `{eight_bit.fingerprint(path)[:16]}…` |"
        )
    return "\n".join(rows)


def _table_of_starts() -> str:
    figures = results.load("starts-kaggle")["figures"]
    names = [name.split(", ") for name in figures]
    recipes, starts, counts = map(dict.fromkeys, zip(*names, strict=True))
    rows = [f"| recipe, training slices | {' | '.join(starts)} |"]
    rows.append("| --- " * (len(starts) + 1) + "|")
    for recipe in recipes:
        for count in counts:
            cells = []
            for start in starts:
                found = figures.get(f"{recipe}, {start}, {count}")
                cells.append(f"{found['mean']:.1f} ± {found['spread']:.1f}" if found else "")
            rows.append(f"| {recipe}, {count} | {' | '.join(cells)} |")
    return "\n".join(rows)
