"""Files inside a zip or a folder that came from somewhere else, read without trusting it.

Nothing is ever unpacked to disk: a zip is read in memory, one file at a time and never more of
it than it says it holds.
"""

import contextlib
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils.core.errors import BadFile, CourseError

MOST_BYTES_A_FILE = 64 * 2**20
MOST_BYTES = 8 * 2**30
# Photographs hardly shrink in a zip. A small zip that grows a hundredfold was made to fill a disk.
MOST_GROWTH = 100
HARMLESS_BYTES = 256 * 2**20
# What operating systems leave behind, besides names that start with a dot.
LITTER = {"__macosx", "thumbs.db", "desktop.ini"}
OUTSIDE = re.compile(r"[A-Za-z]:|/|(.*/)?\.\.(/|$)")
# What is often taken for the zip, by its first bytes.
MISTAKEN = {
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"<": "a web page, such as the one that asks to log in",
}

Contents = tuple[list[str], Callable[[int], bytes]]


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[Contents]:
    """Open a zip or a folder.

    Yields
    ------
    names : list of str
        Every file in it, sorted, with forward slashes; without hidden files and the like.
    read : callable
        Takes a position in ``names`` and returns the bytes of that file; raises
        :class:`BadFile`. It may be called from several threads.

    Raises
    ------
    CourseError
        If there is nothing at ``path``, or it is no zip, cut off, locked with a password, made
        to harm, or leads outside itself.
    """
    path = Path(path).expanduser()
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        raise CourseError(
            f"There is nothing at {path}: check the spelling, or give the full path."
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None
    with _folder(path) if is_folder else _zip(path) as contents:
        yield contents


@contextlib.contextmanager
def _folder(root: Path) -> Iterator[Contents]:
    root = root.resolve()
    names = []

    def refuse(error: OSError):
        raise _unreadable(Path(error.filename), error)

    for folder, folders, found in os.walk(root, onerror=refuse):
        folders[:] = [name for name in folders if not _is_litter(name)]
        found = [name for name in found if not _is_litter(name)]
        for name in folders + found:
            path = Path(folder) / name
            # A linked folder would be passed over by the walk, or send it round in circles.
            if path.is_symlink() and (path.is_dir() or root not in path.resolve().parents):
                raise CourseError(
                    f"{path} is a link that leads to {path.resolve()}: put the files themselves "
                    "in its place, and import again."
                )
        names += [(Path(folder) / name).relative_to(root).as_posix() for name in found]
    names.sort()

    def read(position: int) -> bytes:
        path = root / names[position]
        try:
            about = path.stat()
            # Reading a pipe or a device would wait for ever.
            if not stat.S_ISREG(about.st_mode):
                raise BadFile("is not a regular file")
            _check_size(about.st_size)
            return path.read_bytes()
        except OSError as error:
            raise BadFile(f"cannot be read ({error.strerror})") from None

    yield names, read


@contextlib.contextmanager
def _zip(path: Path) -> Iterator[Contents]:
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise _unreadable(path, error) from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise CourseError(_why_no_zip(path)) from None
    with archive:
        everything = archive.infolist()
        _check_members(path, everything)
        members = {
            name: member
            for member in everything
            if not member.is_dir() and not _is_litter(name := _name(member))
        }
        names = sorted(members)

        def read(position: int) -> bytes:
            member = members[names[position]]
            _check_size(member.file_size)
            try:
                # zipfile stops at the declared size; a file that hides more fails its checksum.
                return archive.read(member)
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
                raise BadFile("is damaged inside the zip") from None

        yield names, read


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        if OUTSIDE.match(_name(member)):
            raise CourseError(
                f"{path.name} holds {member.filename!r}, which points outside the zip: do not "
                "trust this file, and fetch the zip again from Kaggle."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise CourseError(
                f"{path.name} holds {member.filename!r}, which is a link and no file: fetch the "
                "zip again from Kaggle."
            )
        if member.flag_bits & 1:
            raise CourseError(
                f"{path.name} is locked with a password: unpack it yourself, and import the folder."
            )
    weight, size = path.stat().st_size, sum(member.file_size for member in members)
    if size > MOST_BYTES or size > max(MOST_GROWTH * weight, HARMLESS_BYTES):
        raise CourseError(
            f"{path.name} weighs {weight / 2**20:,.1f} MB and would unpack to "
            f"{size / 2**20:,.0f} MB, which is no set of slices: fetch the zip again from Kaggle."
        )


def _name(member: zipfile.ZipInfo) -> str:
    # Some programs on Windows write backslashes.
    return member.filename.replace("\\", "/")


def _is_litter(name: str) -> bool:
    return any(part.startswith(".") or part.lower() in LITTER for part in name.split("/"))


def _check_size(size: int) -> None:
    if size == 0:
        raise BadFile("is empty")
    if size > MOST_BYTES_A_FILE:
        raise BadFile(f"is too large ({size / 2**20:,.0f} MB)")


def _why_no_zip(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(64).lstrip()
    if start.startswith(b"PK"):
        return (
            f"{path} is cut off or damaged, as after a download that stopped half-way: fetch "
            "the zip again."
        )
    known = [what for sign, what in MISTAKEN.items() if start.startswith(sign)]
    what = known[0] if known else "something else" if start else "an empty file"
    return f"{path} is no zip but {what}: give the zip that Kaggle hands out, or a folder."


def _unreadable(path: Path, error: OSError) -> CourseError:
    return CourseError(
        f"{path} cannot be read ({error.strerror}): change its permissions, or copy it to a "
        "folder of your own, and import it from there."
    )
