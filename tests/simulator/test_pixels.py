"""One version of the simulator draws the same pixels for ever: whoever changes them raises it.

    python tests/simulator/test_pixels.py

writes ``pixels.npz`` anew, which a new ``practice.VERSION`` asks for. It holds means of blocks of
8 x 8 pixels: on another processor a pixel may be rounded the other way, which hardly moves a mean.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from course_utils import simulator
from course_utils.simulator import scanners

FILE = Path(__file__).with_name("pixels.npz")
PLANES = ["axial", "axial", "coronal", "sagittal"]
# Seeds whose patients have, between them, gliomas of both grades, cores, oedema and dural tails;
# with a scanner as pretraining draws it, every kind of second contrast.
USUAL = [(seed, label) for seed in (5, 6) for label in simulator.LABELS]
WIDE = [(3, "glioma"), (9, "meningioma"), (5, "notumor"), (7, "pituitary")]


def means(images, side=8):
    """Means of blocks of 8 pixels or voxels a side, whole numbers; the first axis is contrasts."""
    shape = [part for n in images.shape[-2:] for part in (n // side, side)]
    blocks = images.reshape(*images.shape[:-2], *shape).mean(axis=(-3, -1))
    return np.rint(blocks).astype(np.uint8)


def sliced(seed, label, wide=False):
    person = simulator.patient([seed, 2], label)
    if wide:
        scanner = scanners.draw_widely(np.random.default_rng([seed, 2, 1]))
        person = dataclasses.replace(person, scanner=scanner)
    images, masks, table = simulator.slices(person, PLANES)
    return {
        "pixels": means(images),
        "areas": masks.sum(axis=(1, 2)),
        "table": table[["position_mm", "lesion_diameter_mm"]].to_numpy(),
    }


def scanned():
    person = simulator.patient([6, 2], "meningioma")
    images, mask = simulator.volume(person, np.float32([-94, -128, -86]), (48, 56, 48), 4.0)
    return {"pixels": means(images[:, ::8]), "areas": mask.sum(axis=(1, 2))}


CASES = {
    **{f"{seed} {label}": (sliced, seed, label) for seed, label in USUAL},
    **{f"{seed} {label} wide": (sliced, seed, label, True) for seed, label in WIDE},
    "volume": (scanned,),
}


@pytest.fixture(scope="module")
def stored():
    with np.load(FILE) as file:
        return dict(file)


def test_the_stored_pixels_are_of_this_version(stored):
    assert stored["version"] == simulator.VERSION, f"python {Path(__file__).name} writes them anew"


@pytest.mark.parametrize("case", CASES)
def test_pixels_are_those_of_the_version(stored, case):
    make, *which = CASES[case]
    for name, found in make(*which).items():
        expected = stored[f"{case} {name}"]
        # A grey level for pixels, a pixel or a hundredth for areas, a micrometre for the table.
        allowed = {"pixels": 1, "areas": np.maximum(1, expected // 100), "table": 1e-3}[name]
        off = np.abs(found.astype(float) - expected)
        assert (off <= allowed).all(), f"{name} changed: raise practice.VERSION if that is meant"


def main():
    if FILE.exists() and np.load(FILE)["version"] == simulator.VERSION:
        raise SystemExit(f"{FILE.name} is of version {simulator.VERSION}: raise it first.")
    made = {
        f"{case} {name}": values
        for case, (make, *which) in CASES.items()
        for name, values in make(*which).items()
    }
    np.savez_compressed(FILE, version=simulator.VERSION, **made)


if __name__ == "__main__":
    main()
