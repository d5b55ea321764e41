"""The volume explorer begins in the lesion and says where its planes meet."""

import numpy as np
import pytest

from course_utils import plots
from course_utils.volumes import explorers

AFFINE = np.array([[2.0, 0, 0, -10], [0, 2, 0, -20], [0, 0, 6, -30], [0, 0, 0, 1]])


@pytest.fixture
def explored(monkeypatch):
    """What the explorer hands to ``explore``: its drawing function and its controls."""
    caught = {}
    monkeypatch.setattr(
        explorers,
        "explore",
        lambda draw, controls: caught.update(draw=draw, controls=controls),
    )
    return caught


@pytest.fixture
def volume():
    return np.random.default_rng(0).integers(0, 255, (10, 12, 6), dtype=np.uint8)


def values(controls) -> dict:
    return {name: control.value for name, control in controls.items()}


def test_it_begins_in_the_lesion(volume, explored):
    mask = np.zeros(volume.shape, bool)
    mask[2:5, 6:9, 4] = True
    explorers.volume_explorer(volume, AFFINE, mask, "somebody")
    start = values(explored["controls"])
    assert start == {"axial": 4, "coronal": 7, "sagittal": 3, "outline": True}
    assert explored["controls"]["outline"].layout.display is None
    figure, says = explored["draw"](**start)
    assert "voxel (3, 7, 4), at x = -4, y = -6, z = -6 mm; voxels of 2 × 2 × 6 mm" in says
    assert says.endswith("is in the lesion.")
    assert figure.axes[0].collections
    plots.png(figure)
    figure, says = explored["draw"](**start | {"axial": 0, "outline": False})
    assert says.endswith("is outside the lesion.")
    assert not any(axes.collections for axes in figure.axes)
    plots.png(figure)


@pytest.mark.parametrize("empty", [True, False])
def test_without_a_lesion_it_begins_in_the_middle(volume, explored, empty):
    mask = np.zeros(volume.shape, bool) if empty else None
    explorers.volume_explorer(volume, AFFINE, mask)
    controls = explored["controls"]
    assert controls["outline"].layout.display == "none"
    assert [controls[plane].max for plane in ("sagittal", "coronal", "axial")] == [9, 11, 5]
    figure, says = explored["draw"](**values(controls))
    assert "lesion" not in says
    plots.png(figure)
