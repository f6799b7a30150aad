"""The benchmark and its command, on a board written in Python."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from aiedge import benchmark, tflite
from aiedge.board import Board
from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.quantization import QuantParams
from fake_board import FakeBoard, MemoryLine, SocketBoard

SCRIPT = REPO / "run_serial.py"
MODEL = b"the bytes of a model"
SOLVED = b"the bytes of the solved model"


def xor(data):
    return b"\x7f" if data[0] != data[1] else b"\x81"


def fake(model=MODEL, function=xor, project="xormodel"):
    return FakeBoard(project, 2, 1, hashlib.sha256(model).digest(), function)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder with the two models; reading either gives int8 tensors with a range of 0 to 1."""

    def tensor(shape):
        return tflite.Tensor(0, "x", shape, np.dtype(np.int8), QuantParams(1 / 255, -128))

    folder = tmp_path / "xormodel"
    tflite.write_c_array(MODEL, folder / "vscode/main/xormodel.cpp")
    tflite.write_c_array(SOLVED, folder / "solution/xormodel.cpp")
    graph = tflite.Graph((), (), (tensor((1, 2)),), (tensor((1, 1)),), MODEL)
    monkeypatch.setattr(benchmark, "project_dir", lambda name: tmp_path / name)
    monkeypatch.setattr(benchmark.tflite, "read", lambda model: graph)
    return folder


