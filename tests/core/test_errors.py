"""What readers are told: one sentence, with nothing in it that a terminal would obey."""

import pytest

from course_utils.core.errors import CourseError, look_up, printable


def test_what_is_looked_up_is_found_or_the_choices_are_named():
    table = {"small": 1, "large": 2}
    assert look_up(table, "large", "network") == 2
    for wrong in ("huge", None, ["small"]):
        with pytest.raises(CourseError) as caught:
            look_up(table, wrong, "network")
        said = f"There is no network called {wrong!r}: use one of small, large."
        assert str(caught.value) == said


@pytest.mark.parametrize(
    "name, shown",
    [
        ("Größe 1.jpg", "Größe 1.jpg"),
        ("a\r\n.jpg", r"a\r\n.jpg"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), r"caf\udce9"),
        ("left\u202eright", r"left\u202eright"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(name, shown):
    assert printable(name) == shown
    assert str(CourseError(f"{name} is damaged.")) == f"{shown} is damaged."
    assert printable(shown) == shown
