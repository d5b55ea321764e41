"""The networks of the course, and where their weights come from."""

from course_utils.models.attention import attention_cnn
from course_utils.models.backbones import build_backbone, submodel, transfer
from course_utils.models.cnn import baseline, shape_of, slice_input
from course_utils.models.fusion import CONTRASTS, early_fusion, fused, late_fusion
