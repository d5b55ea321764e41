"""The template head."""

import numpy as np

from course_utils.simulator import anatomy


def test_template_is_the_right_way_round():
    z = int((-36 - anatomy.ORIGIN[2]) / anatomy.VOXEL)
    x, y = (np.argwhere(anatomy.tissue("csf")[:, :, z] > 0.9) * anatomy.VOXEL).T
    x, y = x + anatomy.ORIGIN[0], y + anatomy.ORIGIN[1]
    eyes = np.abs(x[y > 60])
    assert len(eyes) > 50 and eyes.min() > 15 and eyes.max() < 55
    tissues = anatomy.head().tissues
    assert tissues.min() >= 0 and tissues.sum(0).max() < 1.001
