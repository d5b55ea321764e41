"""Uploads: what is a slice becomes one, all else is said in a few words, and nothing is decoded
before its size is known."""

import io

import numpy as np
import pytest
from PIL import Image

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
    for size in ((8001, 5000), (60_000, 60_000)):
        assert problem(uploads.bare_png(*size)) == "has more than 40,000,000 pixels"
