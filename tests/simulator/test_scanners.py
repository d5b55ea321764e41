"""How a slice lies in the patient."""

import numpy as np

from course_utils.simulator import scanners


def test_display_is_radiological():
    scanner = scanners.draw(np.random.default_rng(0))
    axial, coronal, sagittal = (scanners.pixels(scanner, plane, 0.0) for plane in scanners.PLANES)
    # The patient's right (x > 0) on the left; front (y > 0) or top (z > 0) above.
    assert axial[0, 0, 0] > axial[0, -1, 0] and axial[0, 0, 1] > axial[-1, 0, 1]
    assert coronal[0, 0, 0] > coronal[0, -1, 0] and coronal[0, 0, 2] > coronal[-1, 0, 2]
    # The nose to the right.
    assert sagittal[0, -1, 1] > sagittal[0, 0, 1] and sagittal[0, 0, 2] > sagittal[-1, 0, 2]
