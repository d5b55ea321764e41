"""Duplicates: finding them, grouping them, and counting those that a split lets leak."""

import hashlib

import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from course_utils import settings
from course_utils.core.channels import greys

# Chosen on the Kaggle data by looking at pairs. A copy that was sharpened or brightened may
# correlate at 0.9 or less, but there slices of different people begin to pass. Pairs of two
# classes count these: besides four pictures that the data holds twice, under different labels,
# there are none at 0.95 and 23 at 0.90.
RADIUS = 10
SAME = 0.95
# How a copy may be turned, and which of the 64 bits of a hash that inverts: mirroring a picture
# changes the sign of the waves that are odd in that direction, and nothing else. So one hash a
# slice will do, give or take a bit that was a close call.
ODD_COLUMN, ODD_ROW = 0x5555555555555555, 0x00FF00FF00FF00FF
TURNS = {
    "upright": (lambda images: images, 0),
    "mirrored": (lambda images: images[:, :, ::-1], ODD_COLUMN),
    "upside down": (lambda images: images[:, ::-1], ODD_ROW),
    "rotated": (lambda images: images[:, ::-1, ::-1], ODD_COLUMN ^ ODD_ROW),
}
BLOCK = 2048


def near_duplicates(images: np.ndarray) -> pd.DataFrame:
    """Find slices that show the same picture, even brightened, sharpened, mirrored or turned.

    A perceptual hash proposes (pHash, Zauner 2010, as the ImageHash package computes it): the signs
    of a slice's 64 longest waves, of which two copies share all but a few. The correlation of the
    pixels then confirms, since hashes of clean medical images collide often.

    Takes uint8 (slices, height, width), of even height and width; of colours, (slices, height,
    width, 3), how bright they are. Returns one row per pair: first and second (positions, first <
    second), correlation, and turn ("upright", "mirrored", "upside down" or "rotated", which is by
    180 degrees).
    """
    images = greys(images)
    hashes, pixels = phashes(images), _standardised(images)
    found = []
    for turn, (turned, bits) in TURNS.items():
        other = turned(pixels)
        for start in range(0, len(images), BLOCK):
            rows = hashes[start : start + BLOCK, None]
            distance = np.bitwise_count(rows ^ hashes[None, start:] ^ np.uint64(bits))
            first, second = np.nonzero(np.triu(distance <= RADIUS, k=1))
            first, second = first + start, second + start
            correlation = _products(pixels, other, first, second)
            same = correlation >= SAME
            pairs = {"first": first, "second": second, "correlation": correlation}
            found.append(pd.DataFrame(pairs)[same].assign(turn=turn))
    pairs = pd.concat(found, ignore_index=True)
    # A symmetric head resembles its copy both upright and mirrored: the better match counts.
    best = pairs.sort_values("correlation", ascending=False, kind="stable")
    best = best.drop_duplicates(["first", "second"])
    return best.sort_values(["first", "second"]).reset_index(drop=True)


def duplicate_groups(images: np.ndarray) -> np.ndarray:
    """Name a group for every slice, str, (slices,): that of its near-duplicates and theirs."""
    return groups_of(near_duplicates(images), np.full(len(images), ""))


def groups_of(pairs: pd.DataFrame, patients: np.ndarray) -> np.ndarray:
    """Name a group for every slice, str, (slices,): its patient, or its near-duplicates and theirs.

    ``pairs`` are those of :func:`near_duplicates`; ``patients``, str, (slices,), may be ``""`` for
    some slices or all. Two patients share a group only where a slice of no known patient resembles
    both.
    """
    known = np.flatnonzero(patients != "")
    _, first, number = np.unique(patients[known], return_index=True, return_inverse=True)
    ends = pairs[["first", "second"]].to_numpy(int)
    ends = ends[(patients[ends] == "").any(axis=1)]
    ends = np.concatenate([ends, np.stack([known, known[first][number]], axis=1)])
    links = coo_array((np.ones(len(ends)), ends.T), shape=(len(patients),) * 2)
    _, numbers = connected_components(links, directed=False)
    named = dict(zip(numbers[known][::-1], patients[known][::-1], strict=True))
    return np.array([named.get(number, f"g{number:05d}") for number in numbers])


