"""TensorFlow starts without a word, as the course needs it, and what goes wrong in it is told."""

import json
import logging
import os
import subprocess
import sys

from course_utils.core import backend

BACKEND = "from course_utils.core.backend import keras, tf; import os, sys; "
CONFIG = "print(keras.config.floatx(), keras.config.image_data_format(), keras.config.epsilon(), "
CONFIG += "keras.config.dtype_policy().name, "
# Older ones have no limit of epochs.
CONFIG += "getattr(keras.config, 'max_epochs', lambda: None)(), keras.config.backend())"
OURS = "float32 channels_last 1e-07 float32 None tensorflow\n"


def run(code, cwd=None, **variables):
    others = ("KERAS_", "FLWR_", "TF_CPP_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(others)} | variables
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, env=environment
    )


def test_it_starts_without_a_word_and_stderr_works_again_afterwards():
    done = run(BACKEND + CONFIG + "; os.write(2, b'heard')")
    assert done.stdout == OURS
    assert done.stderr == "heard"


def test_another_backend_is_for_other_projects():
    done = run(BACKEND + "print(os.environ['KERAS_BACKEND']); " + CONFIG, KERAS_BACKEND="jax")
    assert done.stdout == f"jax\n{OURS}"
    assert done.stderr == ""


def test_the_file_of_settings_and_other_variables_do_not_reach_the_course(tmp_path):
    asked = {"backend": "torch", "floatx": "float16", "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps(asked | {"epsilon": 0.001}))
    code = BACKEND + "print('KERAS_BACKEND' in os.environ); " + CONFIG
    done = run(code, KERAS_HOME=str(tmp_path), KERAS_MAX_EPOCHS="1")
    assert done.stdout == f"False\n{OURS}"
    assert done.stderr == ""


def test_a_file_of_settings_that_keras_refuses_is_named(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps({"floatx": "bfloat16"}))
    done = run(BACKEND, KERAS_HOME=str(tmp_path))
    assert "CourseError: Keras does not start: correct its keras.json" in done.stderr


def test_keras_that_was_imported_before_is_set_too():
    code = "import keras; keras.config.set_floatx('float16'); "
    code += "keras.config.set_dtype_policy('mixed_bfloat16'); " + BACKEND + CONFIG
    assert run(code).stdout == OURS


def test_keras_that_was_started_on_another_backend_is_refused():
    code = "import keras; keras.config.backend = lambda: 'jax'; " + BACKEND
    said = run(code).stderr
    assert "started on jax" in said and "set KERAS_BACKEND=tensorflow and restart" in said


def test_what_a_reader_sets_later_holds_outside_the_block_alone(capsys):
    keras = backend.keras
    try:
        keras.config.set_floatx("float64")
        keras.config.set_dtype_policy("mixed_bfloat16")
        with backend.configured():
            exec(CONFIG)
        with backend.configured(dtype_policy="mixed_float16"):
            print(keras.config.dtype_policy().name)
        print(keras.config.floatx(), keras.config.dtype_policy().name)
    finally:
        backend._set(backend.CONFIG)
    assert capsys.readouterr().out == OURS + "mixed_float16\nfloat64 mixed_bfloat16\n"


def test_many_networks_are_no_reason_to_warn_and_others_stay(monkeypatch):
    logger, said = backend.tf.get_logger(), []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", lambda record: said.append(record.getMessage()))
    monkeypatch.setattr(logger, "handlers", [handler])
    logger.warning("5 out of 6 calls triggered tf.function retracing.")
    logger.warning("beware")
    assert said == ["beware"]


def test_a_broken_tensorflow_is_still_told(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('no AVX')")
    assert "ImportError: no AVX" in run(BACKEND, cwd=tmp_path).stderr


def test_flower_reports_to_nobody_unless_asked_to():
    code = "import course_utils.federation, os; print(os.environ['FLWR_TELEMETRY_ENABLED'])"
    assert run(code).stdout == "0\n"
    assert run(code, FLWR_TELEMETRY_ENABLED="1").stdout == "1\n"
