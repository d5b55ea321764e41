"""Lesson 07's folded answers, played in order, find each planted fault, and run on any data."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from course_utils import datasets, exercises, settings
from course_utils.exercises import project as rubric
from course_utils.simulator import planted

LESSON = settings.NOTEBOOKS / "07_your_own_project.ipynb"
ANSWER = re.compile(
    r"<details><summary>One way to do it</summary>.*?```python\n(.*?)```.*?</details>", re.S
)
# Fewer make a test quicker, and wrong labels harder to find.
PATIENTS = {"leak": 64, "mark": 64, "swap": 96}
CASE = {planted.fault(number): number for number in (3, 2, 1)}
LINE = {"leak": "Leaks checked", "mark": "Shortcuts checked", "swap": "Labels checked"}
# What a submission that skipped the check would hand in, and where a fault must not be told.
SKIPPED = {"leak": {"pairs": []}, "mark": {"region": ()}, "swap": {"suspects": []}}


@pytest.fixture(scope="module")
def cells():
    return json.loads(LESSON.read_text(encoding="utf-8"))["cells"]


@pytest.fixture
def play(cells):
    """Function that plays all folded answers on a data set, and returns what they hand in."""

    def played(data):
        names = {"data": data, "project": {}}
        exec("import numpy as np\nfrom course_utils import datasets, evaluation, exercises", names)
        exec("from course_utils import settings", names)
        answers = [code for cell in cells for code in ANSWER.findall("".join(cell["source"]))]
        assert len(answers) == 7
        for code in answers:
            exec(code, names)
        return names["project"]

    return played


def marks(data, project):
    return {line: mark for line, (mark, _) in rubric.lines(data, project).items()}


@pytest.mark.parametrize("fault", planted.FAULTS)
def test_the_folded_answers_find_each_planted_fault(fault, practice, play):
    number = CASE[fault]
    names = practice.table["patient"].unique()[: PATIENTS[fault]]
    few = practice.take(practice.table["patient"].isin(names).to_numpy())
    images, table = planted.plant(number, np.array(few.images), few.table)
    name = f"project-{number}"
    datasets.save(
        settings.named_dir() / name / f"v{planted.VERSION}", {"t1ce": images}, None, table
    )
    data = datasets.load(name)
    project = play(data)
    assert marks(data, project) == dict.fromkeys(rubric.LINES, "✓")
    # Who skips the check is told which one it was, and nothing of where the fault is.
    skipped = rubric.lines(data, project | SKIPPED[fault])
    mark, words = skipped.pop(LINE[fault])
    assert mark == "✗" and "this check counts as skipped" in words
    assert not re.search(r"\d|P\d|" + "|".join(data.class_names), words)
    assert {mark for mark, _ in skipped.values()} == {"✓"}


def test_the_folded_answers_run_on_a_folder_of_made_pictures_in_colour(tmp_path, play):
    rng = np.random.default_rng(0)
    for label, middle in {"squares": 0, "spots": 100}.items():
        for number in range(40):
            picture = rng.normal(60, 20, (64, 64, 3))
            picture[20:44, 20:44] += 90
            picture[28:36, 28:36] += middle * rng.uniform(0.5, 1)
            path = tmp_path / "pictures" / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(path)
    data = datasets.import_data(tmp_path / "pictures", "made")
    project = play(data)
    assert marks(data, project) == dict.fromkeys(rubric.LINES, "✓")
    assert project["card"].read_text(encoding="utf-8").startswith("# Model card")


def test_the_folded_answers_run_on_figshare(monkeypatch, own_data_folder, play):
    home = settings.ROOT / "data" / "figshare"
    if not home.exists():
        pytest.skip(f"the figshare data is not in {home}")
    own_data_folder.mkdir()
    (own_data_folder / "figshare").symlink_to(home, target_is_directory=True)
    data = datasets.load("figshare")
    assert marks(data, play(data)) == dict.fromkeys(rubric.LINES, "✓")


def test_an_untouched_notebook_has_tried_nothing(cells, practice, monkeypatch):
    monkeypatch.setattr(datasets, "load", lambda name=None: practice)
    monkeypatch.setattr("course_utils.exercises.display", lambda shown: None)
    names = {"exercises": exercises}
    (empty,) = [c for c in cells if "".join(c["source"]) == "exercises.rubric(data, project)"]
    project = {}
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and 'project["' in text:
            exec(text, names | {"project": project})
    assert set(project.values()) == {...}
    said = rubric.lines(practice, project)
    assert all(mark == "○" and words.startswith("Not tried yet") for mark, words in said.values())
    shown = "".join(empty["outputs"][0]["data"]["text/markdown"])
    assert shown.count("Not tried yet") == len(rubric.LINES)
