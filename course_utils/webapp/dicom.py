"""One DICOM file as a grey picture, read without trusting it and without reading who it shows."""

import io

import numpy as np

from course_utils.core.errors import BadFile

# Pixels as they are. Every other way of storing them has to be unpacked by a decoder first.
UNCOMPRESSED = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}
# The whole file as one zip stream, which may unpack to any size.
DEFLATED = b"1.2.840.10008.1.2.1.99"
# All that is needed to draw the picture. The patient's name, number and birthday are not in it.
TAGS = """
    Modality SamplesPerPixel PhotometricInterpretation NumberOfFrames Rows Columns
    BitsAllocated BitsStored HighBit PixelRepresentation PixelData
    RescaleIntercept RescaleSlope WindowCenter WindowWidth VOILUTFunction
"""


def decode(data: bytes, most_pixels: int) -> np.ndarray:
    """Turn a DICOM file of one MRI slice into greys, uint8, (height, width).

    The numbers in the file are brought to the scanner's scale (rescale slope and intercept), then
    the window that was stored with them is made black to white, as on a radiologist's screen
    (DICOM PS3.3, C.11.1 and C.11.2). Where no window is stored, the darkest value becomes black
    and the brightest white. MONOCHROME1 means that small numbers are bright: it is turned round.
    Each is worked out once for a number and not once for a pixel, which takes little memory.
    BadFile where it is no MRI, no single grey slice, compressed, too large or damaged.
    """
    from pydicom import dcmread

    # Before anything is read: reading would unpack it.
    if DEFLATED in data:
        raise BadFile("is a compressed DICOM file (deflated): export it uncompressed, or as PNG")
    try:
        dataset = dcmread(io.BytesIO(data), specific_tags=TAGS.split())
        syntax = dataset.file_meta.TransferSyntaxUID
        _check(dataset, syntax, most_pixels)
        return _windowed(dataset)
    except BadFile:
        raise
    except Exception:
        # A broken file makes pydicom raise almost anything.
        raise BadFile("is a damaged or cut-off DICOM file") from None


def _check(dataset, syntax, most_pixels: int) -> None:
    modality = dataset.get("Modality", "MR")
    if modality != "MR":
        raise BadFile(f"says that it is no MRI ({str(modality)[:16]})")
    if "PixelData" not in dataset:
        raise BadFile("is a DICOM file without a picture")
    if syntax not in UNCOMPRESSED:
        raise BadFile("is a compressed DICOM file: export it uncompressed, or as PNG")
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        raise BadFile(f"holds {frames} slices instead of one: export one of them")
    if dataset.SamplesPerPixel != 1 or not dataset.PhotometricInterpretation.startswith("MONO"):
        raise BadFile("is a DICOM file in colour, not a grey slice")
    if dataset.Rows * dataset.Columns > most_pixels:
        raise BadFile(f"has more than {most_pixels:,} pixels")
    if dataset.BitsAllocated > 16:
        raise BadFile(f"has pixels of {dataset.BitsAllocated} bits, where an MRI slice has 16")


def _windowed(dataset) -> np.ndarray:
    from pydicom.pixels import apply_rescale, apply_windowing

    pixels = dataset.pixel_array
    first = int(pixels.min())
    # At most 65,536 numbers, whatever the size of the picture.
    values = apply_rescale(np.arange(first, int(pixels.max()) + 1), dataset).astype(float)
    low, high = values.min(), values.max()
    if "WindowWidth" in dataset:
        # What the window makes of something far darker and far brighter than any tissue.
        low, high = apply_windowing(np.array([-1e9, 1e9]), dataset)
        values = apply_windowing(values, dataset)
    greys = np.clip((values - low) / ((high - low) or 1), 0, 1) * 255
    if not np.isfinite(greys).all():
        raise BadFile("has pixels that are no numbers")
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        greys = 255 - greys
    return greys.round().astype(np.uint8)[pixels.astype(np.int32) - first]


def example(values: np.ndarray, **tags) -> bytes:
    """Make a DICOM file of one slice, uint16, (height, width), to practise on.

    Tags are further ones, or others in place of the usual ones, such as ``WindowCenter=600``.
    """
    from pydicom.dataset import Dataset
    from pydicom.uid import MRImageStorage

    dataset = Dataset()
    dataset.set_pixel_data(values.astype(np.uint16), "MONOCHROME2", bits_stored=16)
    usual = {"SOPClassUID": MRImageStorage, "PatientName": "Nobody^Simulated", "Modality": "MR"}
    for name, value in (usual | tags).items():
        setattr(dataset, name, value)
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()