def duplicates(data) -> pd.DataFrame:
    """List all pairs of near-duplicates in a :class:`Dataset`, and what they do to it.

    Three columns more than :func:`near_duplicates`: exact (the two files, or slices where there are
    no files, are the same byte for byte), across (one is a training slice and one a test slice of
    the publisher's split) and conflict (their labels differ).
    """
    pairs = near_duplicates(data.images)
    facts = {"exact": _fingerprints(data), "across": data.table["split"], "conflict": data.labels}
    facts = pd.DataFrame(facts)
    one, other = (facts.iloc[pairs[end]].reset_index(drop=True) for end in ("first", "second"))
    same = one == other
    return pairs.assign(exact=same["exact"], across=~same["across"], conflict=~same["conflict"])


def leakage(data, by: str = "official", seed: int = settings.SEED) -> pd.DataFrame:
    """Count the test slices that a classifier has met in training, split in one way or another.

    ``by`` is what :meth:`course_utils.datasets.Dataset.split` takes. Validation slices count as
    training slices, since a classifier is tuned on them.

    Returns one row per class, and a last row "all". Columns, all of them numbers of test slices:
    slices (how many there are), exact (a copy, byte for byte, is in training) and group (a slice of
    the same group is: a near-duplicate or, in the practice data, the same patient).
    """
    train, val, test = data.split(by, seed)
    known = set(_fingerprints(train)) | set(_fingerprints(val))
    counts = pd.DataFrame(
        {
            "slices": np.ones(len(test), int),
            "exact": [fingerprint in known for fingerprint in _fingerprints(test)],
            "group": ~clean_rows(test, train, val),
        }
    )
    table = counts.groupby(test.table["label"].to_numpy()).sum().astype(int)
    table = table.reindex(list(data.class_names), fill_value=0)
    table.loc["all"] = table.sum()
    return table


def clean_rows(test, *seen) -> np.ndarray:
    """Mark the test slices, bool, (slices,), that share no group with slices seen in training.

    All are of :class:`Dataset`; ``seen`` is what a classifier was trained and tuned on, mostly
    ``train, val``.
    """
    known = set().union(*(part.table["group"] for part in seen))
    return ~test.table["group"].isin(known).to_numpy()


def without_upright_twin(test, seen) -> np.ndarray:
    """Mark the test slices, bool, (slices,), of which no copy that is the same way up was seen.

    More lenient than :func:`clean_rows`, which also counts mirrored and turned copies and copies
    of copies: most of the literature counts as here.
    """
    pairs = near_duplicates(np.concatenate([test.images, seen.images]))
    across = (pairs["first"] < len(test)) & (pairs["second"] >= len(test))
    twins = pairs.loc[across & (pairs["turn"] == "upright"), "first"]
    rows = np.ones(len(test), bool)
    rows[twins.unique()] = False
    return rows


def label_conflicts(data) -> pd.DataFrame:
    """Rows of ``data.table`` that carry another label than a slice of their group, by group."""
    labels = data.table.groupby("group")["label"].transform("nunique")
    return data.table[labels > 1].sort_values("group", kind="stable")


def phashes(images: np.ndarray) -> np.ndarray:
    """pHash of each slice: uint64, (slices,)."""
    import imagehash

    hashes = (imagehash.phash(Image.fromarray(image)) for image in images)
    return np.array([int(str(found), 16) for found in hashes], dtype=np.uint64)


def _standardised(images: np.ndarray) -> np.ndarray:
    """Halve the resolution, then give every slice mean 0 and length 1, so that products correlate.

    At full resolution, sharpening alone would hide a copy.
    """
    corners = [images[:, row::2, column::2] for row in (0, 1) for column in (0, 1)]
    pixels = np.mean(corners, axis=0, dtype=np.float32)
    pixels -= pixels.mean(axis=(1, 2), keepdims=True)
    lengths = np.linalg.norm(pixels, axis=(1, 2), keepdims=True)
    # A blank slice has no direction; all blank slices share one.
    blank = lengths < 1e-3
    return np.where(blank, pixels[0].size ** -0.5, pixels / np.where(blank, 1, lengths))


def _products(one: np.ndarray, other: np.ndarray, first: np.ndarray, second: np.ndarray):
    """Correlation of ``one[first]`` and ``other[second]``, in blocks that stay small in memory."""
    blocks = [slice(start, start + BLOCK) for start in range(0, len(first), BLOCK)]
    parts = [np.einsum("nij,nij->n", one[first[b]], other[second[b]]) for b in blocks]
    return np.concatenate([np.empty(0, np.float32), *parts])


def _fingerprints(data) -> np.ndarray:
    """Name the content of each slice: of its file where there was one, else of its pixels."""
    if "sha256" in data.table:
        return data.table["sha256"].to_numpy()
    return np.array([hashlib.sha256(image.tobytes()).hexdigest() for image in data.images])
