"""Each figure draws the numbers that it is given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from course_utils import plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_lines_carry_their_points_and_names():
    figure = plots.lines(
        {"a": ([1, 2], [3, 4]), "b": ([1, 2], [5, 6])}, "x", "y", "h", level=("c", 1.5), log=True
    )
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), [5, 6])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b", "c"]
    assert axes.get_yscale() == "log"
    assert figure.get_suptitle() == "h"


def test_bars_stand_in_the_order_given_with_their_numbers():
    axes = plots.bars({"first": 2.0, "second": 1.0}, "ms", "h").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["second", "first"]
    assert [bar.get_width() for bar in axes.patches] == [1, 2]
    assert {text.get_text() for text in axes.texts} == {"2.00", "1.00"}


def test_bars_of_large_numbers_are_read_without_powers_of_ten():
    figure = plots.bars({"many": 1_699_328, "few": 5_124}, "weights", "h", "{:,.0f}")
    figure.canvas.draw()
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert "800,000" in ticks and len(ticks) <= 6


def test_scatters_share_their_axes():
    figure = plots.scatters({"a": ([0, 1], [0, 1]), "b": ([5], [7])}, "x", "y", "h")
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()
    np.testing.assert_array_equal(figure.axes[1].collections[0].get_offsets(), [[5, 7]])


def test_convolution_shows_all_three_and_zero_is_white():
    image = np.full((8, 8), 100, np.uint8)
    kernel = np.arange(9.0).reshape(3, 3)
    feature_map = np.linspace(-1, 3, 64).reshape(8, 8)
    left, middle, right, _ = plots.convolution(image, kernel, feature_map).axes
    np.testing.assert_array_equal(left.images[0].get_array(), image)
    assert [text.get_text() for text in middle.texts] == [str(n) for n in range(9)]
    np.testing.assert_array_equal(right.images[0].get_array(), feature_map)
    assert right.images[0].get_clim() == (-3, 3)


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


def test_feature_maps_stand_in_a_row_for_each_layer():
    image = np.zeros((16, 16), np.uint8)
    maps = {"layer 1": np.random.default_rng(0).random((8, 8, 3)), "layer 2": np.zeros((4, 4, 2))}
    figure = plots.feature_maps(image, maps, "h")
    drawn = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(drawn) == 1 + 3 + 2
    np.testing.assert_array_equal(drawn[2], maps["layer 1"][..., 1])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert "layer 1, 8 x 8 pixels" in titles


def test_layers_begin_at_the_top():
    table = pd.DataFrame({"layer": ["conv1", "logits"], "numbers": [64, 4], "weights": [9, 20]})
    left, right = plots.layers(table, "h").axes
    assert left.yaxis_inverted()
    assert [bar.get_width() for bar in left.patches] == [64, 4]
    assert [bar.get_width() for bar in right.patches] == [9, 20]


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
