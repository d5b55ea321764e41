"""The environment check: it sees what would stop a lesson, and only that stops it."""

import io
import json
import os
import subprocess
import sys

import pytest

from course_utils import datasets, settings
from course_utils.cli import check, commands
from course_utils.cli.check import Finding
from course_utils.models import weights


def test_a_python_outside_the_range_is_bad():
    assert check.python(">=3.11").state == "good"
    assert check.python(">=3.99").state == "bad"
    assert "make setup" in check.python("<3").text


def test_missing_packages_are_bad_and_all_named():
    found = check.packages(["no-such-one>=1", "numpy>=0.1", "nor-this>=2"], {"numpy": "0.1"})
    assert found.state == "bad"
    assert "no-such-one, nor-this" in found.text


def test_a_package_that_is_too_old_is_bad():
    found = check.packages(["numpy>=99", "scipy>=0.1"], {})
    assert found.state == "bad"
    assert "instead of >=99" in found.text and "scipy" not in found.text


def test_another_version_is_a_note():
    found = check.packages(["numpy>=0.1"], {"numpy": "0.1"})
    assert found.state == "note"
    assert "instead of 0.1" in found.text


def test_tensorflow_counts_by_either_name(monkeypatch):
    versions = {"tensorflow": "2.21.0", "tensorflow-cpu": None}
    monkeypatch.setattr(check.extras, "version_of", versions.get)
    pins = ["tensorflow-cpu>=2.19.0"]
    assert check.packages(pins, {"tensorflow-cpu": "2.21.0"}).state == "good"
    assert check.packages(pins, {"tensorflow-cpu": "2.22.0"}).state == "note"


def test_this_computer_has_the_tested_versions():
    wanted = check.extras.project()["dependencies"]
    assert check.packages(wanted, check.extras.pins()).state == "good"


def test_packages_for_other_systems_do_not_count():
    assert check.packages(["no-such-one>=1; sys_platform == 'amiga'"], {}).state == "good"


