"""A folder of pictures of anything goes through lesson 03 to an evaluated model."""

import dataclasses
import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image, ImageDraw

from course_utils import settings
from course_utils.cli import commands
from course_utils.core import results
from course_utils.training import recipes

CLASSES = ("daisy", "lily", "poppy", "rose", "tulip")
EACH = 60


@pytest.fixture
def flowers(tmp_path):
    """300 drawn flowers in five class folders: a class differs by its number of petals."""
    rng = np.random.default_rng(0)
    for number, name in enumerate(CLASSES):
        folder = tmp_path / "flowers" / name
        folder.mkdir(parents=True)
        for count in range(EACH):
            width, height = rng.integers(100, 180, 2)
            meadow = rng.integers(40, 110, (height, width, 3), dtype=np.uint8)
            picture = Image.fromarray(meadow)
            draw = ImageDraw.Draw(picture)
            colour = tuple(map(int, rng.integers(120, 255, 3)))
            petals, turn = 3 + 2 * number, rng.uniform(0, 6)
            for angle in turn + 2 * np.pi * np.arange(petals) / petals:
                x, y = width / 2 + 30 * np.cos(angle), height / 2 + 30 * np.sin(angle)
                draw.ellipse([x - 10, y - 10, x + 10, y + 10], fill=colour)
            picture.save(folder / f"{count}.png")
    return tmp_path / "flowers"


def test_three_hundred_flowers_are_learned_from_and_evaluated(flowers, monkeypatch, capsys):
    for name, recipe in recipes.RECIPES.items():
        monkeypatch.setitem(recipes.RECIPES, name, dataclasses.replace(recipe, epochs=2))
    monkeypatch.setenv("COURSE_WEIGHTS", "simulated")
    assert commands.main(["data", "import", str(flowers), "--name", "flowers", "--size", "64"]) == 0
    assert "300" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_DATASET", "flowers")
    _run("03")
    assert commands.main(["evaluate", "mobilenetv2-finetuned", "--dataset", "flowers"]) == 0
    figures = results.load("mobilenetv2-finetuned-flowers-group")["figures"]
    assert figures["slices"]["test"] == figures["slices"]["clean"] == 75
    assert figures["accuracy"]["low"] <= figures["accuracy"]["value"]


def _run(lesson):
    """Run all code cells of a lesson, one after the other, in one Python."""
    (path,) = settings.NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    names = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{path.name}, {cell['id']}", "exec"), names)
    plt.close("all")
