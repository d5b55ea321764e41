"""Curves and points are those that are given."""

import numpy as np
import pandas as pd

from course_utils import plots


def test_lines_carry_their_points_and_names():
    figure = plots.lines(
        {"a": ([1, 2], [3, 4]), "b": ([1, 2], [5, 6])}, "x", "y", "h", level=("c", 1.5), log=True
    )
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), [5, 6])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b", "c"]
    assert axes.get_yscale() == "log"
    assert figure.get_suptitle() == "h"


def test_scatters_share_their_axes():
    figure = plots.scatters({"a": ([0, 1], [0, 1]), "b": ([5], [7])}, "x", "y", "h")
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()
    np.testing.assert_array_equal(figure.axes[1].collections[0].get_offsets(), [[5, 7]])


def test_history_draws_training_dashed_and_validation_solid():
    run = pd.DataFrame(
        {"loss": [2, 1], "val_loss": [3, 2.5], "accuracy": [0.5, 0.9], "val_accuracy": [0.4, 0.5]}
    )
    left, right = plots.history({"plain": run, "augmented": run}, "h").axes
    training, validation = right.lines[:2]
    np.testing.assert_array_equal(training.get_ydata(), run["accuracy"])
    np.testing.assert_array_equal(validation.get_ydata(), run["val_accuracy"])
    assert (training.get_linestyle(), validation.get_linestyle()) == ("--", "-")
    assert list(training.get_xdata()) == [1, 2]
    assert len(left.lines) == 4
    assert right.lines[2].get_label() == "augmented, training"


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


def test_a_persons_calibration_stands_beside_the_networks_as_wide_as_it_honestly_is():
    network = pd.DataFrame({"confidence": [0.9], "accuracy": [0.8], "low": [0.7], "high": [0.9]})
    # Twenty predictions: of eight at 60% five are right, of twelve at 90% nine.
    sure = np.repeat([0.6, 0.9], [8, 12])
    right = np.r_[np.arange(8) < 5, np.arange(12) < 9]
    figure = plots.two_calibrations(network, sure, right, "h")
    (axes,) = figure.axes
    _, theirs, mine = axes.lines
    assert theirs.get_xydata().tolist() == [[0.9, 0.8]]
    np.testing.assert_allclose(mine.get_ydata(), [5 / 8, 9 / 12])
    np.testing.assert_allclose(mine.get_xdata(), [0.6, 0.9], atol=0.02)
    assert [text.get_text() for text in axes.texts] == ["8", "12"]
    ends = [line[:, 1] for line in axes.collections[1].get_segments()]
    # Wilson's interval, worked out by hand: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n).
    z, p, n = 1.959964, np.array([5 / 8, 9 / 12]), np.array([8, 12])
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    by_hand = np.stack([middle - half, middle + half], axis=1) / (1 + z**2 / n)[:, None]
    np.testing.assert_allclose(ends, by_hand, atol=1e-6)
    plots.png(figure)


def test_without_predictions_the_network_stands_alone():
    network = pd.DataFrame({"confidence": [0.9], "accuracy": [0.8], "low": [0.7], "high": [0.9]})
    (axes,) = plots.two_calibrations(network, [], [], "h").axes
    assert [line.get_label() for line in axes.lines] == ["as sure as right", "the network"]
    assert not axes.texts


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


def test_overlaid_curves_share_their_axes_and_name_their_places():
    curves = {
        "measured": ([0, 1], [0.5, 0.4]),
        "by chance": ([0, 1], [0.2, 0.3], [0.1] * 2, [0.6] * 2),
    }
    figure = plots.overlaid(curves, "bins", "ECE", "h", ["two", "five"], ("control", 0.05))
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.lines] == ["measured", "by chance", "control"]
    assert axes.lines[1].get_ydata().tolist() == [0.2, 0.3]
    (band,) = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0.1, 0.6)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["two", "five"]
    assert len({line.get_color() for line in axes.lines}) == 3
    plots.png(figure)


def test_starts_show_every_seed_at_its_height():
    figures = {
        "small, random, 400 slices": {"mean": 40.0, "seeds": [38.0, 42.0]},
        "small, simulated, 400 slices": {"mean": 70.0, "seeds": [69.0, 71.0]},
        "large, random, 400 slices": {"mean": 30.0, "seeds": [30.0, 30.0]},
    }
    figure = plots.starts(figures, "h")
    small, large = figure.axes
    assert [axes.get_title(loc="left") for axes in (small, large)] == ["small", "large"]
    heights = [dots.get_offsets()[:, 1].tolist() for dots in small.collections]
    assert heights == [[38.0, 42.0], [69.0, 71.0]]
    assert [line.get_ydata()[0] for line in small.lines] == [40.0, 70.0]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "from random",
        "from simulated",
    ]


def test_no_curve_is_left_out():
    curves = {str(number): ([0, 1], [number, number]) for number in range(6)}
    assert len(plots.lines(curves, "x", "y", "h").axes[0].lines) == 6


def test_bands_can_name_their_ticks_on_an_axis_of_equal_factors():
    curve = ([10, 100], [0.9, 0.5], [0.8, 0.4], [1.0, 0.6])
    (axes,) = plots.bands({"a": curve}, "groups", "accuracy", "h", ("chance", 0.25), [10, 100]).axes
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["10", "100"]
    assert axes.get_xticks(minor=True).size == 0
