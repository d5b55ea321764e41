"""Files inside a zip or a folder that came from somewhere else, read without trusting it.

Nothing is ever unpacked to disk: a zip is read in memory, one file at a time and never more of
it than it says it holds.
"""

import contextlib
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils.core.errors import BadFile, CourseError, printable, reason

MOST_BYTES_A_FILE = 64 * 2**20
MOST_BYTES = 8 * 2**30
# Photographs hardly shrink in a zip. A small zip that grows a hundredfold was made to fill a disk.
MOST_GROWTH = 100
HARMLESS_BYTES = 256 * 2**20
# What systems, network storage and editors leave behind; also everything with a dot in front.
LITTER = re.compile(
    r"\..*|__macosx|icon\r|(eh)?thumbs\.db|desktop\.ini|\$recycle\.bin|system volume information|"
    r"@eadir|@__thumb|#recycle|#snapshot|lost\+found|~\$.*|#.*#|.*~|.*\.(bak|swp|tmp)",
    re.IGNORECASE | re.DOTALL,
)
OUTSIDE = re.compile(r"[A-Za-z]:|/|(.*/)?\.\.(/|$)")
# What is often taken for the zip, by its first bytes.
MISTAKEN = {
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"<": "a web page, such as the one that asks to log in",
    b"\xff\xd8": "a single picture",
    b"\x89PNG": "a single picture",
}
UNPACK = "unpack it, and import the folder"
PART = re.compile(r"\.(z\d\d|\d{3})$", re.IGNORECASE)
TAR = re.compile(r"\.(tar(\.\w+)?|t[gbx]z)$", re.IGNORECASE)

