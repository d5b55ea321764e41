"""Files inside a zip or a folder that came from somewhere else, read without trusting it.

A zip is read in memory, one file at a time and never more of it than it says it holds. Nothing is
unpacked to disk but a zip that lies in a zip: its copy there has no name, and is gone at the end,
even of a process that is killed.
"""

import contextlib
import os
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from course_utils import settings
from course_utils.core import files
from course_utils.core.errors import BadFile, CourseError, printable, reason

MOST_BYTES_A_FILE = 64 * 2**20
MOST_BYTES = 8 * 2**30
# Photographs hardly shrink in a zip. A small zip that grows a hundredfold was made to fill a disk.
MOST_GROWTH = 100
HARMLESS_BYTES = 256 * 2**20
# A zip is packed already, and hardly shrinks again.
MOST_GROWTH_OF_ZIPS = 4
# Each is a file that is held open; the figshare data has four.
MOST_ZIPS = 100
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

IS_PART = (
    "is one part of a split zip: put all its parts into one folder, unpack them with 7-Zip or the "
    "like, and import what comes out"
)

Contents = tuple[list[str], Callable[[int], bytes]]
# A file in a folder, one in a zip, or a zip that could not be opened.
Found = Path | tuple[zipfile.ZipFile, zipfile.ZipInfo] | BadFile


