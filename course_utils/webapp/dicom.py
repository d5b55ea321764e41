"""One DICOM file as a grey picture, read without trusting it and without reading who it shows."""

import dataclasses
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
    RescaleIntercept RescaleSlope WindowCenter WindowWidth
    PixelPaddingValue PixelPaddingRangeLimit
"""
# Between these percentiles a slice is stretched for the network: the practice and figshare data are
# scaled alike, and a single faulty pixel that is far too bright then decides nothing.
PERCENTILES = 0.5, 99.5


@dataclasses.dataclass(frozen=True, eq=False)
class Scan:
    """A slice on the scanner's scale, and the window that was stored with it for the eye."""

    values: np.ndarray  # float32, (height, width)
    inverted: bool  # small numbers are bright (MONOCHROME1)
    padding: np.ndarray  # where nothing was scanned: bool, (height, width)
    centre: float
    width: float


def decode(data: bytes, most_pixels: int) -> Scan:
    """Read a DICOM file of one MRI slice, in the numbers of the scanner's scale.

    Those are the stored numbers after rescale slope and intercept (DICOM PS3.3, C.11.1). The window
    is the stored one, the first of several; where there is none, or an empty one, it reaches from
    percentile to percentile. Where slope or intercept are empty, they are absent. BadFile where it
    is no MRI, no single grey slice, compressed, too large or damaged.
    """
    from pydicom import dcmread

    # Before anything is read: reading would unpack it.
    if DEFLATED in data:
        raise BadFile("is a compressed DICOM file (deflated): export it uncompressed, or as PNG")
    try:
        dataset = dcmread(io.BytesIO(data), specific_tags=TAGS.split())
        _check(dataset, dataset.file_meta.TransferSyntaxUID, most_pixels)
        return _scan(dataset)
    except BadFile:
        raise
    except Exception:
        # A broken file makes pydicom raise almost anything.
        raise BadFile("is a damaged or cut-off DICOM file") from None


def for_network(scan: Scan) -> np.ndarray:
    """Greys that do not depend on any window: uint8, (height, width), padding black."""
    return _greys(scan, *np.percentile(scan.values[~scan.padding], PERCENTILES))


def for_eye(scan: Scan, centre: float, width: float) -> np.ndarray:
    """Greys through a window, as on a radiologist's screen: uint8, (height, width).

    The window begins half its width below its centre (DICOM PS3.3, C.11.2, LINEAR_EXACT).
    """
    return _greys(scan, centre - width / 2, centre + width / 2)


def _check(dataset, syntax, most_pixels: int) -> None:
    modality = dataset.get("Modality", "MR")
    if modality != "MR":
        raise BadFile(f"says that it is no MRI ({str(modality)[:16]})")
    if "PixelData" not in dataset:
        raise BadFile("is a DICOM file without a picture")
    if syntax not in UNCOMPRESSED:
        name = getattr(syntax, "name", "unknown")[:40]
        raise BadFile(f"is a compressed DICOM file ({name}): export it uncompressed, or as PNG")
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        raise BadFile(f"holds {frames} slices instead of one: export one of them")
    if dataset.SamplesPerPixel != 1 or not dataset.PhotometricInterpretation.startswith("MONO"):
        raise BadFile("is a DICOM file in colour, not a grey slice")
    if dataset.Rows * dataset.Columns > most_pixels:
        raise BadFile(f"has more than {most_pixels:,} pixels")
    if dataset.BitsAllocated > 16:
        raise BadFile(f"has pixels of {dataset.BitsAllocated} bits, where an MRI slice has 16")


def _scan(dataset) -> Scan:
    pixels = dataset.pixel_array
    slope, intercept = (_number(dataset, name) for name in ("RescaleSlope", "RescaleIntercept"))
    values = pixels.astype(np.float32)
    values *= slope or 1
    values += intercept or 0
    if not np.isfinite(values).all():
        raise BadFile("has pixels that are no numbers")
    padding = np.zeros(pixels.shape, bool)
    first = _number(dataset, "PixelPaddingValue")
    if first is not None:
        last = _number(dataset, "PixelPaddingRangeLimit")
        ends = sorted((first, first if last is None else last))
        padding = (pixels >= ends[0]) & (pixels <= ends[1])
        # A scanner that pads with nothing marks nothing; one that marks all has scanned nothing.
        if padding.all():
            raise BadFile("holds nothing but padding")
    centre, width = (_number(dataset, name) for name in ("WindowCenter", "WindowWidth"))
    if centre is None or not width or width <= 0:
        low, high = np.percentile(values[~padding], PERCENTILES)
        centre, width = (low + high) / 2, high - low
    inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
    return Scan(values, inverted, padding, float(centre), float(width))


def _number(dataset, name: str) -> float | None:
    """The first number of an entry; None where it is absent, empty or no finite number."""
    value = dataset.get(name)
    if value is None or np.size(value) == 0 or value == "":
        return None
    first = float(np.ravel(value)[0])
    return first if np.isfinite(first) else None


def _greys(scan: Scan, low: float, high: float) -> np.ndarray:
    shares = np.clip((scan.values - low) / ((high - low) or 1), 0, 1)
    if scan.inverted:
        shares = 1 - shares
    greys = np.rint(shares * 255).astype(np.uint8)
    greys[scan.padding] = 0
    return greys


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
