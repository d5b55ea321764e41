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


def seen(**tags):
    """What the eye sees of the ramp through the window that comes with it."""
    scan = dicom.decode(dicom.example(RAMP, **tags), MOST)
    return dicom.for_eye(scan, scan.centre, scan.width)


def test_without_a_window_nearly_the_darkest_is_black_and_nearly_the_brightest_white():
    greys = seen()
    assert greys.dtype == np.uint8 and greys.shape == RAMP.shape
    assert greys[0, 0] == 0 and greys[0, -1] == 255
    assert greys[0, 32] == pytest.approx(130, abs=2)


@pytest.mark.parametrize(
    "window",
    [
        {"WindowCenter": None, "WindowWidth": None},
        {"WindowCenter": 512, "WindowWidth": 0},
        {"WindowCenter": "", "WindowWidth": ""},
        {"RescaleSlope": None, "RescaleIntercept": ""},
        {"RescaleSlope": 0},
    ],
)
def test_an_empty_window_or_slope_is_none(window):
    assert np.array_equal(seen(**window), seen())


def test_the_stored_window_is_made_black_to_white():
    greys = seen(WindowCenter=512, WindowWidth=256)
    assert greys[0, 23] == 0 and greys[0, 41] == 255
    assert greys[0, 32] == pytest.approx(128, abs=2)
    # A slice that does not reach the end of its window stays as dark as the window says.
    assert seen(WindowCenter=1024, WindowWidth=2048).max() == pytest.approx(126, abs=2)


def test_the_first_of_several_windows_counts():
    several = seen(WindowCenter=[512, 100], WindowWidth=[256, 50])
    assert np.array_equal(several, seen(WindowCenter=512, WindowWidth=256))


def test_the_window_is_on_the_rescaled_numbers():
    scaled = seen(RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=24, WindowWidth=512)
    gap = scaled.astype(int) - seen(WindowCenter=512, WindowWidth=256)
    assert np.abs(gap).max() <= 2


def test_monochrome1_is_turned_round():
    window = {"WindowCenter": 512, "WindowWidth": 256}
    dark = seen(PhotometricInterpretation="MONOCHROME1", **window)
    assert np.abs(dark.astype(int) - (255 - seen(**window))).max() <= 1


def test_what_the_network_sees_depends_on_no_window_slope_or_faulty_pixel():
    plain = dicom.for_network(dicom.decode(dicom.example(RAMP), MOST))
    assert plain[0, 0] == 0 and plain[0, -1] == 255
    hot = RAMP.copy()
    hot[5, 5:8] = 60_000
    for other in (
        dicom.example(RAMP, WindowCenter=512, WindowWidth=64),
        dicom.example(RAMP, RescaleSlope=3, RescaleIntercept=-90),
        dicom.example(hot),
    ):
        greys = dicom.for_network(dicom.decode(other, MOST))
        assert np.abs(greys[6:].astype(int) - plain[6:]).max() <= 4


def test_padding_stays_black_and_counts_for_nothing():
    padded = RAMP.copy()
    padded[:32] = 65_000
    greys = dicom.for_network(dicom.decode(dicom.example(padded, PixelPaddingValue=65_000), MOST))
    assert (greys[:32] == 0).all() and greys[40, -1] == 255 and greys[40, 32] > 120
    limit = {"PixelPaddingValue": 64_990, "PixelPaddingRangeLimit": 65_010}
    again = dicom.for_network(dicom.decode(dicom.example(padded, **limit), MOST))
    assert np.array_equal(greys, again)
    assert "nothing but padding" in problem(
        dicom.example(np.full((64, 64), 7), PixelPaddingValue=7)
    )


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
    assert "compressed DICOM file (RLE Lossless)" in problem(out.getvalue())


def test_the_patients_name_is_not_read(monkeypatch):
    read = []
    original = dicom._scan

    def watched(dataset):
        read.append(dataset)
        return original(dataset)

    monkeypatch.setattr(dicom, "_scan", watched)
    dicom.decode(dicom.example(RAMP), MOST)
    assert "PatientName" not in read[0]
