"""What counts as right in the exercises of lesson 04."""

from scipy.stats import binomtest

from course_utils.datasets import Dataset
from course_utils.exercises.checks import number


def weights_of_a_head(answer: object, data: Dataset) -> str | None:
    """04.1: weights of a new head on ResNet50, which has 2,048 features."""
    return number(
        answer,
        (2048 + 1) * 4,
        mistakes={
            2048 * 4: "Nearly: each class has a bias, too.",
            (1280 + 1) * 4: "That is MobileNetV2's head. ResNet50 makes 2,048 features.",
            2048 + 4: "Every feature has a weight for every class.",
        },
        hint="A dense layer has a weight from each feature to each class, and a bias a class.",
    )


def gain_of_a_cache(answer: object, data: Dataset) -> str | None:
    """04.2: how many times as fast: trunk 6 ms, tail 3 ms a slice, 20 epochs."""
    return number(
        answer,
        20 * (6 + 3) / (6 + 20 * 3),
        tolerance=0.01,
        mistakes={
            (6 + 3) / 3: "That is the gain in one epoch. The cache has to be filled once, too.",
            (6 + 20 * 3) / (20 * (6 + 3)): "Turn it over: how many times as fast, not as long.",
            20: "The tail still has to be trained in each of the 20 epochs.",
        },
        hint="Compare 20 times trunk and tail with once the trunk and 20 times the tail.",
    )


def chance_of_a_gap(answer: object, data: Dataset) -> str | None:
    """04.3: McNemar's p where only one is right on 30 slices and only the other one on 14."""
    return number(
        answer,
        binomtest(30, 30 + 14).pvalue,
        tolerance=0.0005,
        mistakes={
            binomtest(30, 44, alternative="greater").pvalue: "That is the one-sided test. Before "
            "looking, either of the two might have been the better one.",
            binomtest(30, 44).statistic: "That is the share that the first one wins, not yet p.",
        },
        hint="scipy.stats.binomtest(wins, slices) tells how often a coin does that or worse.",
    )


CHECKS = {
    "04.1": weights_of_a_head,
    "04.2": gain_of_a_cache,
    "04.3": chance_of_a_gap,
}
