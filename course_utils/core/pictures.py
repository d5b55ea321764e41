"""One image file as a slice, grey or in colour: whatever its size, its mode and its format."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from course_utils import settings
from course_utils.core.errors import BadFile

# Formats that slices come in. Pillow knows more, and some of those start other programs.
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP", "PPM")
FEWEST_PIXELS_A_SIDE = 16
MOST_PIXELS = 50_000_000
# Red, green and blue of a grey picture that was saved in colour differ by the noise of JPEG, and
# coloured words or arrows on it are small.
GREY_VALUES, GREY_SHARE = 24, 0.99


def decode(
    data: bytes, size: int = settings.IMAGE_SIZE, colour: bool | None = False
) -> tuple[np.ndarray, tuple[int, int, str]]:
    """Turn the bytes of an image file into a slice, uint8, (size, size), and facts.

    The facts are width and height in pixels, and Pillow's name of the mode, as in the file. The
    aspect ratio is kept, and black fills what is left on both sides. What is transparent becomes
    black. 16-bit and floating-point images have no common scale, so their own darkest value
    becomes 0 and their brightest 255. A camera's note of how it was turned (EXIF) is honoured.
    With ``colour`` it is (size, size, 3); None takes the picture as it is, grey or not.
    BadFile if this is no image, or a damaged, too small or too large one, or several in one file.
    """
    image, facts = opened(data)
    return fitted(image, size, colour), facts


def opened(
    data: bytes, formats: Sequence[str] = FORMATS, most_pixels: int = MOST_PIXELS
) -> tuple[Image.Image, tuple[int, int, str]]:
    """Open an image file of some of Pillow's formats, in the mode it came in, turned upright.

    Its pixels are read only after its size is known. With the facts and errors of :func:`decode`.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except Image.UnidentifiedImageError:
        raise BadFile("is not an image") from None
    except Image.DecompressionBombError:
        raise BadFile(f"has more than {most_pixels:,} pixels") from None
    except Exception:
        raise BadFile("is a damaged image") from None
    width, height, mode = facts = (*image.size, image.mode)
    if min(width, height) < FEWEST_PIXELS_A_SIDE:
        raise BadFile(f"has only {width} x {height} pixels")
    # Known from the header: the pixels themselves are not decoded yet.
    if width * height > most_pixels:
        raise BadFile(f"has more than {most_pixels:,} pixels")
    try:
        # Cameras put a thumbnail behind a photograph (MPO); other stacks have no one picture.
        if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
            raise BadFile(f"holds {image.n_frames} pictures instead of one")
        image.load()
        return ImageOps.exif_transpose(image), facts
    except BadFile:
        raise
    except Exception:
        # A broken file makes Pillow raise almost anything: OSError, SyntaxError, struct.error.
        raise BadFile(f"is a damaged or cut-off image ({mode}, {width} x {height})") from None


def fitted(
    image: Image.Image, size: int = settings.IMAGE_SIZE, colour: bool | None = False
) -> np.ndarray:
    """Turn an image into a slice, uint8, (size, size) or (size, size, 3): see :func:`decode`."""
    image = _rgb(image)

    def padded(mode: str) -> np.ndarray:
        # Shrinking by BILINEAR averages over everything that falls into a pixel.
        return np.asarray(
            ImageOps.pad(image.convert(mode), (size, size), Image.Resampling.BILINEAR)
        )

    if colour is not False:
        pixels = padded("RGB")
        if colour or np.mean(np.ptp(pixels, axis=2) <= GREY_VALUES) < GREY_SHARE:
            return pixels
    return padded("L")


def encode(pixels: np.ndarray) -> bytes:
    """Make a PNG file of pixels: uint8, (height, width), or (height, width, 3 or 4 colours)."""
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(file, "PNG")
    return file.getvalue()


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        # One copy, changed in its place: a large picture must not fill the memory.
        values = np.array(image, dtype=np.float64)
        if not np.isfinite(values).all():
            raise BadFile("has pixels that are no numbers")
        low, high = values.min(), values.max()
        values -= low
        values /= high - low or 1
        values *= 255
        image = Image.fromarray(values.round(out=values).astype(np.uint8))
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, "black")
        image = Image.alpha_composite(black, image.convert("RGBA"))
    # Not every mode can be made grey at once, but this one can.
    return image.convert("RGB")