def command(*arguments, python=sys.executable, **options):
    return subprocess.run(
        [python, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options
    )


def test_the_four_answers(project, capsys):
    with SocketBoard(fake()) as line:
        assert benchmark.main([line.port]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [row.split() for row in lines if row.endswith("µs")] == [
        ["0", "0", "0", "0.0039", "12", "µs"],
        ["0", "1", "1", "1.0000", "12", "µs"],
        ["1", "0", "1", "1.0000", "12", "µs"],
        ["1", "1", "0", "0.0039", "12", "µs"],
    ]
    assert lines[-1] == (
        "4 of 4 right; median 12 µs (this computer's time, not a board's); retries 0, bad frames 0"
    )


def test_a_wrong_answer_is_marked_and_gives_status_1(project, capsys):
    with SocketBoard(fake(function=lambda data: b"\x81")) as line:
        assert benchmark.main([line.port]) == 1
    out = capsys.readouterr().out
    assert out.count("<- wrong") == 2
    assert "2 of 4 right" in out


def test_a_board_with_another_model_is_refused(project, capsys):
    with SocketBoard(fake(b"an older model")) as line:
        assert benchmark.main([line.port]) == 2
    error = capsys.readouterr().err
    assert f"error: the board does not run the model in {project}/vscode/main/xormodel.cpp" in error
    assert "hint: build and flash xormodel/vscode again" in error


def test_a_board_with_the_solved_model(project, capsys):
    with SocketBoard(fake(SOLVED)) as line:
        assert benchmark.main([line.port]) == 2
    assert "add --solution" in capsys.readouterr().err
    with SocketBoard(fake(SOLVED)) as line:
        assert benchmark.main([line.port, "--solution"]) == 0


def test_a_board_with_another_project_is_refused(project, capsys):
    with SocketBoard(fake(project="carclassifier_easy")) as line:
        assert benchmark.main([line.port, "--project", "xormodel"]) == 2
    assert "error: the board runs carclassifier_easy, not xormodel" in capsys.readouterr().err


def test_a_project_without_a_benchmark():
    with pytest.raises(UserError, match="no benchmark for the project 'nonsense'"):
        benchmark.samples("nonsense")


@pytest.mark.parametrize("exported", [False, True])
def test_a_model_that_was_not_copied(project, capsys, exported):
    (project / "vscode/main/xormodel.cpp").unlink()
    if exported:
        tflite.write_c_array(MODEL, project / "notebook/xormodel.cpp")
    with SocketBoard(fake()) as line:
        assert benchmark.main([line.port]) == 2
    error = capsys.readouterr().err
    assert "vscode/main/xormodel.cpp is missing" in error
    assert "cp xormodel/notebook/xormodel.cpp xormodel/vscode/main/xormodel.cpp" in error
    assert ("export it in the notebook" in error) is not exported


def test_many_samples_give_no_table_but_a_summary(project, capsys):
    inputs = np.tile(np.array([[0, 1], [1, 1]], np.float32), (500, 1))
    data = benchmark.Samples(inputs, np.tile([1, 0], 500))
    result = benchmark.run(Board(MemoryLine(fake())), "/dev/ttyUSB0", MODEL, data)
    assert result.all_right
    assert result.outputs.shape == (1000, 1)
    assert str(result).splitlines()[2:] == [
        "1,000 of 1,000 right; median 12 µs (on the board); retries 0, bad frames 0"
    ]
    assert "1000/1000" in capsys.readouterr().err


def test_several_outputs_give_the_largest():
    result = benchmark.BenchmarkResult(
        None,
        "",
        False,
        benchmark.Samples(np.zeros((2, 1), np.float32), np.array([2, 0])),
        np.array([[0.1, 0.2, 0.7], [0.3, 0.4, 0.3]], np.float32),
        np.array([1, 2]),
        0,
        0,
    )
    assert result.predicted.tolist() == [2, 1]
    assert result.right == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["--baud", "fast"],
        ["--baud", "0", "/dev/ttyUSB99"],
        ["/dev/ttyUSB99"],
        ["socket://127.0.0.1:1"],
        ["--simulate"],
        ["--simulate", "nonsense"],
        ["--simulate", "xormodel", "/dev/ttyUSB0"],
        ["--project", "nonsense", "/dev/ttyUSB99"],
    ],
)
def test_wrong_arguments(arguments):
    done = command(SCRIPT, *arguments, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ") and hint.startswith("hint: ")


def test_the_traceback_is_shown_on_request():
    assert "Traceback" in command(SCRIPT, "/dev/ttyUSB99", "--debug").stderr


@pytest.fixture
def bare_kit(tmp_path):
    """A copy of the script alone, as on a computer where nothing is installed."""
    copy = tmp_path / "run_serial.py"
    copy.write_bytes(SCRIPT.read_bytes())
    return copy


def bare_python(script):
    # -I -S: no site-packages, no PYTHONPATH, so no aiedge.
    return command("-I", "-S", script, "--help")


def test_without_the_kit_it_says_how_to_set_up(bare_kit):
    done = bare_python(bare_kit)
    assert done.returncode == 2
    assert done.stderr == "error: the kit is not set up yet\nhint: ./start-notebook.sh xormodel sets it up\n"


@pytest.mark.skipif(os.name == "nt", reason="needs a symbolic link")
def test_without_the_kit_it_starts_again_in_its_environment(bare_kit):
    (bare_kit.parent / ".venv/bin").mkdir(parents=True)
    wrapper = bare_kit.parent / ".venv/bin/python"
    wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o755)
    done = bare_python(bare_kit)
    assert done.returncode == 0
    assert "usage: ./run_serial.py" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="the scripts are elsewhere")
@pytest.mark.parametrize("left", ["all", "no pyvenv.cfg"])
def test_a_broken_environment_is_not_started_forever(bare_kit, left):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare_kit.parent / ".venv"], check=True)
    if left != "all":  # what an interrupted removal leaves: a Python that does not know that it is in there
        (bare_kit.parent / ".venv/pyvenv.cfg").unlink()
        (bare_kit.parent / "aiedge").mkdir()
        (bare_kit.parent / "aiedge/benchmark.py").write_text(
            "raise ImportError(\"No module named 'aiedge'\")\n"
        )
    done = bare_python(bare_kit)
    assert done.returncode == 2
    assert "error: the kit's .venv is incomplete: No module named 'aiedge'" in done.stderr
