"""Set-up, JupyterLab, tests and headless runs, with nothing but Python: python make.py lab

Any Python can read this file: see environment.py.
"""

from __future__ import print_function

import glob
import os
import shutil
import subprocess
import sys

import environment
from environment import PYTHON, ROOT

USAGE = """usage: python make.py COMMAND

  setup   make the environment in .venv; quick where it is there already
  lab     set up, then open JupyterLab on the first lesson
  extras  set up, then add the packages that only extensions 13 and 14 need
  test    set up with extras, then check the code, run the tests and every lesson
  run     set up, then run every lesson and write pages to build/
          (run --dataset kaggle 00 01: these lessons, on the real data)
  clean   delete build/ and caches; the environment and the data stay
"""


def main(arguments):
    commands = {"setup": setup, "lab": lab, "extras": extras, "test": test}
    commands.update({"run": run, "clean": clean})
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
    except environment.SetupError as error:
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
    """Make the environment, or mend it."""
    environment.make()
    print("The environment in %s is ready." % environment.VENV)
    return 0


def lab(*options):
    """Open JupyterLab on the first lesson; options go to JupyterLab."""
    environment.make()
    if not environment.has_extras():
        word = "python make.py extras" if environment.WINDOWS else "make extras"
        print("Extensions 13 and 14 need a few more packages: '%s' adds them." % word)
    return _become([PYTHON, "-m", "course_utils", "lab"] + list(options))


def extras():
    """Add what only some extensions need."""
    environment.make_extras()
    print("The environment in %s has the packages of every extension." % environment.VENV)
    return 0


def run(*options):
    """Run lessons headless, into build/."""
    environment.make()
    return _become([PYTHON, "-m", "course_utils", "run"] + list(options))


def test():
    """Check style, then run the unit tests and every notebook; return 1 if anything failed."""
    environment.make_extras()
    # The stored outputs show the practice data, whatever this computer's learner chose.
    variables = dict(environment.variables(), COURSE_DATASET="practice")
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
        if subprocess.call(command, env=variables):
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


def _become(command):
    """Run a command in place of this one, so that Ctrl-C and signals reach it alone."""
    sys.stdout.flush()
    if environment.WINDOWS:
        process = subprocess.Popen(command, env=environment.variables())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
    os.execve(command[0], command, environment.variables())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
