"""TensorFlow starts without a word, what goes wrong in it is told, and Flower reports nothing."""

import os
import subprocess
import sys

import pytest


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, **environment
    )


@pytest.mark.parametrize("first", ["tensorflow", "keras"])
def test_tensorflow_starts_without_a_word(first):
    done = run(f"import course_utils, {first}, sys; print('tensorflow' in sys.modules)")
    assert done.stdout == "True\n"
    assert done.stderr == ""


def test_stderr_works_again_afterwards_and_the_finder_is_gone():
    code = (
        "import course_utils, os, sys, tensorflow; os.write(2, b'heard'); "
        "print([f for f in sys.meta_path if 'course_utils' in type(f).__module__])"
    )
    done = run(code)
    assert done.stderr == "heard"
    assert done.stdout == "[]\n"


def test_asking_many_networks_is_no_reason_to_warn_and_others_stay():
    code = (
        "import course_utils, tensorflow as tf; "
        "tf.get_logger().warning('5 out of 6 calls triggered tf.function retracing.'); "
        "tf.get_logger().warning('beware')"
    )
    stderr = run(code).stderr
    assert "beware" in stderr and "retracing" not in stderr


def test_a_broken_tensorflow_is_still_told(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('no AVX')")
    done = run("import course_utils, tensorflow", cwd=tmp_path)
    assert "ImportError: no AVX" in done.stderr


def test_importing_the_course_does_not_import_tensorflow():
    done = run("import course_utils, sys; print('tensorflow' in sys.modules)")
    assert done.stdout == "False\n"


def test_flower_reports_to_nobody_unless_asked_to():
    code = "import course_utils, os; print(os.environ['FLWR_TELEMETRY_ENABLED'])"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FLWR_")}
    assert run(code, env=environment).stdout == "0\n"
    asked = environment | {"FLWR_TELEMETRY_ENABLED": "1"}
    assert run(code, env=asked).stdout == "1\n"
