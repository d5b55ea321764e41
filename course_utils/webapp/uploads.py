"""An uploaded file as a grey slice: from anybody, of any content, and only ever in memory."""

import dataclasses
import struct
import zlib

import numpy as np
from PIL import Image

from course_utils.core import pictures
from course_utils.core.errors import BadFile
from course_utils.core.pictures import encode
from course_utils.webapp import dicom

# With what lesson 14 makes files from, and the error that it catches.
__all__ = ["BadFile", "MOST_BYTES", "MOST_PIXELS", "Upload", "bare_png", "encode", "read"]

MOST_BYTES = 10_000_000
# A scanner's slice has a quarter of a megapixel, and seldom more than one.
MOST_PIXELS = 4_000_000
FORMATS = ("PNG", "JPEG")


@dataclasses.dataclass(frozen=True, eq=False)
class Upload:
    """What an uploaded file shows."""

    slice: np.ndarray  # uint8, (128, 128)
    # Mean distance between a pixel's strongest and weakest colour, 0 (grey) to 1.
    colour: float
    # On the scanner's scale, where it is a DICOM file.
    scan: dicom.Scan | None = None


def read(data: bytes) -> Upload:
    """Read the bytes of a PNG, JPEG or DICOM file. Its name is never asked for, nor trusted.

    BadFile where it is anything else, too large, damaged, or more than one picture.
    """
    if not data:
        raise BadFile("is empty")
    if len(data) > MOST_BYTES:
        raise BadFile(f"is larger than {MOST_BYTES / 1e6:.0f} MB")
    # Before these four letters a DICOM file may hold anything.
    if data[128:132] == b"DICM":
        scan = dicom.decode(data, MOST_PIXELS)
        height, width = scan.values.shape
        if min(height, width) < pictures.FEWEST_PIXELS_A_SIDE:
            raise BadFile(f"has only {width} x {height} pixels")
        grey = Image.fromarray(dicom.for_network(scan))
        return Upload(pictures.fitted(grey), 0.0, scan)
    image, _ = pictures.opened(data, FORMATS, MOST_PIXELS)
    return Upload(pictures.fitted(image), _colour(image))


def bare_png(width: int, height: int) -> bytes:
    """The beginning of a grey PNG of this size, cut off where its pixels begin."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    check = struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + check + b"\0\0\0\1IDAT"


def _colour(image: Image.Image) -> float:
    if image.mode in ("L", "LA", "1") or image.mode.startswith(("I", "F")):
        return 0.0
    image.thumbnail((128, 128))
    channels = np.asarray(image.convert("RGB"), dtype=float)
    return float(np.ptp(channels, axis=2).mean() / 255)
