"""The tables in the weights' card are those of the recorded results."""

import pytest

from course_utils.core import results
from course_utils.models import eight_bit
from course_utils.pretraining import card


def test_the_card_is_up_to_date(tmp_path):
    copy = tmp_path / "README.md"
    stored = (card.FOLDER / "README.md").read_text(encoding="utf-8")
    copy.write_text(stored, encoding="utf-8")
    card.write_tables(copy)
    assert copy.read_text(encoding="utf-8") == stored, "run 'course results'"


def test_the_weights_that_come_along_are_whole_small_and_lose_little():
    files = sorted(card.FOLDER.glob("*.npz"))
    assert [path.stem for path in files] == ["mobilenetv2", "resnet50"]
    assert sum(path.stat().st_size for path in files) < 30e6
    for path in files:
        eight_bit.check(path, "restore it")
        figures = results.load(f"pretrain-{path.stem}")["figures"]
        for task in ("kind_accuracy", "plane_accuracy"):
            loss = figures["before_compacting"][task] - figures["after_compacting"][task]
            assert loss <= 0.005, (path.name, task)


@pytest.mark.parametrize(
    ("recipe", "count"),
    [
        ("mobilenetv2-head", 400),
        ("mobilenetv2-head", 1600),
        ("mobilenetv2-finetuned", 400),
        ("mobilenetv2-finetuned", 1600),
        ("resnet50-finetuned", 400),
        ("resnet50-finetuned", 1600),
    ],
)
def test_simulated_weights_beat_random_ones_on_real_slices(recipe, count):
    figures = results.load("starts-kaggle")["figures"]
    simulated, random = (
        figures[f"{recipe}, {start}, {count} slices"] for start in ("simulated", "random")
    )
    assert len(simulated["seeds"]) == len(random["seeds"]) == 3
    assert simulated["mean"] >= random["mean"] + 5
