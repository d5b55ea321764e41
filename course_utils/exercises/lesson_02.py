"""What counts as right in the exercises of lesson 02."""

from collections.abc import Callable, Iterable

import numpy as np

from course_utils.core.backend import tf
from course_utils.datasets import Dataset
from course_utils.exercises.checks import number


def changes_that_keep_the_side(answer: object, data: Dataset) -> str | None:
    """02.1: which changes may stay when the side is the answer?"""
    known = {"rotation", "zoom", "flip"}
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        return 'This wants a set of words, such as {"rotation", "flip"}.'
    given = set(answer)
    if given - known:
        return f"{sorted(map(str, given - known))[0]!r} is none of rotation, zoom and flip."
    if "flip" in given:
        return "A flip turns a tumour on the left into one on the right, and the label stays left."
    if missing := {"rotation", "zoom"} - given:
        return f"{' and '.join(sorted(missing))}: does it move anything to the other side?"
    return None


def gentle_pipeline(answer: object, data: Dataset) -> str | None:
    """02.2: a pipeline with at most 5 degrees, at most 5% of zoom, and no flip."""
    drawn = _drawn(answer, _three_points(64))
    if isinstance(drawn, str):
        return drawn
    angles, zooms, mirrored = _read_off(drawn)
    if mirrored.any():
        return f"It swaps left and right in {mirrored.sum()} of {len(mirrored)} draws."
    if np.abs(angles).max() > 5.3:
        return f"It turns slices by up to {np.abs(angles).max():.0f}°, and 5° are the limit."
    if np.abs(zooms - 1).max() > 0.06:
        return f"It changes sizes by up to {np.abs(zooms - 1).max():.0%}, and 5% are the limit."
    if np.abs(angles).max() < 3:
        return "It hardly turns the slices: angles of up to 5° were asked for."
    if np.abs(zooms - 1).max() < 0.03:
        return "It hardly zooms: changes of up to 5% were asked for."
    return None


def one_draw_for_both(answer: object, data: Dataset) -> str | None:
    """02.3: a function that moves images and masks by the same draw."""
    if not isinstance(answer, Callable):
        return "This wants a function of images and masks: give its name, without brackets."
    shapes = tf.cast(_three_points(16)[..., :1] > 0.5, tf.float32)
    try:
        images, masks = answer(shapes, shapes)
        images, masks = np.asarray(images), np.asarray(masks)
    except Exception as error:
        return f"It stopped with {type(error).__name__}: {str(error).splitlines()[0]}"
    if images.shape != shapes.shape or masks.shape != shapes.shape:
        return "It must return two batches, images and masks, of the shapes they came in."
    if not set(np.unique(masks)) <= {0, 1}:
        return "The masks hold values between 0 and 1: they were averaged, not looked up."
    if np.abs(images - shapes).max() < 0.1:
        return "The images came back unchanged: call the pipeline with training=True."
    both = ((images > 0.5) & (masks > 0.5)).sum() / ((images > 0.5) | (masks > 0.5)).sum()
    if both < 0.8:
        return f"Images and masks were drawn apart: they share {both:.0%} of their pixels."
    return None


def side_for_nine_percent(answer: object, data: Dataset) -> str | None:
    """02.4: side at which the work is 9% of that at 128 pixels."""
    return number(
        answer,
        38,
        tolerance=0.5,
        mistakes={
            12: "That is 9% of the side. The work grows with the side times the side.",
            116: "That is 9% less than 128. Asked is 9% of the work.",
        },
        hint="Work is proportional to the square of the side.",
    )


def _three_points(count: int) -> tf.Tensor:
    """Images with a disc in each of three channels, which tell how an image was moved."""
    y, x = np.mgrid[:128, :128]
    discs = [(x - cx) ** 2 + (y - cy) ** 2 < 100 for cx, cy in ((45, 50), (85, 45), (50, 88))]
    return tf.repeat(tf.constant(np.stack(discs, -1), tf.float32)[tf.newaxis], count, axis=0)


def _drawn(pipeline: object, images: tf.Tensor) -> np.ndarray | str:
    if not isinstance(pipeline, Callable):
        return "This wants a pipeline, such as augment.pipeline() gives."
    try:
        drawn = np.asarray(pipeline(images, training=True))
    except Exception as error:
        return f"It stopped with {type(error).__name__}: {str(error).splitlines()[0]}"
    if drawn.shape != images.shape:
        return f"It turned a batch of the shape {tuple(images.shape)} into {drawn.shape}."
    return drawn


def _read_off(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Angle in degrees, zoom, and whether it is mirrored, of each image of three discs."""
    y, x = np.mgrid[:128, :128]

    def centres(images: np.ndarray) -> np.ndarray:
        total = images.sum(axis=(1, 2))
        along = (images * x[..., np.newaxis]).sum(axis=(1, 2)) / total
        down = (images * y[..., np.newaxis]).sum(axis=(1, 2)) / total
        return np.stack([along, down], -1)

    before, after = centres(_three_points(1).numpy())[0], centres(drawn)
    # Two sides of the triangle, before and after: one matrix takes the first to the second.
    sides = np.linalg.inv((before[1:] - before[0]).T)
    matrices = np.swapaxes(after[:, 1:] - after[:, :1], 1, 2) @ sides
    area = np.linalg.det(matrices)
    angles = np.degrees(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    return angles, np.sqrt(np.abs(area)), area < 0


CHECKS = {
    "02.1": changes_that_keep_the_side,
    "02.2": gentle_pipeline,
    "02.3": one_draw_for_both,
    "02.4": side_for_nine_percent,
}
