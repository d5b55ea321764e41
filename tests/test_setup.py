"""The set-up: it finds a Python, mends what is broken, and does nothing twice."""

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

import environment
import make
from course_utils import settings


@pytest.fixture
def env(tmp_path, monkeypatch):
    """environment.py, working in a folder of its own that has files for it to read."""
    root = tmp_path / "course"
    root.mkdir()
    (root / "requirements.txt").write_text("numpy==2.4.6\n")
    (root / "requirements-extras.txt").write_text("numpy==2.4.6\nvoila==0.5.13\n")
    (root / "pyproject.toml").write_text("[project]\n")
    venv = root / ".venv"
    for name, value in {
        "ROOT": root,
        "VENV": venv,
        "PYTHON": venv / ("Scripts/python.exe" if environment.WINDOWS else "bin/python"),
        "STAMP": venv / "set-up",
        "EXTRAS_STAMP": venv / "set-up-extras",
        "LAB_SETTINGS": venv / "settings" / "overrides.json",
        "LOG": root / "build" / "set-up.log",
    }.items():
        monkeypatch.setattr(environment, name, str(value))
    monkeypatch.setattr(make, "ROOT", str(root))
    monkeypatch.chdir(root)
    return environment


@pytest.fixture
def installs(env, monkeypatch):
    """What a set-up asks pip to install, with an environment that needs no building."""
    asked = []
    monkeypatch.setattr(env, "_version_of", lambda command: (3, 12))
    monkeypatch.setattr(env, "_install", lambda what, log: asked.append(what))
    monkeypatch.setattr(env.subprocess, "call", lambda *arguments, **options: 0)
    Path(env.VENV).mkdir()
    return asked


def pythons(monkeypatch, env, versions, without_venv=()):
    """Let only these commands start a Python; the running one goes by the name "running"."""

    def answer(command, code):
        name = command[0] if command[0] in versions else "running"
        if name not in versions or command[0] not in (name, env.sys._base_executable):
            return None
        if "ensurepip" in code:
            return None if name in without_venv else "23.2.1"
        return versions[name]

    monkeypatch.setattr(env, "_answer", answer)


@pytest.mark.parametrize("name", ["make.py", "environment.py"])
def test_an_old_python_can_read_it(name):
    source = (settings.ROOT / name).read_bytes()
    source.decode("ascii")
    too_new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Match)
    for node in ast.walk(ast.parse(source)):
        assert not isinstance(node, too_new), f"line {node.lineno} is for newer Pythons"
        if isinstance(node, ast.FunctionDef):
            everything = node.args.args + node.args.kwonlyargs
            assert node.returns is None and not any(one.annotation for one in everything)
            assert not node.args.kwonlyargs


def test_the_running_python_comes_first(env, monkeypatch):
    pythons(monkeypatch, env, {"running": "3 11", "python3.13": "3 13"})
    assert env._find_python() == [env.sys._base_executable]


@pytest.mark.parametrize("version", ["3 10", "3 14", "2 7"])
def test_another_python_serves_where_the_running_one_does_not(env, monkeypatch, version):
    pythons(monkeypatch, env, {"running": version, "python3.12": "3 12"})
    assert env._find_python() == ["python3.12"]


@pytest.mark.parametrize(("version", "word"), [("3 10", "3.10, too old"), ("3 14", "too new")])
def test_no_python_that_fits_is_said_in_words(env, monkeypatch, version, word):
    pythons(monkeypatch, env, {"running": version})
    with pytest.raises(env.SetupError, match=word):
        env._find_python()


def test_a_python_without_venv_is_passed_over(env, monkeypatch):
    versions = {"running": "3 11", "python3.12": "3 12"}
    pythons(monkeypatch, env, versions, without_venv=["running"])
    assert env._find_python() == ["python3.12"]


def test_a_lone_python_without_venv_is_said_in_words(env, monkeypatch):
    pythons(monkeypatch, env, {"running": "3 11"}, without_venv=["running"])
    with pytest.raises(env.SetupError, match=r"apt install python3\.11-venv"):
        env._find_python()


def test_a_second_set_up_does_nothing(env, installs):
    env.make()
    assert installs == [
        ["-r", f"{env.ROOT}/requirements.txt"],
        ["--no-deps", "--no-build-isolation", "--editable", env.ROOT],
    ]
    env.make()
    assert len(installs) == 2


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_changed_file_is_installed(env, installs, name):
    env.make()
    with open(f"{env.ROOT}/{name}", "a") as file:
        file.write("# another line\n")
    env.make()
    assert len(installs) == 4


