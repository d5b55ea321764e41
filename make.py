"""Set-up, JupyterLab, tests and headless runs, with nothing but Python: python make.py lab"""

import sys

# Any Python can read this file, and one that is too old to run it says so.
if sys.version_info < (3, 8):
    sys.exit("This Python is too old: install 3.11, 3.12 or 3.13, then python3.12 make.py lab.")

import glob
import hashlib
import os
import platform
import re
import shutil
import signal
import time
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen, call, run

WINDOWS = os.name == "nt"
if WINDOWS:
    import msvcrt
else:
    import fcntl

USAGE = """usage: python make.py COMMAND
  setup   make the environment in .venv; quick where it is there already
  lab     set up, then open JupyterLab on the first lesson
  extras  set up, then add the packages that only extensions 13 and 14 need
  test    set up with extras, then check the code, run the tests and every lesson
  run     set up, then run every lesson and write pages to build/
          (run --dataset kaggle 00 01: these lessons, on the real data)
  bundle  set up, then write one archive for a room without a network to build/
          (bundle --systems linux windows --pythons 3.11 3.12 --extras)
  test-bounds  try the oldest and the pinned versions of all packages: half an hour
  book    set up with extras, then make a site of the stored lessons in build/book/
  slides  set up, then make slides of every lesson in build/slides/
  clean   delete build/ and caches; the environment and the data stay"""
COMMANDS = (
    "setup",
    "lab",
    "extras",
    "test",
    "run",
    "bundle",
    "test-bounds",
    "book",
    "slides",
    "clean",
)
# These hand all of their words over to the course.
HANDED_OVER = ("lab", "run", "book", "slides", "bundle")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / ("Scripts/python.exe" if WINDOWS else "bin/python"))
LOG = ROOT / "build" / "set-up.log"
SUPPORTED = ((3, 11), (3, 12), (3, 13))
# The name of a stamp, and the files whose change installs again.
CORE = ("set-up", "requirements.txt", "pyproject.toml")
EXTRAS = ("set-up-extras", "requirements-extras.txt")
# JupyterLab in this environment neither asks about news nor looks for updates of its own.
QUIET = """{"@jupyterlab/apputils-extension:notification":
  {"fetchNews": "false", "checkForUpdates": false}}"""


def main(words):
    command, options = words[0] if words else "", words[1:]
    if command not in COMMANDS or (options and command not in HANDED_OVER):
        print(USAGE)
        return 0 if command in ("-h", "--help", "help") else 2
    os.chdir(str(ROOT))
    # What is said here stands above what other programs say, in a file, too.
    sys.stdout.reconfigure(line_buffering=True)
    try:
        if command == "clean":
            return clean()
        set_up(extras=command in ("extras", "test", "book"))
        if command == "test":
            return test()
        if command == "lab" and not has(EXTRAS):
            print("Lessons 13 and 14 need a few more packages: 'python make.py extras' adds them.")
        if command == "test-bounds":
            return become([PYTHON, "tests/bounds.py"])
        if command in HANDED_OVER:
            return become([PYTHON, "-m", "course_utils", command] + options)
        print("The environment in %s is ready." % VENV)
    except OSError as error:
        sys.exit("%s: is the disk full, or the folder not yours to write? Try again." % error)
    except KeyboardInterrupt:
        sys.exit("\nStopped. The same command goes on from here.")


