"""Reading a zip or folder that nobody can vouch for."""

import os
import stat
import zipfile
import zlib

import pytest

from course_utils.core.errors import CourseError
from course_utils.realdata import archives


def read_all(path):
    """Contents by name; of a bad file, what is wrong with it."""
    found = {}
    with archives.opened(path) as (names, read):
        for position, name in enumerate(names):
            try:
                found[name] = read(position)
            except archives.BadFile as bad:
                found[name] = str(bad)
    return found


def refusal(path):
    with pytest.raises(CourseError) as caught, archives.opened(path):
        pass
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


@pytest.fixture
def make_zip(tmp_path):
    def make(entries, name="a.zip"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, content in entries:
                archive.writestr(entry, content)
        return tmp_path / name

    return make


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "root"
    (root / "b").mkdir(parents=True)
    (root / "a.jpg").write_bytes(b"A")
    (root / "b" / "c.jpg").write_bytes(b"C")
    return root


def test_a_zip_and_a_folder_give_the_same(folder, make_zip):
    path = make_zip([("b/c.jpg", b"C"), ("b/", b""), ("a.jpg", b"A")])
    assert read_all(path) == read_all(folder) == {"a.jpg": b"A", "b/c.jpg": b"C"}
    assert list(read_all(path)) == ["a.jpg", "b/c.jpg"]


def test_backslashes_of_windows_are_slashes(make_zip):
    assert list(read_all(make_zip([("b\\c.jpg", b"C")]))) == ["b/c.jpg"]


def test_what_operating_systems_leave_behind_is_passed_over(folder, make_zip):
    litter = ["__MACOSX/._a.jpg", ".DS_Store", "b/Thumbs.db", "b/desktop.ini", ".git/x.jpg"]
    for name in litter:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    path = make_zip([(name, b"x") for name in [*litter, "a.jpg", "b/c.jpg"]])
    assert list(read_all(path)) == list(read_all(folder)) == ["a.jpg", "b/c.jpg"]


def test_a_tilde_is_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    assert list(read_all("~/root")) == ["a.jpg", "b/c.jpg"]


def test_nothing_there(tmp_path):
    assert "There is nothing at" in refusal(tmp_path / "archiv.zip")


@pytest.mark.parametrize(
    "start, what",
    [
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"\n<!DOCTYPE html><title>Log in", "a web page"),
        (b"Hello", "something else"),
        (b"", "an empty file"),
    ],
)
def test_what_is_no_zip_is_called_by_its_name(tmp_path, start, what):
    path = tmp_path / "archive.zip"
    path.write_bytes(start)
    assert f"no zip but {what}" in refusal(path)


def test_a_zip_that_is_cut_off(make_zip):
    path = make_zip([(f"{n}.jpg", os.urandom(1000)) for n in range(9)])
    path.write_bytes(path.read_bytes()[:5000])
    assert "cut off" in refusal(path)


def test_a_damaged_file_inside_a_zip_is_only_one_bad_file(make_zip):
    path = make_zip([("a.jpg", b"A"), ("b.jpg", os.urandom(1000)), ("c.jpg", b"C")])
    data = bytearray(path.read_bytes())
    data[400:410] = bytes(10)
    path.write_bytes(data)
    assert read_all(path) == {"a.jpg": b"A", "b.jpg": "is damaged inside the zip", "c.jpg": b"C"}


@pytest.mark.parametrize(
    "name",
    ["../evil.jpg", "a/../../evil.jpg", "/etc/evil.jpg", "C:\\evil.jpg", "a\\..\\evil.jpg", ".."],
)
def test_paths_that_lead_out_of_a_zip(make_zip, name):
    assert "points outside" in refusal(make_zip([("a.jpg", b"A"), (name, b"x")]))


def test_dots_inside_a_name_are_harmless(make_zip):
    assert list(read_all(make_zip([("a..b/c..jpg", b"x")]))) == ["a..b/c..jpg"]


