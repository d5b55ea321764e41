"""The set-up: it finds a Python, mends what is broken, and does nothing twice."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import make
from course_utils import settings


@pytest.fixture
def env(tmp_path, monkeypatch):
    """make.py, working in a folder of its own that has files for it to read."""
    root = tmp_path / "course"
    root.mkdir()
    (root / "requirements.txt").write_text("numpy==2.4.6\n")
    (root / "requirements-extras.txt").write_text("numpy==2.4.6\nvoila==0.5.13\n")
    (root / "pyproject.toml").write_text("[project]\n")
    venv = root / ".venv"
    monkeypatch.setattr(make, "ROOT", root)
    monkeypatch.setattr(make, "VENV", venv)
    python = venv / ("Scripts/python.exe" if make.WINDOWS else "bin/python")
    monkeypatch.setattr(make, "PYTHON", str(python))
    monkeypatch.setattr(make, "LOG", root / "build" / "set-up.log")
    monkeypatch.chdir(root)
    return make


@pytest.fixture
def installs(env, monkeypatch):
    """What a set-up asks pip to install, with an environment that needs no building."""
    asked = []
    monkeypatch.setattr(env, "version", lambda command, needs="sys": (3, 12))
    monkeypatch.setattr(env, "install", lambda log, *what: asked.append(list(what)))
    monkeypatch.setattr(env, "call", lambda *arguments, **options: 0)
    env.VENV.mkdir()
    return asked


@pytest.fixture
def run(env, monkeypatch):
    """What a command starts in its place, with an environment that is whole."""
    started = []
    monkeypatch.setattr(env, "set_up", lambda extras=False: None)
    monkeypatch.setattr(env, "become", started.append)
    return started


def pythons(monkeypatch, env, versions, without_venv=()):
    """Let only these commands start a Python; the running one goes by the name "running"."""

    def version(command, needs="sys"):
        name = "running" if command == [sys._base_executable] else command[0]
        return None if "ensurepip" in needs and name in without_venv else versions.get(name)

    monkeypatch.setattr(env, "version", version)


def test_an_old_python_can_read_it():
    source = (settings.ROOT / "make.py").read_bytes()
    source.decode("ascii")
    too_new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Match)
    for node in ast.walk(ast.parse(source)):
        assert not isinstance(node, too_new), f"line {node.lineno} is for newer Pythons"
        if isinstance(node, ast.FunctionDef):
            everything = node.args.args + node.args.kwonlyargs
            assert node.returns is None and not any(one.annotation for one in everything)
            assert not node.args.kwonlyargs
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            assert not node.keywords and len(node.args) == 1


def test_a_python_that_is_too_old_says_so():
    code = "import runpy, sys; sys.version_info = (3, 7, 9); runpy.run_path('make.py')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("This Python is too old: install 3.11, 3.12 or 3.13")


@pytest.mark.parametrize("command", ["setup", "lab", "extras", "test", "run"])
def test_macs_with_an_intel_processor_are_told_at_once(env, installs, monkeypatch, command):
    monkeypatch.setattr(env.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(env.platform, "machine", lambda: "x86_64")
    with pytest.raises(SystemExit, match=r"Intel processor.*Mac with Apple silicon"):
        env.main([command])
    assert not installs


def test_macs_with_apple_silicon_are_set_up(env, installs, monkeypatch):
    monkeypatch.setattr(env.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(env.platform, "machine", lambda: "arm64")
    env.set_up()
    assert installs


def test_the_running_python_comes_first(env, monkeypatch):
    pythons(monkeypatch, env, {"running": (3, 11), "python3.13": (3, 13)})
    assert env.find_python() == [sys._base_executable]


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_another_python_serves_where_the_running_one_does_not(env, monkeypatch, version):
    pythons(monkeypatch, env, {"running": version, "python3.12": (3, 12)})
    assert env.find_python() == ["python3.12"]


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_no_python_that_fits_is_said_in_words(env, monkeypatch, version):
    pythons(monkeypatch, env, {"running": version})
    with pytest.raises(SystemExit, match=r"Python 3\.1[04] cannot run the course"):
        env.find_python()


def test_a_python_without_venv_is_passed_over(env, monkeypatch):
    versions = {"running": (3, 11), "python3.12": (3, 12)}
    pythons(monkeypatch, env, versions, without_venv=["running"])
    assert env.find_python() == ["python3.12"]


def test_a_lone_python_without_venv_is_said_in_words(env, monkeypatch):
    pythons(monkeypatch, env, {"running": (3, 11)}, without_venv=["running"])
    with pytest.raises(SystemExit, match=r"apt install python3\.11-venv"):
        env.find_python()


def test_a_python_is_asked_for_its_version(env):
    here = sys.version_info[:2]
    assert env.version([sys.executable]) == here
    assert env.version([sys.executable], "venv, ensurepip; ensurepip.version()") == here
    assert env.version([sys.executable], "no_such_module") is None
    assert env.version(["no-such-python"]) is None


def test_a_second_set_up_does_nothing(env, installs):
    env.set_up()
    assert installs == [
        ["-r", "requirements.txt"],
        ["--no-deps", "--no-build-isolation", "--editable", "."],
    ]
    env.set_up()
    assert len(installs) == 2


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_changed_file_is_installed(env, installs, name):
    env.set_up()
    with open(env.ROOT / name, "a") as file:
        file.write("# another line\n")
    env.set_up()
    assert len(installs) == 4


def test_an_environment_that_does_not_start_is_not_whole(env, installs, monkeypatch):
    env.set_up()
    monkeypatch.setattr(env, "version", lambda command, needs="sys": None)
    assert not env.has(env.CORE)


def test_extras_come_only_when_asked_for_and_once(env, installs):
    env.set_up()
    assert not env.has(env.EXTRAS)
    env.set_up(extras=True)
    assert installs[2:] == [["-r", "requirements-extras.txt"]]
    env.set_up(extras=True)
    assert env.has(env.EXTRAS) and len(installs) == 3
    with open(env.ROOT / "requirements-extras.txt", "a") as file:
        file.write("# another line\n")
    env.set_up(extras=True)
    assert len(installs) == 4, "changed extras are installed, and the rest is left alone"


def test_extras_come_with_all_the_rest_where_nothing_is_there(env, installs):
    env.set_up(extras=True)
    assert len(installs) == 3 and env.has(env.CORE) and env.has(env.EXTRAS)


def test_the_lab_offers_extras_and_does_not_wait_for_them(env, installs, monkeypatch, capsys):
    monkeypatch.setattr(env, "become", lambda command: 0)
    assert env.main(["lab"]) == 0
    assert len(installs) == 2
    assert "make.py extras' adds them" in capsys.readouterr().out
    assert not env.main(["extras"])
    capsys.readouterr()
    env.main(["lab"])
    assert "extras" not in capsys.readouterr().out


def test_options_go_on_to_the_course(env, run):
    env.main(["run", "--dataset", "kaggle", "00"])
    env.main(["lab", "--port=8888"])
    assert run[0] == [env.PYTHON, "-m", "course_utils", "run", "--dataset", "kaggle", "00"]
    assert run[1][-2:] == ["lab", "--port=8888"]


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (["bundle", "--systems", "linux"], ["-m", "course_utils", "bundle", "--systems", "linux"]),
        (["test-bounds"], ["tests/bounds.py"]),
    ],
)
def test_a_bundle_and_the_bounds_have_programs_of_their_own(env, run, words, ends):
    env.main(words)
    assert run[0] == [env.PYTHON, *ends]


def test_jupyterlab_is_told_to_ask_for_no_news(env, installs):
    env.set_up()
    assert (
        '"checkForUpdates": false'
        in (env.VENV / "share" / "jupyter" / "lab" / "settings" / "overrides.json").read_text()
    )


def test_a_killed_set_up_goes_on(env, installs, monkeypatch):
    install = env.install

    def killed(log, *what):
        raise KeyboardInterrupt

    monkeypatch.setattr(env, "install", killed)
    with pytest.raises(SystemExit, match="same command goes on"):
        env.main(["setup"])
    monkeypatch.setattr(env, "install", install)
    env.set_up()
    assert len(installs) == 2


def pip_that_prints(env, monkeypatch, *lines, code=0):
    """Put a program in place of the environment's Python; it prints some lines."""
    program = env.ROOT / "pip.py"
    program.write_text(f"import sys; print({chr(10).join(lines)!r}); sys.exit({code})")
    command = [sys.executable, str(program)]
    start = subprocess.Popen
    monkeypatch.setattr(env, "Popen", lambda asked, **options: start(command, **options))


