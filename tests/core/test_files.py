"""Whatever happens half-way, a file is there whole, or as it was before."""

import multiprocessing
import os
import signal
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from course_utils.core import files
from course_utils.core.errors import CourseError

FRESH = multiprocessing.get_context("spawn")


def leftovers(folder):
    return list(folder.glob("*.partial"))


def written_slowly(path, calls):
    """Make a file for which there is time to start a second maker or to kill the first."""

    def make(new):
        with calls.open("a") as file:
            file.write("x")
        new.write_text("half")
        time.sleep(1)
        new.write_text("whole")

    files.once(path, make)


def start(path, calls):
    process = FRESH.Process(target=written_slowly, args=(path, calls))
    process.start()
    return process


# --- writing --------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, "old"])
def test_a_file_is_there_when_the_block_ends_well_and_not_before(tmp_path, before):
    path = tmp_path / "new" / "file.txt"
    if before:
        path.parent.mkdir()
        path.write_text(before)
    with files.atomic(path) as new:
        new.write_text("new")
        assert path.exists() == bool(before) and new.parent == path.parent
    assert path.read_text() == "new" and list(path.parent.iterdir()) == [path]
    with pytest.raises(ZeroDivisionError), files.atomic(path) as new:
        new.write_text("newer")
        raise ZeroDivisionError
    assert path.read_text() == "new" and list(path.parent.iterdir()) == [path]


def test_a_full_folder_takes_the_place_of_a_full_folder(tmp_path):
    path = tmp_path / "folder"
    for content in ("old", "new"):
        with files.atomic(path) as new:
            new.mkdir()
            (new / content).touch()
    assert [file.name for file in path.iterdir()] == ["new"] and leftovers(tmp_path) == []


def test_nothing_is_made_twice(tmp_path):
    calls = []
    for _ in range(2):
        calls.append(files.once(tmp_path / "file", lambda new: new.write_text("whole")))
    assert calls == [True, False]


def test_what_fails_half_way_is_made_at_the_next_try(tmp_path):
    def fail(new):
        new.write_text("half")
        raise ZeroDivisionError

    path = tmp_path / "file"
    with pytest.raises(ZeroDivisionError):
        files.once(path, fail)
    assert not path.exists() and leftovers(tmp_path) == []
    assert files.once(path, lambda new: new.write_text("whole"))


def test_of_two_processes_one_makes_it_and_the_other_waits(tmp_path):
    path, calls = tmp_path / "file", tmp_path / "calls"
    processes = [start(path, calls) for _ in range(2)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert path.read_text() == "whole" and calls.read_text() == "x"
    assert leftovers(tmp_path) == []


def test_a_kill_half_way_leaves_nothing_in_the_way(tmp_path):
    path = tmp_path / "file"
    process = start(path, tmp_path / "calls")
    for _ in range(600):
        if leftovers(tmp_path):
            break
        time.sleep(0.05)
    os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.join()
    assert not path.exists() and leftovers(tmp_path) != []
    assert files.once(path, lambda new: new.write_text("whole"))
    assert path.read_text() == "whole" and leftovers(tmp_path) == []


def test_a_lock_clears_what_belongs_to_its_own_path_alone(tmp_path):
    mine = tmp_path / "run[1].0123abcd.partial"
    others = [tmp_path / "run[1].npz.0123abcd.partial", tmp_path / "run1.0123abcd.partial"]
    for path in (mine, *others):
        path.touch()
    with files.lock(tmp_path / "run[1]"):
        assert sorted(leftovers(tmp_path)) == sorted(others)


@pytest.mark.parametrize("write", [files.atomic, files.lock])
def test_a_folder_that_cannot_be_made(tmp_path, write):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/x/y")):
        with pytest.raises(CourseError) as caught, write(folder / "data"):
            pass
        assert str(caught.value).startswith(f"{folder} cannot be written (")


@pytest.mark.parametrize("number", sorted(files.FULL))
def test_a_full_disk_is_called_full(tmp_path, number):
    with pytest.raises(CourseError, match="disk is full"), files.atomic(tmp_path / "file"):
        raise OSError(number, "no")


def test_a_fault_of_another_kind_is_passed_on(tmp_path):
    with pytest.raises(FileNotFoundError), files.atomic(tmp_path / "file"):
        raise FileNotFoundError(2, "No such file or directory", "elsewhere")


# --- reading --------------------------------------------------------------------------------


def read(path):
    with files.reading(path, "make it again"):
        return dict(np.load(path))


def test_arrays_are_written_under_exactly_this_name_and_read_again(tmp_path):
    path = tmp_path / "arrays.partial"
    files.write_arrays(path, one=np.arange(3), two=np.eye(2))
    assert list(tmp_path.iterdir()) == [path]
    found = read(path)
    assert (found["one"] == [0, 1, 2]).all() and (found["two"] == np.eye(2)).all()


@pytest.mark.parametrize("share", [0, 0.02, 0.5, 0.97])
def test_a_damaged_zip_is_said_in_one_sentence(tmp_path, share):
    path = tmp_path / "arrays.npz"
    files.write_arrays(path, one=np.arange(1000))
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(CourseError) as caught:
        read(path)
    said = str(caught.value)
    assert said.startswith(f"{path} is damaged (") and said.endswith("): make it again.")
    assert "\n" not in said


@pytest.mark.parametrize(
    "error, words",
    [
        (zipfile.BadZipFile("bad\nmagic"), "is damaged (bad)"),
        (KeyError(), "is damaged (KeyError)"),
        (OSError(5, "Input/output error"), "is damaged (Input/output error)"),
    ],
)
def test_the_reason_is_one_line(error, words):
    with pytest.raises(CourseError) as caught, files.reading("It", "make it again"):
        raise error
    assert str(caught.value) == f"It {words}: make it again."


def test_what_is_sound_is_not_called_damaged():
    with pytest.raises(CourseError, match="^words$"), files.reading("It", "delete it"):
        raise CourseError("words")
    with pytest.raises(MemoryError), files.reading("It", "delete it"):
        raise MemoryError
    said = r"^It cannot be read \(Permission denied\): change its permissions, and try again.$"
    with pytest.raises(CourseError, match=said), files.reading("It", "delete it"):
        raise PermissionError(13, "Permission denied")


# --- removing -------------------------------------------------------------------------------


def test_a_file_a_folder_a_link_and_nothing_are_removed(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").touch()
    (tmp_path / "link").symlink_to(folder)
    files.remove(tmp_path / "link")
    assert (folder / "file").exists()
    for path in (folder / "file", folder, folder):
        files.remove(path)
        assert not path.exists()