Contents = tuple[list[str], Callable[[int], bytes]]


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[Contents]:
    """Open a zip or a folder.

    Yields
    ------
    names : list of str
        Every file in it, sorted, with forward slashes; without hidden files and the like. What
        a terminal would obey is escaped.
    read : callable
        Takes a position in ``names`` and returns the bytes of that file; raises
        :class:`BadFile`. It may be called from several threads.

    A :class:`CourseError` says where there is nothing at ``path``, or it is no zip, cut off, locked
    with a password, made to harm, or leads outside itself.
    """
    try:
        path = Path(path).expanduser()
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, RuntimeError, ValueError):
        raise CourseError(
            f"There is nothing at {path}: check the spelling, or give the full path."
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None
    with _folder(path.resolve()) if is_folder else _zip(path) as (files, read):
        names = sorted(name for name in files if not _is_litter(name))
        yield [printable(name) for name in names], lambda number: read(files[names[number]])


def medical(name: str, data: bytes) -> str:
    """Say which medical format a file is in that holds no picture, or ``""``."""
    if re.search(r"\.nii(\.gz)?$", name, re.IGNORECASE):
        return "a NIfTI volume"
    return "a DICOM file" if data[128:132] == b"DICM" or name.lower().endswith(".dcm") else ""


@contextlib.contextmanager
def _folder(root: Path) -> Iterator[tuple[dict[str, Path], Callable[[Path], bytes]]]:
    def refuse(error: OSError):
        raise _unreadable(Path(error.filename), error)

    files, links = {}, []
    for folder, folders, found in os.walk(root, onerror=refuse):
        folders[:] = [name for name in folders if not _is_litter(name)]
        for name in folders + found:
            path = Path(folder, name)
            # A linked folder would be passed over by the walk, or send it round in circles.
            if path.is_symlink() and not _is_litter(name):
                target = os.path.realpath(path)
                if os.path.isdir(target) or not Path(target).is_relative_to(root):
                    links.append((path, target))
        paths = [Path(folder, name) for name in found]
        files |= {path.relative_to(root).as_posix(): path for path in paths}
    if links:
        path, target = links[0]
        raise CourseError(
            f"{path} is a link that leads to {target}{_one_of(links)}: put the files themselves "
            "in the place of links, as 'cp -rL' does, and import again."
        )

    def read(path: Path) -> bytes:
        try:
            about = path.stat()
            # Reading a pipe or a device would wait for ever.
            if not stat.S_ISREG(about.st_mode):
                raise BadFile("is not a regular file")
            _check_size(about.st_size)
            return path.read_bytes()
        except OSError as error:
            if path.is_symlink():
                raise BadFile("is a link that leads nowhere") from None
            raise BadFile(f"cannot be read ({reason(error)})") from None

    yield files, read


@contextlib.contextmanager
def _zip(path: Path) -> Iterator[tuple[dict[str, zipfile.ZipInfo], Callable]]:
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise _unreadable(path, error) from None
    except UnicodeDecodeError:
        raise CourseError(f"{path} holds a name that is no text: {UNPACK}.") from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise CourseError(_why_no_zip(path)) from None

    def read(member: zipfile.ZipInfo) -> bytes:
        _check_size(member.file_size)
        try:
            # zipfile stops at the declared size; a file that hides more fails its checksum.
            return archive.read(member)
        except Exception:
            # Broken files make zipfile raise a dozen kinds, some of them from deep inside.
            raise BadFile("is damaged inside the zip") from None

    with archive:
        members = archive.infolist()
        _check_members(path, members)
        yield {_name(member): member for member in members if not member.is_dir()}, read


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        if OUTSIDE.match(_name(member)):
            raise CourseError(
                f"{path.name} holds {member.filename!r}, which points outside the zip: do not "
                "trust this file, and fetch the zip again from where it came."
            )
    links = [member for member in members if stat.S_ISLNK(member.external_attr >> 16)]
    if links:
        raise CourseError(
            f"{path.name} holds {links[0].filename!r}, which is a link and no file"
            f"{_one_of(links)}: pack the files themselves into a zip, and import that."
        )
    # Files that begin in another part, by their number or by lying before the beginning.
    if any(member.volume or member.header_offset < 0 for member in members):
        raise CourseError(_is_part(path))
    if any(member.flag_bits & 1 for member in members):
        raise CourseError(f"{path.name} is locked with a password: {UNPACK}.")
    weight, size = path.stat().st_size, sum(member.file_size for member in members)
    if size > MOST_BYTES or size > max(MOST_GROWTH * weight, HARMLESS_BYTES):
        raise CourseError(
            f"{path.name} weighs {weight / 2**20:,.1f} MB and would unpack to "
            f"{size / 2**20:,.0f} MB, which is no set of slices: fetch the zip again from where "
            "it came."
        )


def _name(member: zipfile.ZipInfo) -> str:
    # Some programs on Windows write backslashes.
    return member.filename.replace("\\", "/")


def _is_litter(name: str) -> bool:
    return any(LITTER.fullmatch(part) for part in name.split("/"))


def _check_size(size: int) -> None:
    if size == 0:
        raise BadFile("is empty")
    if size > MOST_BYTES_A_FILE:
        raise BadFile(f"is too large ({size / 2**20:,.0f} MB)")


def _one_of(links: list) -> str:
    return f" (one of {len(links):,} links)" if len(links) > 1 else ""


def _is_part(path: Path) -> str:
    return (
        f"{path} is one part of a split zip: put all its parts into one folder, unpack them with "
        "7-Zip or the like, and import what comes out."
    )


def _why_no_zip(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(512)
        file.seek(max(0, path.stat().st_size - 2**16))
        end = file.read(2**16)
    # A zip begins with these two letters, and keeps its list of contents at the end.
    if PART.search(path.name) or (b"PK\5\6" in end and not start.startswith(b"PK")):
        return _is_part(path)
    if start.startswith(b"PK"):
        return (
            f"{path} is cut off or damaged, as after a download that stopped half-way: fetch "
            "the zip again."
        )
    kinds = [kind for sign, kind in MISTAKEN.items() if start.lstrip().startswith(sign)]
    if start[257:262] == b"ustar" or TAR.search(path.name):
        kinds = ["a tar archive"]
    kind = medical(path.name, start) or next(iter(kinds), "something else")
    kind = kind if start else "an empty file"
    remedy = UNPACK if "archive" in kind else "give the zip that Kaggle hands out, or a folder"
    return f"{path} is no zip but {kind}: {remedy}."


def _unreadable(path: Path, error: OSError) -> CourseError:
    return CourseError(
        f"{path} cannot be read ({reason(error)}): change its permissions, or copy it to a "
        "folder of your own, and import it from there."
    )
