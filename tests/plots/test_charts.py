"""Bars are as long as what they count, in the colours of the classes."""

import numpy as np
import pandas as pd
import pytest

from course_utils import plots

NAMES = ("glioma", "meningioma", "notumor", "pituitary")


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_bars_stand_in_the_order_given_with_their_numbers():
    axes = plots.bars({"first": 2.0, "second": 1.0}, "ms", "h").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert [bar.get_width() for bar in axes.patches] == [2, 1]
    assert axes.yaxis_inverted(), "the first is at the top"
    assert {text.get_text() for text in axes.texts} == {"2.00", "1.00"}


def test_bars_of_large_numbers_are_read_without_powers_of_ten():
    figure = plots.bars({"many": 1_699_328, "few": 5_124}, "weights", "h", "{:,.0f}")
    figure.canvas.draw()
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert "800,000" in ticks and len(ticks) <= 6


def test_layers_begin_at_the_top():
    table = pd.DataFrame({"layer": ["conv1", "logits"], "numbers": [64, 4], "weights": [9, 20]})
    left, right = plots.layers(table, "h").axes
    assert left.yaxis_inverted()
    assert [bar.get_width() for bar in left.patches] == [64, 4]
    assert [bar.get_width() for bar in right.patches] == [9, 20]


def test_counts_tell_slices_from_groups(data):
    figure = plots.counts(data.table, "Who")
    slices, groups, sizes = figure.axes
    assert [bar.get_width() for bar in slices.patches] == [6, 6, 6, 6]
    assert [bar.get_width() for bar in groups.patches] == [3, 3, 3, 3]
    assert [bar.get_height() for bar in sizes.patches] == [12]


def test_sizes_leave_out_what_is_unknown(data):
    size = pd.Series(np.arange(24.0)).where(data.table["label"] != "notumor")
    figure = plots.sizes_and_greys(data, size, "mm²", "Sizes")
    left, right = figure.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["pituitary", "meningioma", "glioma"]
    medians = [float(text.get_text()) for text in left.texts]
    assert medians == [20.5, 8.5, 2.5]
    assert len(right.lines) == 4
    assert right.lines[0].get_ydata().sum() == pytest.approx(1)


def test_answer_shows_the_probabilities_and_marks_the_truth():
    chances = dict(zip(NAMES, (0.1, 0.6, 0.1, 0.2), strict=True))
    image, heat = np.zeros((8, 8), np.uint8), np.ones((8, 8))
    figure = plots.answer(image, chances, "notumor", heat=heat)
    left, right = figure.axes
    assert len(left.images) == 2
    assert [bar.get_width() for bar in right.patches] == [0.1, 0.6, 0.1, 0.2]
    bold = [text.get_text() for text in right.get_yticklabels() if text.get_weight() == "bold"]
    assert bold == ["no tumor"]
    plots.png(figure)


def test_outcomes_add_up_to_all_slices():
    counts = {"right": 5, "wrong": 2, "referred right": 1, "referred wrong": 4}
    figure = plots.outcomes(counts, "headline")
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [5, 2, 1, 4]
    assert [bar.get_x() for bar in axes.patches] == [0, 5, 7, 8]
    assert axes.get_legend().get_texts()[3].get_text() == "referred wrong: 4"
    plots.png(figure)


def test_twelve_classes_with_long_names_can_be_counted_and_answered(twelve):
    chances = dict.fromkeys(twelve.class_names, 1 / 12)
    for figure, named in (
        (plots.counts(twelve.table, "Twelve classes"), 0),
        (plots.sizes_and_greys(twelve, pd.Series(np.arange(72.0)), "mm²", "Twelve"), 0),
        (plots.answer(twelve.images[0], chances, twelve.class_names[0]), 1),
    ):
        figure.draw_without_rendering()
        labels = [label.get_window_extent() for label in figure.axes[named].get_yticklabels()]
        assert not any(a.overlaps(b) for a, b in zip(labels, labels[1:], strict=False))
        plots.png(figure)
