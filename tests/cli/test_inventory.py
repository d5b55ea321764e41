"""What data is here, and what an import found, in lines that a reader takes in."""

import pandas as pd
import pytest

from course_utils import datasets
from course_utils.cli import inventory

READ = "3 files could not be used; the others were imported:"


@pytest.fixture
def shown(save_tiny, monkeypatch, capsys):
    """Lines that an import with some problems prints about them."""

    def show(problems):
        save_tiny("kaggle")
        table = pd.DataFrame(problems, columns=["file", "problem"])
        monkeypatch.setattr(datasets, "problems", lambda name: table)
        inventory.show_import(datasets.load("kaggle"))
        lines = capsys.readouterr().out.split("\n\n")[1].splitlines()
        assert lines[0] == "8 slices in 4 groups of near-duplicates."
        assert lines[-2] == f"Saved in {datasets.folder_of('kaggle')}"
        assert "COURSE_DATASET=kaggle" in lines[-1]
        return lines[1:-2]

    return show


def test_an_import_without_problems_mentions_none(shown):
    assert shown([]) == []


def test_a_few_problems_are_named(shown):
    assert shown(
        [("a/1.jpg", "is empty"), ("a/2.jpg", "is not an image"), ("3.txt", "is odd")]
    ) == [
        READ,
        "  3.txt: is odd",
        "  a/1.jpg: is empty",
        "  a/2.jpg: is not an image",
    ]


def test_hundreds_of_problems_are_counted_by_folder_and_reason(shown):
    problems = [(f"Training/glioma/{n}.txt", "is not an image") for n in range(300)]
    problems += [(f"{n}.txt", "lies outside the class folders") for n in range(200)]
    problems += [("Testing/glioma/1.jpg", "is empty"), ("Testing/glioma/2.jpg", "is empty")]
    assert shown(problems) == [
        "502 files could not be used; the others were imported:",
        "  300 files in Training/glioma (0.txt, 1.txt, 2.txt, ...): is not an image",
        "  200 files in . (0.txt, 1.txt, 2.txt, ...): lies outside the class folders",
        "  2 files in Testing/glioma (1.jpg, 2.jpg): is empty",
    ]


def test_problems_in_hundreds_of_folders_are_not_all_named(shown):
    lines = shown(
        [(f"{n}/x.txt", "lies outside") for n in range(300)] + [("0/y.txt", "lies outside")]
    )
    assert lines[1] == "  2 files in 0 (x.txt, y.txt): lies outside"
    assert len(lines) == 12 and lines[-1] == "  and 290 more, in 290 other ways or folders"


def test_names_that_a_terminal_would_obey_are_escaped(shown):
    text = "\n".join(shown([("\x1b[31m/\r.jpg", "is\x07odd"), ("\x1b[31m/b.jpg", "is\x07odd")]))
    assert all(line.isprintable() for line in text.splitlines())
    assert r"2 files in \x1b[31m (\r.jpg, b.jpg): is\x07odd" in text


def test_notes_patients_and_a_split_that_nobody_made(save_tiny, capsys, monkeypatch):
    save_tiny("moths")
    data = datasets.load("moths")
    data.table["patient"], data.table["split"] = data.table["group"], ""
    data.table.loc[0, "label"] = "all"
    monkeypatch.setattr(datasets, "notes", lambda name: ["One is\x1b[31m odd."])
    inventory.show_import(data)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:3]] == [["all"], ["all", "1"], ["glioma", "1"]]
    assert lines[6].split() == ["all", "8"]
    assert lines[8:10] == ["8 slices of 4 patients.", r"One is\x1b[31m odd."]


def test_what_is_here_and_what_is_not(save_tiny, capsys):
    inventory.show()
    assert "kaggle: not here yet" in capsys.readouterr().out
    save_tiny("kaggle")
    inventory.show()
    said = capsys.readouterr().out
    assert (
        f"kaggle: {datasets.folder_of('kaggle')}" in said and "practice (chosen): not made" in said
    )
    facts = pd.Series(dict(line.rsplit(None, 1) for line in said.split("\n\n")[0].splitlines()[1:]))
    facts.index = facts.index.str.strip()
    assert "figshare: not here yet: 'course data download figshare'" in said
    assert "kaggle-v2" not in said
    save_tiny("moths")
    inventory.show()
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line]
    assert names[:7] == [
        "kaggle",
        "slices",
        "glioma",
        "meningioma",
        "notumor",
        "pituitary",
        "patients",
    ]
    assert facts[["slices", "glioma", "groups", "official test", "files not usable"]].to_list() == [
        "8",
        "2",
        "4",
        "2",
        "1",
    ]


def test_a_case_that_is_not_made_says_who_makes_it():
    assert inventory.absent("project-7") == "not made yet: lesson 07 makes it when it is asked for"