def test():
    """Check style, then run the unit tests and every lesson; return 1 if anything failed."""
    nbval = "--nbval --nbval-current-env --nbval-kernel-startup-timeout 180 --nbval-sanitize-with"
    lessons = " ".join(sorted(glob.glob("notebooks/[0-9][0-9]_*.ipynb")))
    steps = {
        "Style": "ruff check .",
        "Format": "ruff format --check .",
        # Made once, before the tests that share it start side by side.
        "Practice data": "course_utils data simulate",
        "Unit tests": "pytest -q -n logical --maxprocesses 4 --dist loadfile",
        # Two side by side: one alone leaves a core idle wherever it trains nothing.
        "Lessons": "pytest -q -n logical --maxprocesses 2 --dist loadscope %s tests/sanitize.cfg %s"
        % (nbval, lessons),
    }
    failed = []
    for name, words in steps.items():
        print("\n== " + name)
        # The stored outputs show the practice data, whatever this computer's learner chose.
        if call([PYTHON, "-m"] + words.split(), env=variables(COURSE_DATASET="practice")):
            failed.append(name)
    print("\nFailed: %s." % ", ".join(failed) if failed else "\nAll is well.")
    return 1 if failed else 0


def clean():
    for caches in ("build", ".*_cache", "*.egg-info", "**/__pycache__", "**/.ipynb_checkpoints"):
        for path in glob.glob(caches, recursive=True):
            shutil.rmtree(path, ignore_errors=True)
    print("Deleted build/ and caches. To start afresh, delete .venv too; data/ holds the data.")


def become(command):
    """Run a command in place of this one, so that Ctrl-C and signals reach it alone."""
    if not WINDOWS:
        os.execve(command[0], command, variables())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return call(command, env=variables())


def set_up(extras=False):
    """Make .venv, or mend it, until it is what the files of requirements say."""
    if platform.system() == "Darwin" and platform.machine() == "x86_64":
        sys.exit(
            "This Python is for Macs with an Intel processor, and TensorFlow 2.21 is not: take a "
            "Mac with Apple silicon and a Python made for it, or a computer with Linux or Windows."
        )
    if has(CORE) and (has(EXTRAS) or not extras):
        return
    LOG.parent.mkdir(exist_ok=True)
    # Appended to: another set-up may be writing to it.
    with LOG.open("ab") as log:
        wait_for_others(log)
        if not has(CORE):
            log.truncate(0)
            mend(log)
        if extras and not has(EXTRAS):
            print("Adding what extensions need.")
            install(log, "-r", EXTRAS[1])
            (VENV / EXTRAS[0]).write_text(fingerprint(EXTRAS))


def mend(log):
    """Make what is missing, however far the last set-up came."""
    if version([PYTHON], "pip") not in SUPPORTED:
        python = find_python()
        print("Making the environment in %s" % VENV)
        if VENV.is_symlink():
            VENV.unlink()
        call(python + ["-m", "venv", "--clear", str(VENV)], env=variables())
        if version([PYTHON], "pip") not in SUPPORTED:
            sys.exit("Python made no environment that works in %s: see the lines above." % VENV)
    install(log, "-r", CORE[1])
    # Editable, so that a change in course_utils/ counts at once; setuptools is there already.
    install(log, "--no-deps", "--no-build-isolation", "--editable", ".")
    settings = VENV / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(QUIET)
    call([PYTHON, "-m", "course_utils", "check"], env=variables())
    # Last of all: a set-up that was killed has no stamp, and the next one goes on.
    (VENV / CORE[0]).write_text(fingerprint(CORE))


def find_python():
    """Command for a Python that can carry the course, the running one first."""
    commands = [["python%d.%d" % number] for number in reversed(SUPPORTED)]
    if WINDOWS:
        commands += [["py", "-%d.%d" % number] for number in reversed(SUPPORTED)]
    commands.insert(0, [getattr(sys, "_base_executable", None) or sys.executable])
    fitting = [command for command in commands if version(command) in SUPPORTED]
    for command in fitting:
        if version(command, "venv, ensurepip; ensurepip.version()"):
            return command
    number = "%d.%d" % (version((fitting or commands)[0]) or sys.version_info[:2])
    if fitting:
        wrong = "Python %s is here, but its venv and pip are not" % number
        remedy = "install them (Debian and Ubuntu: apt install python%s-venv)" % number
    else:
        wrong = "Python %s cannot run the course, and no other was found" % number
        remedy = "install Python 3.11, 3.12 or 3.13 (python.org/downloads, or conda)"
    sys.exit("%s: %s, then try again." % (wrong, remedy))