@pytest.mark.parametrize(
    ("package", "code", "words"),
    [
        ("tensorflow", "raise ImportError('no DLL')", "TensorFlow does not start (ImportError: no"),
        pytest.param(
            "tensorflow",
            "import os, signal; os.kill(os.getpid(), signal.SIGILL)",
            "TensorFlow does not start (the processor or the memory does not suffice",
            marks=pytest.mark.skipif(os.name != "posix", reason="Windows knows no SIGILL"),
        ),
        ("numpy", "raise RuntimeError('X86_V2')", "The package numpy does not load (RuntimeError:"),
        ("pandas", "raise ImportError('half')", "The package pandas does not load (ImportError:"),
    ],
)
def test_what_does_not_load_is_found_and_not_fallen_over(tmp_path, package, code, words):
    (tmp_path / f"{package}.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "course_utils", "check"],
        cwd=settings.ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert f"✗ {words}" in done.stdout
    assert done.stdout.endswith("\nNot ready: one thing stops the lessons.\n")
    assert (done.returncode, done.stderr) == (1, "")


def test_keras_is_started_as_the_course_starts_it(monkeypatch, tmp_path):
    asked = {"backend": "jax", "floatx": "float16", "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps(asked))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    broken, finding = check.loading()
    assert (broken, finding.state) == ("", "good") and finding.text.startswith("TensorFlow 2.")
    backend, floatx, order = check.keras_settings()
    assert {found.state for found in (backend, floatx, order)} == {"note"}
    assert "uses tensorflow all the same" in backend.text and "unset it" in backend.text
    assert "imports keras first gets float16: set it to float32" in floatx.text
    assert str(tmp_path / "keras.json") in floatx.text and "channels_first" in order.text
    monkeypatch.delenv("KERAS_BACKEND")
    assert "gets jax: set it to tensorflow" in next(check.keras_settings()).text


@pytest.mark.parametrize("text", [None, "", "[1]", "{}", '{"backend": "tensorflow"}'])
def test_a_keras_without_wishes_is_no_finding(monkeypatch, tmp_path, text):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", "")
    if text is not None:
        (tmp_path / "keras.json").write_text(text)
    assert list(check.keras_settings()) == []


def test_an_intel_mac_is_told_at_once(monkeypatch):
    monkeypatch.setattr(check.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(check.platform, "machine", lambda: "arm64")
    assert check.python(">=3.11").state == "good"
    monkeypatch.setattr(check.platform, "machine", lambda: "x86_64")
    found = check.python(">=3.11")
    assert found.state == "bad" and "Intel" in found.text


def test_the_kernel_of_this_environment_is_found():
    assert check.kernel().state == "good"


def test_a_kernel_that_is_missing_is_bad(monkeypatch, tmp_path):
    from jupyter_client import kernelspec

    def missing(self, name):
        raise kernelspec.NoSuchKernel(name)

    monkeypatch.setattr(kernelspec.KernelSpecManager, "get_kernel_spec", missing)
    assert check.kernel().state == "bad"


@pytest.mark.parametrize(
    ("total", "free", "state"), [(16, 9, "good"), (8, 1, "note"), (2, 1, "bad")]
)
def test_little_memory(total, free, state):
    assert check.memory(total, free).state == state


@pytest.mark.parametrize(("free", "state"), [(50e9, "good"), (0.2e9, "bad")])
def test_a_full_disk_is_bad(monkeypatch, tmp_path, free, state):
    usage = type("usage", (), {"free": free})
    monkeypatch.setattr(check.shutil, "disk_usage", lambda folder: usage)
    assert check.disk(tmp_path / "not" / "yet").state == state


def test_a_folder_that_cannot_be_written_is_bad(tmp_path):
    assert check.writable(tmp_path / "new").state == "good"
    assert not list((tmp_path / "new").iterdir())
    (tmp_path / "file").touch()
    assert check.writable(tmp_path / "file" / "below").state == "bad"


def test_weights_are_looked_for_where_keras_keeps_them(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert [found.state for found in check.pretrained()] == ["note", "note"]
    (tmp_path / "models").mkdir()
    weights.cached("resnet50").touch()
    assert [found.state for found in check.pretrained()] == ["note", "good"]


def test_missing_extras_are_a_note_with_the_command(monkeypatch):
    monkeypatch.setattr(check.extras, "lacking", lambda name: [])
    assert list(check.extensions()) == []
    monkeypatch.setattr(check.extras, "lacking", lambda name: ["voila"] if name == "app" else [])
    (found,) = check.extensions()
    assert found.state == "note"
    assert "Lesson 14 needs voila" in found.text and check.extras.command() in found.text


def test_data_that_is_not_there_stops_only_who_chose_it(monkeypatch, save_tiny):
    assert [found.state for found in check.data()] == ["note"] * 3
    monkeypatch.setenv("COURSE_DATASET", "kaggle")
    assert [found.state for found in check.data()] == ["note", "bad", "note"]
    save_tiny("kaggle")
    assert [found.state for found in check.data()] == ["note", "good", "note"]
    monkeypatch.setenv("COURSE_DATASET", "kaggle-v2")
    assert [found.state for found in check.data()] == ["note", "good", "bad", "note"]


def test_named_data_is_looked_at_too(save_tiny):
    settings.named_dir().joinpath("moths/v1").mkdir(parents=True)
    settings.named_dir().joinpath("moths/v1/table.csv").touch()
    assert list(check.data())[-1].state == "bad"
    # As after an update of the course that keeps slices in another form.
    settings.named_dir().joinpath("moths/v1").rename(settings.named_dir() / "moths/v0")
    outdated = list(check.data())[-1]
    assert outdated.state == "note" and "--name NAME" in outdated.text
    save_tiny("moths")
    assert list(check.data())[-1] == ("good", "Moths data: 8 slices")


def test_an_unknown_choice_and_damaged_data_are_bad(monkeypatch, save_tiny):
    save_tiny("practice")
    (datasets.folder_of("practice") / "table.csv").write_text("")
    monkeypatch.setenv("COURSE_DATASET", "x-rays")
    assert [found.state for found in check.data()] == ["bad", "bad", "note", "note"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [("COURSE_DATASET", "x-rays"), ("COURSE_DATA", "~nobody-here/data"), ("settings.json", "[1]")],
)
@pytest.mark.parametrize("command", [["check"], ["data", "info"], ["run", "00"]])
def test_odd_choices_are_said_in_words(
    capsys, monkeypatch, own_data_folder, variable, value, command
):
    monkeypatch.setattr(check, "loading", lambda: ("", Finding("good", "it starts")))
    monkeypatch.setattr(check, "pretrained", lambda: [])
    monkeypatch.setenv(variable, value)
    if variable == "settings.json":
        own_data_folder.mkdir()
        (own_data_folder / variable).write_text(value)
    assert commands.main(command) == 1
    said = capsys.readouterr()
    assert value in said.out + said.err or variable in said.out + said.err


@pytest.mark.parametrize("command", [["check"], ["run", "00"]])
def test_a_data_folder_that_nobody_can_make_is_said_in_words(capsys, monkeypatch, command):
    if not os.path.isdir("/proc/self"):
        pytest.skip("only Linux has a folder where nobody can make another one")
    monkeypatch.setattr(check, "loading", lambda: ("", Finding("good", "it starts")))
    monkeypatch.setattr(check, "pretrained", lambda: [])
    monkeypatch.setenv("COURSE_DATA", "/proc/course/data")
    assert commands.main(command) == 1
    said = capsys.readouterr()
    assert "/proc/course/data" in said.out + said.err and "COURSE_DATA" in said.out + said.err


def test_everything_is_looked_at_and_nothing_is_left_behind(monkeypatch, own_data_folder):
    monkeypatch.setattr(check, "loading", lambda: ("", Finding("good", "TensorFlow starts")))
    texts = " ".join(found.text for found in check.findings())
    for word in ("Python", "packages", "TensorFlow", "kernel", "Memory", "Disk", "write", "data"):
        assert word in texts
    assert not any(own_data_folder.iterdir())
    assert not (settings.ROOT / "notebooks" / ".write-trial").exists()


def test_show_counts_what_stops_a_lesson(capsys):
    found = [Finding("good", "fine"), Finding("note", "so so"), Finding("bad", "broken")]
    assert not check.show(found)
    assert "✗ broken" in capsys.readouterr().out
    assert check.show(found[:2])


def test_marks_survive_a_terminal_without_accents(monkeypatch):
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(check.sys, "stdout", plain)
    check.show([Finding("bad", "broken")])
    plain.flush()
    assert b"NO  broken" in plain.buffer.getvalue()
