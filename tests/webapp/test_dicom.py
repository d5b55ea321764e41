"""DICOM files: greys as on a radiologist's screen, and a sentence for what is no single slice."""

import io
import zlib

import numpy as np
import pytest

from course_utils.core.errors import BadFile
from course_utils.webapp import dicom

pydicom = pytest.importorskip("pydicom", reason="the extra 'app' is not installed: make extras")

RAMP = np.tile(np.arange(0, 1024, 16, dtype=np.uint16), (64, 1))
MOST = 4_000_000


def problem(data):
    with pytest.raises(BadFile) as caught:
        dicom.decode(data, MOST)
    return str(caught.value)


def test_without_a_window_the_darkest_is_black_and_the_brightest_white():
    greys = dicom.decode(dicom.example(RAMP), MOST)
    assert greys.dtype == np.uint8 and greys.shape == RAMP.shape
    assert greys[0, 0] == 0 and greys[0, -1] == 255
    assert greys[0, 32] == pytest.approx(130, abs=2)


def test_the_stored_window_is_made_black_to_white():
    greys = dicom.decode(dicom.example(RAMP, WindowCenter=512, WindowWidth=256), MOST)
    assert greys[0, 23] == 0 and greys[0, 41] == 255
    assert greys[0, 32] == pytest.approx(128, abs=2)
    # A slice that does not reach the end of its window stays as dark as the window says.
    wide = dicom.decode(dicom.example(RAMP, WindowCenter=1024, WindowWidth=2048), MOST)
    assert wide.max() == pytest.approx(126, abs=2)


def test_the_first_of_several_windows_counts():
    several = dicom.example(RAMP, WindowCenter=[512, 100], WindowWidth=[256, 50])
    one = dicom.example(RAMP, WindowCenter=512, WindowWidth=256)
    assert np.array_equal(dicom.decode(several, MOST), dicom.decode(one, MOST))


def test_the_window_is_on_the_rescaled_numbers():
    scaled = dicom.example(
        RAMP, RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=24, WindowWidth=512
    )
    plain = dicom.example(RAMP, WindowCenter=512, WindowWidth=256)
    gap = dicom.decode(scaled, MOST).astype(int) - dicom.decode(plain, MOST)
    assert np.abs(gap).max() <= 2


def test_monochrome1_is_turned_round():
    window = {"WindowCenter": 512, "WindowWidth": 256}
    dark = dicom.decode(
        dicom.example(RAMP, PhotometricInterpretation="MONOCHROME1", **window), MOST
    )
    bright = dicom.decode(dicom.example(RAMP, **window), MOST)
    assert np.array_equal(dark, 255 - bright)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"NumberOfFrames": 24}, "holds 24 slices instead of one"),
        ({"Modality": "CT"}, r"no MRI (CT)"),
        ({"PhotometricInterpretation": "RGB"}, "in colour"),
        ({"SamplesPerPixel": 3}, "in colour"),
        ({"Rows": 2001, "Columns": 2000}, "more than 4,000,000 pixels"),
        ({"Rows": 65_535, "Columns": 65_535}, "more than 4,000,000 pixels"),
        ({"Rows": 640}, "damaged or cut-off"),
        ({"BitsAllocated": 32, "Rows": 32}, "pixels of 32 bits, where an MRI slice has 16"),
        ({"BitsAllocated": 12}, "damaged or cut-off"),
    ],
)
def test_what_is_no_single_grey_slice_is_said(tags, words):
    assert words in problem(dicom.example(RAMP, **tags))


def test_every_cut_is_said_in_words():
    data = dicom.example(RAMP)
    for length in (132, 140, 200, 400, 600, len(data) - 100):
        assert "DICOM" in problem(data[:length])


def test_compressed_files_are_never_unpacked(monkeypatch):
    file = io.BytesIO(dicom.example(RAMP))
    dataset = pydicom.dcmread(file)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    out = io.BytesIO()
    dataset.save_as(out)

    def unpacked(*arguments, **options):
        raise AssertionError("it was unpacked")

    monkeypatch.setattr(zlib, "decompress", unpacked)
    assert "deflated" in problem(out.getvalue())
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.RLELossless
    dataset.PixelData = pydicom.encaps.encapsulate([b"\0" * 64])
    out = io.BytesIO()
    dataset.save_as(out)
    assert "compressed" in problem(out.getvalue())


def test_the_patients_name_is_not_read(monkeypatch):
    seen = []
    original = dicom._windowed

    def watched(dataset):
        seen.append(dataset)
        return original(dataset)

    monkeypatch.setattr(dicom, "_windowed", watched)
    dicom.decode(dicom.example(RAMP), MOST)
    assert "PatientName" not in seen[0]
