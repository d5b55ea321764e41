"""Reading a zip or folder that nobody can vouch for."""

import io
import os
import stat
import sys
import tarfile
import zipfile
import zlib

import pytest

from course_utils.core.errors import CourseError
from course_utils.realdata import archives


def read_all(path, nested=False):
    """Contents by name; of a bad file, what is wrong with it."""
    found = {}
    with archives.opened(path, nested) as (names, read):
        for position, name in enumerate(names):
            try:
                found[name] = read(position)
            except archives.BadFile as bad:
                found[name] = str(bad)
    return found


def refusal(path, nested=False):
    with pytest.raises(CourseError) as caught, archives.opened(path, nested):
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


LITTER = [
    "__MACOSX/._a.jpg",
    ".DS_Store",
    "b/._c.jpg",
    "b/Icon\r",
    "b/Thumbs.db",
    "b/desktop.ini",
    "$RECYCLE.BIN/x.jpg",
    "System Volume Information/x.jpg",
    "b/@eaDir/c.jpg/SYNOFILE_THUMB_M.jpg",
    "#recycle/b/c.jpg",
    "lost+found/x.jpg",
    ".git/x.jpg",
    "b/.ipynb_checkpoints/c-checkpoint.jpg",
    "b/c.jpg~",
    "b/c.jpg.bak",
    "b/.c.jpg.swp",
    "b/c.jpg.swp",
    "b/#c.jpg#",
    "b/~$c.docx",
]


def test_what_systems_and_editors_leave_behind_is_passed_over(folder, make_zip):
    for name in LITTER:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    # A link among the litter is nobody's concern.
    (folder / "b" / ".latest").symlink_to("/etc")
    path = make_zip([(name, b"x") for name in [*LITTER, "a.jpg", "b/c.jpg"]])
    assert list(read_all(path)) == list(read_all(folder)) == ["a.jpg", "b/c.jpg"]


def test_names_that_only_resemble_litter_are_kept(make_zip):
    names = ["#1.jpg", "a~b.jpg", "bak/c.jpg", "recycle/c.jpg", "thumbs.jpg"]
    assert list(read_all(make_zip([(name, b"x") for name in names]))) == names


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_that_a_terminal_would_obey_are_escaped(folder, make_zip):
    names = ["a\rb.jpg", "a\n.jpg", "\x1b[31mred.jpg", "\u202egpj.jpg"]
    for name in names:
        (folder / "b" / name).write_bytes(b"x")
    path = make_zip([(f"b/{name}", b"x") for name in names])
    shown = {r"b/a\rb.jpg", r"b/a\n.jpg", r"b/\x1b[31mred.jpg", r"b/\u202egpj.jpg"}
    assert shown < set(read_all(folder)) and shown == set(read_all(path))
    assert r"\x1b[31mred" in refusal(folder / "\x1b[31mred.zip")


LATIN = b"caf\xe9.jpg"


@pytest.mark.skipif(sys.platform != "linux", reason="this system keeps names as text")
def test_a_byte_that_is_no_text_in_a_name(folder):
    with open(os.path.join(os.fsencode(folder), LATIN), "wb") as file:
        file.write(b"x")
    assert read_all(folder)[r"caf\udce9.jpg"] == b"x"


@pytest.mark.parametrize("marked, where", [(False, "both"), (True, "both"), (True, "file")])
def test_a_byte_that_is_no_text_in_a_name_in_a_zip(make_zip, marked, where):
    """Zips say of a name whether it is UTF-8, and not all of them are right."""
    name = "cafü.jpg" if marked else "cafee.jpg"
    path = make_zip([(name, b"x")])
    data, odd = path.read_bytes(), LATIN.replace(b".", b"e.")
    path.write_bytes(data.replace(name.encode(), odd, 1 if where == "file" else -1))
    if not marked:
        assert list(read_all(path).values()) == [b"x"]
    elif where == "file":
        assert read_all(path) == {name: "is damaged inside the zip"}
    else:
        assert "holds a name that is no text: unpack it" in refusal(path)


def test_a_tilde_is_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    assert list(read_all("~/root")) == ["a.jpg", "b/c.jpg"]


@pytest.mark.parametrize("name", ["archiv.zip", "a\0b", "~nobody-of-this-name/a.zip"])
def test_nothing_there(tmp_path, name):
    assert "There is nothing at" in refusal(name if name[0] == "~" else tmp_path / name)