def test_a_package_that_pip_was_killed_over_is_forgotten(env, monkeypatch):
    packages = env.VENV / ("Lib" if env.WINDOWS else "lib/python3.12") / "site-packages"
    for name in ("whole-1.dist-info", "half-1.dist-info", "whole/_vendor/other-1.dist-info"):
        (packages / name).mkdir(parents=True)
    (packages / "whole-1.dist-info" / "INSTALLER").touch()
    pip_that_prints(env, monkeypatch)
    with open("log", "wb") as log:
        env.install(log, "numpy")
    assert {path.name for path in packages.iterdir()} == {"whole-1.dist-info", "whole"}
    assert (packages / "whole" / "_vendor" / "other-1.dist-info").exists()


def test_what_takes_long_is_shown_and_the_rest_is_kept(env, monkeypatch, capfd):
    pip_that_prints(
        env,
        monkeypatch,
        "Collecting tensorflow-cpu==2.21.0 (from -r requirements.txt (line 7))",
        "  Downloading tensorflow_cpu-2.21.0-cp312-cp312-linux.whl (270.1 MB)",
        "  Downloading six-1.17.0-py2.py3-none-any.whl (11 kB)",
        "Installing collected packages: six, tensorflow-cpu",
    )
    with open("log", "wb") as log:
        env.install(log, "numpy")
    shown = capfd.readouterr().out.splitlines()
    assert shown == [
        "  fetching tensorflow_cpu: 270.1 MB",
        "  unpacking 2 packages: a minute or two",
    ]
    assert len(Path("log").read_text().splitlines()) == 4


