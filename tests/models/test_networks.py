"""The register of networks: recipes can build all of them, and each takes what it says."""

import pytest

from course_utils.core.errors import CourseError
from course_utils.models import networks, weights
from course_utils.training import recipes

OWN = [name for name in networks.NETWORKS if name not in weights.BACKBONES]


@pytest.mark.parametrize("recipe", recipes.RECIPES.values(), ids=lambda recipe: recipe.name)
def test_every_recipe_names_a_network(recipe):
    assert networks.known(recipe.network)


@pytest.mark.parametrize("name", OWN)
def test_a_network_has_a_channel_for_each_of_its_contrasts(name):
    network = networks.known(name)
    assert network.build().input_shape == (None, 128, 128, len(network.contrasts))


def test_a_published_network_takes_where_it_starts_from():
    model = networks.known("mobilenetv2").build(weights.Source("random"), 0.1)
    assert model.name == "mobilenetv2" and model.get_layer("dropout").rate == 0.1


def test_an_unknown_network_is_named():
    with pytest.raises(CourseError, match="'vgg': use one of baseline, "):
        networks.known("vgg")
