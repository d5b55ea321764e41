"""Image files of every size, mode and state become grey slices, or say why not."""

import io
import struct
import warnings
import zlib

import numpy as np
import PIL
import pytest
from PIL import Image

from course_utils.core import pictures
from course_utils.core.errors import BadFile


def data_of(image, format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def ramp(dtype=np.uint8, top=255, size=64):
    """Columns from 0 to ``top``, the same in each row."""
    return np.tile(np.linspace(0, top, size), (size, 1)).astype(dtype)


def problem(data):
    with pytest.raises(BadFile) as caught:
        pictures.decode(data)
    return str(caught.value)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK", "YCbCr"])
def test_every_mode_gives_the_same_grey(mode):
    if mode == "YCbCr" and int(PIL.__version__.partition(".")[0]) < 13:
        pytest.skip("this Pillow does not read what it writes in this mode")
    format = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    image = Image.fromarray(ramp()).convert("RGB")
    image = image.quantize(256) if mode == "P" else image.convert(mode)
    slice_, facts = pictures.decode(data_of(image, format))
    assert slice_.shape == (128, 128) and slice_.dtype == np.uint8
    assert facts == (64, 64, mode)
    plain, _ = pictures.decode(data_of(Image.fromarray(ramp())))
    assert np.abs(slice_.astype(int) - plain).max() <= 2


def test_a_cmyk_photograph_is_not_turned_inside_out():
    image = Image.fromarray(ramp()).convert("CMYK")
    slice_, facts = pictures.decode(data_of(image, "JPEG", quality=95))
    assert facts[2] == "CMYK"
    assert slice_[:, :8].mean() < 12 and slice_[:, -8:].mean() > 243


def test_black_and_white():
    slice_, facts = pictures.decode(data_of(Image.fromarray(ramp() > 127)))
    assert facts[2] == "1"
    assert slice_[:, :60].max() == 0 and slice_[:, 68:].min() == 255


@pytest.mark.parametrize("dtype, top", [(np.uint16, 4095), (np.int32, 100_000), (np.float32, 0.5)])
def test_deep_images_are_scaled_by_their_own_range(dtype, top):
    slice_, facts = pictures.decode(data_of(Image.fromarray(ramp(dtype, top)), "TIFF"))
    assert facts[2] in ("I;16", "I", "F")
    plain, _ = pictures.decode(data_of(Image.fromarray(ramp())))
    assert np.abs(slice_.astype(int) - plain).max() <= 2


@pytest.mark.filterwarnings("error")
def test_a_blank_deep_image_is_black():
    slice_, _ = pictures.decode(data_of(Image.fromarray(np.full((64, 64), 900, np.uint16))))
    assert slice_.max() == 0


def test_a_pixel_that_is_no_number():
    values = ramp(np.float32)
    values[3, 3] = np.nan
    assert problem(data_of(Image.fromarray(values), "TIFF")) == "has pixels that are no numbers"


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_black(mode):
    image = Image.new("RGBA", (64, 64), (255, 255, 255, 0))
    image.paste((200, 200, 200, 255), (0, 0, 64, 32))
    options = {}
    if mode == "P":
        image = Image.new("P", (64, 64), 1)
        image.putpalette([200, 200, 200, 255, 255, 255])
        image.paste(0, (0, 0, 64, 32))
        options = {"transparency": 1}
    slice_, facts = pictures.decode(data_of(image.convert(mode), **options))
    assert facts[2] == mode
    assert slice_[:60].mean() == 200 and slice_[68:].max() == 0


@pytest.mark.parametrize("width, height", [(256, 64), (64, 256), (1000, 251), (20, 80)])
def test_the_aspect_ratio_is_kept_and_black_fills_the_rest(width, height):
    slice_, facts = pictures.decode(data_of(Image.new("L", (width, height), 200)))
    assert facts[:2] == (width, height)
    filled = slice_ > 100
    long = 128 * min(width, height) / max(width, height)
    assert abs(filled.sum() - 128 * long) <= 128
    across = filled.any(axis=int(width > height))
    first, last = np.flatnonzero(across)[[0, -1]]
    assert abs(first - (127 - last)) <= 1 and across[first : last + 1].all()


def test_shrinking_averages_and_does_not_pick():
    board = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
    slice_, _ = pictures.decode(data_of(Image.fromarray(board)))
    assert np.abs(slice_.astype(int) - 127).max() <= 2


def test_the_cameras_note_of_how_it_was_turned_is_honoured():
    values = np.zeros((64, 64), np.uint8)
    values[:32] = 250
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right by 90 degrees to see it upright
    slice_, _ = pictures.decode(data_of(Image.fromarray(values), "JPEG", quality=95, exif=exif))
    assert slice_[:, 70:].mean() > 240 and slice_[:, :58].mean() < 10


def test_files_that_are_no_image():
    assert problem(b"not a picture at all") == "is not an image"
    assert problem(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n") == "is not an image"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_images_that_are_cut_off(format, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    data = data_of(Image.fromarray(noise), format)
    assert problem(data[: int(share * len(data))]) in (
        "is a damaged or cut-off image (L, 64 x 64)",
        "is a damaged image",
        "is not an image",
    )


def test_a_png_with_a_broken_checksum():
    data = bytearray(data_of(Image.fromarray(ramp())))
    data[data.index(b"IDAT") + 20] ^= 255
    assert "damaged" in problem(bytes(data))


def test_one_pixel():
    assert problem(data_of(Image.new("L", (1, 1)))) == "has only 1 x 1 pixels"
    assert problem(data_of(Image.new("L", (300, 15)))) == "has only 300 x 15 pixels"


@pytest.mark.parametrize("side", [10_000, 20_000])
def test_a_hundred_megapixels_are_refused_before_they_are_decoded(side):
    def chunk(kind, content):
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    # A header alone: whoever tries to decode this calls it damaged instead.
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        assert problem(data) == "has more than 50,000,000 pixels"


def test_a_stack_of_pictures_is_not_taken_for_its_first():
    pages = [Image.fromarray(ramp()), Image.fromarray(255 - ramp())]
    data = data_of(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert problem(data) == "holds 2 pictures instead of one"


def test_what_is_encoded_is_decoded_again():
    pixels = np.random.default_rng(0).integers(0, 255, (128, 128)).astype(np.uint8)
    assert np.array_equal(pictures.decode(pictures.encode(pixels))[0], pixels)
    colours = np.zeros((20, 30, 4), np.uint8)
    assert pictures.decode(pictures.encode(colours))[1] == (30, 20, "RGBA")