@contextlib.contextmanager
def opened(path: str | Path, nested: bool = False) -> Iterator[Contents]:
    """Open a zip or a folder.

    Parameters
    ----------
    path : str or Path
    nested : bool
        Whether to look into zips that lie in it: their files take their place, with names such as
        ``"part.zip/1.mat"``. A zip in a folder may hold zips itself, as if it were opened alone.

    Yields
    ------
    names : list of str
        Every file in it, sorted, with forward slashes; without hidden files and the like. What
        a terminal would obey is escaped.
    read : callable
        Takes a position in ``names`` and returns the bytes of that file; raises
        :class:`BadFile`, also for a zip inside that cannot be opened. It may be called from
        several threads.

    A :class:`CourseError` says where there is nothing at ``path``, or it is no zip, cut off, locked
    with a password, made to harm, or leads outside itself; a zip inside that is made to harm or
    leads outside itself counts the same.
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
    with contextlib.ExitStack() as stack:
        if is_folder:
            found = _folder(path.resolve())
            if nested:
                _unpack(path, found, stack, levels=2)
        else:
            try:
                found = _zip(path, path, stack, levels=1 if nested else None)
            except BadFile as bad:
                raise CourseError(f"{path} {bad}.") from None
            except OSError as error:
                raise _unreadable(path, error) from None
        names = sorted(name for name in found if not _is_litter(name))
        yield [printable(name) for name in names], lambda number: _read(found[names[number]])


def medical(name: str, data: bytes) -> str:
    """Say which medical format a file is in that holds no picture, or ``""``."""
    if re.search(r"\.nii(\.gz)?$", name, re.IGNORECASE):
        return "a NIfTI volume"
    return "a DICOM file" if data[128:132] == b"DICM" or name.lower().endswith(".dcm") else ""


def _folder(root: Path) -> dict[str, Found]:
    """Find all files in a folder, by their path in it."""

    def refuse(error: OSError):
        raise _unreadable(Path(error.filename), error)

    found, links = {}, []
    for folder, folders, names in os.walk(root, onerror=refuse):
        folders[:] = [name for name in folders if not _is_litter(name)]
        for name in folders + names:
            path = Path(folder, name)
            # A linked folder would be passed over by the walk, or send it round in circles.
            if path.is_symlink() and not _is_litter(name):
                target = os.path.realpath(path)
                if os.path.isdir(target) or not Path(target).is_relative_to(root):
                    links.append((path, target))
        paths = [Path(folder, name) for name in names]
        found |= {path.relative_to(root).as_posix(): path for path in paths}
    if links:
        path, target = links[0]
        raise CourseError(
            f"{path} is a link that leads to {target}{_one_of(links)}: put the files themselves "
            "in the place of links, as 'cp -rL' does, and import again."
        )
    return found


def _zip(
    path: Path, file: Path | BinaryIO, stack: contextlib.ExitStack, levels: int | None
) -> dict[str, Found]:
    """Find all files in a zip, which stays open as long as the stack.

    It lies in a ``file``, and is called by a ``path``. ``levels`` says how deep zips in it are
    opened, too; None passes them on as they are.
    """
    if isinstance(file, Path):
        _check_regular(file)
        file = stack.enter_context(file.open("rb"))
    try:
        archive = stack.enter_context(zipfile.ZipFile(file))
    except UnicodeDecodeError:
        raise BadFile(f"holds a name that is no text: {UNPACK}") from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise BadFile(_why_no_zip(path.name, file)) from None
    weight = file.seek(0, os.SEEK_END)
    members = archive.infolist()
    _check_members(path, members, weight)
    found = {_name(member): (archive, member) for member in members if not member.is_dir()}
    if levels is None:
        return found
    packed = [member.file_size for member in members if _is_zip(_name(member))]
    _check_growth(path, weight, sum(packed), MOST_GROWTH_OF_ZIPS)
    _unpack(path, found, stack, levels)
    inside = (entry[1].file_size for entry in found.values() if isinstance(entry, tuple))
    _check_growth(path, weight, sum(inside))
    return found


def _unpack(path: Path, found: dict[str, Found], stack: contextlib.ExitStack, levels: int) -> None:
    """Put the files in zips in the place of the zips, and in that of a bad one what is wrong."""
    zips = [name for name in found if _is_zip(name) and not _is_litter(name)]
    if len(zips) > MOST_ZIPS:
        raise CourseError(
            f"{path} holds {len(zips):,} zips, and {MOST_ZIPS} is the most that are opened: unpack "
            "them, and import the folder."
        )
    for name in zips:
        try:
            if not levels:
                raise BadFile(f"is a zip in a zip in a zip: {UNPACK}")
            entry = found[name]
            file = entry if isinstance(entry, Path) else _copy(*entry, stack)
            inside = _zip(path / name, file, stack, levels - 1)
        except BadFile as bad:
            found[name] = bad
        except OSError as error:
            found[name] = BadFile(f"cannot be read ({reason(error)})")
        else:
            del found[name]
            found.update({f"{name}/{inner}": entry for inner, entry in inside.items()})


def _copy(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, stack: contextlib.ExitStack
) -> BinaryIO:
    """Copy a zip out of a zip, to a file without a name."""
    folder = settings.data_dir()
    with files.writing(folder / Path(_name(member)).name):
        # Not where the system keeps such files: that is often in memory.
        copy = stack.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115
        try:
            with archive.open(member) as inside:
                shutil.copyfileobj(inside, copy, 2**20)
        except OSError:
            raise
        except Exception:
            raise BadFile("is damaged inside the zip") from None
    return copy


def _read(entry: Found) -> bytes:
    if isinstance(entry, BadFile):
        raise entry
    return read_file(entry) if isinstance(entry, Path) else _read_member(*entry)


def read_file(path: Path) -> bytes:
    """Read a file of a size that a slice may have; :class:`BadFile` says why not."""
    try:
        _check_regular(path)
        _check_size(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        if path.is_symlink():
            raise BadFile("is a link that leads nowhere") from None
        raise BadFile(f"cannot be read ({reason(error)})") from None


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    _check_size(member.file_size)
    try:
        # zipfile stops at the declared size; a file that hides more fails its checksum.
        return archive.read(member)
    except Exception:
        # Broken files make zipfile raise a dozen kinds, some of them from deep inside.
        raise BadFile("is damaged inside the zip") from None


def _check_members(path: Path, members: list[zipfile.ZipInfo], weight: int) -> None:
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
        raise BadFile(IS_PART)
    if any(member.flag_bits & 1 for member in members):
        raise BadFile(f"is locked with a password: {UNPACK}")
    _check_growth(path, weight, sum(member.file_size for member in members))


def _check_growth(path: Path, weight: int, size: int, most: int = MOST_GROWTH) -> None:
    if size > MOST_BYTES or size > max(most * weight, HARMLESS_BYTES):
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


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _check_regular(path: Path) -> None:
    # Reading a pipe or a device would wait for ever.
    if not stat.S_ISREG(path.stat().st_mode):
        raise BadFile("is not a regular file")


def _check_size(size: int) -> None:
    if size == 0:
        raise BadFile("is empty")
    if size > MOST_BYTES_A_FILE:
        raise BadFile(f"is too large ({size / 2**20:,.0f} MB)")


def _one_of(links: list) -> str:
    return f" (one of {len(links):,} links)" if len(links) > 1 else ""


def _why_no_zip(name: str, file: BinaryIO) -> str:
    file.seek(0)
    start = file.read(512)
    file.seek(max(0, file.seek(0, os.SEEK_END) - 2**16))
    end = file.read(2**16)
    # A zip begins with these two letters, and keeps its list of contents at the end.
    if PART.search(name) or (b"PK\5\6" in end and not start.startswith(b"PK")):
        return IS_PART
    if start.startswith(b"PK"):
        return (
            "is cut off or damaged, as after a download that stopped half-way: fetch the zip again"
        )
    kinds = [kind for sign, kind in MISTAKEN.items() if start.lstrip().startswith(sign)]
    if start[257:262] == b"ustar" or TAR.search(name):
        kinds = ["a tar archive"]
    kind = medical(name, start) or next(iter(kinds), "something else")
    kind = kind if start else "an empty file"
    remedy = (
        UNPACK if "archive" in kind else "give the zip that the publisher hands out, or a folder"
    )
    return f"is no zip but {kind}: {remedy}"


def _unreadable(path: Path, error: OSError) -> CourseError:
    return CourseError(
        f"{path} cannot be read ({reason(error)}): change its permissions, or copy it to a "
        "folder of your own, and import it from there."
    )
