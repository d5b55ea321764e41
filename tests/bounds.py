"""Try the course with the oldest versions it supports, with the pinned ones, and opened alone.

make test-bounds makes three environments in build/bounds, from nothing but the package index:

- lowest: the lowest version of everything that pyproject.toml names;
- pinned: requirements.txt;
- hosted: another TensorFlow, in a Jupyter as old as hosted ones may be, and nothing of the course.

The first two run the quick unit tests, and all three run lessons 00, 01 and 03: hosted from copies
of the notebooks in a folder of their own, which fetch the course from this repository, as it was
last committed. It takes half an hour or so, and 8 GB of disk.
"""

import os
import shutil
import subprocess
import sys
import time
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "build" / "bounds"
LESSONS = ("00", "01", "03")
# The rooms of the core lessons; the others repeat what these use, and take minutes.
UNIT_TESTS = ("core", "evaluation", "exercises", "models", "plots", "realdata", "training")
UNIT_TESTS += ("widgets", "test_augment.py", "test_datasets.py", "test_settings.py")
HOSTED = "tensorflow==2.20.0 keras==3.10.0 numpy==2.0.2 pandas==2.2.2"
HOSTED += " ipython==7.34.0 ipykernel==6.17.1 ipywidgets==7.7.1 nbclient==0.10.2"


def main() -> int:
    """Try every environment, print what took how long, and count the steps that failed."""
    shutil.rmtree(PLACE, ignore_errors=True)
    asked = {"lowest": lowest(), "pinned": ["-r", "requirements.txt"], "hosted": HOSTED.split()}
    failed = []
    for name, what in asked.items():
        for step, command, options in steps(name, what):
            print(f"\n== {name}: {step}", flush=True)
            start = time.perf_counter()
            good = not subprocess.run(command, **options).returncode
            taken = f"{time.perf_counter() - start:.0f} s"
            print(f"== {name}: {step} {'went well' if good else 'FAILED'} in {taken}", flush=True)
            if not good:
                failed.append(f"{name}: {step}")
    print("\nFailed: " + ", ".join(failed) + "." if failed else "\nAll is well.")
    return len(failed)


def lowest() -> list[str]:
    """The lowest version of each package that lessons, ``make lab`` and unit tests import."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + extras["lab"] + extras["dev"]
    return [line.replace(">=", "==") for line in lines]


def steps(name: str, what: list[str]):
    """Make an environment; then give its steps, each a command with options for its process."""
    folder = PLACE / name
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = str(programs / "python")
    # Nothing of the environment that started this reaches into the new one, or into its kernels.
    variables = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERAS_HOME")}
    variables |= {"JUPYTER_PREFER_ENV_PATH": "1", "COURSE_STATIC": "1", "PYTHONUTF8": "1"}
    variables |= {"COURSE_DATASET": "practice", "TF_CPP_MIN_LOG_LEVEL": "3"}
    pip = [python, "-m", "pip", "install", "--quiet", "--no-compile"]
    yield "packages", [*pip, *what], {"cwd": ROOT, "env": variables}
    if name == "hosted":
        where = {"cwd": folder / "alone", "env": variables | {"COURSE_REPOSITORY": ROOT.as_uri()}}
        where["cwd"].mkdir()
        for lesson in LESSONS:
            (notebook,) = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
            shutil.copy(notebook, where["cwd"])
            execute = [str(programs / "jupyter-execute"), "--timeout=1800", notebook.name]
            yield f"lesson {lesson}", execute, where
        return
    where = {"cwd": ROOT, "env": variables | {"COURSE_DATA": str(folder / "data")}}
    tests = [f"tests/{name}" for name in UNIT_TESTS]
    # Libraries this far apart warn of one another. IPython 7 has a package called tests on the
    # path, in which the processes that two tests start would look for ours.
    options = ["-q", "-W", "ignore", "-k", "not two_processes and not kill_half_way"]
    yield "unit tests", [python, "-m", "pytest", *options, *tests], where
    yield "lessons", [python, "-m", "course_utils", "run", *LESSONS], where


if __name__ == "__main__":
    sys.exit(main())