def test_extras_come_only_when_asked_for_and_once(env, installs):
    env.make()
    assert not env.has_extras()
    env.make_extras()
    assert installs[2:] == [["-r", f"{env.ROOT}/requirements-extras.txt"]]
    env.make_extras()
    assert env.has_extras() and len(installs) == 3
    with open(f"{env.ROOT}/requirements-extras.txt", "a") as file:
        file.write("# another line\n")
    env.make_extras()
    assert len(installs) == 4, "changed extras are installed, and the rest is left alone"


def test_the_lab_offers_extras_and_does_not_wait_for_them(env, installs, monkeypatch, capsys):
    monkeypatch.setattr(make, "_become", lambda command: 0)
    assert make.lab() == 0
    assert len(installs) == 2
    assert "extras' adds them" in capsys.readouterr().out
    assert make.extras() == 0
    capsys.readouterr()
    make.lab()
    assert "extras" not in capsys.readouterr().out


def test_a_killed_set_up_goes_on(env, installs, monkeypatch):
    install = env._install

    def killed(what, log):
        raise KeyboardInterrupt

    monkeypatch.setattr(env, "_install", killed)
    with pytest.raises(KeyboardInterrupt):
        env.make()
    monkeypatch.setattr(env, "_install", install)
    env.make()
    assert len(installs) == 2


def test_a_package_that_pip_was_killed_over_is_forgotten(env):
    packages = Path(env.VENV) / "lib" / "python3.12" / "site-packages"
    for name in ("whole-1.dist-info", "half-1.dist-info"):
        (packages / name).mkdir(parents=True)
        (packages / name / "METADATA").touch()
    (packages / "whole-1.dist-info" / "INSTALLER").touch()
    env._forget_half_installed()
    assert [path.name for path in packages.iterdir()] == ["whole-1.dist-info"]


def test_a_broken_environment_is_made_anew(env):
    env._create()
    version = env.sys.version_info[:2]
    assert env._version_of([env.PYTHON]) == version
    Path(env.PYTHON).unlink()
    assert env._version_of([env.PYTHON]) is None
    env._create()
    assert env._version_of([env.PYTHON]) == version


def test_pip_that_fails_is_said_in_words(env, monkeypatch, tmp_path):
    # pip of the environment these tests run in, kept from any network.
    monkeypatch.setattr(env, "PYTHON", env.sys.executable)
    for name in ("PIP_FIND_LINKS", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with open(tmp_path / "log", "wb") as log, pytest.raises(env.SetupError) as raised:
        env._install(["no-such-package==1"], log)
    assert "No matching distribution found for no-such-package==1" in str(raised.value)
    assert "check the network" in str(raised.value)


def test_nothing_reaches_into_the_environment(env, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    environment = env.variables()
    assert "PYTHONPATH" not in environment
    assert environment["PIP_USER"] == "0"


def test_one_set_up_at_a_time(env, tmp_path):
    with open(tmp_path / "log", "ab") as first, open(tmp_path / "log", "ab") as second:
        assert env._locked(first)
        assert not env._locked(second)
        first.close()
        assert env._locked(second)


def test_a_failed_step_fails_the_test_command(env, monkeypatch, capsys):
    monkeypatch.setattr(env, "make_extras", lambda: None)
    for failing in ("ruff", "simulate", "loadfile", None):
        monkeypatch.setattr(
            make.subprocess, "call", lambda command, env, word=failing: int(word in command)
        )
        assert make.test() == int(failing is not None)
    assert "Failed: Unit tests." in capsys.readouterr().out


def test_unknown_words_are_refused(capsys):
    assert make.main(["fly"]) == 2
    assert make.main(["setup", "now"]) == 2
    assert "usage" in capsys.readouterr().out


def test_no_space_is_said_in_words(env, monkeypatch, capsys):
    def full(path):
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(env.os, "makedirs", full)
    monkeypatch.setattr(env, "_is_ready", lambda: False)
    assert make.main(["setup"]) == 1
    assert "disk is not full" in capsys.readouterr().err


def test_the_makefile_hands_over(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    # Under `make test` this make is a second one, which would name the folder that it enters.
    arguments = ["make", "-n", "--no-print-directory", "run"]
    arguments += ["DATASET=kaggle", "LESSONS=00 01", "PYTHON=py"]
    said = subprocess.run(arguments, cwd=settings.ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "py make.py run --dataset kaggle 00 01"
