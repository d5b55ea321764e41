"""The practice data: 320 simulated patients of ten slices, the same on every computer."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from course_utils import settings
from course_utils.simulator import anatomy, lesions, scanners, scans
from course_utils.simulator.patients import LABELS, Patient, patient

# Raise with every change of the pixels: the cache of the practice data goes by it.
VERSION = 3
PATIENTS = 320
SLICES = 10


def make(
    seed: int = settings.SEED, patients: int = PATIENTS
) -> tuple[dict[str, np.ndarray], np.ndarray, pd.DataFrame]:
    """Simulate the practice data, on all cores, with a progress bar.

    The same seed gives the same data, whatever the number of cores. All classes have equal shares
    of the patients.

    Returns
    -------
    contrasts : dict of str to ndarray of uint8, (slices, 128, 128)
    masks : ndarray of bool, (slices, 128, 128)
        Where the lesion is; oedema is not part of it.
    table : pandas.DataFrame
        One row per slice, with the columns of :func:`member` and of :func:`.scans.slices`.
    """
    images, masks, tables = zip(*each(_member, seed, patients, "Simulating patients"), strict=True)
    contrasts = dict(zip(scanners.CONTRASTS, np.concatenate(images, axis=1), strict=True))
    return contrasts, np.concatenate(masks), pd.concat(tables, ignore_index=True)


def scanned_again(
    names: Sequence[str], change: Callable[[scanners.Scanner], scanners.Scanner]
) -> dict[str, np.ndarray]:
    """Scan patients of the practice data, named as in its table, with what ``change`` makes of
    their scanners.

    Returns the contrasts, as :func:`make` does: slices lie in the same places, and come in the same
    order, while ``change`` leaves the seed and the field of view as they are.
    """
    again = functools.partial(_again, [int(name[1:]) - 1 for name in names], change)
    images = np.concatenate([*each(again, settings.SEED, len(names), "Scanning again")], axis=1)
    return dict(zip(scanners.CONTRASTS, images, strict=True))


def each(make: Callable[..., tuple], seed: int, patients: int, title: str) -> Iterator[tuple]:
    """Make something of every patient, in their order, on all cores, with a titled progress bar.

    ``make`` takes the template head, a patient's number, the seed and the number of patients.
    """
    # The cache's version is asked for far more often than patients are simulated.
    import joblib
    from tqdm.auto import tqdm

    head = anatomy.head()
    # Workers with nothing to do would otherwise hold their memory for minutes.
    with joblib.parallel_config(backend="loky", idle_worker_timeout=5):
        work = joblib.Parallel(n_jobs=-1, return_as="generator")(
            joblib.delayed(make)(head, number, seed, patients) for number in range(patients)
        )
    yield from tqdm(work, total=patients, desc=title, unit="patient")


def member(
    number: int, seed: int = settings.SEED, patients: int = PATIENTS
) -> tuple[Patient, list[str], dict[str, str]]:
    """One patient of the practice data, the plane of each slice, and what the table says of it.

    That is label, patient, group, split and source.
    """
    # Classes are dealt like cards, so that a patient's number tells nothing.
    card = int(np.random.default_rng(seed).permutation(patients)[number])
    turn, suit = divmod(card, len(LABELS))
    person = patient([seed, number], LABELS[suit], lesions.DIFFICULTIES[turn // 3 % 3])
    planes = [scanners.PLANES[(turn + index) % 3] for index in range(SLICES)]
    name, split = f"P{number + 1:03d}", "test" if turn % 4 == 3 else "train"
    listed = {"label": LABELS[suit], "patient": name, "group": name, "split": split}
    return person, planes, listed | {"source": "simulated"}


def _member(
    head: anatomy.Head, number: int, seed: int, patients: int
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    anatomy.use(head)
    person, planes, listed = member(number, seed, patients)
    images, masks, table = scans.slices(person, planes)
    return images, masks, pd.concat([pd.DataFrame(listed, index=table.index), table], axis=1)


def _again(numbers, change, head: anatomy.Head, place: int, seed: int, _: int) -> np.ndarray:
    anatomy.use(head)
    person, planes, _ = member(numbers[place], seed)
    elsewhere = dataclasses.replace(person, scanner=change(person.scanner))
    return scans.slices(elsewhere, planes)[0]
