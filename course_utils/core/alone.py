"""Set up a notebook that was opened alone: its first cell runs this file of the course it found.

Whatever else is in that Python stays as it is, if it is new enough: a hosted notebook has much of
it loaded, and a TensorFlow that fits its GPU. No other file of the course is imported, since none
can be before this one ends.
"""

import importlib
import subprocess
import sys
import time
import tomllib
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

# TensorFlow and every notebook's kernel need it, too.
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
# A TensorFlow by any of these names is one; a second one would be written over it.
TENSORFLOW = ("tensorflow", "tensorflow-cpu")


def set_up(root: Path = ROOT) -> str:
    """Add what the course of ``root`` imports to this Python, and say in one line what was done.

    RuntimeError, with pip's own words, if a package can neither be found nor made.
    """
    start, before = time.perf_counter(), installed()
    wanted = requirements(tomllib.loads((root / "pyproject.toml").read_text("utf-8")), before)
    # Held as they are where they are new enough: a kernel may have loaded them.
    pip(*wanted, *(f"{name}=={before[name]}" for name in kept(wanted, before)))
    after = installed()
    # Not only for this kernel, but for the processes and the kernels that come after it.
    pip("--no-deps", "--editable", str(root))
    importlib.invalidate_caches()
    added = sorted(set(after) - set(before))
    renewed = sorted(name for name, number in before.items() if after.get(name, number) != number)
    said = f"The course in {root} is set up in {time.perf_counter() - start:.0f} s: "
    said += f"{len(added)} packages added, {', '.join(renewed) or 'none'} renewed."
    stale = loaded() & set(renewed)
    return said + (" Restart the kernel, then run this cell again." if stale else "")


def requirements(project: dict, here: dict[str, str]) -> list[str]:
    """What ``pyproject.toml`` asks of this computer, with TensorFlow by the name that is here."""
    asked = map(Requirement, project["project"]["dependencies"])
    present = [name for name in TENSORFLOW if name in here]
    found = []
    for one in asked:
        if one.marker is None or one.marker.evaluate():
            name = present[0] if present and one.name in TENSORFLOW else one.name
            found.append(f"{name}{one.specifier}")
    return found


def kept(wanted: list[str], here: dict[str, str]) -> list[str]:
    """Names of those wanted packages that are here in a version that will do."""
    asked = map(Requirement, wanted)
    return [one.name for one in asked if one.name in here and here[one.name] in one.specifier]


def installed() -> dict[str, str]:
    """Versions of all installed packages, by name as requirements spell it."""
    found = {}
    for one in distributions():
        # What a killed pip left has no name. Of two by one name, Python imports the first.
        if name := one.metadata["Name"]:
            found.setdefault(canonicalize_name(name), one.version)
    return found


def loaded() -> set[str]:
    """Names of the packages of which this process has imported something."""
    owners = packages_distributions()
    return {canonicalize_name(o) for name in list(sys.modules) for o in owners.get(name, ())}


def pip(*what: str) -> None:
    """Install with pip; RuntimeError, with its last words, if that fails."""
    options = ["--quiet", "--no-input", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, *what]
    done = subprocess.run(command, capture_output=True, errors="replace")
    if done.returncode:
        raise RuntimeError(
            "pip could not install what the course needs: check the network, restart the kernel "
            f"and run this cell again. Its words: {done.stderr.strip()[-500:]}"
        )


if __name__ == "__main__":
    print(set_up())
    sys.path.insert(0, str(ROOT))
