"""Uploads: what is a slice becomes one, all else is said in a few words, and nothing is decoded
before its size is known."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from course_utils import settings
from course_utils.core import pictures
from course_utils.core.errors import BadFile
from course_utils.webapp import dicom, uploads


def data_of(pixels, format="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format, **options)
    return file.getvalue()


def problem(data):
    with pytest.raises(BadFile) as caught:
        uploads.read(data)
    return str(caught.value)


GREY = np.tile(np.arange(0, 256, 2, dtype=np.uint8), (200, 1))


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_pictures_become_slices(format):
    upload = uploads.read(data_of(GREY, format))
    assert upload.slice.shape == (128, 128) and upload.slice.dtype == np.uint8
    expected, _ = pictures.decode(data_of(GREY, format))
    assert np.array_equal(upload.slice, expected)


def test_dicom_becomes_a_slice():
    pytest.importorskip("pydicom", reason="the extra 'app' is not installed: make extras")
    upload = uploads.read(dicom.example(GREY.astype(np.uint16)))
    assert upload.colour == 0
    assert np.array_equal(upload.slice, uploads.read(data_of(GREY)).slice) or (
        np.abs(upload.slice.astype(int) - uploads.read(data_of(GREY)).slice).max() <= 2
    )


def test_colour_is_measured():
    assert uploads.read(data_of(GREY)).colour == 0
    assert uploads.read(data_of(np.stack([GREY] * 3, axis=2), "JPEG")).colour < 0.02
    red = np.stack([GREY, GREY // 4, GREY // 4], axis=2)
    assert uploads.read(data_of(red)).colour > 0.2


@pytest.mark.parametrize("format", ["GIF", "BMP", "TIFF", "WEBP"])
def test_other_formats_are_refused(format):
    assert problem(data_of(GREY, format)) == "is not an image"


def test_rubbish_is_refused():
    assert problem(b"") == "is empty"
    assert problem(b"<svg onload=alert(1)>") == "is not an image"
    assert problem(bytes(range(256)) * 50) == "is not an image"
    assert "damaged" in problem(data_of(GREY)[:100])
    assert "damaged" in problem(data_of(GREY, "JPEG")[:200])


def test_a_large_file_is_refused_unread(monkeypatch):
    monkeypatch.setattr(pictures, "opened", lambda *arguments: pytest.fail("it was opened"))
    assert problem(b"\x89PNG" + bytes(uploads.MOST_BYTES)) == "is larger than 10 MB"


def test_a_bomb_is_refused_by_its_header(monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda image: pytest.fail("its pixels were decoded"))
    for size in ((2001, 2000), (6300, 6300), (60_000, 60_000)):
        assert problem(uploads.bare_png(*size)) == "has more than 4,000,000 pixels"


# Each in a process of its own, whose highest use of memory can be asked for afterwards.
PEAK = r"""
import pathlib, re, sys
from course_utils.core.errors import BadFile
from course_utils.webapp import uploads
try:
    print(uploads.read(sys.stdin.buffer.read()).slice.shape)
except BadFile as problem:
    print(problem)
status = pathlib.Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1000)
"""


def peak(data):
    """What becomes of a file, and the megabytes of a process that does nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK], input=data, cwd=settings.ROOT, capture_output=True, check=True
    )
    says, megabytes = done.stdout.decode().splitlines()
    return says, float(megabytes)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the highest use of memory")
@pytest.mark.parametrize("kind", ["PNG bomb", "DICOM bomb", "RGBA", "16 bits", "DICOM"])
def test_no_file_takes_more_than_200_megabytes(kind):
    if "DICOM" in kind:
        pytest.importorskip("pydicom", reason="the extra 'app' is not installed: make extras")
    if kind == "PNG bomb":
        data = data_of(np.zeros((6300, 6300), np.uint8), compress_level=9)
        assert len(data) < 80_000
    elif kind == "RGBA":
        data = data_of(np.tile(np.arange(200, dtype=np.uint8), (2000, 10))[..., None].repeat(4, 2))
    elif kind == "16 bits":
        data = data_of(np.tile(np.arange(2000, dtype=np.uint16), (2000, 1)))
    else:
        values = np.tile(np.arange(2000, dtype=np.uint16), (2000, 1))
        data = dicom.example(values, WindowCenter=900, WindowWidth=800, RescaleSlope=2)
        if kind == "DICOM bomb":
            data = dicom.example(values[:200], Rows=65_535, Columns=65_535)
    says, megabytes = peak(data)
    bomb = "has more than 4,000,000 pixels"
    assert says == (bomb if "bomb" in kind else "(128, 128)")
    assert megabytes < 200
