"""The book without a browser: what takes the place of a kernel, and links that lead nowhere."""

import json

import nbformat
import pytest

from course_utils.cli import book, stills
from course_utils.widgets import controls


@pytest.fixture
def states(monkeypatch, tmp_path):
    monkeypatch.setattr(stills, "STATES", tmp_path)
    return tmp_path


def lesson(source, *outputs):
    shown = [nbformat.v4.new_output("display_data", *output) for output in outputs]
    cell = nbformat.v4.new_code_cell(source, outputs=shown)
    text = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    return stills.read(text).cells[0]


def test_pictures_keep_their_words():
    shown = nbformat.v4.new_output(
        "display_data", {"image/png": "AAAA"}, metadata={"image/png": {"alt": "A slice."}}
    )
    cell = nbformat.v4.new_code_cell("plots.show(figure)", outputs=[shown])
    read = stills.read(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))
    assert read.cells[0].metadata["mystnb"] == {"image": {"alt": "A slice."}}


def test_bars_of_a_progress_are_left_out():
    assert lesson("fit()", [{stills.PROGRESS_BAR: {}, "text/plain": "30%"}]).outputs == []


def test_the_quiz_unfolds_and_hides_which_answer_is_right():
    answers = [
        {"answer": "b & c", "correct": True, "feedback": "Yes."},
        {"answer": "a", "correct": False, "feedback": "No."},
    ]
    script = f"var questions={json.dumps([{'question': 'Which?', 'answers': answers}])}; show()"
    cell = lesson("exercises.quiz({})", [{"application/javascript": script}])
    page = cell.outputs[0]["data"]["text/html"]
    assert page.index("<summary>a<") < page.index("<summary>b &amp; c<") < page.index("✓ Yes.")
    assert cell.metadata["tags"] == ["remove-input"]


def test_an_explorer_of_the_data_gets_a_slider(states, monkeypatch, own_data_folder, practice):
    monkeypatch.setattr("course_utils.datasets.load", lambda name: practice)
    page = lesson("widgets.kernel_lab(val)").outputs[0]["data"]["text/html"]
    assert len(list(states.glob("*.png"))) == 6
    assert 'max="5"' in page
    assert controls._taken is None


def test_an_explorer_of_results_keeps_its_still(states):
    assert not lesson("widgets.error_browser(test, probabilities)").outputs
    assert not list(states.iterdir())


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<h1 id="top"><a href="b.html#there">1</a> <a href="b.html#gone">2</a> <a href="#top">3</a>'
        '<a href="c.html">4</a> <img src="d.png"> <a href="https://elsewhere.example/">5</a>'
    )
    (tmp_path / "b.html").write_text('<p id="there">')
    assert book.dead_links(tmp_path) == ["a.html: b.html#gone", "a.html: c.html", "a.html: d.png"]
