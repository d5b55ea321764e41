"""Set-up, JupyterLab, tests and headless runs, with nothing but Python: python make.py lab

Any Python can read this file, even one that is too old for the course: it must be able to say
so. Hence no f-strings and no annotations here.
"""

from __future__ import print_function

import errno
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
WINDOWS = os.name == "nt"
PYTHON = os.path.join(VENV, "Scripts", "python.exe") if WINDOWS else VENV + "/bin/python"
STAMP = os.path.join(VENV, "set-up")
LOG = os.path.join(ROOT, "build", "set-up.log")

SUPPORTED = ((3, 11), (3, 12), (3, 13))
# What the environment depends on: a change in one of them installs again.
INPUTS = ("requirements.txt", "pyproject.toml")

# JupyterLab in this environment neither asks about news nor looks for updates of its own.
LAB_SETTINGS = os.path.join(VENV, "share", "jupyter", "lab", "settings", "overrides.json")
QUIET = (
    '{"@jupyterlab/apputils-extension:notification": '
    '{"fetchNews": "false", "checkForUpdates": false}}'
)

USAGE = """usage: python make.py COMMAND

  setup   make the environment in .venv; quick where it is there already
  lab     set up, then open JupyterLab on the first lesson
  test    set up, then check the code, run the tests and every lesson
  run     set up, then run every lesson and write pages to build/
          (run --dataset kaggle 00 01: these lessons, on the real data)
  clean   delete build/ and caches; the environment and the data stay
"""


class SetupError(Exception):
    """One sentence that says what is wrong and what to do."""


