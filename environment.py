"""The environment in .venv: made, mended, and left alone where it is whole.

Any Python can read this file and make.py, even one that is too old for the course: it must be
able to say so. Hence no f-strings and no annotations here.
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
EXTRAS_STAMP = os.path.join(VENV, "set-up-extras")
LOG = os.path.join(ROOT, "build", "set-up.log")

SUPPORTED = ((3, 11), (3, 12), (3, 13))
# What the environment depends on: a change in one of them installs again.
INPUTS = ("requirements.txt", "pyproject.toml")
# What only some extensions and the tests need. It holds the pins of requirements.txt, too.
EXTRAS = "requirements-extras.txt"

# JupyterLab in this environment neither asks about news nor looks for updates of its own.
LAB_SETTINGS = os.path.join(VENV, "share", "jupyter", "lab", "settings", "overrides.json")
QUIET = (
    '{"@jupyterlab/apputils-extension:notification": '
    '{"fetchNews": "false", "checkForUpdates": false}}'
)


class SetupError(Exception):
    """One sentence that says what is wrong and what to do."""


def make():
    """Make .venv, or mend it, until it is what requirements.txt says."""
    if _is_ready():
        return
    # Appended to: another set-up may be writing to it.
    with _opened(LOG, "ab") as log:
        _wait_for_others(log)
        if not _is_ready():
            log.truncate(0)
            _mend(log)


def make_extras():
    """Make .venv, and add what only some extensions and the tests need."""
    make()
    if has_extras():
        return
    with _opened(LOG, "ab") as log:
        _wait_for_others(log)
        if not has_extras():
            print("Adding what extensions need.")
            sys.stdout.flush()
            _forget_half_installed()
            _install(["-r", os.path.join(ROOT, EXTRAS)], log)
            with _opened(EXTRAS_STAMP, "w") as stamp:
                stamp.write(_fingerprint(_version_of([PYTHON]), [EXTRAS]))


def has_extras():
    """Whether .venv holds the extras, as they are asked for now."""
    return _read(EXTRAS_STAMP) == _fingerprint(_version_of([PYTHON]), [EXTRAS])


def _is_ready():
    version = _version_of([PYTHON])
    return version in SUPPORTED and _read(STAMP) == _fingerprint(version, INPUTS)


def _mend(log):
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
    subprocess.call([PYTHON, "-m", "course_utils", "check"], env=variables())
    # Last of all: a set-up that was killed has no stamp, and the next one goes on.
    with _opened(STAMP, "w") as stamp:
        stamp.write(_fingerprint(version, INPUTS))


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
    if subprocess.call(python + ["-m", "venv", VENV], env=variables()):
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
            env=variables(),
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
        env=variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    # The last word is the file of pins; the project itself has none, and pip counts no lines.
    pins = _read(what[-1]).splitlines()
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
        elif line.startswith("Installing collected packages") and "," in line:
            _progress("unpacking %d packages: a minute or two" % (line.count(",") + 1))
        elif "Retrying" in line:
            _progress("no answer from the network: trying again")
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
    text = "  " + text.split("==")[0]
    # On a terminal each text covers the one before.
    sys.stdout.write("\r" + text.ljust(72)[:72] if sys.stdout.isatty() else text + "\n")
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


def _fingerprint(version, inputs):
    """Text that changes with the Python, the place, and the files that say what to install."""
    digest = hashlib.sha256(repr((version, ROOT)).encode("utf-8"))
    for name in inputs:
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


def variables():
    """Environment variables for what runs in .venv, free of what would reach into it."""
    environment = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"):
        environment.pop(name, None)
    environment.update(
        PIP_USER="0",
        PYTHONUTF8="1",
        TF_CPP_MIN_LOG_LEVEL="3",
        KERAS_BACKEND="tensorflow",
        # The environment's own kernel, even where another one is registered by the same name.
        JUPYTER_PREFER_ENV_PATH="1",
    )
    return environment
