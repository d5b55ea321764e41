"""Two laboratories: turn the knobs of augmentation, and edit a kernel."""

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils import augment, plots
from course_utils.core.backend import tf
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.widgets.base import explore

WIDE = {"description_width": "6em"}
SLICES = 20
DRAWS = 8
KERNELS = {
    "upright edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "level edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "spots": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "blur": [[1 / 9] * 3] * 3,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "nothing changes": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
}


def augmentation_lab(data: Dataset) -> None:
    """Turn the knobs of :func:`course_utils.augment.pipeline` and watch eight draws of a slice.

    Where masks are known the lesion is outlined, carried along by the same draw.
    """
    picks = _picks(data)
    label, number = _choosers(picks)
    controls = {
        "label": label,
        "number": number,
        "rotation": ipywidgets.IntSlider(15, 0, 180, 5, description="rotation °"),
        "zoom": ipywidgets.IntSlider(10, 0, 90, 5, description="zoom %"),
        "flip": ipywidgets.Checkbox(True, description="flip left and right"),
        "draw": ipywidgets.IntSlider(1, 1, 50, description="draw no."),
    }
    for control in controls.values():
        control.style = WIDE | ({"button_width": "auto"} if control is label else {})
        control.layout.width = "38em"

    def picture(label, number, rotation, zoom, flip, draw) -> tuple[Figure, str]:
        row = picks[label][number - 1]
        image, plane = data.images[row], data.table["plane"].iloc[row]
        mask = np.zeros_like(image, bool) if data.masks is None else np.array(data.masks[row])
        pipeline = augment.pipeline(rotation, zoom / 100, flip, seed=draw)
        drawn = pipeline(
            {
                "images": tf.repeat(augment.scale(image)[tf.newaxis], DRAWS, axis=0),
                "segmentation_masks": tf.repeat(
                    tf.cast(mask, tf.float32)[tf.newaxis, ..., tf.newaxis], DRAWS, axis=0
                ),
            },
            training=True,
        )
        images = augment.unscale(drawn["images"])
        masks = drawn["segmentation_masks"].numpy()[..., 0] > 0.5
        says = (
            f"A slice ({plots.spoken(label)}) before, at the left, and after {DRAWS} draws: "
            f"rotated by up to {rotation}°, zoomed by up to {zoom}%"
            f"{', flipped in one of two' if flip else ''}."
        )
        if mask.any():
            gone = sum(not m.any() for m in masks)
            sizes = [m.sum() / mask.sum() for m in masks]
            says += (
                f" The lesion keeps {min(sizes):.0%} to {max(sizes):.0%} of its pixels"
                f"{f', and is out of the picture in {gone}' if gone else ''}."
            )
        return _before_and_after(image, mask, plane, images, masks), says

    explore(picture, controls)


def kernel_lab(data: Dataset) -> None:
    """Edit the nine numbers of a kernel and watch the feature map that it makes of a slice."""
    picks = _picks(data)
    label, number = _choosers(picks)
    recipe = ipywidgets.Dropdown(options=list(KERNELS), description="start from")
    numbers = ipywidgets.Textarea(_written(KERNELS[recipe.value]), description="kernel", rows=3)
    relu = ipywidgets.Checkbox(False, description="ReLU: negative becomes zero")

    def fill(change) -> None:
        numbers.value = _written(KERNELS[change.new])

    recipe.observe(fill, "value")
    controls = {
        "label": label, "number": number, "recipe": recipe, "numbers": numbers, "relu": relu
    }  # fmt: skip
    for control in controls.values():
        control.style = WIDE | ({"button_width": "auto"} if control is label else {})
        control.layout.width = "38em"

    def picture(label, number, recipe, numbers, relu) -> tuple[Figure, str]:
        image = data.images[picks[label][number - 1]]
        kernel = _read(numbers)
        feature_map = _convolved(image, kernel)
        if relu:
            feature_map = np.maximum(feature_map, 0)
        total = kernel.sum()
        flat = "even areas give zero" if abs(total) < 0.01 else f"even areas times {total:.3g}"
        says = (
            f"A slice ({plots.spoken(label)}), the kernel, and the feature map"
            f"{' after ReLU' if relu else ''}: from {feature_map.min():.2f} to "
            f"{feature_map.max():.2f}; the nine numbers add up to {total:.3g}, so {flat}."
        )
        return plots.convolution(image, kernel, feature_map), says

    explore(picture, controls)


def _picks(data: Dataset) -> dict[str, np.ndarray]:
    """Rows to browse for each class: the slice of largest lesion of a group, or its middle one."""
    table = data.table.assign(row=np.arange(len(data)))
    if data.masks is not None:
        table["area"] = [mask.sum() for mask in data.masks]
    picks = {}
    for label in data.class_names:
        groups = [own for _, own in table[table["label"] == label].groupby("group", sort=True)]
        chosen = [
            own.loc[own["area"].idxmax(), "row"]
            if "area" in own and own["area"].any()
            else own["row"].iloc[len(own) // 2]
            for own in groups[:SLICES]
        ]
        picks[label] = np.array(chosen)
    return picks


def _choosers(
    picks: dict[str, np.ndarray],
) -> tuple[ipywidgets.ToggleButtons, ipywidgets.IntSlider]:
    label = ipywidgets.ToggleButtons(
        options=[(plots.spoken(name), name) for name in picks], description="class"
    )
    return label, ipywidgets.IntSlider(1, 1, min(map(len, picks.values())), description="slice")


def _before_and_after(image, mask, plane, images, masks) -> Figure:
    columns = DRAWS // 2
    figure = plt.figure(figsize=(7.5, 2.6))
    grid = figure.add_gridspec(2, 2 + columns)
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    before = figure.add_subplot(grid[:, :2])
    plots.draw_slice(before, image, mask, plane)
    for number, (drawn, drawn_mask) in enumerate(zip(images, masks, strict=True)):
        axes = figure.add_subplot(grid[number // columns, 2 + number % columns])
        plots.draw_slice(axes, drawn, drawn_mask)
    return figure


def _convolved(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Feature map of a slice scaled to 0..1, with a border of zeros: (height, width)."""
    batch = augment.scale(image)[tf.newaxis]
    weights = tf.constant(kernel, tf.float32)[..., tf.newaxis, tf.newaxis]
    return tf.nn.conv2d(batch, weights, 1, "SAME").numpy()[0, ..., 0]


def _written(kernel: list[list[float]]) -> str:
    return "\n".join("  ".join(f"{number:.4g}" for number in row) for row in kernel)


def _read(text: str) -> np.ndarray:
    try:
        kernel = np.array([[float(n) for n in line.split()] for line in text.strip().splitlines()])
    except ValueError:
        kernel = np.empty(0)
    if kernel.shape != (3, 3) or not np.isfinite(kernel).all():
        raise CourseError("A kernel here has three lines of three numbers, such as 0 1 0.")
    return kernel