def version(command, needs="sys"):
    """Version of a Python that starts and has what is needed, or None."""
    code = "import sys, %s; print(*sys.version_info[:2])" % needs
    try:
        done = run(command + ["-c", code], env=variables(), stdout=PIPE, stderr=PIPE)
    except OSError:
        return None
    return None if done.returncode else tuple(map(int, done.stdout.split()))


def install(log, *what):
    """Install with pip, showing what takes long; pip's own words go to the log."""
    # A package that pip was killed over lacks its last file: it is to be installed again.
    for package in VENV.glob("%s/site-packages/*.dist-info" % ("Lib" if WINDOWS else "lib/*")):
        if not (package / "INSTALLER").exists():
            shutil.rmtree(str(package))
    # Compiled on first import instead: most of what comes along is never imported.
    options = ["--no-compile", "--no-input", "--disable-pip-version-check"]
    # A bundle brings its wheels along, and the room has no network to wait for.
    bundled = (ROOT / "wheels").is_dir()
    if bundled:
        options += ["--no-index", "--find-links", "wheels"]
    command = [PYTHON, "-m", "pip", "install"] + options + list(what)
    process = Popen(command, env=variables(), stdout=PIPE, stderr=STDOUT)
    for line in process.stdout:
        log.write(line)
        line = line.decode("utf-8", "replace").strip()
        large = re.match(r"Downloading (.+?)-\d.* \((\d\d.* MB)\)", line)
        if large:
            print("  fetching %s: %s" % large.groups())
        elif line.startswith("Installing collected packages") and "," in line:
            print("  unpacking %d packages: a minute or two" % (line.count(",") + 1))
        elif "Retrying" in line:
            print("  no answer from the network: trying again")
        elif line.startswith("ERROR"):
            print("  " + line)
    if process.wait():
        sys.exit(
            "pip could not install the packages: check the network and the disk, then try again; "
            "what was fetched is kept. All of pip's words are in %s."
            % LOG
            + (brought() if bundled else "")
        )


def brought():
    """Words on the wheels that came along, which fit the computers they were fetched for."""
    names = ", ".join(sorted(path.name for path in (ROOT / "wheels").glob("tensorflow*.whl")))
    return " They came from the folder wheels, which has %s: rename it to use the network." % names


def wait_for_others(log):
    """Lock a file; the system lets go of it when this process ends, however it ends."""
    while True:
        try:
            if not WINDOWS:
                return fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
            log.seek(0)
            return msvcrt.locking(log.fileno(), msvcrt.LK_NBLCK, 1)
        except (BlockingIOError, PermissionError):
            print("Another set-up is at work in this folder: waiting for it to end.")
            time.sleep(5)
        except OSError:
            return None  # Some network folders know no locks: go on without.


def has(what):
    """Whether .venv starts, and holds CORE or EXTRAS as they are asked for now."""
    stamp = VENV / what[0]
    return stamp.exists() and stamp.read_text() == fingerprint(what)


def fingerprint(what):
    """Text that changes with the Python, the place, and the files that say what to install."""
    place = repr((version([PYTHON], "pip"), str(ROOT))).encode()
    return hashlib.sha256(place + b"".join((ROOT / n).read_bytes() for n in what[1:])).hexdigest()


def variables(**more):
    """Environment variables for what runs in .venv, free of what would reach into it."""
    found = dict(os.environ, PIP_USER="0", PYTHONUTF8="1", TF_CPP_MIN_LOG_LEVEL="3", **more)
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX"):
        found.pop(name, None)
    # TensorFlow starts in a third of the time where what was compiled is kept.
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    # The environment's own kernel, even where another one is registered by the same name.
    return dict(found, KERAS_BACKEND="tensorflow", JUPYTER_PREFER_ENV_PATH="1")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
