"""The networks of the course, and where their weights come from."""

from course_utils.models.attention import attention_cnn
from course_utils.models.cnn import baseline, build_backbone, slice_input, submodel, transfer
from course_utils.models.fusion import CONTRASTS, early_fusion, fused, late_fusion

__all__ = [
    "CONTRASTS",
    "attention_cnn",
    "baseline",
    "early_fusion",
    "fused",
    "late_fusion",
    "submodel",
    "build_backbone",
    "slice_input",
    "transfer",
]
