"""The rubric tells what was done from what was skipped, and why a line has no tick."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from course_utils import exercises, settings
from course_utils.core.errors import CourseError
from course_utils.datasets import Dataset
from course_utils.evaluation import intervals, metrics
from course_utils.exercises import project as rubric
from course_utils.simulator import planted

NUMBER = {planted.fault(number): number for number in (3, 2, 1)}
SLICES = 4


def made(name, twice=0):
    """Sixty patients of four slices, a third of which is another class; some are in it twice."""
    rng = np.random.default_rng(0)
    images = ndimage.gaussian_filter(rng.normal(size=(60 * SLICES, 32, 32)), (0, 1, 1))
    images = (127 + 300 * images).clip(0, 255).astype(np.uint8)
    images[rng.permutation(60 * SLICES)[:8], :4, :4] = 255
    names = np.repeat([f"P{number:02}" for number in range(60)], SLICES)
    labels = np.repeat(np.resize(["notumor", "pituitary", "notumor"], 60), SLICES)
    table = pd.DataFrame({"label": labels, "patient": names, "group": names, "split": ""})
    again = table.iloc[: twice * SLICES].assign(patient=lambda own: own["patient"] + "b")
    again["group"] = again["patient"]
    images = np.concatenate([images, images[: twice * SLICES]])
    return Dataset(name, {"t1ce": images}, None, pd.concat([table, again], ignore_index=True))


def handed_in(data):
    """A project in which every line is as it should be."""
    groups = data.table["group"].str.rstrip("b")
    number = groups.str[1:].astype(int).to_numpy()
    part = np.array([1, 0, 0, 2])[number // 3 % 4]
    parts = [np.flatnonzero(part == one) for one in range(3)]
    test = parts[2]

    def guess(of, wrong):
        """Probabilities by which some patients, by their numbers, are named wrongly."""
        named = np.where(np.isin(number, wrong), 1 - data.labels, data.labels)[of]
        return np.where(named[:, None] == [0, 1], 0.9, 0.1)

    model = guess(test, [9, 22])
    right = metrics.accuracy(data.labels[test], model, groups.iloc[test])
    answers = dict.fromkeys(rubric.CARD, "This is what we know.")
    answers["Performance"] = f"Right on {right}."
    half = len(data) - (data.table["group"] != groups).sum(), len(data)
    common = np.bincount(data.labels[parts[0]]).argmax()
    return {
        "pairs": [(row - half[0], row) for row in range(*half)],
        "split": parts,
        "majority": np.mean(data.labels[test] == common),
        "simple": guess(test, [9, 22, 33, 46]),
        "probe": guess(test, range(0, 60, 2)),
        "region": (),
        "model": model,
        "interval": (right.low, right.high),
        "crossed": guess(np.arange(len(data)), [5, 25, 45]),
        "suspects": [],
        "card": exercises.model_card(data, answers),
    }


@pytest.fixture(scope="module")
def data():
    return made("mine")


@pytest.fixture
def project(data):
    return handed_in(data)


@pytest.fixture
def told(data, project):
    """Function of a line and of what is handed in otherwise: its mark and its words."""
    return lambda line, **other: " ".join(rubric.lines(data, project | other)[line])


def test_a_whole_project_has_all_ticks(data, project):
    said = rubric.lines(data, project)
    assert [mark for mark, _ in said.values()] == ["✓"] * 8, said


def test_what_is_not_handed_in_was_not_tried(data, project):
    for nothing in ({}, dict.fromkeys(project, ...)):
        said = rubric.lines(data, nothing)
        assert {mark for mark, _ in said.values()} == {"○"}
        assert all(words.startswith("Not tried yet") for _, words in said.values())
    for key in project:
        said = rubric.lines(data, project | {key: ...})
        assert "○" in {mark for mark, _ in said.values()}, key


def test_the_rubric_is_a_table_with_a_line_for_each_check(monkeypatch, data, project):
    shown = []
    monkeypatch.setattr(rubric, "display", lambda text: shown.append(text.data))
    exercises.rubric(data, project | {"card": ...})
    assert shown[0].startswith("| | 7 of 8 | |\n| --- | --- | --- |\n| ✓ | **Leaks checked** |")
    assert shown[0].count("\n") == 9
    with pytest.raises(CourseError, match="A project is a dict"):
        exercises.rubric(data, [])


def test_a_split_that_divides_groups_is_told(data, told, project):
    train, val, test = project["split"]
    by_slice = np.random.default_rng(0).permutation(len(data))
    assert "of 60 groups have slices in two parts" in told(
        "Split by group", split=np.split(by_slice, [150, 190])
    )
    assert "in two parts of `split` at once" in told("Split by group", split=(train, train, test))
    assert "three arrays" in told("Split by group", split=(train, test))
    assert "Rows run from 0" in told("Split by group", split=(train, val, test + len(data)))
    assert "leaves out" in told("Split by group", split=(train[:40], val, test))
    one = train[data.labels[train] == 0]
    assert "training slices of `split` lack a class" in told(
        "Split by group", split=(one, val, test)
    )


def test_a_leak_is_told_without_its_place():
    data = made("mine", twice=12)
    project = handed_in(data)
    said = rubric.lines(data, project)
    assert {mark for mark, _ in said.values()} == {"✓"}, said
    assert said["Leaks checked"][1] == "12 pairs of groups share pictures; you found 12."

    def told(line, **other):
        return " ".join(rubric.lines(data, project | other)[line])

    assert "has none of it: this check counts as skipped" in told("Leaks checked", pairs=[])
    assert "lacks most of it: this check counts as skipped" in told(
        "Leaks checked", pairs=project["pairs"][:8]
    )
    wrong = [(row, row + 40) for row in range(100)]
    assert "two different pictures" in told("Leaks checked", pairs=[*project["pairs"], *wrong])
    # By the names of the groups alone: the copies stay behind in training.
    test = project["split"][2][:60]
    rest = np.setdiff1d(np.arange(len(data)), test)
    assert "the same picture is, under different names" in told(
        "Split by group", split=(rest, [], test)
    )


@pytest.mark.parametrize("pairs", [3, "none", [1, 2], [(1,), (2, 3)], [(0.5, 1.5)], {"a": 1}, None])
def test_pairs_of_another_form_are_told(told, pairs):
    assert "two row numbers a pair" in told("Leaks checked", pairs=pairs)


def test_pairs_may_come_as_a_table_and_lie_beyond_the_data(told):
    table = pd.DataFrame({"first": [0], "second": [1], "turn": ["upright"]})
    assert "No two groups share a picture" in told("Leaks checked", pairs=table)
    assert "holds others" in told("Leaks checked", pairs=[(0, 9999)])


def test_baselines_are_worked_out_again(told, project):
    assert "as a percentage" in told("Majority class", majority=100 * project["majority"])
    assert "divided by the number of classes" in told("Majority class", majority=0.5)
    assert "too high" in told("Majority class", majority=0.99)
    assert "learned nothing" in told("Simple model", simple=1 - project["model"])
    assert "the same probabilities" in told("Simple model", simple=project["model"])
    assert "2 classes in `simple`" in told("Simple model", simple=project["model"][:-1])
    assert "must add up to 1" in told("Simple model", simple=5 * project["model"])


def test_an_interval_counts_patients(data, told, project):
    test, line = project["split"][2], "Network, with an interval"
    groups = data.table["group"].to_numpy()[test]
    right = (project["model"].argmax(axis=1) == data.labels[test]).astype(float)
    by_patient = intervals.band(np.mean, [right], groups)
    assert "✓" in told(line, interval=by_patient)
    assert "as if each were a patient" in told(
        line, interval=intervals.band(np.mean, [right], np.arange(len(test)))
    )
    assert "not inside" in told(line, interval=(0.1, 0.2))
    assert "is it one of 95%" in told(line, interval=(0, 1))
    assert "percentages" in told(line, interval=(100 * by_patient[0], 100 * by_patient[1]))
    assert "two numbers" in told(line, interval=0.9)


def test_a_place_must_give_a_class_away(data, told):
    line = "Shortcuts checked"
    assert "gives nothing away" in told(line, region=(0, 8, 0, 8))
    assert "name a smaller place" in told(line, region=(0, 32, 0, 32))
    for place in ((8, 0, 0, 8), (0, 8, 30, 40), (-1, 8, 0, 8)):
        assert "no place in a picture of 32 by 32" in told(line, region=place)
    assert "top, bottom, left and right" in told(line, region="corner")
    marked = data.images.copy()
    marked[data.labels == 1, 1:5, 26:30] = 255
    data = Dataset("mine", {"t1ce": marked}, None, data.table)
    mark, words = rubric.lines(data, handed_in(data) | {"region": (0, 6, 24, 32)})[line]
    assert mark == "✓" and "your region alone gives 99" in words


def test_a_planted_mark_must_be_named(project):
    data = made(f"project-{NUMBER['mark']}")
    top, bottom, left, right = planted.box(NUMBER["mark"], (32, 32))
    data.images[data.labels == 1, top:bottom, left:right] = 255
    for place in ((), (12, 18, 12, 18), (0, 4, 14, 18)):
        mark, words = rubric.lines(data, project | {"region": place})["Shortcuts checked"]
        assert mark == "✗" and "this check counts as skipped" in words
        assert not any(character.isdigit() for character in words)
    for place in ((top, bottom, left, right), (top + 2, top + 5, left, right)):
        assert rubric.lines(data, project | {"region": place})["Shortcuts checked"][0] == "✓"


def test_planted_labels_must_be_suspected(project):
    data = made(f"project-{number_of_pair()}")
    wrong = np.flatnonzero(planted.swapped(number_of_pair(), data.table))
    crossed = np.where(np.eye(2)[data.labels] > 0, 0.9, 0.1)
    crossed[wrong] = 1 - crossed[wrong]

    def told(suspects):
        given = project | {"crossed": crossed, "suspects": suspects}
        return " ".join(rubric.lines(data, given)["Labels checked"])

    right = np.setdiff1d(np.arange(len(data)), wrong)
    assert told(wrong).startswith("✓") and told(wrong[: len(wrong) * 3 // 4]).startswith("✓")
    for few in ([], wrong[:4]):
        assert "lacks most of them: this check counts as skipped" in told(few)
    assert "is mostly others" in told([*wrong[: len(wrong) // 2 + 1], *right[:40]])


def number_of_pair():
    """A case of exchanged labels between the two classes of the made data."""
    return next(
        number
        for number in range(1, 100)
        if planted.fault(number) == "swap" and set(planted.pair(number)) == {"notumor", "pituitary"}
    )


def test_suspects_fit_the_probabilities_that_doubt_them(data, told, project):
    line = "Labels checked"
    agreed = np.flatnonzero(project["crossed"].argmax(axis=1) == data.labels)
    assert "labels of the suspects are right" in told(line, suspects=agreed[:20])
    assert "of all slices. Keep those" in told(line, suspects=np.arange(len(data)))
    assert "can doubt nobody's label" in told(line, crossed=1 - project["crossed"])
    assert "Rows run from 0" in told(line, suspects=[9999])


def test_a_card_is_written_whole_and_read_again(data, told, project):
    path = project["card"]
    assert path == settings.data_dir() / "projects" / "mine.md"
    text = path.read_text(encoding="utf-8")
    assert all(f"## {item}\n\n*{question}*\n\n" in text for item, question in rubric.CARD.items())
    assert list(path.parent.iterdir()) == [path]
    path.write_text(text.replace("This is what we know.", "", 1), encoding="utf-8")
    assert "still empty: Intended use." in told("Model card")
    path.write_text(text.replace("This is what we know.", "None.", 1), encoding="utf-8")
    assert "One or two words" in told("Model card")
    path.write_text(text.replace("Right on", "About"), encoding="utf-8")
    assert "✓" in told("Model card")
    exercises.model_card(data, dict.fromkeys(rubric.CARD, "As good as 12.3% can be."))
    assert "*Performance* does not say so" in told("Model card")
    exercises.model_card(data, {"Intended use": ...})
    assert told("Model card").startswith("○ Not tried yet")
    for nowhere in (None, 3, path.parent / "other.md", "\0"):
        assert "wants what `exercises.model_card(data, card)` returns" in told(
            "Model card", card=nowhere
        )


def test_a_card_with_an_unknown_item_is_refused_and_the_old_one_stays(data, project):
    before = project["card"].read_text(encoding="utf-8")
    with pytest.raises(CourseError, match="no item of the card called 'Colour'"):
        exercises.model_card(data, {"Colour": "blue"})
    assert project["card"].read_text(encoding="utf-8") == before
