"""The course command: one sentence where something is wrong, and the right exit code."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from course_utils import datasets, settings
from course_utils.cli import audit, commands, evaluate
from course_utils.core import results
from course_utils.core.errors import CourseError
from course_utils.pretraining import card
from course_utils.realdata import kaggle

CLASS_NAMES = ("glioma", "meningioma", "notumor", "pituitary")


def zip_of_images(path, count=3):
    """A zip in Kaggle's folders, with noise for slices and one file that is no image."""
    rng = np.random.default_rng(settings.SEED)
    with zipfile.ZipFile(path, "w") as archive:
        for split in ("Training", "Testing"):
            for label in CLASS_NAMES:
                for number in range(count):
                    with archive.open(f"{split}/{label}/{number}.png", "w") as file:
                        pixels = rng.integers(0, 255, (64, 64), np.uint8)
                        Image.fromarray(pixels).save(file, "png")
        archive.writestr("Training/glioma/broken.jpg", b"no image at all")
    return path


def test_info_without_data_says_how_to_get_it(capsys):
    assert commands.main(["data", "info"]) == 0
    said = capsys.readouterr().out
    assert "practice (chosen): not made yet" in said
    assert "course data download" in said


def test_info_counts_what_is_there(capsys, save_tiny):
    save_tiny("kaggle")
    assert commands.main(["data", "info"]) == 0
    said = capsys.readouterr().out
    rows = {line.rsplit(None, 1)[0].strip(): line.split()[-1] for line in said.splitlines() if line}
    assert rows["slices"] == "8"
    assert rows["glioma"] == "2"
    assert rows["groups"] == "4"
    assert rows["official train"] == "6"
    assert rows["official test"] == "2"
    assert rows["files not usable"] == "1"
    assert str(datasets.folder_of("kaggle")) in said


def test_import_lists_what_it_could_not_read(capsys, tmp_path):
    assert commands.main(["data", "import", str(zip_of_images(tmp_path / "mri.zip"))]) == 0
    said = capsys.readouterr().out
    counts = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line}
    assert counts["glioma"] == ["3", "3", "6"]
    assert counts["all"] == ["12", "12", "24"]
    assert "broken.jpg" in said
    assert len(datasets.load("kaggle")) == 24


def test_download_imports_what_it_fetched(capsys, monkeypatch, tmp_path):
    fetched = zip_of_images(tmp_path / "fetched.zip")
    monkeypatch.setattr(kaggle, "download", lambda: fetched)
    assert commands.main(["data", "download"]) == 0
    assert "24 slices in" in capsys.readouterr().out


@pytest.mark.parametrize("words, source", [([], "kaggle"), (["figshare"], "figshare")])
def test_either_published_set_can_be_downloaded(monkeypatch, tmp_path, words, source):
    monkeypatch.setattr(datasets.source(source), "download", lambda: tmp_path / source)
    imported = []
    monkeypatch.setattr(commands, "data_import", imported.append)
    assert commands.main(["data", "download", *words]) == 0
    assert imported == [tmp_path / source]


@pytest.fixture
def flowers(tmp_path):
    """A zip of noise for five kinds of flowers, three pictures of each of three plants a kind."""
    rng = np.random.default_rng(settings.SEED)
    with zipfile.ZipFile(tmp_path / "flowers.zip", "w") as archive:
        for kind in ("aster", "daisy", "poppy", "rose", "tulip"):
            for number in range(9):
                with archive.open(f"{kind}/{kind}{number % 3}_{number}.png", "w") as file:
                    pixels = rng.integers(0, 255, (6, 6, 3), np.uint8)
                    Image.fromarray(pixels).resize((64, 48), 3).save(file, "png")
    return tmp_path / "flowers.zip"


