"""What counts as right in the exercises of lesson 11."""

import numpy as np

from course_utils import settings
from course_utils.core.backend import keras
from course_utils.exercises.common import Wrong, array, number, trying


def middle_fusion(answer: object, data: object) -> None:
    """11.1: a function of shape and classes that builds a network with two inputs."""
    with trying(answer, "shape and classes") as build:
        model = build((32, 32, 1), 3)
    if not isinstance(model, keras.Model):
        raise Wrong("This wants a keras.Model: return one.")
    shapes = [tuple(entry.shape[1:]) for entry in model.inputs]
    if shapes != [(32, 32, 1)] * 2:
        raise Wrong(
            f"With the shape (32, 32, 1) it should have two inputs of that shape, and has {shapes}."
        )
    rng = np.random.default_rng(settings.SEED)
    one, two, other = rng.random((3, 4, 32, 32, 1), np.float32)
    with trying(lambda *pictures: model(list(pictures)).numpy(), "", "The model") as ask:
        given = array(ask(one, two), "3 probabilities a slice", (4, 3))
        for name, pictures in {"t1ce": (other, two), "flair": (one, other)}.items():
            if np.allclose(ask(*pictures), given, atol=1e-7):
                raise Wrong(f"Its answer is the same for any {name}: does that input reach it?")
    if given.min() < 0 or not np.allclose(given.sum(axis=1), 1, atol=1e-4):
        raise Wrong("What it returns are no probabilities: the last layer wants a softmax.")
    widths = [
        layer.kernel.shape[2] for layer in model.layers if isinstance(layer, keras.layers.Conv2D)
    ]
    if widths.count(1) < 2:
        raise Wrong("Each contrast wants a convolution of its own before they are joined.")
    if not any(width > 1 for width in widths):
        raise Wrong("No convolution sees both: join the maps, and put one behind that.")


def answers_that_are_there(answer: object, data: object) -> None:
    """11.2: a function that averages the answers of the contrasts that are there, by weight."""
    rng = np.random.default_rng(settings.SEED)
    one, two, three = rng.dirichlet(np.ones(4), (3, 6))
    for votes in ([one, two], [one, None], [None, two], [one, None, three]):
        weights = [1.0, 3.0, 2.0][: len(votes)]
        seen = " and ".join("None" if vote is None else "an array" for vote in votes)
        with trying(answer, "answers and weights", start=f"With {seen} it") as fuse:
            wanted = "a function that returns an array like those"
            given = array(fuse(votes, weights), wanted, one.shape)
        there = [(vote, w) for vote, w in zip(votes, weights, strict=True) if vote is not None]
        added, total = sum(w * vote for vote, w in there), sum(w for _, w in there)
        if len(there) < len(votes) and np.allclose(given, added / sum(weights)):
            raise Wrong("A missing contrast counts as zeros: leave its weight out, too.")
        if len(there) > 1 and np.allclose(given, added):
            raise Wrong("That is the sum. Probabilities must add up to 1: divide by the weights.")
        if len(there) > 1 and np.allclose(given, np.mean([vote for vote, _ in there], axis=0)):
            raise Wrong("Every vote counts the same here: multiply each by its weight.")
        if not np.allclose(given, added / total):
            raise Wrong(f"With {seen} it is not the weighted mean of those that are there.")
    try:
        answer([None, None], [1.0, 3.0])
    except ValueError:
        return
    except Exception as error:
        raise Wrong(
            f"Where all are missing it should raise ValueError, not {type(error).__name__}."
        ) from None
    raise Wrong("Where all are missing it should raise a ValueError, and it returned something.")


def share_mixed_up(answer: object, data: object) -> None:
    """11.3: a function of labels and predicted that returns the share mixed up."""
    rng = np.random.default_rng(settings.SEED)
    labels = np.repeat([0, 1, 2, 3], [30, 50, 40, 20])
    predicted = np.where(rng.random(140) < 0.5, labels, rng.integers(0, 4, 140))
    with trying(answer, "labels and predicted") as share:
        given = share(labels, predicted)
    there, back = (((labels == a) & (predicted == 1 - a)).sum() for a in (0, 1))
    both, of = there + back, (labels < 2).sum()
    mistakes = {
        both / len(labels): "That is a share of all slices, not of gliomas and meningiomas.",
        both: "That is how many. Divide by the number of gliomas and meningiomas.",
        there / of: "That counts gliomas called meningioma. The other way round counts, too.",
        back / of: "That counts meningiomas called glioma. The other way round counts, too.",
        (there / 30 + back / 50) / 2: "That is the mean of two shares. Count both together.",
        (predicted != labels)[labels < 2].mean(): "That counts every mistake on these slices.",
    }
    hint = "Slices of 0 called 1 and of 1 called 0, over all slices of 0 and 1."
    number(given, both / of, mistakes, hint, tolerance=1e-6)


CHECKS = {
    "11.1": middle_fusion,
    "11.2": answers_that_are_there,
    "11.3": share_mixed_up,
}
