"""Seconds that importing the Kaggle data takes, and loading it from its cache afterwards.

    python tests/benchmarks/import_kaggle.py PATH

PATH is the zip or folder that ``course data import`` would take; the import goes into a temporary
folder. Writes ``data/results/import_kaggle.json``.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from course_utils import datasets
from course_utils.core import results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    path = parser.parse_args().path
    usual = os.environ.get("COURSE_DATA", "")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_DATA"] = folder
        begin = time.perf_counter()
        datasets.import_data(path)
        imported = time.perf_counter()
        data = datasets.load("kaggle")
        loaded = time.perf_counter()
        os.environ["COURSE_DATA"] = usual
        figures = {
            "slices": len(data),
            "import_seconds": imported - begin,
            "load_seconds": loaded - imported,
        }
    command = "python tests/benchmarks/import_kaggle.py PATH"
    print(results.save("import_kaggle", figures, command=command, dataset="kaggle").read_text())


if __name__ == "__main__":
    main()
