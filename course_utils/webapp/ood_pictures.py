"""Out-of-distribution pictures: no brain slices, to see whether a program notices.

Nothing is downloaded: they are drawn by rule, or come along with scikit-image and scikit-learn
(handwritten digits, faces, and photographs whose authors have allowed their use).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from course_utils import settings
from course_utils.core import pictures
from course_utils.webapp import ood

SIZE = settings.IMAGE_SIZE
# Those of scikit-image, without drawings, screens of text and the phantom of a head.
PHOTOGRAPHS = """
    astronaut.png brick.png camera.png cell.png chelsea.png clock_motion.png coffee.png coins.png
    grass.png gravel.png hubble_deep_field.jpg ihc.png moon.png motorcycle_left.png retina.jpg
    rocket.jpg
"""
CROPS = 4

# By kind: pictures, uint8, (pictures, 128, 128), and groups of those that belong together.
Pictures = dict[str, tuple[np.ndarray, np.ndarray]]


def tried(count: int, seed: int = settings.SEED) -> Pictures:
    """Kinds that a gate may be tried on while it is made."""
    rng = np.random.default_rng(seed)
    kinds = {"noise": _noise, "gradients": _gradient, "pages": _page}
    return {name: _drawn(draw, count, rng) for name, draw in kinds.items()}


def held_out(count: int, slices: np.ndarray, seed: int = settings.SEED) -> Pictures:
    """Kinds that a finished gate is judged by; of faces and photographs there are 100 and 80.

    The slices, uint8, (slices, 128, 128), are cut into tiles.
    """
    rng = np.random.default_rng(seed + 1)
    kinds = {"drawn scenes": _scene, "drawn X-rays": _x_ray, "clouds": _cloud}
    return {
        "photographs": photographs(),
        **{name: _drawn(draw, count, rng) for name, draw in kinds.items()},
        "digits": _alone(_digits(count, rng)),
        "faces": _alone(_faces(count)),
        "shuffled slices": _alone(tiles(count, rng, slices)),
    }


def hard(slices: np.ndarray) -> dict[str, np.ndarray]:
    """Brain slices, (slices, 128, 128), as they should not come: changed by hand or by software."""
    return {
        "mirrored": slices[:, :, ::-1],
        "turned by 90°": np.rot90(slices, 1, (1, 2)),
        "turned by 180°": np.rot90(slices, 2, (1, 2)),
        "turned by 30°": ndimage.rotate(slices, 30, (1, 2), reshape=False, order=1),
        "squeezed to 80%": ood.resized(slices, 1, 0.8),
        "stretched to 120%": ood.resized(slices, 1, 1.2),
        "with arrow and text": np.stack([_labelled(image) for image in slices]),
        "four on a sheet": ood.sheet(slices, 2),
        "sixteen on a sheet": ood.sheet(slices, 4),
    }


def _labelled(image: np.ndarray) -> np.ndarray:
    """A slice as a screenshot shows it: words in a corner, and an arrow."""
    picture = Image.fromarray(image)
    pen = ImageDraw.Draw(picture)
    pen.text((3, 3), "SE 4\nIM 17", fill=255)
    pen.line((20, 100, 45, 75), fill=255, width=2)
    pen.polygon([(47, 73), (37, 76), (44, 83)], fill=255)
    return np.asarray(picture)


def coloured_photographs() -> tuple[np.ndarray, np.ndarray]:
    """Photographs from scikit-image in the colours they have, uint8 (128, 128, 3), and names."""
    from skimage import data

    wholes = [Image.open(Path(data.data_dir) / name) for name in PHOTOGRAPHS.split()]
    names = [name for name, whole in zip(PHOTOGRAPHS.split(), wholes, strict=True)
             if whole.mode == "RGB"]  # fmt: skip
    images = [pictures.fitted(whole, colour=True) for whole in wholes if whole.mode == "RGB"]
    return np.stack(images), np.array(names)


def tiles(count: int, rng: np.random.Generator, images: np.ndarray) -> np.ndarray:
    """Real slices, cut into 16 tiles that are put together anew: greys stay, the brain goes."""
    drawn = []
    for image in images[rng.choice(len(images), count, replace=False)]:
        parts = image.reshape(4, SIZE // 4, 4, SIZE // 4).swapaxes(1, 2).reshape(16, -1)
        parts = rng.permutation(parts).reshape(4, 4, SIZE // 4, SIZE // 4)
        drawn.append(parts.swapaxes(1, 2).reshape(SIZE, SIZE))
    return np.stack(drawn)


def photographs() -> tuple[np.ndarray, np.ndarray]:
    """Grey photographs from scikit-image, each whole and in some square crops, and their names."""
    from skimage import data

    images, names = [], []
    rng = np.random.default_rng(settings.SEED)
    for name in PHOTOGRAPHS.split():
        whole = Image.open(Path(data.data_dir) / name)
        side = min(whole.size) // 2
        boxes = [(0, 0, *whole.size)]
        for _ in range(CROPS):
            x, y = (int(rng.integers(0, size - side + 1)) for size in whole.size)
            boxes.append((x, y, x + side, y + side))
        images += [pictures.fitted(whole.crop(box)) for box in boxes]
        names += [name] * len(boxes)
    return np.stack(images), np.array(names)


def _noise(rng: np.random.Generator, number: int) -> np.ndarray:
    """Grains of one to eight pixels, as of a broken file or a screen without a signal."""
    cells = int(rng.choice([16, 32, 64, 128]))
    grains = rng.integers(0, 256, (cells, cells)).astype(np.uint8)
    return np.kron(grains, np.ones((SIZE // cells,) * 2, np.uint8))


def _gradient(rng: np.random.Generator, number: int) -> np.ndarray:
    """Smooth shades from one side to the other, or from the middle outwards."""
    y, x = _coordinates()
    angle, middle = rng.uniform(0, 2 * np.pi), rng.uniform(-0.4, 0.4, 2)
    along = x * np.cos(angle) + y * np.sin(angle)
    shade = along if number % 2 else np.hypot(x - middle[0], y - middle[1])
    return _stretched(shade, *np.sort(rng.uniform(0, 255, 2)))


def _page(rng: np.random.Generator, number: int) -> np.ndarray:
    """Lines of strokes, dark on light or light on dark, as of a page or a screen of text."""
    paper, ink = (235, 30) if rng.random() < 0.7 else (15, 220)
    page = Image.new("L", (SIZE, SIZE), paper)
    pen = ImageDraw.Draw(page)
    step = int(rng.integers(5, 14))
    for y in range(int(rng.integers(3, 12)), SIZE - 4, step):
        x = int(rng.integers(4, 14))
        while x < SIZE - 8:
            width = int(rng.integers(2, 12))
            if rng.random() < 0.8:
                pen.rectangle((x, y, x + width, y + step // 3), fill=ink)
            x += width + int(rng.integers(2, 5))
    return np.asarray(page)


def _scene(rng: np.random.Generator, number: int) -> np.ndarray:
    """A sky, hills and a few houses and trees: light above, edges and flat greys below."""
    sky = np.tile(np.linspace(*rng.uniform(140, 250, 2), SIZE)[:, np.newaxis], (1, SIZE))
    scene = Image.fromarray(sky.astype(np.uint8))
    pen = ImageDraw.Draw(scene)
    horizon = int(rng.integers(55, 95))
    hills = horizon - 12 * np.cumsum(rng.normal(0, 0.12, SIZE))
    outline = [(x, float(y)) for x, y in enumerate(hills)]
    pen.polygon([*outline, (SIZE, SIZE), (0, SIZE)], fill=int(rng.integers(40, 130)))
    for _ in range(int(rng.integers(2, 6))):
        x, width = int(rng.integers(0, 110)), int(rng.integers(10, 30))
        top, floor = horizon - int(rng.integers(0, 25)), horizon + int(rng.integers(8, 30))
        shade = int(rng.integers(20, 240))
        if rng.random() < 0.5:
            pen.rectangle((x, top, x + width, floor), fill=shade)
            roof = [(x - 3, top), (x + width / 2, top - width / 2), (x + width + 3, top)]
            pen.polygon(roof, fill=255 - shade)
        else:
            pen.rectangle((x + width / 3, top, x + width / 2, floor), fill=50)
            pen.ellipse((x, top - width, x + width, top + 4), fill=shade // 2)
    return _grainy(np.asarray(scene, float), rng, 6)


def _x_ray(rng: np.random.Generator, number: int) -> np.ndarray:
    """A chest in the manner of an X-ray: two dark lungs, bright spine, heart and ribs."""
    y, x = _coordinates()
    x0, y0 = x - rng.normal(0, 0.05), y - rng.normal(0, 0.08)
    wide, tall = rng.uniform(0.85, 1.15, 2)
    body = 150 * np.exp(-(np.abs(x0 / (0.95 * wide)) ** 6)) * (y0 > -0.95)
    lungs = sum(
        np.exp(-((((x0 - side * 0.42 * wide) / 0.3) ** 2 + (y0 / (0.62 * tall)) ** 2) ** 2))
        for side in (-1, 1)
    )
    ribs = 18 * np.cos(22 * (y0 + 0.25 * np.abs(x0)) / tall) * (np.abs(x0) > 0.12)
    spine = 60 * np.exp(-((x0 / 0.09) ** 2))
    heart = 70 * np.exp(-((((x0 - 0.12) / 0.28) ** 2 + ((y0 - 0.25) / 0.3) ** 2) ** 2))
    belly = 80 / (1 + np.exp(-(y0 - 0.6 * tall) / 0.05))
    picture = body + (body > 40) * (spine + heart + belly + ribs) - 110 * lungs
    return _grainy(_stretched(picture, 0, rng.uniform(200, 255)), rng, 5)


def _cloud(rng: np.random.Generator, number: int) -> np.ndarray:
    """Random texture with as much power in each octave as photographs have."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE)))
    frequency[0, 0] = 1
    waves = np.fft.fft2(rng.normal(size=(SIZE, SIZE))) / frequency ** rng.uniform(0.8, 1.6)
    return _stretched(np.fft.ifft2(waves).real, 0, 255)


