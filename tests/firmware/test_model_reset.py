"""A network that keeps state, behind the firmware's class."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from aiedge import tflite
from tests.support.firmware import BUILDS, HERE, LIBRARY, compile_cpp, firmware, generated
from tests.support.random_states import stream

IDF = HERE / "esp_idf"


def model_file(folder: Path) -> tuple[bytes, Path]:
    """A model whose first values are not the zero point's, and its C array."""
    model = stream(np.random.default_rng(0))
    path = folder / "frames.cpp"
    tflite.write_c_array(model, path)
    return model, path


@pytest.mark.skipif(not tflite.has_tflm(), reason="needs tflite-micro: its wheel exists for Linux on x86-64")
def test_a_reset_begins_another_sequence(tmp_path: Path) -> None:
    model, path = model_file(tmp_path)
    program = firmware(*BUILDS["gcc-sanitized"], HERE / "cpp/states.cpp", path, ['-DAIEDGE_PROJECT="frames"'])
    x = np.random.default_rng(1).integers(-128, 128, (15, 1, 3, 1, 8), dtype=np.int8)
    run = subprocess.run([program], input=x.tobytes(), capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    answers = np.frombuffer(run.stdout, np.int8).reshape(15, 1, 1, 4)
    expected = [tflite.run_tflm(model, x[first : first + 5]) for first in range(0, 15, 5)]
    np.testing.assert_array_equal(answers, np.concatenate(expected))


def test_the_interpreter_gets_its_variables(tmp_path: Path) -> None:
    _, path = model_file(tmp_path)
    folder = generated(path)
    assert "#define AIEDGE_MODEL_VARIABLES 1" in (folder / "aiedge_model.h").read_text()
    flags = ["-fsyntax-only", "-DAIEDGE_RUNTIME_TFLM", '-DAIEDGE_PROJECT="frames"', f"-I{folder}", f"-I{IDF}"]
    compile_cpp("g++", flags, [LIBRARY / "TflmModel.cpp"], Path(os.devnull))
