"""The register of networks: recipes can build all of them, and each takes what it says."""

import pytest

from course_utils.core.errors import look_up
from course_utils.models import networks, weights
from course_utils.training import recipes

OWN = [name for name in networks.NETWORKS if name not in weights.BACKBONES]


@pytest.mark.parametrize("recipe", recipes.RECIPES.values(), ids=lambda recipe: recipe.name)
def test_every_recipe_names_a_network(recipe):
    assert look_up(networks.NETWORKS, recipe.network, "network")


@pytest.mark.parametrize("name", OWN)
def test_a_network_has_a_channel_for_each_of_its_contrasts(name):
    network = networks.NETWORKS[name]
    model = network.build(classes=2, dropout=0.1)
    assert model.input_shape == (None, 128, 128, len(network.contrasts) or 1)
    assert model.output_shape == (None, 2) and model.get_layer("dropout").rate == 0.1


def test_a_backbone_takes_where_it_starts_from():
    build = networks.NETWORKS["mobilenetv2"].build
    model = build(classes=5, dropout=0.1, source=weights.Source("random"), images=None)
    assert model.name == "mobilenetv2" and model.get_layer("dropout").rate == 0.1
    assert model.output_shape == (None, 5)
