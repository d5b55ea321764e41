"""An explorer that cuts through a volume, with a still picture for static mode."""

import ipywidgets
import numpy as np

from course_utils.simulator.scanners import AXES, PLANES
from course_utils.volumes import drawings, nifti
from course_utils.widgets import explore, lay_out

_FROM = {"sagittal": "left to right", "coronal": "back to front", "axial": "bottom to top"}


def volume_explorer(
    volume: np.ndarray, affine: np.ndarray, mask: np.ndarray | None = None, name: str = ""
) -> None:
    """Move three planes through a volume, at first through the middle of its lesion or its own.

    The volume, uint8 (x, y, z) in RAS, has an affine from voxels to mm, float (4, 4), and a mask of
    the lesion, bool (x, y, z). The name stands above the picture.
    """
    lesion = mask is not None and bool(mask.any())
    start = np.argwhere(mask).mean(axis=0) if lesion else (np.array(volume.shape) - 1) / 2
    controls = {}
    for plane in PLANES:
        through, tip = AXES[plane][2], f"from {_FROM[plane]}"
        controls[plane] = ipywidgets.IntSlider(
            round(start[through]), 0, volume.shape[through] - 1, description=plane, tooltip=tip
        )
    controls["outline"] = ipywidgets.Checkbox(value=True, description="outline the lesion")
    lay_out(controls, "24em", hidden=() if lesion else ["outline"])

    def draw(axial: int, coronal: int, sagittal: int, outline: bool):
        at = (sagittal, coronal, axial)
        shown = mask if outline and lesion else None
        x, y, z = affine[:3, :3] @ at + affine[:3, 3]
        sizes = " × ".join(f"{size:.3g}" for size in nifti.voxel_sizes(affine))
        figure = drawings.planes(volume, affine, at, shown, name)
        says = (
            f"Three planes through the voxel ({sagittal}, {coronal}, {axial}), at x = {x:.0f}, "
            f"y = {y:.0f}, z = {z:.0f} mm; voxels of {sizes} mm."
        )
        if lesion:
            says += f" The voxel is {'in' if mask[at] else 'outside'} the lesion."
        return figure, says

    explore(draw, controls)
