"""Endless simulated slices for pretraining, a shard at a time, from patients nobody else meets."""

import dataclasses

import joblib
import numpy as np

from course_utils import augment, settings, simulator
from course_utils.core.backend import tf
from course_utils.core.errors import CourseError
from course_utils.simulator import anatomy, scanners

PATIENTS = 100
SLICES = 10
# First word of every seed here. The practice data's seeds begin with the course's own.
STREAM = 20_000_003
# Slices are learned from at this size: nearly half the work of the full 128 pixels.
SIZE = 96


@dataclasses.dataclass(frozen=True, eq=False)
class Shard:
    """Simulated slices with what the simulator knows about them.

    Attributes
    ----------
    images : ndarray of uint8, (slices, 128, 128)
        Each slice twice: near t1ce, and in another contrast.
    masks : ndarray of bool, (slices, 128, 128)
        Where the lesion is.
    kinds, planes : ndarray of int, (slices,)
        Index into :data:`course_utils.simulator.patients.LABELS` and
        :data:`course_utils.simulator.scanners.PLANES`.
    """

    images: np.ndarray
    masks: np.ndarray
    kinds: np.ndarray
    planes: np.ndarray

    def __len__(self) -> int:
        return len(self.images)


def draw(number: int, seed: int, patients: int = PATIENTS) -> Shard:
    """Simulate one shard on all cores.

    Parameters
    ----------
    number : int
        Another number, other patients. The same number and seed give the same shard, whatever
        the number of cores.
    seed : int
    patients : int
        Equal shares of the four classes, ten slices each, in two contrasts.

    Raises
    ------
    CourseError
        If ``number`` or ``seed`` is negative.
    """
    if min(number, seed) < 0:
        raise CourseError(f"A shard has no number {number} or seed {seed}: use 0 or more.")
    head = anatomy.head()
    made = joblib.Parallel(n_jobs=-1)(
        joblib.delayed(_member)(head, [STREAM, seed, number, person]) for person in range(patients)
    )
    return together([Shard(*parts) for parts in made])


def together(parts: list[Shard]) -> Shard:
    """Join shards into one."""
    names = [field.name for field in dataclasses.fields(Shard)]
    return Shard(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def batches(shard: Shard, batch_size: int, seed: int | None = None) -> tf.data.Dataset:
    """Serve slices and the answers to all tasks.

    Parameters
    ----------
    shard : Shard
    batch_size : int
    seed : int, optional
        Seed of the order and of the changes to each slice; without one, slices come in order and
        as they are.

    Returns
    -------
    tf.data.Dataset
        Of slices (batch, 96, 96, 1) and a dictionary of answers, as
        :func:`course_utils.pretraining.pretrain.network` gives them.
    """
    served = tf.data.Dataset.from_tensor_slices(
        (shard.images, shard.masks, shard.kinds, shard.planes)
    )
    if seed is not None:
        served = served.shuffle(len(shard), seed=seed)
    served = served.batch(batch_size)

    def answered(number, images, masks, kinds, planes):
        images = tf.cast(images, tf.float32)[..., None] / 255
        masks = tf.cast(masks, tf.float32)[..., None]
        # Two words, so that no batch of another epoch draws the same numbers.
        lot = None if seed is None else tf.stack([tf.cast(seed, tf.int64), number])
        images, masks = _seen(images, masks, lot)
        grids = {
            name: tf.nn.avg_pool2d(masks, step, step, "SAME")[..., 0]
            for name, step in (("middle", 16), ("last", 32))
        }
        return images, {"kind": kinds, "plane": planes, **grids}

    served = served.enumerate().map(lambda number, parts: answered(number, *parts))
    return augment.prefetch(served)


def _member(head: anatomy.Head, seed: list[int]) -> tuple[np.ndarray, ...]:
    """Slices of one patient, with a scanner drawn widely."""
    anatomy.use(head)
    person = seed[-1]
    kind = person % len(simulator.LABELS)
    planes = [scanners.PLANES[(person + index) % 3] for index in range(SLICES)]
    patient = simulator.patient(seed, simulator.LABELS[kind])
    wide = scanners.draw_widely(np.random.default_rng([*seed, 1]))
    patient = dataclasses.replace(patient, scanner=wide)
    images, masks, table = simulator.slices(patient, planes)
    numbers = np.array([scanners.PLANES.index(plane) for plane in table["plane"]])
    return (
        images.reshape(-1, *images.shape[2:]),
        np.tile(masks, (2, 1, 1)),
        np.full(2 * SLICES, kind),
        np.tile(numbers, 2),
    )


def _seen(images: tf.Tensor, masks: tf.Tensor, lot: tf.Tensor | None) -> tuple:
    """Slices and masks at the size of the network; changed where there is a seed to draw with."""
    if lot is None:
        side = (SIZE, SIZE)
        return tf.image.resize(images, side, antialias=True), tf.image.resize(masks, side)
    count = tf.shape(images)[0]
    lots = tf.unstack(tf.random.experimental.stateless_split(lot, 3), num=3)
    draws = tf.random.stateless_uniform([9, count], lots[0])
    angle = (draws[0] - 0.5) * 0.7
    # How many pixels of the slice one pixel of the network covers, along and across.
    zoom = (settings.IMAGE_SIZE / SIZE) * (0.72 + 0.4 * draws[1])
    wide, high = zoom * (0.92 + 0.16 * draws[2]), zoom * (0.92 + 0.16 * draws[3])
    flip = tf.where(draws[4] < 0.5, 1.0, -1.0)
    cos, sin = tf.cos(angle), tf.sin(angle)
    a, b, c, d = flip * wide * cos, -high * sin, flip * wide * sin, high * cos
    middle, half = (settings.IMAGE_SIZE - 1) / 2, (SIZE - 1) / 2
    move = tf.random.stateless_uniform([2, count], lots[1], -8, 8)
    x = middle + move[0] - (a + b) * half
    y = middle + move[1] - (c + d) * half
    nothing = tf.zeros_like(a)
    matrices = tf.stack([a, b, x, c, d, y, nothing, nothing], axis=1)

    def bent(pictures: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pictures,
            transforms=matrices,
            output_shape=[SIZE, SIZE],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )

    images, masks = bent(images), bent(masks)
    gain, gamma, noise, low = tf.unstack(draws[5:9, :, None, None, None], num=4)
    images = tf.clip_by_value(images * (0.7 + 0.7 * gain), 1e-4, 1) ** (0.6 + 0.9 * gamma)
    # One in ten is blurred, as an enlarged picture is, and one in twenty is a negative.
    blurred = tf.nn.avg_pool2d(images, 3, 1, "SAME")
    images = tf.where(low < 0.1, blurred, images)
    images = tf.where(low > 0.95, 1 - images, images)
    images += tf.random.stateless_normal(tf.shape(images), lots[2]) * 0.05 * noise**2
    return tf.clip_by_value(images, 0, 1), masks