def test_pip_that_fails_is_said_in_words(env, monkeypatch, tmp_path, capsys):
    # pip of the environment these tests run in, kept from any network.
    monkeypatch.setattr(env, "PYTHON", sys.executable)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with open(tmp_path / "log", "wb") as log, pytest.raises(SystemExit, match="check the network"):
        env.install(log, "no-such-package==1")
    assert "No matching distribution found for no-such-package==1" in capsys.readouterr().out


def test_wheels_that_came_along_are_taken_and_no_network(env, monkeypatch):
    asked = []
    start = subprocess.Popen

    def popen(command, **options):
        asked.append(command)
        return start([sys.executable, "-c", "import sys; sys.exit(len(sys.argv) > 1)"], **options)

    monkeypatch.setattr(env, "Popen", popen)
    with open("log", "wb") as log:
        env.install(log, "numpy")
        assert "--no-index" not in asked[-1]
        (env.ROOT / "wheels").mkdir()
        env.install(log, "numpy")
    assert asked[-1][-4:] == ["--no-index", "--find-links", "wheels", "numpy"]


def test_wheels_for_other_computers_are_named(env, monkeypatch):
    (env.ROOT / "wheels").mkdir()
    (env.ROOT / "wheels" / "tensorflow-2.21.0-cp312-win.whl").touch()
    pip_that_prints(env, monkeypatch, code=1)
    with open("log", "wb") as log, pytest.raises(SystemExit, match="has tensorflow-2.21.0-cp312"):
        env.install(log, "numpy")


def test_a_broken_environment_is_made_anew(env, monkeypatch):
    monkeypatch.setattr(env, "install", lambda log, *what: None)
    here = sys.version_info[:2]
    # All is there but the Python itself.
    env.VENV.mkdir()
    (env.VENV / "half-a-package").touch()
    with monkeypatch.context() as whole:
        whole.setattr(env, "version", lambda command, needs="sys": here)
        (env.VENV / env.CORE[0]).write_text(env.fingerprint(env.CORE))
        assert env.has(env.CORE)
    assert not env.has(env.CORE)
    env.set_up()
    assert env.version([env.PYTHON], "pip") == here and env.has(env.CORE)
    assert not (env.VENV / "half-a-package").exists()


