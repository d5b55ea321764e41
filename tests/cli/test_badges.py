"""The address of the project: one place names it, and notebooks and badges carry it."""

import json

import pytest

from course_utils import settings
from course_utils.cli import badges
from course_utils.core import packages

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# 00"]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": "b",
            "metadata": {},
            "outputs": [{"output_type": "execute_result", "execution_count": 1, "data": {}}],
            "source": ["1 + 1"],
        },
    ]
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Function that gives a project of one notebook an address."""
    (tmp_path / "notebooks").mkdir()
    notebook = tmp_path / "notebooks" / "00_first.ipynb"
    notebook.write_text(json.dumps(NOTEBOOK, indent=1) + "\n")
    readme = tmp_path / "README.md"
    readme.write_text("<!-- badges -->\n<!-- /badges -->\n")
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    monkeypatch.setattr(settings, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(badges, "README", readme)

    def at(address):
        urls = {"urls": {"Repository": address}} if address else {}
        monkeypatch.setattr(packages, "project", lambda: urls)
        badges.write()
        return json.loads(notebook.read_text()), readme.read_text()

    return at


def test_the_cell_comes_first_and_the_counts_go_up(project):
    title, first, second = project("")[0]["cells"]
    assert title == NOTEBOOK["cells"][0]
    assert first["id"] == "alone" and 'or ""' in "".join(first["source"])
    assert first["execution_count"] == 1 and first["outputs"] == []
    assert second["execution_count"] == second["outputs"][0]["execution_count"] == 2


def test_a_second_time_changes_nothing(project):
    assert project("") == project("")


def test_an_address_goes_into_the_cell_and_into_badges(project):
    project("")
    notebook, readme = project("https://github.com/me/course.git")
    assert len(notebook["cells"]) == 3
    assert 'or "https://github.com/me/course.git"' in "".join(notebook["cells"][1]["source"])
    for where in ("colab.research.google.com/github/", "src=https://github.com/", "v2/gh/"):
        assert f"{where}me/course/" in readme
    assert readme.count("notebooks/00_first.ipynb") == 3
    assert "badge" not in project("")[1].replace("<!-- badges -->", "").replace("/badges", "")


def test_other_hosts_have_no_badges(project):
    notebook, readme = project("https://example.org/course.git")
    assert "example.org" in "".join(notebook["cells"][1]["source"])
    assert "](" not in readme


def test_the_readme_has_the_badges_of_the_address():
    text = badges.README.read_text(encoding="utf-8")
    assert f"<!-- badges -->\n{badges.badges(badges.address())}\n<!-- /badges -->" in text


def test_the_cell_is_short():
    lines = badges.CELL.format(address="").splitlines()
    assert len([line for line in lines if line]) <= 15
