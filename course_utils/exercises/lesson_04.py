"""What counts as right in the exercises of lesson 04."""

from scipy.stats import binomtest

from course_utils.exercises.common import number_check

CHECKS = {
    "04.1": number_check(  # weights of a head for four classes on ResNet50's 2,048 features
        (2048 + 1) * 4,
        {
            2048 * 4: "Nearly: each class has a bias, too.",
            (1280 + 1) * 4: "That is MobileNetV2's head. ResNet50 makes 2,048 features.",
            2048 + 4: "Every feature has a weight for every class.",
        },
        hint="A dense layer has a weight from each feature to each class, and a bias a class.",
    ),
    "04.2": number_check(  # how many times as fast: trunk 6 ms, tail 3 ms per slice, 20 epochs
        20 * (6 + 3) / (6 + 20 * 3),
        {
            (6 + 3) / 3: "That is the gain in one epoch. The cache has to be filled once, too.",
            (6 + 20 * 3) / (20 * (6 + 3)): "Turn it over: how many times as fast, not as long.",
            20: "The tail still has to be trained in each of the 20 epochs.",
        },
        hint="Compare 20 times trunk and tail with once the trunk and 20 times the tail.",
        tolerance=0.01,
    ),
    "04.3": number_check(  # McNemar's p: only one is right on 30 slices, only the other on 14
        binomtest(30, 30 + 14).pvalue,
        {
            binomtest(30, 44, alternative="greater").pvalue: "That is the one-sided test. Either "
            "of the two might have been the better one.",
            binomtest(30, 44).statistic: "That is the share that the first one wins, not yet p.",
        },
        hint="scipy.stats.binomtest(wins, slices) tells how often a coin does that or worse.",
        tolerance=0.0005,
    ),
}
