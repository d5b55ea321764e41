"""Training: recipes, cached features, a fit one can watch, runs that are saved."""

from course_utils.training.features import predict
from course_utils.training.recipes import RECIPES, TRUNKS, Recipe
from course_utils.training.runs import Run, described, fit, load, load_or_train, spread, train
