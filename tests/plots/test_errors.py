"""Each figure of the error analysis draws the numbers that it is given."""

import numpy as np
import pandas as pd

from course_utils import plots
from course_utils.datasets import CLASS_NAMES


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_confusion_writes_counts_and_shares_of_each_row():
    counts = np.arange(16).reshape(4, 4)
    counts[2] = 0
    figure = plots.confusion(pd.DataFrame(counts, CLASS_NAMES, CLASS_NAMES), "headline")
    (axes,) = figure.axes
    assert texts(axes)[7] == f"7\n{7 / 22:.0%}"
    # A class without slices has no shares, and no warning.
    assert texts(axes)[8] == "0\n0%"
    assert [label.get_text() for label in axes.get_yticklabels()][2] == "no tumor"
    assert axes.get_ylabel() == "true"
    plots.png(figure)


def test_reliability_draws_a_column_for_each_table():
    table = pd.DataFrame(
        {
            "from": [0.4, 0.8],
            "to": [0.6, 1.0],
            "slices": [3, 9],
            "confidence": [0.5, 0.9],
            "accuracy": [0.4, 0.7],
            "low": [0.2, 0.5],
            "high": [0.6, 0.8],
        }
    )
    figure = plots.reliability({"before": table, "after": table.iloc[1:]}, "headline")
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["before", "after"]
    diagonal, line = figure.axes[0].lines
    assert line.get_xydata().tolist() == [[0.5, 0.4], [0.9, 0.7]]
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert [bar.get_height() for bar in figure.axes[2].patches] == [3, 9]
    plots.png(figure)


def test_heat_marks_the_hottest_place_and_leaves_cold_maps_alone():
    images = np.full((2, 8, 8), 90, np.uint8)
    maps = np.zeros((2, 8, 8))
    maps[0, 3, 5] = 1
    masks = np.zeros((2, 8, 8), bool)
    masks[0, 2:5, 4:7] = True
    figure = plots.heat(images, {"Grad-CAM": maps}, ["one", "two"], "headline", masks)
    above, _, hot, cold = figure.axes
    assert above.get_title(loc="left") == "one"
    assert hot.lines[0].get_xydata().tolist() == [[5, 3]]
    assert len(hot.images) == 2
    assert len(cold.images) == 1 and not cold.lines
    plots.png(figure)


def test_bands_draw_each_curve_within_its_limits():
    curve = ([0, 1], [0.9, 0.5], [0.8, 0.4], [1.0, 0.6])
    other = ([0, 1], [0.9, 0.7], [0.8, 0.6], [1.0, 0.8])
    curves = {"noise": curve, "blur": other}
    figure = plots.bands(curves, "severity", "accuracy", "h", ("chance", 0.25))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["noise", "blur"]
    chance, line = figure.axes[1].lines
    assert line.get_ydata().tolist() == [0.9, 0.7]
    assert set(chance.get_ydata()) == {0.25}
    drawn = figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert (drawn.min(), drawn.max()) == (0.4, 1.0)
    plots.png(figure)


def test_answer_shows_the_probabilities_and_marks_the_truth():
    chances = dict(zip(CLASS_NAMES, (0.1, 0.6, 0.1, 0.2), strict=True))
    image, heat = np.zeros((8, 8), np.uint8), np.ones((8, 8))
    figure = plots.answer(image, chances, "notumor", heat=heat)
    left, right = figure.axes
    assert len(left.images) == 2
    assert [bar.get_width() for bar in right.patches] == [0.2, 0.1, 0.6, 0.1]
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
