"""Every lesson keeps the form that readers rely on, and every solution passes its check."""

import ast
import base64
import json
import re
from io import BytesIO

import pytest
from PIL import Image

from course_utils import exercises, settings
from course_utils.cli import badges

LESSONS = sorted((settings.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SECTION = re.compile(r"^## \d+ · .+\?$", re.M)
EXERCISE = re.compile(r'exercises\.check\("(\d\d\.\d)", (\w+)\)')
SOLUTION = re.compile(
    r"<details><summary>Solution</summary>.*?```python\n(.*?)```.*?</details>", re.S
)
CLOSING = ("## Exercises", "## Quiz", "## Key points", "## What comes next", "## Sources")


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request):
    """A notebook as a dict, with its number and the text of each cell under "text"."""
    notebook = json.loads(request.param.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["text"] = "".join(cell["source"])
    return notebook | {"number": request.param.stem[:2], "path": request.param}


def prose(lesson):
    return [cell["text"] for cell in lesson["cells"] if cell["cell_type"] == "markdown"]


def code(lesson):
    return [cell for cell in lesson["cells"] if cell["cell_type"] == "code"]


def set_up(lesson):
    """The lesson's own first cell: the one before it is the same in every notebook."""
    return code(lesson)[1]


def keras_imports(lesson):
    """The lines that import Keras and TensorFlow: solutions may use both."""
    text = "\n".join(cell["text"] for cell in code(lesson))
    return "\n".join(re.findall(r"^import (?:keras|tensorflow as tf)$", text, re.M))


def outputs(lesson):
    return [output for cell in code(lesson) for output in cell["outputs"]]


def test_there_are_lessons():
    assert LESSONS


def test_opening(lesson):
    opening = prose(lesson)[0]
    assert opening.startswith(f"# {lesson['number']} · ")
    assert "**You will be able to**\n- " in opening
    assert re.search(r"\*\*Minutes:\*\* \d+ to read, \d+ to run", opening)
    assert "no medical device" in opening


def test_says_once_that_it_is_no_medical_device(lesson):
    assert "\n".join(prose(lesson)).count("no medical device") == 1


def test_opened_alone_it_fetches_its_course(lesson):
    first = code(lesson)[0]
    assert first["text"] == badges.CELL.format(address=badges.address()), "run 'course badges'"
    assert first["id"] == badges.IDENTITY and first["outputs"] == []


def test_one_set_up_cell_comes_first(lesson):
    _, first, *others = code(lesson)
    assert "from course_utils import " in first["text"]
    assert "settings.show()" in first["text"]
    assert "nbval-ignore-output" in first["metadata"]["tags"], "versions differ between computers"
    assert not any("settings.show()" in cell["text"] for cell in others)


def test_four_to_seven_sections_in_order(lesson):
    text = "\n".join(prose(lesson))
    sections = re.findall(r"^## (\d+) · ", text, re.M)
    assert sections == [str(n + 1) for n in range(len(sections))]
    assert 4 <= len(sections) <= 7
    assert len(SECTION.findall(text)) == len(sections), "each section asks a question"


def test_every_section_predicts_runs_and_reads(lesson):
    cells, section = {}, ""
    for cell in lesson["cells"]:
        heading = re.match(r"## (.+)", cell["text"]) if cell["cell_type"] == "markdown" else None
        section = heading[1] if heading else section
        cells.setdefault(section, []).append(cell)
    for section, inside in cells.items():
        if not re.match(r"\d+ · ", section):
            continue
        first_code = [cell["cell_type"] for cell in inside].index("code")
        before = "\n".join(cell["text"] for cell in inside[:first_code])
        after = [c["text"] for c in inside[first_code:] if c["cell_type"] == "markdown"]
        assert "**Predict first.**" in before, section
        assert after, f"{section}: nothing is read out of it"


def test_closing_parts_in_order(lesson):
    text = "\n".join(prose(lesson))
    places = [re.search(f"^{part}$", text, re.M) for part in CLOSING]
    assert all(places), [part for part, place in zip(CLOSING, places, strict=True) if not place]
    starts = [place.start() for place in places]
    assert starts == sorted(starts)
    assert starts[0] > [m.start() for m in SECTION.finditer(text)][-1]


def test_a_core_lesson_leads_to_the_next(lesson):
    core = [path.name for path in LESSONS if path.name.startswith("0")]
    following = dict(zip(core, core[1:], strict=False)).get(lesson["path"].name)
    if following:
        text = "\n".join(prose(lesson)).partition("## What comes next")[2]
        assert re.search(r"\]\((.+?\.ipynb)\)", text)[1] == following


def test_exercises_have_solutions_that_pass(lesson, practice, own_data_folder, monkeypatch):
    exercise = EXERCISE.findall("\n".join(cell["text"] for cell in code(lesson)))
    asked = [number for number, _ in exercise]
    solutions = SOLUTION.findall("\n".join(prose(lesson)))
    assert 2 <= len(asked) <= 4
    assert asked == [f"{lesson['number']}.{n + 1}" for n in range(len(asked))]
    assert len(solutions) == len(asked)
    monkeypatch.setattr("course_utils.datasets.load", lambda name=None: practice)
    names = {"data": practice}
    exec(set_up(lesson)["text"], names)
    exec(keras_imports(lesson), names)
    for (number, answer), solution in zip(exercise, solutions, strict=True):
        exec(solution, names)
        assert exercises.feedback(number, names[answer]) is None, number


def test_exercises_are_not_tried_yet(lesson):
    for cell in code(lesson):
        if EXERCISE.search(cell["text"]):
            assert cell["text"].startswith("answer = ...\n") or "    return ...\n" in cell["text"]
            assert "Not tried yet" in str(cell["outputs"])


def test_every_exercise_is_in_a_lesson():
    texts = "".join(path.read_text(encoding="utf-8") for path in LESSONS).replace('\\"', '"')
    assert {number for number, _ in EXERCISE.findall(texts)} == set(exercises.numbers())


def quizzes(path):
    """The questions of a lesson's quiz, each with its answers, the right one first."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and "exercises.quiz(" in text:
            yield from ast.literal_eval(ast.parse(text).body[-1].value.args[0]).items()


def test_quiz_asks_three_questions_and_hides_its_answers(lesson):
    (quiz,) = [cell for cell in code(lesson) if "exercises.quiz(" in cell["text"]]
    assert quiz["metadata"]["jupyter"]["source_hidden"], "its code begins with the right answers"
    questions = dict(quizzes(lesson["path"]))
    assert len(questions) == 3
    for question, answers in questions.items():
        assert question.endswith("?")
        assert len(answers) >= 3
        assert all(answers.values()), "every answer answers back"
    scripts = [output["data"].get("application/javascript", []) for output in quiz["outputs"]]
    stored = "".join(line for script in scripts for line in script)
    assert all(json.dumps(question)[1:-1] in stored for question in questions), "run it again"


def test_a_lesson_has_code_to_write_hints_and_predictions(lesson):
    if lesson["number"] == "00":
        return
    solutions = SOLUTION.findall("\n".join(prose(lesson)))
    lines = [sum(bool(line.strip()) for line in solution.splitlines()) for solution in solutions]
    assert sum(count >= 5 for count in lines) >= 2, f"too little to write: {lines} lines"
    asked = {number for number in exercises.numbers() if number.startswith(lesson["number"])}
    assert all(len(exercises.HINTS[number]) == 3 for number in asked)
    text = "\n".join(cell["text"] for cell in code(lesson))
    typed = re.findall(r'exercises\.predict\(\s*"(\d\d\.[a-d])"', text)
    settled = re.findall(r'exercises\.settle\(\s*"(\d\d\.[a-d])"', text)
    assert typed == settled == [f"{lesson['number']}.{letter}" for letter in "abcd"[: len(typed)]]
    assert len(typed) >= (3 if lesson["number"] <= "05" else 2)
    assert "guess=..., sure=..." in " ".join(text.split()), "they come untouched"


def test_every_exercise_has_a_typical_wrong_answer():
    tests = settings.ROOT / "tests"
    for lesson in exercises.EXERCISES:
        (path,) = tests.rglob(f"test_lesson_{lesson}.py")
        tried = path.read_text(encoding="utf-8")
        assert 'said("' in tried or "said(number" in tried or "feedback(" in tried, path
        for number in (n for n in exercises.numbers() if n.startswith(lesson)):
            assert f'"{number}"' in tried, f"{path.name} tries no answer to {number}"


def test_the_length_of_an_answer_does_not_give_it_away():
    longest = shortest = asked = 0
    for path in LESSONS:
        for _, answers in quizzes(path):
            right, *wrong = map(len, answers)
            asked += 1
            longest, shortest = longest + (right > max(wrong)), shortest + (right < min(wrong))
    assert longest <= asked / 3 and shortest <= asked / 2, (longest, shortest, asked)


def test_code_cells_are_short(lesson):
    for cell in code(lesson):
        lines = [line for line in cell["text"].splitlines() if line.strip()]
        # A quiz is text, though it is written as code.
        assert len(lines) <= (25 if "exercises.quiz(" in cell["text"] else 15), cell["text"]


def test_at_least_as_much_prose_as_code(lesson):
    words = sum(len(text.split()) for text in prose(lesson))
    tokens = sum(len(cell["text"].split()) for cell in code(lesson))
    assert words >= tokens


def test_sources_have_addresses(lesson):
    sources = "\n".join(prose(lesson)).split("## Sources\n")[1]
    items = re.findall(r"^(?:-|\d+\.) .+$", sources, re.M)
    assert items
    assert all("](http" in item for item in items), items


def test_links_to_other_lessons_hold(lesson):
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", "\n".join(prose(lesson))):
        assert (lesson["path"].parent / target).exists(), target


def test_every_figure_says_what_it_shows(lesson):
    figures = [o for o in outputs(lesson) if "image/png" in o.get("data", {})]
    assert figures
    sentences = ["".join(o["data"]["text/markdown"]) for o in outputs(lesson) if _is_markdown(o)]
    for figure in figures:
        alt = figure["metadata"]["image/png"]["alt"]
        assert len(alt.split()) >= 6
        assert alt in sentences, "the sentence stands below the figure too"
        assert Image.open(BytesIO(base64.b64decode(figure["data"]["image/png"]))).width <= 1000


def test_outputs_are_stored_whole_and_small(lesson):
    cells = code(lesson)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output["output_type"] for output in outputs(lesson)}
    assert "error" not in kinds
    assert not [o for o in outputs(lesson) if o.get("name") == "stderr"]
    assert lesson["path"].stat().st_size < 1_000_000


def test_metadata_names_the_kernel_and_nothing_else(lesson):
    assert lesson["metadata"]["kernelspec"]["name"] == "python3"
    assert set(lesson["metadata"]) == {"kernelspec", "language_info"}
    for cell in lesson["cells"]:
        assert set(cell["metadata"]) <= {"tags", "jupyter"}


def test_outputs_come_from_the_practice_data(lesson):
    printed = "".join("".join(o.get("text", "")) for o in set_up(lesson)["outputs"])
    assert "data set: practice" in printed


def _is_markdown(output):
    return "text/markdown" in output.get("data", {})
