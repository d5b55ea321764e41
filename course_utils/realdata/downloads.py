"""Fetching the files of a published data set: resumed, checked, and explained where it fails."""

import contextlib
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from course_utils.core import files
from course_utils.core.errors import CourseError, reason
from course_utils.realdata import archives

TIMEOUT = 10, 60  # seconds to connect, and between two pieces
PIECE = 2**16
NAME = re.compile(r"\w[\w. ()-]*")
MD5 = re.compile("[0-9a-f]{32}")


@contextlib.contextmanager
def explained(publisher: str, page: str) -> Iterator[None]:
    """Say in one sentence why a publisher's data could not be fetched, and what the way round is.

    ``page`` is where a browser finds the data.
    """
    import requests

    try:
        yield
    except CourseError:
        raise
    except Exception as error:
        # Libraries that download raise a dozen kinds, besides those of the operating system.
        lost = (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        )
        what = f"The data could not be fetched from {publisher} ({reason(error)})"
        if isinstance(error, lost):
            what = f"There is no connection to {publisher}"
        raise CourseError(
            f"{what}: try again later, or fetch the zip from {page} in a browser, on any computer, "
            "and use 'course data import PATH'."
        ) from error


def listed(address: str) -> list[dict[str, Any]]:
    """Ask figshare's API for the files of an article: name, size, download_url, computed_md5."""
    import requests

    response = requests.get(address, timeout=TIMEOUT)
    response.raise_for_status()
    try:
        found = response.json()["files"]
        for file in found:
            # The name becomes that of a file on this computer.
            if not NAME.fullmatch(file["name"]):
                raise ValueError(f"a file called {file['name']!r}")
            if not MD5.fullmatch(file["computed_md5"]):
                raise ValueError(f"no checksum of {file['name']}")
            file["download_url"] + ""
        size = sum(file["size"] for file in found)
        if not 0 < size <= archives.MOST_BYTES:
            raise ValueError(f"{size:,} bytes in all")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"its list of files is no use: {reason(error)}") from None
    return found


def fetch(folder: Path, file: dict[str, Any]) -> None:
    """Download one of the files that :func:`listed` gives, unless it is there already.

    What arrives is kept beside it until it is whole, and a later call goes on from there.
    """
    path = folder / file["name"]
    half = folder / f"{path.name}.partial"
    with files.writing(path):
        if _is_whole(path, file):
            return
        _receive(half, file)
        if not _is_whole(half, file):
            half.unlink()
            raise ValueError(f"{path.name} arrived damaged")
        half.replace(path)


def _receive(path: Path, file: dict[str, Any]) -> None:
    import requests

    size = file["size"]
    start = path.stat().st_size if path.exists() else 0
    if start == size:
        return
    # What a server packs on the way could not be continued.
    headers = {"Accept-Encoding": "identity", "Range": f"bytes={start}-"}
    with requests.get(
        file["download_url"], headers=headers, stream=True, timeout=TIMEOUT
    ) as response:
        response.raise_for_status()
        # Not every server can go on: some send everything.
        start = start if response.status_code == requests.codes.partial_content else 0
        with (
            path.open("ab" if start else "wb") as half,
            tqdm(total=size, initial=start, unit="B", unit_scale=True, desc=file["name"]) as bar,
        ):
            for piece in response.iter_content(PIECE):
                bar.update(half.write(piece))
                if half.tell() > size:
                    return


def _is_whole(path: Path, file: dict[str, Any]) -> bool:
    if not path.exists() or path.stat().st_size != file["size"]:
        return False
    with path.open("rb") as data:
        return hashlib.file_digest(data, "md5").hexdigest() == file["computed_md5"]
