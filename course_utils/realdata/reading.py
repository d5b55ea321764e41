"""Many files of a zip or a folder at once: those that are of use, and what is wrong with others."""

import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from PIL import Image
from tqdm.auto import tqdm

from course_utils.core.errors import BadFile, CourseError
from course_utils.realdata import archives

# Names of folders that stand for a part of a published split, in small letters.
PARTS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
IMAGES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp"}
IMAGES |= {".pbm", ".pgm", ".pnm", ".ppm"}
SAVE_AS = (
    "save each slice as a PNG or JPEG file in a folder named after its class, and import those"
)


class Good(NamedTuple):
    """A file that could be used, and what a decoder made of it."""

    position: int
    file: str
    decoded: Any
    sha256: str
    bytes: int


def read(
    names: Sequence[str],
    get: Callable[[int], bytes],
    positions: Collection[int],
    decode: Callable[[bytes], Any],
) -> tuple[list[Good], list[tuple[str, str]]]:
    """Decode files of an opened archive in threads, and keep their order.

    ``names`` and ``get`` are what :func:`archives.opened` yields, ``positions`` the files that are
    meant. Of each that made ``decode`` or ``get`` raise :class:`BadFile`, the name and the problem
    are returned.
    """

    def one(position: int) -> Good | tuple[str, str]:
        data = b""
        try:
            data = get(position)
            decoded = decode(data)
        except BadFile as bad:
            return names[position], medical(names[position], data) or str(bad)
        fingerprint = hashlib.sha256(data).hexdigest()
        return Good(position, names[position], decoded, fingerprint, len(data))

    # Pillow warns of large images, which are listed as problems anyway.
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)
        reading = pool.map(one, positions)
        found = list(tqdm(reading, "reading slices", len(positions), unit=" slices"))
    good = [one for one in found if isinstance(one, Good)]
    return good, [one for one in found if not isinstance(one, Good)]


def facts(good: Sequence[Good]) -> pd.DataFrame:
    """Say of pictures, decoded to pixels and facts, their file, sha256, width, height, mode, bytes.

    One row per picture.
    """
    rows = [(one.file, one.sha256, *one.decoded[1], one.bytes) for one in good]
    return pd.DataFrame(rows, columns=["file", "sha256", "width", "height", "mode", "bytes"])


def medical(name: str, data: bytes) -> str:
    """Say that a file is of a medical format that holds no picture, or ``""``."""
    kind = archives.medical(name, data)
    return f"is {kind} and no picture" if kind else ""


def refuse_medical(path: Path, names: Sequence[str], get: Callable[[int], bytes]) -> None:
    """Refuse what has no folders of classes where one of the first files is no picture by nature.

    CourseError says what to do.
    """
    for position, name in enumerate(names[:20]):
        try:
            what = medical(name, get(position))
        except BadFile:
            continue
        if what:
            raise CourseError(f"{path} holds {name}, which {what}: {SAVE_AS}.")


def refuse_lost(path: Path, lost: Collection[str], problems: Sequence[tuple[str, str]]) -> None:
    """Refuse data in which nothing of a kind, such as ``"slices of glioma"``, can be used."""
    if lost:
        most, _ = Counter(what for _, what in problems).most_common(1)[0]
        remedy = SAVE_AS if most.endswith("no picture") else "fetch the data again, or mend it"
        raise CourseError(
            f"None of the {min(lost)} in {path} can be used (most often, a file {most}): {remedy}."
        )
