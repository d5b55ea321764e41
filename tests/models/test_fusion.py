"""Two contrasts: fused at the first convolution, or by the mean of two predictions."""

import numpy as np
import pytest

from course_utils import models
from course_utils.core.errors import CourseError


def test_early_fusion_differs_from_the_baseline_in_its_first_kernels_alone():
    fused, baseline = models.early_fusion(), models.baseline()
    assert fused.input_shape == (None, 128, 128, 2)
    assert [layer.name for layer in fused.layers] == [layer.name for layer in baseline.layers]
    shapes = [[w.shape for w in model.weights] for model in (fused, baseline)]
    assert shapes[0][0] == (3, 3, 2, 16) and shapes[1][0] == (3, 3, 1, 16)
    assert shapes[0][1:] == shapes[1][1:]


def test_early_fusion_sees_both_contrasts():
    fused = models.early_fusion()
    both = np.random.default_rng(0).random((1, 128, 128, 2), np.float32)
    whole = models.submodel(fused, stop="pooled").predict(both, verbose=0)
    for contrast in (0, 1):
        lacking = both.copy()
        lacking[..., contrast] = 0
        seen = models.submodel(fused, stop="pooled").predict(lacking, verbose=0)
        assert not np.allclose(seen, whole, rtol=1e-3)


def test_late_fusion_is_the_mean_of_those_that_are_there():
    one, other = np.array([[0.9, 0.1]]), np.array([[0.3, 0.7]])
    np.testing.assert_allclose(models.late_fusion([one, other]), [[0.6, 0.4]])
    np.testing.assert_allclose(models.late_fusion([None, other]), other)
    with pytest.raises(CourseError, match="Every contrast is missing"):
        models.late_fusion([None, None])
