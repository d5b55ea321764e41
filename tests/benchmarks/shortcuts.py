"""What shortcuts do for a deep network: run by hand, ``python tests/benchmarks/shortcuts.py``.

Runs the cells of lesson 04 that build and train the two networks, on the practice data, with three
seeds, and writes ``data/results/shortcuts-practice.json``. Takes two minutes on two cores.
"""

import json
import os

os.environ["COURSE_DATASET"] = "practice"

from course_utils import settings
from course_utils.core import results

CELLS = ("setup", "data", "deep", "losses")
SEEDS = (1, 2, 3)


def main() -> None:
    (path,) = settings.NOTEBOOKS.glob("04_*.ipynb")
    cells = {c["id"]: "".join(c["source"]) for c in json.loads(path.read_text())["cells"]}
    names = {}
    for name in CELLS:
        exec(compile(cells[name], name, "exec"), names)
    figures = {}
    for name, shortcuts in (("plain", False), ("with shortcuts", True)):
        figures[name] = [round(names["losses"](shortcuts, seed)[-1], 3) for seed in SEEDS]
        print(name, figures[name], flush=True)
    results.save(
        "shortcuts-practice",
        figures,
        command="python tests/benchmarks/shortcuts.py",
        unit="training loss after the last epoch, one a seed",
        dataset="practice",
        seeds=SEEDS,
    )


if __name__ == "__main__":
    main()
