"""Two laboratories: turn the knobs of augmentation, and edit a kernel."""

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy import ndimage

from course_utils import plots
from course_utils.core.channels import greys
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.widgets.controls import class_buttons, explore, lay_out

SLICES = 20
DRAWS = 8
KERNELS = {
    "upright edges": "-1  0  1\n-2  0  2\n-1  0  1",
    "level edges": "-1  -2  -1\n0  0  0\n1  2  1",
    "spots": "-1  -1  -1\n-1  8  -1\n-1  -1  -1",
    "blur": "0.1111  0.1111  0.1111\n0.1111  0.1111  0.1111\n0.1111  0.1111  0.1111",
    "sharpen": "0  -1  0\n-1  5  -1\n0  -1  0",
    "nothing changes": "0  0  0\n0  1  0\n0  0  0",
}


def augmentation_lab(data: Dataset) -> None:
    """Turn the knobs of :func:`course_utils.augment.pipeline` and watch eight draws of a slice.

    Where masks are known the lesion is outlined, carried along by the same draw.
    """
    # TensorFlow takes seconds to import: lessons that use other explorers do without it.
    from course_utils import augment
    from course_utils.core.backend import tf

    picks = _picks(data)
    controls = _choosers(picks) | {
        "rotation": ipywidgets.IntSlider(15, 0, 180, 5, description="rotation °"),
        "zoom": ipywidgets.IntSlider(10, 0, 90, 5, description="zoom %"),
        "flip": ipywidgets.Checkbox(True, description="flip left and right"),
        "draw": ipywidgets.IntSlider(1, 1, 50, description="draw no."),
    }
    lay_out(controls)

    def picture(label, number, rotation, zoom, flip, draw) -> tuple[Figure, str]:
        row = picks[label][number - 1]
        image, plane = data.images[row], data.table["plane"].iloc[row]
        mask = np.zeros(image.shape[:2]) if data.masks is None else data.masks[row]
        mask = np.array(mask, bool)
        batch = {
            "images": augment.scale(image)[tf.newaxis],
            "segmentation_masks": tf.cast(mask, tf.float32)[tf.newaxis, ..., tf.newaxis],
        }
        batch = {name: tf.repeat(one, DRAWS, axis=0) for name, one in batch.items()}
        pipeline = augment.pipeline(rotation, zoom / 100, flip, seed=draw, rate=1)
        drawn = pipeline(batch, training=True)
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
    """Edit the nine numbers of a kernel and watch the feature map that it makes of a slice.

    Of a slice in colour it is made from how bright the pixels are.
    """
    picks = _picks(data)
    # No drop-down list: JupyterLab keeps the arrow keys that would move it for itself.
    recipe = ipywidgets.ToggleButtons(options=list(KERNELS), description="start from")
    numbers = ipywidgets.Textarea(description="kernel", rows=3)
    ipywidgets.dlink((recipe, "value"), (numbers, "value"), KERNELS.get)
    relu = ipywidgets.Checkbox(False, description="ReLU: negative becomes zero")
    controls = _choosers(picks) | {"recipe": recipe, "numbers": numbers, "relu": relu}
    lay_out(controls)

    def picture(label, number, recipe, numbers, relu) -> tuple[Figure, str]:
        image = greys(data.images[[picks[label][number - 1]]])[0]
        kernel = _read(numbers)
        # As a convolution of a network does it, with a border of zeros.
        feature_map = ndimage.correlate(image / 255, kernel, mode="constant")
        if relu:
            feature_map = np.maximum(feature_map, 0)
        total = kernel.sum()
        flat = "give zero" if abs(total) < 0.01 else f"times {total:.3g}"
        says = (
            f"A slice ({plots.spoken(label)}), the kernel, and the feature map"
            f"{' after ReLU' if relu else ''}: from {feature_map.min():.2f} to "
            f"{feature_map.max():.2f}; the nine numbers add up to {total:.3g}, so even areas "
            f"{flat}."
        )
        return plots.convolution(image, kernel, feature_map), says

    explore(picture, controls)


def _picks(data: Dataset) -> dict[str, list[int]]:
    """Rows to browse for each class: the slice of largest lesion of a group, or its middle one."""
    table = data.table.assign(row=np.arange(len(data)), area=0)
    if data.masks is not None:
        table["area"] = [mask.sum() for mask in data.masks]
    picks = {}
    for label in data.class_names:
        groups = [own for _, own in table[table["label"] == label].groupby("group", sort=True)]
        for own in groups[:SLICES]:
            best = own["area"].argmax() if own["area"].any() else len(own) // 2
            picks.setdefault(label, []).append(own["row"].iloc[best])
    return picks


def _choosers(picks: dict[str, list[int]]) -> dict[str, ipywidgets.ValueWidget]:
    number = ipywidgets.IntSlider(1, 1, min(map(len, picks.values())), description="slice")
    return {"label": class_buttons(picks), "number": number}


@plots.look()
def _before_and_after(image, mask, plane, images, masks) -> Figure:
    figure, grid = plt.subplot_mosaic("xxabcd\nxxefgh", figsize=(7.5, 2.6))
    plots.close_up(figure)
    plots.draw_slice(grid.pop("x"), image, mask, plane)
    for axes, drawn, drawn_mask in zip(grid.values(), images, masks, strict=True):
        plots.draw_slice(axes, drawn, drawn_mask)
    return figure


def _read(text: str) -> np.ndarray:
    try:
        kernel = np.array([[float(n) for n in line.split()] for line in text.strip().splitlines()])
    except ValueError:
        kernel = np.empty(0)
    if kernel.shape != (3, 3) or not np.isfinite(kernel).all():
        raise CourseError("A kernel here has three lines of three numbers, such as 0 1 0.")
    return kernel
