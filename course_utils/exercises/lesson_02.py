"""What counts as right in the exercises of lesson 02."""

from collections.abc import Callable

import numpy as np

from course_utils.core.backend import keras, tf
from course_utils.exercises.common import Wrong, array, trying, words


def changes_that_keep_the_side(answer: object, data: object) -> None:
    """02.1: which changes may stay when the side is the answer?"""
    given = words(answer, ("rotation", "flip", "zoom"))
    if "flip" in given:
        raise Wrong("A flip takes a tumour from the left to the right, and the label stays left.")
    if missing := {"rotation", "zoom"} - given:
        raise Wrong(f"{missing.pop()}: does it move anything to the other side?")


def gentle_pipeline(answer: object, data: object) -> None:
    """02.2: a function that builds a pipeline: at most 5 degrees, at most 5% of zoom, no flip."""
    if isinstance(answer, keras.layers.Layer):
        raise Wrong("That is a pipeline: give the function that builds one, without brackets.")
    discs = _three_discs(32)
    with trying(answer, "a seed") as build:
        pipeline = build(3)
        if not callable(pipeline):
            raise Wrong("This wants the pipeline itself back: return keras.layers.Pipeline([...]).")
        drawn = _drawn(pipeline, discs)
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
    if abs(np.corrcoef(angles, zooms)[0, 1]) > 0.9:
        raise Wrong("Angle and zoom are tied: give each layer a seed of its own.")
    with trying(answer, "a seed") as build:
        white = _drawn(pipeline, tf.ones((16, 32, 32, 1)))
        same, new = (_drawn(build(seed), discs) for seed in (3, 4))
    if white.min() > 0.5:
        raise Wrong('What comes into the picture is not black: fill_mode="constant" makes it so.')
    if not np.array_equal(drawn, same):
        raise Wrong("The same seed gives other draws: pass the seed on to the layers.")
    if np.array_equal(drawn, new):
        raise Wrong("Another seed gives the same draws: pass the seed on to the layers.")


def _drawn(pipeline: Callable, images: tf.Tensor) -> np.ndarray:
    return array(
        pipeline(images, training=True), "batches that keep their shape", tuple(images.shape)
    )


def trustworthy(answer: object, data: object) -> None:
    """02.3: a function that tells whether a change keeps shape, range and order of a batch."""
    y, x = np.mgrid[:64, :64]
    disc = ((x - 30) ** 2 + (y - 34) ** 2 < 200)[np.newaxis, ..., np.newaxis]
    images = tf.constant(disc * np.linspace(0.2, 0.9, 8)[:, None, None, None], tf.float32)
    holes = np.where(np.arange(8) == 5, np.nan, 1)[:, None, None, None].astype(np.float32)
    turn = keras.layers.RandomRotation((20 / 360, 20 / 360), fill_mode="constant")
    good = {
        "leaves everything as it is": tf.identity,
        "swaps left and right": lambda x: x[:, :, ::-1],
        "turns slices by 20°": lambda x: turn(x, training=True),
        "makes all slices a little darker": lambda x: 0.9 * x,
    }
    bad = {
        "crops the slices": lambda x: x[:, 4:-4, 4:-4],
        "returns greys from 0 to 255": lambda x: 255 * x,
        "makes some greys larger than 1": lambda x: x + 0.3,
        "makes some greys smaller than 0": lambda x: x - 0.1,
        "returns pixels that are not numbers (nan)": lambda x: x * holes,
        "returns the batch in another order, so that labels go to the wrong slices":
            lambda x: tf.roll(x, 3, axis=0),
        "turns the batch around, so that labels go to the wrong slices": lambda x: x[::-1],
    }  # fmt: skip
    with trying(answer, "a change and a batch of images") as function:
        for changes, truth in ((good, True), (bad, False)):
            for what, change in changes.items():
                said = function(change, images)
                if not isinstance(said, bool | np.bool_):
                    raise Wrong(f"This wants True or False back, and it got {said!r:.60}.")
                if said != truth:
                    verdict = "does not trust" if truth else "trusts"
                    raise Wrong(f"It {verdict} a change that {what}.")


def descended(answer: object, data: object) -> None:
    """02.4: a loop of gradient descent for a weight and a bias."""
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 1, 50)
    y = 0.8 * x + 0.3 + rng.normal(0, 0.05, 50)
    rate, steps = 0.2, 12
    slips = {
        "The loss goes up: step against the slope, not along it.": {"rate": -rate},
        "Each step is half of what it should be: the slope of a square holds a factor of 2.": {
            "rate": rate / 2
        },
        "Each step is far too long: over the pairs, take the mean, not the sum.": {
            "rate": rate * len(x)
        },
        "That is one step too few.": {"steps": steps - 1},
        "That is one step too many.": {"steps": steps + 1},
        "That is where it begins: weight and bias have not moved.": {"steps": 0},
        "The bias stays where it was: it has a slope of its own, 2 · mean(error).": {
            "biased": False
        },
        "The bias steps with the error that the new weight makes: work out both slopes first.": {
            "at_once": False
        },
    }
    wanted = "two numbers back: return weight, bias"
    with trying(answer, "x, y, a rate and a number of steps") as function:
        got = array(function(x, y, rate, steps), wanted, (2,))
    if np.allclose(got, _descend(x, y, rate, steps), rtol=1e-4, atol=1e-6):
        return
    for said, slip in slips.items():
        if np.allclose(got, _descend(x, y, **{"rate": rate, "steps": steps} | slip), rtol=1e-4):
            raise Wrong(said)
    weight, bias = _descend(x, y, rate, steps)
    raise Wrong(
        f"On 50 pairs made up for this check, {steps} steps lead to a weight of {weight:.3f} and "
        f"a bias of {bias:.3f}, and yours led to {got[0]:.3f} and {got[1]:.3f}."
    )


def _descend(x, y, rate, steps, biased=True, at_once=True) -> tuple[float, float]:
    """Gradient descent of the mean squared error, and how it comes out with a mistake in it."""
    weight = bias = 0.0
    for _ in range(steps):
        error = weight * x + bias - y
        weight -= rate * 2 * np.mean(x * error)
        error = error if at_once else weight * x + bias - y
        bias -= rate * 2 * np.mean(error) * biased
    return weight, bias


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
    "02.3": trustworthy,
    "02.4": descended,
}
