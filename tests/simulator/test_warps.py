"""The shape of a head."""

import numpy as np

from course_utils.simulator import warps


def test_warp_can_be_undone():
    warp = warps.draw(np.random.default_rng(4))
    site = np.array([30.0, -10.0, 20.0])
    assert np.allclose(warps.to_template(warp, warps.find(warp, site)[None])[0], site, atol=0.2)
