"""Recipes: everything about a training that is decided before it begins."""

import dataclasses

from course_utils.core.errors import CourseError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything about a training that is decided before it begins.

    Attributes
    ----------
    name : str
    network : str
        A name in :data:`course_utils.models.networks.NETWORKS`.
    epochs : int
    learning_rate : float
        Its highest value, after the first epoch.
    freeze_until : str or None
        Layers up to this one stay frozen; None trains all of them.
    augment : bool
        Whether slices change a little each time they are seen. Needs ``freeze_until=None``.
    mirror : bool
        Whether the mirror images are learned from, too. Needs ``freeze_until``.
    dropout : float
        Share of the pooled features of a published network to blank out at random.
    batch_size : int
    """

    name: str
    network: str
    epochs: int
    learning_rate: float
    freeze_until: str | None = None
    augment: bool = False
    mirror: bool = False
    dropout: float = 0.4
    batch_size: int = 64


# Where each published network is cut for fine-tuning. Its head looks at the slices through the same
# trunk, so that the work is done once for both.
TRUNKS = {"mobilenetv2": "block_12_add", "resnet50": "conv5_block2_out"}

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("baseline", "baseline", 16, 3e-3, augment=True, batch_size=32),
        Recipe("baseline-plain", "baseline", 16, 3e-3, batch_size=32),
        Recipe("baseline-flair", "baseline-flair", 16, 3e-3, augment=True, batch_size=32),
        Recipe("attention", "attention", 16, 3e-3, augment=True, batch_size=32),
        Recipe("early-fusion", "early-fusion", 16, 3e-3, augment=True, batch_size=32),
        Recipe("mobilenetv2-head", "mobilenetv2", 40, 1e-2, freeze_until="pooled", dropout=0.0),
        Recipe("mobilenetv2-finetuned", "mobilenetv2", 9, 3e-4, TRUNKS["mobilenetv2"], mirror=True),
        Recipe("resnet50-head", "resnet50", 40, 3e-3, freeze_until="pooled", dropout=0.0),
        Recipe("resnet50-finetuned", "resnet50", 4, 1e-3, TRUNKS["resnet50"], batch_size=32),
    )
}


def known(recipe: str | Recipe) -> Recipe:
    """Look a recipe up by its name; a recipe passes through.

    Raises
    ------
    CourseError
        If there is no such recipe.
    """
    if isinstance(recipe, Recipe):
        return recipe
    if recipe not in RECIPES:
        raise CourseError(f"There is no recipe called {recipe!r}: use one of {', '.join(RECIPES)}.")
    return RECIPES[recipe]
