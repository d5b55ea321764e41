"""Writing to disk so that nothing is ever lost or half-written.

Packages are imported where they are used: 'course check' begins here where none of them loads.
"""

import contextlib
import errno
import glob
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils.core.errors import CourseError, reason

FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
BARRED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it to ``path`` when the block ends well.

    The block may write a file or make a folder there. When it fails, or the process is killed,
    ``path`` is as it was before. CourseError if the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.partial")
    with writing(path):
        try:
            yield temporary
            if temporary.is_dir() and path.exists():
                # A full folder cannot be replaced. Moving it aside takes no time, deleting it
                # does, and a process killed meanwhile would leave nothing.
                old = path.with_name(f"{temporary.stem}-old.partial")
                os.replace(path, old)
                os.replace(temporary, path)
                remove(old)
            else:
                os.replace(temporary, path)
        finally:
            remove(temporary)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make the folder of ``path``, and say in one sentence why the block cannot write there.

    CourseError if the disk is full or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _barred(path.parent, error) from error
    try:
        yield
    except OSError as error:
        # NumPy counts the bytes itself, and its error has no number.
        numpy_is_full = re.search(r"Not enough free space|requested and \d+ written", str(error))
        if error.errno in FULL or numpy_is_full:
            raise CourseError(
                f"The disk is full, so {path} was not written: free some space, or set "
                "COURSE_DATA to a folder on another disk, and try again."
            ) from error
        if error.errno in BARRED:
            raise _barred(path.parent, error) from error
        raise


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Let one process at a time into the block; the others wait for it."""
    # Late, as NumPy below: where one does not load, the course command must start to say so.
    from filelock import FileLock

    waiting = FileLock(f"{path}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting.acquire()
    except OSError as error:
        raise _barred(path.parent, error) from error
    try:
        # Whoever holds the lock is alone: what a killed process left behind can go.
        names = f"{glob.escape(path.name)}.{'[0-9a-f]' * 8}*.partial"
        for leftover in path.parent.glob(names):
            remove(leftover)
        yield
    finally:
        waiting.release()


def once(path: Path, make: Callable[[Path], None]) -> bool:
    """Have something made at ``path`` where there is nothing yet: by one process, and whole.

    ``make`` writes a file or a folder at the temporary name that it gets. Returns whether it was
    made now.
    """
    if path.exists():
        return False
    with lock(path):
        # Another kernel may have finished while this one waited.
        if path.exists():
            return False
        with atomic(path) as new:
            make(new)
    return True


@contextlib.contextmanager
def reading(what: object, remedy: str) -> Iterator[None]:
    """Say in one sentence what is damaged, and what to do, whatever reading it raises.

    A truncated zip, a broken HDF5 file or a wrong JSON raises nearly every kind of exception. The
    sentence begins with ``what`` is read, such as its path, and ends with the ``remedy``.
    """
    try:
        yield
    except (CourseError, MemoryError):
        raise
    except PermissionError as error:
        raise CourseError(
            f"{what} cannot be read ({reason(error)}): change its permissions, and try again."
        ) from None
    except Exception as error:
        raise CourseError(f"{what} is damaged ({reason(error)}): {remedy}.") from None


def write_arrays(path: Path, *arrays, **named) -> None:
    """Write arrays to a ``.npz`` file of exactly this name: ``np.savez`` may add an ending."""
    import numpy as np

    with path.open("wb") as file:
        np.savez(file, *arrays, **named)


def remove(path: Path) -> None:
    """Delete a file or a folder, whichever it is, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def _barred(folder: Path, error: OSError) -> CourseError:
    return CourseError(
        f"{folder} cannot be written ({reason(error)}): change its permissions, or set "
        "COURSE_DATA to a folder of your own, and try again."
    )
