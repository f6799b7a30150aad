"""The benchmark as on macOS, Windows and ARM, where there is no wheel of TensorFlow Lite Micro."""

import os
import subprocess
import sys

import pytest

from aiedge.board import StandIn
from aiedge.lesson import lesson_of
from aiedge.paths import REPO
from tests.support.firmware import BUILDS, firmware

# Python imports this module at its start; None in sys.modules stands for a package that is not there.
HOOK = "import sys\nsys.modules['tflite_micro'] = None\n"


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """The environment of a Python that does not find the wheel."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(HOOK)
    paths = [str(tmp_path / "hook"), str(REPO / "common"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def test_the_wheel_is_hidden(environment) -> None:
    code = "from aiedge.tflite import has_tflm; print(has_tflm())\nimport tflite_micro"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout == "False\n"
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize("project", ["xormodel", "carclassifier_easy", "cifar_cnn"])
def test_a_benchmark_compares_its_answers_with_compiled_c(project, environment, tmp_path) -> None:
    solution = REPO / project / "solution"
    model = solution / f"{lesson_of(project)}.cpp"
    program = firmware(
        *BUILDS["gcc-sanitized"], solution / "main.cpp", model, [f'-DAIEDGE_PROJECT="{project}"']
    )
    samples = 4 if project == "xormodel" else 3
    command = [sys.executable, REPO / "run_serial.py", "--solution", "--results", tmp_path / "results"]
    if project != "xormodel":
        command += ["--count", str(samples)]
    with StandIn(program, tcp=True) as stand_in:
        done = subprocess.run(
            [*command, stand_in.port], env=environment, capture_output=True, text=True, timeout=300
        )
    assert done.returncode == 0, done.stdout + done.stderr
    differ = f"0 predictions and 0 outputs of {samples} differ from the same model in compiled C"
    assert f"verified  {differ}\n" in done.stdout
    assert "wrote " in done.stdout