def test_what_a_link_leads_to_is_left_alone(env, installs, monkeypatch):
    other = env.ROOT.parent / "other"
    other.mkdir()
    (other / "file").touch()
    env.VENV.rmdir()
    env.VENV.symlink_to(other)
    pythons(monkeypatch, env, {"running": (3, 12)})
    with pytest.raises(SystemExit, match="no environment that works"):
        env.set_up()
    assert (other / "file").exists() and not env.VENV.is_symlink()


def test_nothing_reaches_into_the_environment(env, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    found = env.variables()
    assert "PYTHONPATH" not in found
    assert "PYTHONDONTWRITEBYTECODE" not in found, "each start would compile TensorFlow anew"
    assert found["PIP_USER"] == "0"
    assert found["KERAS_BACKEND"] == "tensorflow"


def test_one_set_up_at_a_time(env, tmp_path, monkeypatch, capsys):
    first = open(tmp_path / "log", "ab")  # noqa: SIM115
    env.wait_for_others(first)
    assert capsys.readouterr().out == ""
    # The other one ends while this one sleeps.
    monkeypatch.setattr(env.time, "sleep", lambda seconds: first.close())
    with open(tmp_path / "log", "ab") as second:
        env.wait_for_others(second)
    assert first.closed
    assert "Another set-up is at work" in capsys.readouterr().out


def test_a_failed_step_fails_the_test_command(env, monkeypatch, capsys):
    monkeypatch.setattr(env, "set_up", lambda extras: None)
    for failing in ("ruff", "simulate", "loadfile", None):
        monkeypatch.setattr(env, "call", lambda command, env, word=failing: int(word in command))
        assert env.main(["test"]) == int(failing is not None)
    assert "Failed: Unit tests." in capsys.readouterr().out


def test_cleaning_keeps_environment_and_data(env):
    for name in ("build/pages", "tests/core/__pycache__", ".ruff_cache", ".venv/lib", "data/runs"):
        (env.ROOT / name).mkdir(parents=True)
    assert not env.main(["clean"])
    left = {path.name for path in env.ROOT.iterdir() if path.is_dir()}
    assert left == {"tests", ".venv", "data"}
    assert not list((env.ROOT / "tests" / "core").iterdir())


def test_unknown_words_are_refused(capsys):
    assert make.main(["fly"]) == 2
    assert make.main(["setup", "now"]) == 2
    assert make.main([]) == 2
    assert make.main(["--help"]) == 0
    assert "usage" in capsys.readouterr().out


def test_no_space_is_said_in_words(env, monkeypatch):
    def full(path, **options):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(SystemExit, match="No space left on device.*is the disk full"):
        env.main(["setup"])


def test_the_makefile_hands_over(tmp_path):
    # Under `make test` this make is a second one, which would name the folder that it enters.
    arguments = ["-n", "--no-print-directory", "run", "DATASET=kaggle", "LESSONS=00 01"]
    assert makefile(*arguments, "PYTHON=py") == "py make.py run --dataset kaggle 00 01"


def test_the_makefile_hands_over_the_systems_of_a_room():
    said = makefile("-n", "--no-print-directory", "bundle", "SYSTEMS=linux windows", "PYTHON=py")
    assert said == "py make.py bundle --systems linux windows"


@pytest.mark.parametrize("lacking", [[], ["python3"], ["python3", "python3.13"]])
def test_the_makefile_passes_over_pythons_that_are_too_old(tmp_path, monkeypatch, lacking):
    for name in ("python3", "python3.13", "python3.12"):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {int(name in lacking)}\n")
        (tmp_path / name).chmod(0o755)
    said = makefile("-n", "--no-print-directory", "setup", path=tmp_path)
    assert said == ["python3", "python3.13", "python3.12"][len(lacking)] + " make.py setup"


def makefile(*arguments, path=None):
    """What make would do."""
    command = shutil.which("make")
    if command is None:
        pytest.skip("make is not installed")
    variables = os.environ | ({"PATH": str(path)} if path else {})
    done = subprocess.run(
        [command, *arguments], cwd=settings.ROOT, env=variables, capture_output=True, text=True
    )
    return done.stdout.strip()
