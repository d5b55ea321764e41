"""What counts as right in the exercises of lesson 02."""

import numpy as np

from course_utils.core.backend import tf
from course_utils.exercises.common import Wrong, array, number_check, trying, words


def changes_that_keep_the_side(answer: object, data: object) -> None:
    """02.1: which changes may stay when the side is the answer?"""
    given = words(answer, ("rotation", "flip", "zoom"))
    if "flip" in given:
        raise Wrong("A flip takes a tumour from the left to the right, and the label stays left.")
    if missing := {"rotation", "zoom"} - given:
        raise Wrong(f"{missing.pop()}: does it move anything to the other side?")


def gentle_pipeline(answer: object, data: object) -> None:
    """02.2: a pipeline with at most 5 degrees, at most 5% of zoom, and no flip."""
    if not callable(answer):
        raise Wrong("This wants a pipeline, such as augment.pipeline() gives.")
    discs = _three_discs(64)
    with trying(answer, "images") as pipeline:
        drawn = array(pipeline(discs, training=True), "batches that keep their shape", discs.shape)
    if not drawn.any(axis=(1, 2)).all():
        raise Wrong("Something in the slices is lost: parts of them came back black.")
    angles, zooms, mirrored = _read_off(drawn)
    turned, zoomed = np.abs(angles).max(), np.abs(zooms - 1).max()
    if mirrored.any():
        raise Wrong(f"It swaps left and right in {mirrored.sum()} of {len(mirrored)} draws.")
    if turned > 5.3:
        raise Wrong(f"It turns slices by up to {turned:.0f}°, and 5° are the limit.")
    if zoomed > 0.06:
        raise Wrong(f"It changes sizes by up to {zoomed:.0%}, and 5% are the limit.")
    if turned < 3:
        raise Wrong("It hardly turns the slices: angles of up to 5° were asked for.")
    if zoomed < 0.03:
        raise Wrong("It hardly zooms: changes of up to 5% were asked for.")


def one_draw_for_both(answer: object, data: object) -> None:
    """02.3: a function that moves images and masks by the same draw."""
    discs = _three_discs(16)[..., :1]
    with trying(answer, "images and masks") as move:
        images, masks = move(discs, discs)
        wanted = "two batches back, images and masks, in the shapes they came in"
        images, masks = (array(batch, wanted, discs.shape) for batch in (images, masks))
    if not set(np.unique(masks)) <= {0, 1}:
        raise Wrong("The masks hold values between 0 and 1: they were averaged, not looked up.")
    if np.abs(images - discs).max() < 0.1:
        raise Wrong("The images came back unchanged: call the pipeline with training=True.")
    either = ((images > 0.5) | (masks > 0.5)).sum()
    both = ((images > 0.5) & (masks > 0.5)).sum() / max(either, 1)
    if both < 0.8:
        raise Wrong(f"Images and masks were drawn apart: they share {both:.0%} of their pixels.")


def _three_discs(count: int) -> tf.Tensor:
    """Images with a disc in each of three channels, which tell how an image was moved."""
    y, x = np.mgrid[:128, :128]
    discs = [(x - cx) ** 2 + (y - cy) ** 2 < 100 for cx, cy in ((45, 50), (85, 45), (50, 88))]
    return tf.repeat(tf.constant(np.stack(discs, -1), tf.float32)[tf.newaxis], count, axis=0)


def _centres(images: np.ndarray) -> np.ndarray:
    """Centre of mass of each channel of each image, as x and y: (images, channels, 2)."""
    y, x = (axis[..., np.newaxis] for axis in np.mgrid[:128, :128])
    weighted = [(images * axis).sum(axis=(1, 2)) for axis in (x, y)]
    return np.stack(weighted, -1) / images.sum(axis=(1, 2))[..., np.newaxis]


def _read_off(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Angle in degrees, zoom, and whether it is mirrored, of each image of three discs."""
    before, after = _centres(_three_discs(1).numpy())[0], _centres(drawn)
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
    "02.4": number_check(  # side at which the work is 9% of that at 128 pixels
        38,
        {
            12: "That is 9% of the side. The work grows with the side times the side.",
            116: "That is 9% less than 128. Asked is 9% of the work.",
        },
        hint="Work is proportional to the square of the side.",
        tolerance=0.5,
    ),
}