def main(arguments):
    commands = {"setup": setup, "lab": lab, "test": test, "run": run, "clean": clean}
    if not arguments or arguments[0] not in commands:
        print(USAGE, end="")
        return 0 if arguments and arguments[0] in ("-h", "--help", "help") else 2
    command, rest = commands[arguments[0]], arguments[1:]
    if rest and arguments[0] not in ("lab", "run"):
        print("'%s' takes no further words, but got: %s" % (arguments[0], " ".join(rest)))
        return 2
    os.chdir(ROOT)
    try:
        return command(*rest)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except (IOError, OSError) as error:
        print(
            "%s: see that the disk is not full and this folder yours to write, then try again."
            % error,
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130


def setup():
    """Make .venv, or mend it, until it is what requirements.txt says; return 0."""
    if _is_ready():
        return 0
    # Appended to: another set-up may be writing to it.
    with _opened(LOG, "ab") as log:
        _wait_for_others(log)
        if not _is_ready():
            log.truncate(0)
            _make(log)
    return 0


def _is_ready():
    version = _version_of([PYTHON])
    return version in SUPPORTED and _read(STAMP) == _fingerprint(version)


def _make(log):
    """Make what is missing, however far the last set-up came."""
    version = _version_of([PYTHON])
    if version not in SUPPORTED:
        _create()
        version = _version_of([PYTHON])
        if version is None:
            raise SetupError(
                "The new environment in %s does not start: delete this folder, then try again "
                "with another Python (3.11 to 3.13)." % VENV
            )
    _forget_half_installed()
    _install(["-r", os.path.join(ROOT, "requirements.txt")], log)
    # Editable, so that a change in course_utils/ counts at once; setuptools is there already.
    _install(["--no-deps", "--no-build-isolation", "--editable", ROOT], log)
    with _opened(LAB_SETTINGS, "w") as settings:
        settings.write(QUIET)
    subprocess.call([PYTHON, "-m", "course_utils", "check"], env=_environment())
    # Last of all: a set-up that was killed has no stamp, and the next one goes on.
    with _opened(STAMP, "w") as stamp:
        stamp.write(_fingerprint(version))


def lab(*options):
    """Open JupyterLab on the first lesson; options go to JupyterLab."""
    setup()
    return _become([PYTHON, "-m", "course_utils", "lab"] + list(options))


def run(*options):
    """Run lessons headless, into build/."""
    setup()
    return _become([PYTHON, "-m", "course_utils", "run"] + list(options))


def test():
    """Check style, then run the unit tests and every notebook; return 1 if anything failed."""
    setup()
    environment = _environment()
    # The stored outputs show the practice data, whatever this computer's learner chose.
    environment["COURSE_DATASET"] = "practice"
    pytest = [PYTHON, "-m", "pytest"]
    steps = [
        ("Style", [PYTHON, "-m", "ruff", "check", "."]),
        ("Format", [PYTHON, "-m", "ruff", "format", "--check", "."]),
        # Made once, before the tests that share it start side by side.
        ("Practice data", [PYTHON, "-m", "course_utils", "data", "simulate"]),
        ("Unit tests", pytest + ["-q", "-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]),
    ]
    lessons = sorted(glob.glob(os.path.join("notebooks", "[0-9][0-9]_*.ipynb")))
    if lessons:
        nbval = ["--nbval", "--nbval-current-env", "--nbval-kernel-startup-timeout", "180"]
        nbval += ["--nbval-sanitize-with", os.path.join("tests", "sanitize.cfg")]
        steps.append(("Lessons", pytest + nbval + lessons))
    failed = []
    for name, command in steps:
        print("\n== " + name)
        sys.stdout.flush()
        if subprocess.call(command, env=environment):
            failed.append(name)
    print("\nFailed: %s." % ", ".join(failed) if failed else "\nAll is well.")
    return 1 if failed else 0


def clean():
    """Delete what is quickly made again."""
    names = ["build", ".pytest_cache", ".ruff_cache"]
    names += glob.glob("*.egg-info") + glob.glob("*/__pycache__") + glob.glob("tests/*/__pycache__")
    names += glob.glob("*/.ipynb_checkpoints")
    for name in names:
        shutil.rmtree(os.path.join(ROOT, name), ignore_errors=True)
    print("Deleted build/ and caches. To start afresh, delete .venv too; data/ holds the data.")
    return 0


def _create():
    """Make an empty environment, in place of a broken one."""
    python = _find_python()
    if os.path.islink(VENV) or os.path.isfile(VENV):
        os.remove(VENV)
    elif os.path.isdir(VENV):
        print("The environment in .venv does not work: making it anew.")
        shutil.rmtree(VENV)
    print("Making the environment in %s" % VENV)
    sys.stdout.flush()
    if subprocess.call(python + ["-m", "venv", VENV], env=_environment()):
        raise SetupError(
            "Python could not make the environment in %s: see the lines above; is the disk full, "
            "or the folder not yours to write?" % VENV
        )


def _find_python():
    """Command for a Python that can carry the course, the running one first."""
    running = [getattr(sys, "_base_executable", None) or sys.executable]
    named = [["python%d.%d" % version] for version in reversed(SUPPORTED)]
    if WINDOWS:
        named += [["py", "-%d.%d" % version] for version in reversed(SUPPORTED)]
    lacking = None
    for command in [running] + named:
        if _version_of(command) not in SUPPORTED:
            continue
        # Debian and Ubuntu leave out ensurepip, without which venv has no pip.
        if _answer(command, "import venv, ensurepip; print(ensurepip.version())"):
            return command
        lacking = lacking or _version_of(command)
    if lacking:
        raise SetupError(
            "Python %d.%d is here, but its venv and pip are not: install them (Debian and "
            "Ubuntu: apt install python%d.%d-venv), then try again." % (lacking + lacking)
        )
    ours = _version_of(running)
    raise SetupError(
        "This is Python %d.%d, too %s for the course, and no other was found: install Python "
        "3.11, 3.12 or 3.13 (python.org/downloads, 'apt install python3 python3-venv', or "
        "conda with environment.yml), then try again."
        % (ours + ("old" if ours < SUPPORTED[0] else "new",))
    )


def _version_of(command):
    """Version of a Python that starts and, in the environment, has pip; else None."""
    needs = "import pip, sys" if command == [PYTHON] else "import sys"
    answer = _answer(command, needs + "; print('%d %d' % sys.version_info[:2])")
    return tuple(int(part) for part in answer.split()) if answer else None


def _answer(command, code):
    """What a Python prints for a line of code, or None where it does not start or fails."""
    try:
        process = subprocess.Popen(
            command + ["-c", code],
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError:
        return None
    answer = process.communicate()[0].decode("utf-8", "replace").strip()
    return answer if process.returncode == 0 else None


def _install(what, log):
    """Install with pip, showing how far it is; pip's own words go to the log."""
    # Compiled on first import instead: most of what comes along is never imported.
    options = ["--no-compile", "--disable-pip-version-check", "--no-input"]
    process = subprocess.Popen(
        [PYTHON, "-m", "pip", "install"] + options + what,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    pins = _read(os.path.join(ROOT, "requirements.txt")).splitlines()
    shown, errors = 0, []
    for line in iter(process.stdout.readline, b""):
        log.write(line)
        line = line.decode("utf-8", "replace").strip()
        place = re.search(r"\(line (\d+)\)", line)
        if place and "Ignoring" not in line:
            place = int(place.group(1))
            # One line that moves on a terminal; a few lines where it goes to a file.
            if sys.stdout.isatty() or place >= shown + 40:
                shown = place
                _progress("fetching %d of %d: %s" % (place, len(pins), pins[place - 1]))
        elif line.startswith("Installing collected packages"):
            _progress("unpacking %d packages: a minute or two" % (line.count(",") + 1))
        elif line.startswith("ERROR"):
            errors.append(line)
    if sys.stdout.isatty():
        print()
    if process.wait():
        raise SetupError(
            "\n".join(errors[-3:])
            + "\npip could not install the packages: check the network and the disk, then try "
            "again; what was fetched is kept. All of pip's words are in %s." % LOG
        )


def _progress(text):
    start, end = ("\r  ", "") if sys.stdout.isatty() else ("  ", "\n")
    print(start + text.split("==")[0].ljust(70)[:70], end=end)
    sys.stdout.flush()


def _wait_for_others(log):
    """Let one set-up at a time go on."""
    if not _locked(log):
        print("Another set-up is at work in this folder: waiting for it to end.")
        sys.stdout.flush()
        while not _locked(log):
            time.sleep(1)


def _locked(log):
    """Try to lock a file; the system lets go of it when this process ends, however it ends."""
    try:
        try:
            import fcntl

            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            import msvcrt

            log.seek(0)
            msvcrt.locking(log.fileno(), msvcrt.LK_NBLCK, 1)
    except (IOError, OSError) as error:
        # Some network folders know no locks: go on without.
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True


def _forget_half_installed():
    """Let pip install again what it was killed over: such a package lacks its last file."""
    for lib in ("lib/python*", "Lib"):
        for package in glob.glob(os.path.join(VENV, lib, "site-packages", "*.dist-info")):
            if not os.path.exists(os.path.join(package, "INSTALLER")):
                shutil.rmtree(package)


def _fingerprint(version):
    """Text that changes with whatever the environment depends on."""
    digest = hashlib.sha256(repr((version, ROOT)).encode("utf-8"))
    for name in INPUTS:
        digest.update(_read(os.path.join(ROOT, name)).encode("utf-8"))
    return digest.hexdigest()


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8")
    except (IOError, OSError):
        return ""


def _opened(path, mode):
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    return open(path, mode)


def _environment():
    """Environment variables for what runs in .venv, free of what would reach into it."""
    environment = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"):
        environment.pop(name, None)
    environment.update(
        PIP_USER="0",
        PYTHONUTF8="1",
        TF_CPP_MIN_LOG_LEVEL="3",
        # The environment's own kernel, even where another one is registered by the same name.
        JUPYTER_PREFER_ENV_PATH="1",
    )
    return environment


def _become(command):
    """Run a command in place of this one, so that Ctrl-C and signals reach it alone."""
    sys.stdout.flush()
    if WINDOWS:
        process = subprocess.Popen(command, env=_environment())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
    os.execve(command[0], command, _environment())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