@pytest.mark.parametrize(
    "start, what",
    [
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (b"\x1f\x8b\x08", "a gzip archive: unpack it"),
        (b"BZh91AY", "a bzip2 archive: unpack it"),
        (b"\xfd7zXZ\0", "an xz archive: unpack it"),
        (bytes(128) + b"DICM", "a DICOM file"),
        (b"\xff\xd8\xff\xe0", "a single picture"),
        (b"\n<!DOCTYPE html><title>Log in", "a web page"),
        (b"Hello", "something else"),
        (bytes(9), "something else"),
        (b"", "an empty file"),
    ],
)
def test_what_is_no_zip_is_called_by_its_name(tmp_path, start, what):
    path = tmp_path / "archive.zip"
    path.write_bytes(start)
    assert f"no zip but {what}" in refusal(path)


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.tar.xz", "renamed.zip"])
def test_a_tar_archive_is_unpacked_first(folder, name):
    path = folder.parent / name
    with tarfile.open(path, f"w:{name[-2:]}" if name.endswith(("gz", "xz")) else "w") as archive:
        archive.add(folder, "root")
    assert "is no zip but a tar archive: unpack it, and import the folder." in refusal(path)


@pytest.mark.parametrize("name", ["scan.nii", "scan.nii.gz", "scan.dcm"])
def test_a_medical_file_is_called_by_its_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x1f\x8b whatever")
    assert ("a DICOM file" if "dcm" in name else "a NIfTI volume") in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["a.z01", "a.zip.001", "a.zip.002", "a.zip.003", "last.zip"])
def test_a_part_of_a_zip_that_was_cut_into_pieces(make_zip, name):
    whole = make_zip([(f"{n}.jpg", os.urandom(1000)) for n in range(9)]).read_bytes()
    start, middle, end = whole[:4000], whole[4000:8000], whole[8000:]
    path = make_zip([], name)
    path.write_bytes({"1": start, "2": middle}.get(name[-1], end))
    assert "is one part of a split zip: put all its parts into one folder" in refusal(path)


def test_the_last_part_of_a_split_zip_opens_and_holds_nothing(make_zip):
    path = make_zip([("a.jpg", b"A"), ("b.jpg", b"B")])
    data = bytearray(path.read_bytes())
    # The number of the part that a file begins in, in the list of contents.
    where = data.rindex(b"PK\x01\x02") + 34
    data[where : where + 2] = (3).to_bytes(2, "little")
    path.write_bytes(data)
    assert "is one part of a split zip" in refusal(path)


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


@pytest.mark.parametrize(
    "count, words", [(1, "no file: pack"), (3, "no file (one of 3 links): pack")]
)
def test_links_inside_a_zip(make_zip, count, words):
    links = [zipfile.ZipInfo(f"{number}.jpg") for number in range(count)]
    for link in links:
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
    said = refusal(make_zip([("a.jpg", b"A"), *((link, "/etc/passwd") for link in links)]))
    assert f"'0.jpg', which is a link and {words} the files themselves" in said


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


@pytest.mark.parametrize("target", ["/etc", "/etc/passwd", "b", "../gone/a.jpg"])
def test_links_in_a_folder_that_lead_out_or_round_in_circles(folder, target):
    (folder / "link.jpg").symlink_to(target)
    assert f"{folder / 'link.jpg'} is a link that leads to" in refusal(folder)


def test_a_folder_of_links_is_called_that(folder):
    for number in range(9):
        (folder / f"{number}.jpg").symlink_to("/etc/passwd")
    assert "leads to /etc/passwd (one of 9 links): put the files" in refusal(folder)


@pytest.mark.parametrize("target", ["nowhere.jpg", "link.jpg"])
def test_a_link_that_leads_nowhere_is_only_one_bad_file(folder, target):
    (folder / "link.jpg").symlink_to(target)
    found = read_all(folder)
    assert found["link.jpg"] == "is a link that leads nowhere" and found["a.jpg"] == b"A"


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


# --- zips in a zip or a folder --------------------------------------------------------------


