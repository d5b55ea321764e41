"""How bright the same kind of slice is in one patient and the next, as the scanner stored it.

    python tests/benchmarks/brightness.py PATH

PATH is a folder with zips of the figshare data as its publisher hands them out, MATLAB files
inside. It takes half a minute, and writes ``data/results/brightness.json``, which lesson 01 reads.
"""

import argparse
import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from course_utils.core import results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="folder with the figshare data's zips")
    folder = parser.parse_args().path
    rows = []
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".mat"):
                    rows.append(measured(archive.read(name)))
    table = pd.DataFrame(rows, columns=["patient", "stored", "normalised"])
    typical = table.groupby("patient").median()
    results.save(
        "brightness",
        {"slices": len(table), "patients": len(typical)} | typical.round(3).to_dict("list"),
        command="python tests/benchmarks/brightness.py PATH",
        dataset="figshare",
        statistic="median grey value of a slice's head, and the median of these over a patient",
    )


def measured(file: bytes) -> tuple[str, float, float]:
    """Patient, and median of the head as stored, and with 1st to 99th percentile at 0 to 1."""
    with h5py.File(io.BytesIO(file)) as opened:
        image = opened["cjdata/image"][()].astype(float)
        patient = "".join(map(chr, opened["cjdata/PID"][()].ravel()))
    head = image[image >= image.max() / 10]
    low, high = np.percentile(head, (1, 99))
    return patient, np.median(head), np.median(((head - low) / (high - low)).clip(0, 1))


if __name__ == "__main__":
    main()