def _digits(count: int, rng: np.random.Generator) -> np.ndarray:
    """Handwritten digits, light on dark, from scikit-learn."""
    from sklearn.datasets import load_digits

    images = load_digits().images
    chosen = images[rng.choice(len(images), count, replace=False)] * 255 / 16
    return np.stack([_drawn_larger(image) for image in chosen])


def _faces(count: int) -> np.ndarray:
    """Up to 100 grey faces, from scikit-image."""
    from skimage.data import lfw_subset

    # The first hundred are faces, the others are not.
    return np.stack([_drawn_larger(face * 255) for face in lfw_subset()[:100][:count]])


def _drawn(draw: Callable, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return _alone(np.stack([draw(rng, number) for number in range(count)]))


def _alone(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, each a group of its own."""
    return images, np.arange(len(images))


def _coordinates() -> np.ndarray:
    return np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]


def _stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    spread = np.ptp(values) or 1
    return ((values - values.min()) / spread * (high - low) + low).round().astype(np.uint8)


def _grainy(values: np.ndarray, rng: np.random.Generator, deviation: float) -> np.ndarray:
    blurred = ndimage.gaussian_filter(values.astype(float), 0.6)
    return np.clip(blurred + rng.normal(0, deviation, values.shape), 0, 255).astype(np.uint8)


def _drawn_larger(values: np.ndarray) -> np.ndarray:
    return pictures.fitted(Image.fromarray(values.round().astype(np.uint8)))