def packed(contents, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture(params=["zip", "folder"])
def make_outer(request, tmp_path, make_zip):
    """Writes contents to a zip or a folder, whichever the test is run with."""

    def make(contents):
        if request.param == "zip":
            return make_zip(contents.items(), "outer.zip")
        for name, data in contents.items():
            (tmp_path / "outer" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "outer" / name).write_bytes(data)
        return tmp_path / "outer"

    return make


def test_files_of_a_zip_inside_take_its_place(make_outer, own_data_folder):
    inner = packed({"1.mat": b"A", "b/2.mat": b"B", "__MACOSX/._1.mat": b"x"})
    path = make_outer({"in/part.ZIP": inner, "c.mat": b"C", ".hidden.zip": b"x"})
    inside = {"in/part.ZIP/1.mat": b"A", "in/part.ZIP/b/2.mat": b"B"}
    assert read_all(path, nested=True) == {"c.mat": b"C"} | inside
    assert read_all(path) == {"c.mat": b"C", "in/part.ZIP": inner}
    # The copies have gone.
    assert not own_data_folder.exists() or list(own_data_folder.iterdir()) == []


def test_how_deep_zips_are_opened(make_zip, folder):
    deep = packed({"b.zip": packed({"c.zip": packed({"1.mat": b"A"})})})
    path = make_zip([("a.zip", deep)], "outer.zip")
    found = read_all(path, nested=True)
    assert list(found) == ["a.zip/b.zip"] and "is a zip in a zip in a zip" in found["a.zip/b.zip"]
    # A zip in a folder is opened as if it were given itself.
    (folder / "outer.zip").write_bytes(packed({"a.zip": packed({"1.mat": b"A"})}))
    assert read_all(folder, nested=True)["outer.zip/a.zip/1.mat"] == b"A"


def test_a_bad_zip_inside_is_only_one_bad_file(make_outer, monkeypatch):
    good = packed({"1.mat": os.urandom(3000)})
    locked = bytearray(good)
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path = make_outer(
        {
            "good.zip": good,
            "cut.zip": good[:2000],
            "empty.zip": b"",
            "locked.zip": bytes(locked),
            "page.zip": b"<html>",
            "part.zip": good[2000:],
        }
    )
    found = read_all(path, nested=True)
    assert found.pop("good.zip/1.mat") and len(found) == 5
    assert "is cut off or damaged, as after a download" in found["cut.zip"]
    assert "is no zip but an empty file" in found["empty.zip"]
    assert "is locked with a password: unpack it" in found["locked.zip"]
    assert "is no zip but a web page" in found["page.zip"]
    assert "is one part of a split zip" in found["part.zip"]


def test_a_zip_inside_that_is_damaged_where_it_lies(make_zip):
    path = make_zip([("a.zip", packed({"1.mat": os.urandom(3000)}, zipfile.ZIP_STORED))])
    data = bytearray(path.read_bytes())
    data[1000:1010] = bytes(10)
    path.write_bytes(data)
    assert read_all(path, nested=True) == {"a.zip": "is damaged inside the zip"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_called_zip_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe.zip")
    assert read_all(folder, nested=True)["pipe.zip"] == "is not a regular file"
    assert "pipe.zip is not a regular file" in refusal(folder / "pipe.zip")


def test_a_link_to_no_zip_is_only_one_bad_file(folder):
    (folder / "link.zip").symlink_to("nowhere.zip")
    assert "cannot be read" in read_all(folder, nested=True)["link.zip"]


@pytest.mark.parametrize("name", ["../evil.mat", "/etc/evil.mat", "a\\..\\..\\evil.mat"])
def test_paths_that_lead_out_of_a_zip_inside(make_outer, name):
    path = make_outer({"part.zip": packed({name: b"x"})})
    assert "part.zip holds" in refusal(path, nested=True)


def test_links_inside_a_zip_inside(make_outer):
    link = zipfile.ZipInfo("a.mat")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = make_outer({"part.zip": packed({link: "/etc/passwd"})})
    assert "part.zip holds 'a.mat', which is a link" in refusal(path, nested=True)


def test_a_zip_inside_that_unpacks_to_far_more_than_it_weighs(make_outer, monkeypatch):
    path = make_outer({"part.zip": packed({f"{n}.mat": bytes(100_000) for n in range(9)})})
    assert len(read_all(path, nested=True)) == 9
    monkeypatch.setattr(archives, "HARMLESS_BYTES", 500_000)
    monkeypatch.setattr("zipfile.ZipFile.read", None)
    assert "part.zip weighs" in refusal(path, nested=True)


def test_zips_inside_that_are_harmless_one_by_one_and_not_together(make_zip, monkeypatch):
    inner = packed({"1.mat": bytes(300_000)})
    path = make_zip([(f"{n}.zip", inner) for n in range(4)], "outer.zip")
    assert len(read_all(path, nested=True)) == 4
    monkeypatch.setattr(archives, "HARMLESS_BYTES", 500_000)
    assert "outer.zip weighs" in refusal(path, nested=True)


def test_a_zip_inside_that_shrinks_again_is_not_even_copied(make_zip, monkeypatch):
    # Ten times as much as it weighs would be all right for slices.
    inner = packed({"1.mat": os.urandom(30_000) + bytes(270_000)}, zipfile.ZIP_STORED)
    path = make_zip([("part.zip", inner)], "outer.zip")
    assert len(read_all(path, nested=True)) == 1
    monkeypatch.setattr(archives, "HARMLESS_BYTES", 100_000)
    monkeypatch.setattr("shutil.copyfileobj", None)
    assert "outer.zip weighs" in refusal(path, nested=True)


def test_more_zips_than_can_be_open_at_once(make_outer, monkeypatch):
    path = make_outer({f"{n}.zip": packed({}) for n in range(5)})
    monkeypatch.setattr(archives, "MOST_ZIPS", 4)
    assert "holds 5 zips, and 4 is the most" in refusal(path, nested=True)


def test_no_room_for_a_zip_inside(make_zip, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    path = make_zip([("part.zip", packed({"1.mat": b"A"}))], "outer.zip")
    monkeypatch.setattr("shutil.copyfileobj", full)
    assert "The disk is full, so" in refusal(path, nested=True)
