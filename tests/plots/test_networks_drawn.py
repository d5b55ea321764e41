"""Drawn networks name what they are made of, and nothing lies outside the picture."""

import pytest

from course_utils import plots

STAGES = [(128, 1), (64, 16), (32, 32), (8, 128)]


def words(axes) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_text()]


def test_a_cnn_names_sides_channels_and_classes():
    figure = plots.cnn_drawn(STAGES, 4, "headline")
    said = words(figure.axes[0])
    assert said[0] == "128 × 128\n1 channel" and "32 × 32\n32 channels" in said
    assert "pooled:\n128\nnumbers" in said and "4\nclasses" in said
    sheets = [patch.get_width() for patch in figure.axes[0].patches]
    assert sheets == sorted(sheets[:-2], reverse=True) + sheets[-2:], "maps get smaller"


def test_a_cut_stands_before_everything_that_is_trained():
    (axes,) = plots.transfer_drawn("block_12_add", "headline").axes
    assert "trunk: up to block_12_add" in words(axes)
    assert words(axes).count("cut") == 2
    places = {text.get_text(): text.get_position()[0] for text in axes.texts}
    cuts = sorted(line.get_xdata()[0] for line in axes.lines)
    assert cuts[0] < places["tail"] < places["head"], "tail and head are behind the early cut"
    assert cuts[1] < places["head"]


def test_only_one_of_two_blocks_has_a_shortcut():
    plain, residual = plots.residual_drawn("headline").axes
    assert len(plain.lines) == 0 and len(residual.lines) == 1
    assert "+" in words(residual) and "+" not in words(plain)
    assert words(plain).count("convolution, batch norm") == 2


@pytest.mark.parametrize(
    "figure",
    [
        lambda: plots.cnn_drawn(STAGES, 12, "headline"),
        lambda: plots.transfer_drawn("conv5_block2_out", "headline"),
        lambda: plots.residual_drawn("headline"),
    ],
)
def test_nothing_lies_outside_the_picture(figure):
    drawn = figure()
    drawn.canvas.draw()
    frame = drawn.bbox
    for axes in drawn.axes:
        for text in axes.texts:
            box = text.get_window_extent()
            assert frame.x0 <= box.x0 and box.x1 <= frame.x1, text.get_text()
            assert frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()
    plots.png(drawn)
