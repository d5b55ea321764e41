"""Flower, once imported, asks nobody for anything, unless its user wants it to."""

import json
import os
import subprocess
import sys

import pytest

NAMES = ("FLWR_TELEMETRY_ENABLED", "FLWR_DISABLE_UPDATE_CHECK")


@pytest.mark.parametrize(
    ("module", "chosen", "expected"),
    [
        ("course_utils", {}, [None, None]),
        ("course_utils.federation", {}, ["0", "1"]),
        ("course_utils.federation", {NAMES[0]: "1", NAMES[1]: "0"}, ["1", "0"]),
    ],
)
def test_flowers_variables_are_set_where_it_is_used_and_nobody_has(module, chosen, expected):
    code = f"import json, os, {module}; print(json.dumps(list(map(os.environ.get, {NAMES}))))"
    before = {name: value for name, value in os.environ.items() if name not in NAMES}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=before | chosen
    )
    assert json.loads(done.stdout) == expected
