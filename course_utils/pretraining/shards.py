"""Endless simulated slices for pretraining, a shard at a time, from patients nobody else meets."""

import dataclasses

import joblib
import numpy as np

from course_utils import augment, simulator
from course_utils.core.backend import keras, tf
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

    Each slice is there twice: near t1ce, and in another contrast. Images (uint8) and masks of the
    lesion (bool) are (slices, 128, 128); ``kinds`` and ``planes``, (slices,), are indices into
    :data:`course_utils.simulator.LABELS` and :data:`course_utils.simulator.scanners.PLANES`.
    """

    images: np.ndarray
    masks: np.ndarray
    kinds: np.ndarray
    planes: np.ndarray

    def __len__(self) -> int:
        return len(self.images)


def draw(number: int, seed: int, patients: int = PATIENTS) -> Shard:
    """Simulate one shard on all cores: equal shares of the classes, ten slices of each patient.

    Another number gives other patients; the same number and seed give the same shard everywhere.
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
    """Serve slices (batch, 96, 96, 1) and a dictionary of targets for all tasks.

    The targets are shaped like the outputs of :func:`course_utils.pretraining.pretrain.network`.
    ``seed`` decides the order and the augmentation; without one there is neither.
    """
    pictures = {"images": shard.images, "segmentation_masks": shard.masks}
    labels = {"kind": shard.kinds, "plane": shard.planes}
    served = tf.data.Dataset.from_tensor_slices((pictures, labels))
    if seed is not None:
        served = served.shuffle(len(shard), seed=seed)
    served = served.batch(batch_size).map(_scaled)
    if seed is not None:
        change = augmentation(seed)
        served = served.map(lambda pictures, labels: (change(pictures, training=True), labels))
    return augment.prefetch(served.map(_targets))


def augmentation(seed: int) -> keras.layers.Pipeline:
    """Random changes of slices and their masks, in place and in look."""
    # Each layer has a seed of its own, and no epoch has a seed of another one.
    seed, unit = 10 * seed, {"value_range": (0, 1)}
    return keras.layers.Pipeline(
        [
            *augment.pipeline(rotation=20, zoom=0.25, seed=seed).layers,
            keras.layers.RandomTranslation(1 / 16, 1 / 16, fill_mode="constant", seed=seed + 3),
            keras.layers.RandomContrast(0.4, seed=seed + 4, **unit),
            # Some are blurred, as an enlarged picture is, and a few are negatives.
            keras.layers.RandomGaussianBlur((0.1, 0.1), seed=seed + 5, **unit),
            keras.layers.RandomInvert((0.05, 0.05), seed=seed + 6, **unit),
        ]
    )


def _scaled(pictures: dict, labels: dict) -> tuple[dict, dict]:
    masks = tf.cast(pictures["segmentation_masks"], tf.float32)[..., tf.newaxis]
    return {"images": augment.scale(pictures["images"]), "segmentation_masks": masks}, labels


def _targets(pictures: dict, labels: dict) -> tuple[tf.Tensor, dict]:
    """Slices at the size of the network, and the share of lesion in each cell of two grids."""
    masks = tf.image.resize(pictures["segmentation_masks"], (SIZE, SIZE))
    grids = {
        name: tf.nn.avg_pool2d(masks, step, step, "SAME")[..., 0]
        for name, step in (("middle", 16), ("last", 32))
    }
    return tf.image.resize(pictures["images"], (SIZE, SIZE), antialias=True), labels | grids


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