def test_a_link_inside_a_zip(make_zip):
    link = zipfile.ZipInfo("a.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "'a.jpg', which is a link" in refusal(make_zip([(link, "/etc/passwd")]))


def test_a_zip_with_a_password(make_zip):
    path = make_zip([("a.jpg", b"A")])
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "password" in refusal(path)


def test_a_zip_that_unpacks_to_far_more_than_it_weighs(make_zip, monkeypatch):
    path = make_zip([(f"{n}.jpg", bytes(100_000)) for n in range(10)])
    assert len(read_all(path)) == 10
    monkeypatch.setattr(archives, "HARMLESS_BYTES", 500_000)
    assert "would unpack to" in refusal(path)


def test_a_zip_that_unpacks_to_more_than_any_set_of_slices(make_zip, monkeypatch):
    path = make_zip([("a.jpg", os.urandom(100_000))])
    monkeypatch.setattr(archives, "MOST_BYTES", 50_000)
    assert "would unpack to" in refusal(path)


def test_a_file_that_hides_its_size_is_never_unpacked_further_than_it_says(make_zip):
    path = make_zip([("a.jpg", bytes(5_000_000))])
    data = bytearray(path.read_bytes())
    # The size in the directory, which everything else believes.
    where = data.index(b"PK\x01\x02") + 24
    data[where : where + 4] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    assert read_all(path) == {"a.jpg": "is damaged inside the zip"}


def test_a_method_of_packing_that_python_does_not_know(make_zip):
    path = make_zip([("a.jpg", b"A")])
    data = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        data[data.index(sign) + offset] = 97
    path.write_bytes(data)
    assert read_all(path) == {"a.jpg": "is damaged inside the zip"}


def test_empty_and_huge_files(folder, make_zip, monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES_A_FILE", 2 * 2**20)
    (folder / "empty.jpg").touch()
    (folder / "huge.jpg").write_bytes(bytes(3 * 2**20))
    path = make_zip([(name, (folder / name).read_bytes()) for name in ("empty.jpg", "huge.jpg")])
    for source in (folder, path):
        found = read_all(source)
        assert found["empty.jpg"] == "is empty"
        assert found["huge.jpg"] == "is too large (3 MB)"


@pytest.mark.parametrize("target", ["/etc", "/etc/passwd", "b", "nowhere"])
def test_links_in_a_folder_that_lead_out_or_round_in_circles(folder, target):
    (folder / "link.jpg").symlink_to(folder / target if target == "b" else target)
    if target == "nowhere":
        assert read_all(folder)["link.jpg"].startswith("cannot be read")
    else:
        assert f"{folder / 'link.jpg'} is a link" in refusal(folder)


def test_a_link_to_a_file_of_the_same_folder_is_that_file(folder):
    (folder / "link.jpg").symlink_to("b/c.jpg")
    assert read_all(folder)["link.jpg"] == b"C"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe.jpg")
    assert read_all(folder)["pipe.jpg"] == "is not a regular file"


def test_a_file_and_a_folder_that_may_not_be_read(folder, monkeypatch):
    def no(*_, **__):
        raise PermissionError(13, "Permission denied", str(folder / "b"))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.read_bytes", no)
        assert read_all(folder)["a.jpg"] == "cannot be read (Permission denied)"
    with monkeypatch.context() as patch:
        patch.setattr("os.scandir", no)
        assert f"{folder / 'b'} cannot be read (Permission denied)" in refusal(folder)
    with monkeypatch.context() as patch:
        patch.setattr("zipfile.ZipFile", no)
        (folder.parent / "a.zip").touch()
        assert "a.zip cannot be read (Permission denied)" in refusal(folder.parent / "a.zip")


def test_a_broken_stream_is_a_bad_file(make_zip, monkeypatch):
    def no(*_):
        raise zlib.error("invalid block type")

    path = make_zip([("a.jpg", b"A")])
    monkeypatch.setattr("zipfile.ZipFile.read", no)
    assert read_all(path) == {"a.jpg": "is damaged inside the zip"}
