"""Measured numbers are kept whole, found again, and set into a text between its marks."""

import dataclasses

import pytest

from course_utils import settings
from course_utils.core import results
from course_utils.core.errors import CourseError


@dataclasses.dataclass
class Interval:
    value: float
    low: float
    high: float


def test_figures_are_kept_with_what_it_takes_to_measure_them_again(own_data_folder):
    path = results.save("dice", {"six": Interval(0.2, 0.1, 0.3)}, command="course roll")
    assert path == own_data_folder / "results" / "dice.json"
    record = results.load("dice")
    assert record["figures"] == {"six": {"value": 0.2, "low": 0.1, "high": 0.3}}
    assert record["settings"] == {"seed": settings.SEED, "command": "course roll"}
    assert {"python", "numpy"} <= set(record["versions"]) and record["machine"]["cores"] > 0
    assert results.save("dice", {}, seed=3) == path
    assert results.load("dice")["settings"] == {"seed": 3}


def test_a_measurement_of_ones_own_goes_before_the_one_that_comes_along():
    shipped = results.load("audit-kaggle")
    assert shipped["figures"]
    results.save("audit-kaggle", {"mine": 1})
    assert results.load("audit-kaggle")["figures"] == {"mine": 1}


def test_what_nobody_measured():
    with pytest.raises(CourseError, match="no result called 'dice'.*measure it first"):
        results.load("dice")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"3", b"{}", b"\xff\xfe"])
def test_damaged_figures_are_measured_again_and_never_deleted(content):
    path = results.save("dice", {})
    path.write_bytes(content)
    with pytest.raises(CourseError) as caught:
        results.load("dice")
    said = str(caught.value)
    assert str(path) in said and "is damaged" in said and "measure again" in said
    assert "delete" not in said


def test_the_command_leaves_out_what_goes_without_saying():
    spelled = results.command("evaluate", "baseline", dataset="kaggle", seed=7, split=None)
    assert spelled == "course evaluate baseline --dataset kaggle"
    assert results.command("audit", seed=3) == "course audit --seed 3"


def test_text_goes_between_its_marks_and_nowhere_else(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(
        "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y --><!-- /y -->\n<!-- x -->", "utf-8"
    )
    results.insert(path, "x", r"new \1 ü")
    results.insert(path, "y", "1\n2")
    whole = "a\n<!-- x -->\nnew \\1 ü\n<!-- /x -->\nb\n<!-- y -->\n1\n2\n<!-- /y -->\n<!-- x -->"
    assert path.read_text("utf-8") == whole


@pytest.mark.parametrize(
    "text", ["", "<!-- x -->", "<!-- /x -->\n<!-- x -->", "<!-- xx --><!-- /xx -->"]
)
def test_a_text_without_the_marks_is_left_alone(tmp_path, text):
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(CourseError, match="README.md lacks the marks <!-- x -->"):
        results.insert(path, "x", "new")
    assert path.read_text() == text


def test_a_text_is_whole_or_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "README.md"
    path.write_text("<!-- x -->\nold\n<!-- /x -->")

    def no(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", no)
    with pytest.raises(CourseError, match="disk is full"):
        results.insert(path, "x", "new")
    assert path.read_text() == "<!-- x -->\nold\n<!-- /x -->"
    assert list(tmp_path.iterdir()) == [path]