def test_a_folder_is_imported_audited_and_described_under_its_name(capsys, flowers, monkeypatch):
    words = ["data", "import", str(flowers), "--name", "flowers", "--size", "32"]
    assert commands.main([*words, "--no-colour"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[2].split() == ["daisy", "9"]
    assert "45 slices in 45 groups of near-duplicates." in said
    assert "45 of 45 pictures have colour" not in said, "it was asked for"
    assert datasets.load("flowers").images.shape == (45, 32, 32)
    card = settings.named_dir() / "flowers" / "README.md"
    assert str(card) in said and "| patients | not known" in card.read_text()
    card.write_text(card.read_text().replace("_ ...", "_ My own garden.", 1) + "\nThe end.\n")
    assert commands.main([*words[:-2], "--patient", "[a-z]+[0-9]"]) == 0
    assert "45 slices of 15 patients." in capsys.readouterr().out
    assert datasets.load("flowers").images.shape == (45, 128, 128, 3)
    text = card.read_text()
    assert "_ My own garden." in text and text.endswith("\nThe end.\n"), "the owner's words stay"
    assert "| patients | 15 |" in text and text.count("| slices | 45 |") == 1
    assert "a slice of the same patient is in training" in text
    assert "accuracy from the histogram alone" in text and "split by slice" in text
    figures = results.load("audit-flowers")["figures"]
    assert figures["across_patients"] == 0 and figures["leakage"]["slice"]["all"]["group"] > 0
    monkeypatch.setenv("COURSE_DATASET", "flowers")
    assert commands.main(["data", "info"]) == 0
    info = capsys.readouterr().out
    assert "flowers (chosen): " in info and "kaggle-v2" not in info
    assert commands.main(["audit"]) == 0


def test_too_few_groups_are_said_and_the_import_stands(capsys, tmp_path):
    for label in ("moth", "wasp"):
        (tmp_path / "few" / label).mkdir(parents=True)
        Image.effect_noise((32, 32), 90).save(tmp_path / "few" / label / "0.png")
    assert commands.main(["data", "import", str(tmp_path / "few"), "--name", "few"]) == 0
    assert "moth, wasp have fewer than 3 groups" in capsys.readouterr().out
    assert "a split needs at least 3" in (settings.named_dir() / "few" / "README.md").read_text()
    assert len(datasets.load("few")) == 2


@pytest.mark.parametrize("option", [["--patient", "p"], ["--size", "64"], ["--no-colour"]])
def test_options_for_named_pictures_need_a_name(capsys, flowers, option):
    assert commands.main(["data", "import", str(flowers), *option]) == 1
    assert capsys.readouterr().err.endswith(" needs --name too: name your pictures.\n")


def test_an_error_is_one_sentence(capsys, tmp_path):
    assert commands.main(["data", "import", str(tmp_path / "nowhere.zip")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "nowhere.zip" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (CourseError("Too dark."), 1, "Too dark."),
        (KeyboardInterrupt(), 130, "Stopped."),
        (ModuleNotFoundError("No module named 'numpy'"), 1, "does not load"),
    ],
)
def test_what_goes_wrong_sets_the_exit_code(capsys, monkeypatch, error, code, word):
    def fail(name):
        raise error

    monkeypatch.setattr(datasets, "load", fail)
    assert commands.main(["data", "simulate"]) == code
    assert word in capsys.readouterr().err


def test_simulate_says_what_there_is(capsys, save_tiny):
    save_tiny("practice")
    assert commands.main(["data", "simulate"]) == 0
    assert "8 slices" in capsys.readouterr().out


def test_it_starts_where_no_package_loads(tmp_path):
    for name in ("numpy", "pandas", "filelock", "tensorflow", "keras"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('half\\ninstalled')")

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "course_utils", *words],
            cwd=settings.ROOT,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )

    helped = run("train", "--help")
    assert helped.returncode == 0
    assert "figshare or one of your own" in " ".join(helped.stdout.split())
    failed = run("data", "info")
    assert failed.returncode == 1
    assert "does not load (half): run 'make setup'" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("words", [[], ["fly"], ["data"], ["check", "--fast"]])
def test_unknown_words_are_refused(capsys, words):
    with pytest.raises(SystemExit) as stopped:
        commands.main(words)
    assert stopped.value.code == 2


def test_a_reader_that_has_enough_is_no_error():
    command = [sys.executable, "-m", "course_utils", "data", "info"]
    with subprocess.Popen(
        command, cwd=settings.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


def test_status_of_no_federation_says_how_to_start_one(capsys, monkeypatch):
    monkeypatch.setattr("course_utils.core.packages.need", lambda name: None)
    pytest.importorskip("cryptography")
    assert commands.main(["federated", "status"]) == 0
    assert "course federated up" in capsys.readouterr().out
    assert commands.main(["federated", "down"]) == 0
    assert "No federation is running" in capsys.readouterr().out
    assert commands.main(["federated", "run"]) == 1
    assert "course federated up" in capsys.readouterr().err


@pytest.mark.parametrize(
    "action", ["up", "run", "status", "down", "deal", "key A", "gate 8000", "join 192.0.2.7:8443 A"]
)
def test_a_federation_without_its_packages_names_the_command(capsys, monkeypatch, action):
    monkeypatch.setattr("course_utils.core.packages.version_of", lambda package: None)
    assert commands.main(["federated", *action.split()]) == 1
    assert "extras" in capsys.readouterr().err


def test_up_deals_the_slices_out_first(capsys, monkeypatch, practice):
    pytest.importorskip("cryptography")
    from course_utils.federation import hospitals, net

    monkeypatch.setattr(datasets, "load", lambda name=None: practice)
    monkeypatch.setattr("course_utils.core.packages.need", lambda name: None)
    monkeypatch.setattr(net, "up", lambda *words: print("up", *words))
    assert commands.main(["federated", "up"]) == 0
    assert "up 127.0.0.1 None ()" in capsys.readouterr().out
    counts = [len(hospitals.read(number)[1]) for number in range(4)]
    assert sum(counts) == len(practice.split()[0])


def test_a_hospital_makes_its_keys_and_joins_with_them(capsys, monkeypatch, tmp_path):
    pytest.importorskip("cryptography")
    from course_utils.federation import hospitals, join

    monkeypatch.setattr("course_utils.core.packages.need", lambda name: None)
    monkeypatch.chdir(tmp_path)
    assert commands.main(["federated", "key", "B"]) == 0
    assert "B.pub is for the coordinator" in capsys.readouterr().out
    assert {path.name for path in tmp_path.glob("B.*")} == {"B.key", "B.pub"}

    join.approved().mkdir(parents=True)
    assert commands.main(["federated", "join", "192.0.2.7:8443", "B"]) == 1
    assert str(hospitals.path_of("B")) in capsys.readouterr().err
    joined = []
    monkeypatch.setattr(join, "join", lambda *words: joined.append(words))
    assert commands.main(["federated", "join", "192.0.2.7:8443", "B", "--port", "9001"]) == 0
    assert joined == [("192.0.2.7:8443", "B", Path("ca.pem"), Path("B.key"), 9001)]


def test_a_coordinator_of_guests_deals_nothing_out(monkeypatch):
    pytest.importorskip("cryptography")
    from course_utils.federation import hospitals, net

    monkeypatch.setattr("course_utils.core.packages.need", lambda name: None)
    started = []
    monkeypatch.setattr(net, "up", lambda *words: started.append(words))
    command = ["federated", "up", "--host", "192.0.2.7", "--port", "8443", "--guests"]
    assert commands.main([*command, "A.pub", "B.pub"]) == 0
    assert started == [("192.0.2.7", 8443, [Path("A.pub"), Path("B.pub")])]
    assert not hospitals.path_of("A").exists()


def test_results_brings_the_tables_up_to_date(monkeypatch, tmp_path):
    monkeypatch.setattr(card, "write_tables", lambda: None)
    before = {}
    marks = {(evaluate, "README"): ["results"], (audit, "CARD"): ["audit", "audit-figshare"]}
    for (module, name), places in marks.items():
        path = tmp_path / f"{name}.md"
        before[path] = getattr(module, name).read_text(encoding="utf-8")
        path.write_text(before[path], encoding="utf-8")
        for mark in places:
            results.insert(path, mark, "old")
        monkeypatch.setattr(module, name, path)
    assert commands.main(["results"]) == 0
    assert {path: path.read_text(encoding="utf-8") for path in before} == before
