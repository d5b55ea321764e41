"""The weights that come along: a network learns from endless simulated slices."""

from course_utils.pretraining.pretrain import PLANS, Plan, network, planned, pretrain
