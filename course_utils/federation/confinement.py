"""A process that gives up rights for good: which files it may read and write, whom it may call.

This is Linux's Landlock (https://docs.kernel.org/userspace-api/landlock.html): a process needs no
rights to give some up, and what it starts has no more than itself. Files came with Linux 5.13, TCP
with 6.7, signals with 6.12. It knows ports but no addresses, and nothing of UDP.
"""

import ctypes
import errno
import os
import signal
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE, ADD, RESTRICT = 444, 445, 446  # the system calls, by the same numbers on all processors
END_WITH_PARENT, NO_NEW_PRIVILEGES = 1, 38  # of prctl
EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER = 1, 2, 4, 8
TRUNCATE, DEVICE = 1 << 14, 1 << 15
CONNECT_TCP = 2


class _Rules(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Below(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


class _Port(ctypes.Structure):
    _fields_ = (("rights", ctypes.c_uint64), ("number", ctypes.c_uint64))


def version() -> int:
    """Which version of Landlock the system has: 4 knows TCP, and 0 is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _system().syscall(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def confine(read: Iterable[Path], write: Iterable[Path], ports: Iterable[int]) -> None:
    """Give up all files but these, with what lies below them, and all TCP but calls to these ports.

    ``read`` may be read and run, ``write`` changed, too; what does not exist is passed over.
    OSError where the system has no Landlock.
    """
    if not (found := version()):
        raise OSError(errno.ENOSYS, "this system has no Landlock")
    # Each version knew more rights of files than the one before, up to the fifth.
    everything = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(found, 16)) - 1
    rules = _Rules(everything, 3 if found > 3 else 0, 3 if found > 5 else 0)
    size = 8 if found < 4 else 16 if found < 6 else 24
    handle = _call(CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    reading = EXECUTE | READ_FILE | READ_FOLDER
    for rights, paths in ((reading, read), (everything, write)):
        for path in paths:
            _allow(handle, path, rights)
    for port in ports if found > 3 else ():
        rule = _Port(CONNECT_TCP, port)
        _call(ADD, handle, 2, ctypes.byref(rule), ctypes.c_uint32(0))
    _control(NO_NEW_PRIVILEGES, 1)
    _call(RESTRICT, handle, ctypes.c_uint32(0))
    os.close(handle)


def end_with_parent() -> None:
    """Have the system end this process as soon as the one that started it is gone."""
    _control(END_WITH_PARENT, signal.SIGTERM)


def _control(option: int, value: int) -> None:
    if _system().prctl(option, value, 0, 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, f"prctl: {os.strerror(code)}")


def _allow(handle: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE
    rule = _Below(rights, place)
    _call(ADD, handle, 1, ctypes.byref(rule), ctypes.c_uint32(0))
    os.close(place)


def _call(number: int, *arguments) -> int:
    result = _system().syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result


def _system() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
