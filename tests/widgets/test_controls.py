"""Explorers follow their controls, draw again once the hand rests, and stand still on paper."""

import asyncio
import base64

import ipywidgets
import matplotlib.pyplot as plt

from course_utils import settings, widgets
from course_utils.core.errors import CourseError
from course_utils.widgets.controls import PAUSE


def drawing(calls):
    def draw(number):
        calls.append(number)
        return plt.figure(figsize=(1, 1)), f"Number {number} < 10."

    return draw


def test_a_still_picture_where_nobody_can_move_a_slider(monkeypatch, shown):
    monkeypatch.setattr(settings, "static", lambda: True)
    widgets.explore(drawing([]), {"number": ipywidgets.IntSlider(3)})
    picture, words = shown
    assert picture._repr_png_()[1]["alt"] == words.data == "Number 3 < 10."


def test_an_explorer_draws_its_first_picture_with_alternative_text(shown):
    widgets.explore(drawing([]), {"number": ipywidgets.IntSlider(3)})
    (box,) = shown
    html = box.children[-1].value
    assert 'alt="Number 3 &lt; 10."' in html
    assert base64.b64decode(html.split("base64,")[1].split('"')[0]).startswith(b"\x89PNG")
    assert not plt.get_fignums()


def test_a_dragged_slider_draws_once_when_it_rests(shown):
    calls = []
    slider = ipywidgets.IntSlider(0)
    widgets.explore(drawing(calls), {"number": slider})

    async def drag():
        for number in range(1, 30):
            slider.value = number
        await asyncio.sleep(4 * PAUSE)

    asyncio.run(drag())
    assert calls == [0, 29]
    assert "Number 29 &lt; 10.</p>" in shown[0].children[-1].value


def test_an_explained_error_stands_in_the_place_of_the_picture(shown):
    def draw(number):
        raise CourseError("No such slice: choose <another>.")

    widgets.explore(draw, {"number": ipywidgets.IntSlider(0)})
    assert shown[0].children[-1].value == "No such slice: choose &lt;another&gt;."


def test_what_would_change_nothing_is_hidden():
    controls = {"one": ipywidgets.IntSlider(), "other": ipywidgets.ToggleButtons(options=["a"])}
    widgets.lay_out(controls, hidden=["other"])
    assert controls["one"].layout.display is None
    assert controls["other"].layout.display == "none"
    assert {control.style.description_width for control in controls.values()} == {"6em"}
