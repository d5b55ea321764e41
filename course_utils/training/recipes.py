"""Recipes: everything about a training that is decided before it begins."""

import dataclasses

from course_utils.core.errors import CourseError
from course_utils.models import weights


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything about a training that is decided before it begins.

    What a recipe says is what is done. A wing that trains networks of its own says so in the same
    words: ``augment=True`` where it changes the slices, in whichever way.

    Attributes
    ----------
    network : str
        A name in :data:`course_utils.models.networks.NETWORKS`, or that of a wing's network.
    learning_rate : float
        Its highest value, after the first epoch.
    freeze_until : str or None
        The layers of a backbone up to this one stay frozen; None trains all layers.
    augment : bool
        Whether slices change a little each time they are seen. Needs ``freeze_until=None``.
    mirror : bool
        Whether the mirror images are learned from, too. Needs ``freeze_until``.
    dropout : float
        Share of the pooled features to blank out at random.

    Raises
    ------
    CourseError
        If no training can be like this.
    """

    name: str
    network: str
    epochs: int
    learning_rate: float
    freeze_until: str | None = None
    augment: bool = False
    mirror: bool = False
    dropout: float = 0.2
    batch_size: int = 64

    def __post_init__(self) -> None:
        frozen = self.freeze_until is not None
        wrong = {
            "epochs has to be 1 or more": self.epochs < 1,
            "batch_size has to be 1 or more": self.batch_size < 1,
            "learning_rate has to be above 0": not self.learning_rate > 0,
            "dropout has to be from 0 to below 1": not 0 <= self.dropout < 1,
            "freeze_until needs a backbone": frozen and self.network not in weights.BACKBONES,
            "augment needs freeze_until=None": frozen and self.augment,
            "mirror needs freeze_until": self.mirror and not frozen,
        }
        reasons = "; ".join(reason for reason, applies in wrong.items() if applies)
        if reasons:
            raise CourseError(f"The recipe {self.name!r} cannot be followed: {reasons}.")


# Where each backbone is divided for fine-tuning. Features for its head are made from the outputs of
# the same layers, so that these are computed once for both.
TRUNKS = {"mobilenetv2": "block_12_add", "resnet50": "conv5_block2_out"}

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("baseline", "baseline", 16, 3e-3, augment=True, batch_size=32),
        Recipe("baseline-plain", "baseline", 16, 3e-3, batch_size=32),
        Recipe("baseline-flair", "baseline-flair", 16, 3e-3, augment=True, batch_size=32),
        Recipe("attention", "attention", 16, 3e-3, augment=True, batch_size=32),
        Recipe("early-fusion", "early-fusion", 16, 3e-3, augment=True, batch_size=32),
        Recipe("mobilenetv2-head", "mobilenetv2", 40, 1e-2, "pooled", dropout=0.0),
        Recipe(
            "mobilenetv2-finetuned",
            "mobilenetv2",
            epochs=9,
            learning_rate=3e-4,
            freeze_until=TRUNKS["mobilenetv2"],
            mirror=True,
            dropout=0.4,
        ),
        Recipe("resnet50-head", "resnet50", 40, 3e-3, "pooled", dropout=0.0),
        Recipe(
            "resnet50-finetuned",
            "resnet50",
            4,
            1e-3,
            TRUNKS["resnet50"],
            dropout=0.4,
            batch_size=32,
        ),
    )
}
