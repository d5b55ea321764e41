"""What counts as right in the exercises of lesson 05."""

import functools

import numpy as np

from course_utils import settings
from course_utils.exercises.common import Wrong, array, trying


def bootstrap(answer: object, data: object) -> None:
    """05.1: a function of values, groups and rng: both ends of the mean's interval by patient."""
    rng = np.random.default_rng(settings.SEED)
    # A patient of many slices is mostly wrong here: so it matters which of them weigh how much.
    groups = np.repeat([f"P{number:02}" for number in range(40)], np.arange(40) % 8 * 2 + 2)
    sizes = np.unique(groups, return_counts=True)[1]
    values = (rng.random(len(groups)) < 0.95 - 0.05 * np.repeat(sizes, sizes)) * 1.0
    with trying(answer, "values, groups and rng") as spread:
        given, again = (
            array(spread(values, groups, np.random.default_rng(seed)), "two numbers", (2,))
            for seed in (0, 1)
        )
    means = np.array([values[groups == name].mean() for name in np.unique(groups)])
    chosen = rng.integers(0, 40, (4000, 40))
    drawn = (means * sizes)[chosen].sum(axis=1) / sizes[chosen].sum(axis=1)
    slices = values[rng.integers(0, len(values), (4000, len(values)))].mean(axis=1)
    middle = {
        "": drawn,
        "That is 95% of the values themselves: take the mean of every resample first.": values,
        "It drew slices. Those of one patient are alike: draw patients, with all their slices.": (
            slices
        ),
        "It takes the mean of patients' means. Take the mean of all slices that were drawn.": (
            means[chosen].mean(axis=1)
        ),
    }
    likely = {words: np.quantile(found, [0.025, 0.975]) for words, found in middle.items()}
    likely["That is 90%: of 95%, two and a half in a hundred lie beyond each end."] = np.quantile(
        drawn, [0.05, 0.95]
    )
    likely["All resamples are alike: draw with replacement, so that some patients come twice."] = (
        np.full(2, values.mean())
    )
    words = min(likely, key=lambda words: abs(given - likely[words]).max())
    if abs(given - likely[words]).max() > 0.02:
        words = (
            f"{given[0]:.3f} to {given[1]:.3f} is far off. A patient drawn twice brings all slices "
            "twice. Take the mean of all that were drawn, 1,000 times, and then the middle 95%."
        )
    if not words and (given == again).all():
        words = "It gives the same interval every time: draw with the rng it is given."
    if words:
        raise Wrong("The lower end comes first." if given[0] > given[1] else words)


def gradcam(answer: object, data: object) -> None:
    """05.2: a function of trunk, head, images and classes that returns Grad-CAM's heat."""
    # Slow to import, and one exercise needs it.
    from course_utils.core.backend import keras

    rng = np.random.default_rng(settings.SEED)
    images = rng.random((5, 6, 4, 1)).astype(np.float32)
    classes = np.array([0, 2, 1, 1, 0])
    trunk = keras.Sequential([keras.Input((6, 4, 1)), keras.layers.Conv2D(3, 1)])
    head = keras.Sequential([keras.Input((6, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(3)])
    kernel, bias = rng.normal(size=(1, 1, 1, 3)), np.array([0.5, 1.0, 1.5])
    weights = rng.normal(size=(72, 3))
    trunk.set_weights([kernel, bias])
    head.set_weights([weights, np.zeros(3)])
    # Networks are not copied, as arrays are.
    bound = functools.partial(answer, trunk, head) if callable(answer) else answer
    with trying(bound, "trunk, head, images and classes") as heat:
        given = heat(images, classes)
    given = array(given, "heat of the shape (5, 6, 4) for 5 slices of 6 x 4 cells", (5, 6, 4))
    maps = images @ kernel[0, 0] + bias
    gradients = np.stack([weights[:, one].reshape(6, 4, 3) for one in classes])
    own = np.stack(
        [weights[:, one].reshape(6, 4, 3) for one in (maps.reshape(5, -1) @ weights).argmax(axis=1)]
    )

    def summed(slopes: np.ndarray) -> np.ndarray:
        return (slopes.mean(axis=(1, 2), keepdims=True) * maps).sum(axis=-1)

    mistakes = {
        "Heat is what speaks for the class: set what is negative to 0.": summed(gradients),
        "Average each map's gradient over all places first: one weight for each map.": np.maximum(
            (gradients * maps).sum(axis=-1), 0
        ),
        "That is the heat of the class the network names: explain the class it is given.": (
            np.maximum(summed(own), 0)
        ),
        "The maps were added up unweighted: multiply each by its weight first.": np.maximum(
            maps.sum(axis=-1), 0
        ),
    }
    truth = np.maximum(summed(gradients), 0)
    for words, heat in {"": truth, **mistakes}.items():
        # Sums where means are wanted make the same picture, only brighter.
        scale = (heat * given).sum() / max((heat**2).sum(), 1e-12)
        if scale > 0 and np.allclose(given, scale * heat, atol=1e-3 * abs(given).max()):
            if words:
                raise Wrong(words)
            return
    raise Wrong(
        "That is not the heat: take the gradient of the class's logit with respect to the maps, "
        "average it over places, weigh the maps with it, add them up, and keep what is positive."
    )


CHECKS = {"05.1": bootstrap, "05.2": gradcam}
