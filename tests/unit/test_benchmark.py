"""The benchmark and its command, on boards written in Python."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from aiedge import benchmark, progress, tflite
from aiedge.benchmark import Options, Samples, models, samples, session, store
from aiedge.board import BoardInfo
from aiedge.cost.runtimes import Reference
from aiedge.errors import UserError
from aiedge.paths import REPO
from aiedge.quantization import QuantParams
from aiedge.train import datasets
from tests.support.benchmark_results import CIFAR
from tests.support.fake_board import FakeBoard, SocketBoard
from tests.support.processes import restore_ctrl_c

SCRIPT = REPO / "run_serial.py"
MODEL = tflite.from_c_array(REPO / "xormodel/solution/xormodel.cpp")
SOLVED = MODEL + bytes(16)  # another file, the same network
GRAPH = tflite.read(MODEL)


# The command with a longer test set.
MANY_SAMPLES = """
import sys
import numpy as np
from aiedge.benchmark import Samples, command, session
inputs = np.random.default_rng(0).integers(0, 2, (400, 2)).astype(np.float32)
session.samples = lambda project, count: Samples(inputs, (inputs[:, 0] != inputs[:, 1]).astype(np.int64))
sys.exit(command.main())
"""


def xor(data):
    return tflite.run_integer(GRAPH, np.frombuffer(data, np.int8)[None]).tobytes()


def fake(model=MODEL, function=xor, project="xormodel"):
    return FakeBoard(project, 2, 1, hashlib.sha256(model).digest(), function)


class MemoryBoard:
    """What `run` needs of a `Board`, without a line; after `last` answers the port vanishes, or `error` comes."""

    baud, bytes_sent, payload_bytes, retries, bad_frames, resets, frame_payload = 115200, 0, 0, 0, 0, 0, 2
    conduct = None

    def __init__(self, function=xor, last=None, error=None):
        self.function, self.last, self.asked = function, last, 0
        self.error = error or UserError("/dev/ttyUSB0 vanished while it was in use", "check the cable")

    def hello(self):
        sizes = {"input_bytes": 2, "output_bytes": 1, "arena_bytes": 32, "max_payload": 1024}
        kinds = {"runtime": "compiled", "input_type": "int8", "output_type": "int8", "window": 0, "unit": 1}
        return BoardInfo(project="xormodel", sha256=GRAPH.sha256, **sizes, **kinds)

    def infer_all(self, inputs):
        for data in inputs:
            if self.asked == self.last:
                raise self.error
            self.asked += 1
            self.payload_bytes += len(data)
            self.bytes_sent += len(data) + 12
            yield self.function(data), 12


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder with two models, in place of the kit's."""
    folder = tmp_path / "xormodel"
    tflite.write_c_array(MODEL, folder / "vscode/main/xormodel.cpp")
    tflite.write_c_array(SOLVED, folder / "solution/xormodel.cpp")
    monkeypatch.setattr(models, "project_dir", lambda name: tmp_path / name)
    return folder


@pytest.fixture
def many():
    """Two hundred samples of the XOR."""
    inputs = np.random.default_rng(0).integers(0, 2, (200, 2)).astype(np.float32)
    return Samples(inputs, (inputs[:, 0] != inputs[:, 1]).astype(np.int64))


@pytest.fixture
def main(tmp_path):
    """The command, with a folder for its results."""
    return lambda *arguments: benchmark.main([*arguments, "--results", str(tmp_path / "results")])


def command(*arguments, python=sys.executable, **options):
    return subprocess.run(
        [python, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options
    )


# The command.


def test_the_four_answers(project, main, capsys, tmp_path):
    with SocketBoard(fake()) as line:
        assert main(line.port) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [row.split() for row in lines if row.endswith("µs")] == [
        ["0", "0", "0", "0.0000", "12", "µs"],
        ["0", "1", "1", "0.9961", "12", "µs"],
        ["1", "0", "1", "0.9961", "12", "µs"],
        ["1", "1", "0", "0.0000", "12", "µs"],
    ]
    assert "4 of 4 right; median 12 µs (this computer's time, not a board's)" in lines
    assert "verified  0 predictions and 0 outputs of 4 differ" in "\n".join(lines)
    (path,) = (tmp_path / "results").glob("*.json")
    document = json.loads(path.read_text())
    assert document["setting"]["model_sha256"] == GRAPH.sha256
    assert document["answers"]["expected"] == [0, 1, 1, 0]
    assert path.with_suffix(".csv").read_text().splitlines()[:2] == [
        "index,kind,expected,predicted,output,time_us",
        "0,,0,0,0,12",
    ]
    assert not list((tmp_path / "results").glob("*.partial"))


def test_a_wrong_answer_is_marked_and_gives_status_1(project, main, capsys):
    with SocketBoard(fake(function=lambda data: b"\x81")) as line:
        assert main(line.port) == 1
    out = capsys.readouterr().out
    assert out.count("<- wrong") == 2
    assert "2 of 4 right" in out
    assert "verified  2 predictions and 4 outputs of 4 differ" in out


def test_a_second_run_is_compared_with_the_first(project, main, capsys):
    for function in xor, lambda data: b"\x81":
        with SocketBoard(fake(function=function)) as line:
            main(line.port)
    out = capsys.readouterr().out
    assert "accuracy 100.00% → 50.00% (-50.00 points)" in out
    assert "2 of 4 changed, 0 now right, 2 now wrong (samples 1, 2)" in out


def test_a_board_with_another_model_is_refused(project, main, capsys):
    with SocketBoard(fake(b"an older model")) as line:
        assert main(line.port) == 2
    error = capsys.readouterr().err
    assert f"error: the board does not run the model in {project}/vscode/main/xormodel.cpp\n" in error
    assert "hint: build and flash xormodel/vscode again" in error


def test_a_board_with_the_solved_model(project, main, capsys):
    with SocketBoard(fake(SOLVED)) as line:
        assert main(line.port) == 2
    error = capsys.readouterr().err
    assert "but xormodel's solution's int8 model" in error
    assert "hint: add --solution" in error
    with SocketBoard(fake(SOLVED)) as line:
        assert main(line.port, "--solution") == 0


def test_a_board_with_the_float_model(project, main, capsys):
    floats = MODEL + bytes(32)
    tflite.write_c_array(floats, project / "vscode/main/xormodel_float.cpp")
    with SocketBoard(fake(floats)) as line:
        assert main(line.port) == 2
    assert "hint: add --float" in capsys.readouterr().err


def test_a_project_with_a_second_model(project, tmp_path, monkeypatch, main, capsys):
    """A board with the CIFAR project's second network; an XOR stands for it."""
    folder = tmp_path / "cifar_cnn"
    tflite.write_c_array(SOLVED, folder / "vscode/main/cifar_cnn.cpp")
    tflite.write_c_array(MODEL, folder / "vscode/main/cifar_tiny.cpp")
    monkeypatch.setattr(models, "projects", lambda: ["cifar_cnn"])
    monkeypatch.setattr(session, "samples", lambda name, count: samples("xormodel"))
    with SocketBoard(fake(project="cifar_cnn")) as line:
        assert main(line.port) == 2
    error = capsys.readouterr().err
    assert (
        "but cifar_cnn's vscode/main's cifar_tiny model" in error
        and "hint: add --model cifar_tiny, or" in error
    )
    with SocketBoard(fake(project="cifar_cnn")) as line:
        assert main(line.port, "--model", "cifar_tiny") == 0
    with SocketBoard(fake(SOLVED, project="cifar_cnn")) as line:
        assert main(line.port, "--model", "cifar_tiny") == 2
    assert "hint: leave out --model cifar_tiny, or" in capsys.readouterr().err
    with SocketBoard(fake(project="cifar_cnn")) as line:
        assert main(line.port, "--model", "cifar_teeny") == 2
    assert "hint: there is cifar_tiny\n" in capsys.readouterr().err
    assert models.Choice("cifar_cnn", other="cifar_tiny").environment == "host-tiny"


def test_a_board_with_another_project_is_refused(project, main, capsys):
    with SocketBoard(fake(project="carclassifier_easy")) as line:
        assert main(line.port, "--project", "xormodel") == 2
    assert "error: the board runs carclassifier_easy, not xormodel" in capsys.readouterr().err


def test_a_model_that_is_older_than_the_notebooks(project, main, capsys):
    tflite.write_c_array(MODEL + bytes(64), project / "notebook/xormodel.cpp")
    with SocketBoard(fake()) as line:
        assert main(line.port) == 0
    error = capsys.readouterr().err
    assert "warning: vscode/main/xormodel.cpp is not the model that the notebook exported last" in error
    assert "cp xormodel/notebook/xormodel.cpp xormodel/vscode/main/xormodel.cpp" in error


@pytest.mark.parametrize("exported", [False, True])
def test_a_model_that_was_not_copied(project, main, capsys, exported):
    (project / "vscode/main/xormodel.cpp").unlink()
    if exported:
        tflite.write_c_array(MODEL, project / "notebook/xormodel.cpp")
    with SocketBoard(fake()) as line:
        assert main(line.port) == 2
    error = capsys.readouterr().err
    assert "vscode/main/xormodel.cpp is missing" in error
    assert "cp xormodel/notebook/xormodel.cpp xormodel/vscode/main/xormodel.cpp" in error
    assert ("export it in the notebook" in error) is not exported


def test_a_result_to_compare_with_that_is_none(main, tmp_path, capsys):
    (tmp_path / "other.json").write_text("{}")
    assert main("/dev/ttyUSB99", "--compare", str(tmp_path / "other.json")) == 2
    assert "other.json is no result of this version of the kit" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["--baud", "fast"],
        ["--baud", "0", "--simulate", "xormodel", "--solution"],
        ["/dev/ttyUSB99"],
        ["socket://127.0.0.1:1"],
        ["--simulate"],
        ["--simulate", "nonsense"],
        ["--simulate", "xormodel", "/dev/ttyUSB0"],
        ["--simulate", "xormodel", "--solution", "--count", "5"],
        ["--simulate", "xormodel", "--solution", "--count", "0"],
        ["--simulate", "xormodel", "--solution", "--float"],
        ["--simulate", "xormodel", "--noise", "1"],
        ["--simulate", "xormodel", "--model", "cifar_tiny"],
        ["--simulate", "xormodel", "--model", "xormodel", "--float"],
        ["--project", "nonsense", "/dev/ttyUSB99"],
        ["--pace", "/dev/ttyUSB99"],
        ["--compare", "/nonsense.json", "--simulate", "xormodel"],
    ],
)
def test_wrong_arguments(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115
    try:
        status = benchmark.main([*arguments, "--results", str(tmp_path)])
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ") and hint.startswith("hint: ")
    assert not list(tmp_path.iterdir())


def test_the_traceback_is_shown_on_request():
    assert "Traceback" in command(SCRIPT, "/dev/ttyUSB99", "--debug").stderr


# The run.


def test_many_samples_give_no_table_but_a_summary(many, capsys, monkeypatch):
    monkeypatch.setattr(progress, "in_notebook", lambda: True)  # where bars are shown
    result = benchmark.run(MemoryBoard(), "/dev/ttyUSB0", MODEL, many)
    assert result.all_right
    assert result.outputs.shape == (200, 1)
    text = str(result)
    assert "100.00%: 200 of 200 right; balanced 100.00%; area under the ROC 1.0000" in text
    assert "median 12 µs (on the board)" in text
    assert "400 bytes of inputs" in text
    bar = capsys.readouterr().out
    assert "200/200" in bar and "100.0% right" in bar


def test_what_the_firmware_prints_at_each_sample_does_not_fill_the_screen(capsys):
    log = session._Log()
    for number in range(1000):
        log(f"sample {number}")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "board: sample 0"
    assert len(lines) == session._LOG_LINES + 1


def test_a_project_without_a_benchmark():
    with pytest.raises(UserError, match="no project named 'nonsense'"):
        samples("nonsense")


def test_the_cifar_project_is_tested_on_its_test_set(monkeypatch):
    images, labels = np.zeros((4, 32, 32, 3), np.uint8), np.array([3, 9, 0, 3])
    pictures = datasets.Dataset(images, labels, CIFAR, np.array(CIFAR)[labels])
    empty = pictures.take(0)
    monkeypatch.setattr(datasets, "cifar10", lambda: datasets.Splits(empty, empty, pictures, "CIFAR-10"))
    data = samples("cifar_cnn")
    assert (data.source, data.classes, len(data)) == ("CIFAR-10", CIFAR, 4)
    assert data.expected.tolist() == [3, 9, 0, 3]


def options(tmp_path, **other):
    return Options(folder=tmp_path, **other)


def partials(folder):
    return list(folder.glob("*.partial"))


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()])
def test_an_interrupted_run_goes_on_where_it_stopped(many, tmp_path, capsys, error):
    whole = benchmark.run(MemoryBoard(), "/dev/ttyUSB0", MODEL, many)
    with pytest.raises((UserError, KeyboardInterrupt)):
        benchmark.run(
            MemoryBoard(last=60, error=error), "/dev/ttyUSB0", MODEL, many, options=options(tmp_path)
        )
    assert "60 of 200 answers are kept: the same command goes on there" in capsys.readouterr().err
    assert len(partials(tmp_path)) == 1 and not store.find(tmp_path)
    board = MemoryBoard()
    result = benchmark.run(board, "/dev/ttyUSB1", MODEL, many, options=options(tmp_path))
    assert "60 of 200 answers are there" in capsys.readouterr().err
    assert board.asked == 140
    assert np.array_equal(result.outputs, whole.outputs)
    assert result.traffic.payload_bytes == whole.traffic.payload_bytes == 400


def test_an_unfinished_run_stays_until_its_result_is_written(many, tmp_path):
    result = benchmark.run(MemoryBoard(), "", MODEL, many, options=options(tmp_path))
    assert len(partials(tmp_path)) == 1
    store.write(result, tmp_path)
    assert not partials(tmp_path)
    assert len(store.find(tmp_path)) == 1


@pytest.mark.parametrize("damage", [b"", b'[61, "7', b'[61, "7f", 12]', b'[400, "7f", 12]\n', b"\0\0\0\xff"])
def test_a_torn_end_of_an_unfinished_run_is_asked_again(many, tmp_path, damage):
    with pytest.raises(UserError):
        benchmark.run(MemoryBoard(last=60), "", MODEL, many, options=options(tmp_path))
    (path,) = partials(tmp_path)
    path.write_bytes(path.read_bytes() + damage)
    board = MemoryBoard()
    result = benchmark.run(board, "", MODEL, many, options=options(tmp_path))
    assert board.asked == 140
    assert result.all_right


@pytest.mark.parametrize(
    "other",
    [{"fresh": True}, {"noise": 0.01}, {"count": 180}, {"solution": True}],
)
def test_what_is_not_the_same_run_starts_over(many, tmp_path, other):
    with pytest.raises(UserError):
        benchmark.run(MemoryBoard(last=60), "", MODEL, many, options=options(tmp_path))
    board = MemoryBoard()
    data = many.take(other.get("count", 200))
    benchmark.run(board, "", MODEL, data, options=options(tmp_path, **other))
    assert board.asked == len(data)


def test_a_run_that_never_began_leaves_nothing(many, tmp_path):
    with pytest.raises(UserError):
        benchmark.run(MemoryBoard(last=0), "", MODEL, many, options=options(tmp_path))
    assert not list(tmp_path.iterdir())


def test_the_same_run_twice_at_once(many, tmp_path):
    def again(data):
        with pytest.raises(UserError, match="the same benchmark is running already"):
            benchmark.run(MemoryBoard(), "", MODEL, many, options=options(tmp_path))
        return xor(data)

    board = MemoryBoard(again, last=1)
    with pytest.raises(UserError, match="vanished"):
        benchmark.run(board, "", MODEL, many, options=options(tmp_path))
    assert board.asked == 1


def test_a_board_that_computes_wrong_bits_is_found(many):
    def lie(data):
        right = xor(data)
        return bytes([right[0] ^ 1]) if data[0] != data[1] else right

    result = benchmark.run(MemoryBoard(lie), "", MODEL, many, options=Options(verify=True))
    assert result.verified.outputs == many.expected.sum()
    assert result.verified.predictions == 0
    assert result.all_right


def no_compiler(*_):
    raise UserError("no C compiler is installed", "install one")


@pytest.fixture
def no_tflm(monkeypatch):
    """As on macOS, Windows and ARM."""
    monkeypatch.setattr("aiedge.tflite.interpreters.has_tflm", lambda: False)


@pytest.mark.usefixtures("no_tflm")
def test_without_tflm_the_oracle_is_compiled_c_and_without_a_compiler_numpy(many, monkeypatch):
    result = benchmark.run(MemoryBoard(), "", MODEL, many.take(50), options=Options(verify=True))
    assert (result.verified.runtime, result.verified.outputs) == ("compiled C", 0)
    monkeypatch.setattr("aiedge.cost.runtimes.CompiledModel", no_compiler)
    result = benchmark.run(MemoryBoard(), "", MODEL, many.take(50), options=Options(verify=True))
    assert (result.verified.runtime, result.verified.outputs) == ("NumPy integers", 0)


def test_the_oracle_is_there_before_the_first_question(many, monkeypatch, capsys):
    monkeypatch.setattr("aiedge.benchmark.session.reference", lambda model: None)
    result = benchmark.run(MemoryBoard(), "", MODEL, many.take(50), options=Options(verify=True))
    assert result.verified is None and not result.has_wrong_bits
    assert "the answers are not compared" in capsys.readouterr().err

    def fails(model):
        raise UserError("no such thing", "none")

    monkeypatch.setattr("aiedge.benchmark.session.reference", fails)
    board = MemoryBoard()
    with pytest.raises(UserError):
        benchmark.run(board, "", MODEL, many.take(50), options=Options(verify=True))
    assert board.asked == 0
    assert benchmark.run(board, "", MODEL, many.take(50)).verified is None


def test_bits_of_a_runtime_that_rounds_otherwise_are_not_wrong(many, monkeypatch):
    other = Reference("LiteRT", lambda x: np.zeros((len(x), 1), np.int8))
    monkeypatch.setattr("aiedge.benchmark.session.reference", lambda model: other)
    result = benchmark.run(MemoryBoard(), "", MODEL, many.take(50), options=Options(verify=True))
    assert result.verified.outputs == 50 and not result.has_wrong_bits
    assert "50 outputs of 50 differ from the same model in LiteRT, which rounds otherwise" in str(result)


def test_pictures_go_out_as_pixels_minus_128():
    pictures = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 23
    data = Samples(pictures, np.array([0, 1]))
    graph = tflite.Graph(
        (),
        (),
        (tflite.Tensor(0, "x", (1, 2, 3), np.dtype(np.int8), QuantParams(1 / 255, -128)),),
        (),
        b"",
    )
    codec = models.Codec.__new__(models.Codec)
    codec.graph = graph
    expected = (pictures[1].astype(int) - 128).astype(np.int8)
    assert codec.encode(data.real(1)) == expected.tobytes()


# The script.


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_leaves_a_run_that_can_go_on(tmp_path):
    script, results = tmp_path / "script.py", tmp_path / "results"
    script.write_text(MANY_SAMPLES)

    def slow(data):
        time.sleep(0.005)
        return xor(data)

    with SocketBoard(fake(function=slow)) as line:
        arguments = [sys.executable, script, line.port, "--solution", "--results", results]
        with subprocess.Popen(
            arguments, stderr=subprocess.PIPE, text=True, preexec_fn=restore_ctrl_c
        ) as process:
            end = time.monotonic() + 300
            while time.monotonic() < end and process.poll() is None:
                if any(path.read_text().count("\n") > 20 for path in partials(results)):
                    break
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            error = process.communicate(timeout=60)[1]
    assert process.returncode == 130, error
    assert "Traceback" not in error
    assert "answers are kept" in error
    assert len(partials(results)) == 1 and not store.find(results)
    with SocketBoard(fake()) as line:
        done = command(script, line.port, *arguments[3:])
    assert done.returncode == 0, done.stderr
    assert "of 400 answers are there from" in done.stderr
    (path,) = store.find(results)
    assert store.read(path).right == 400 and not partials(results)


@pytest.fixture
def bare_kit(tmp_path):
    """A copy of the script alone, as on a computer where nothing is installed."""
    copy = tmp_path / "run_serial.py"
    copy.write_bytes(SCRIPT.read_bytes())
    return copy


def bare_python(script):
    # -I -S: no site-packages, no PYTHONPATH, so no aiedge; nor in the Python that it starts.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return command("-I", "-S", script, "--help", env=environment)


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


@pytest.mark.skipif(os.name == "nt", reason="the scripts are elsewhere")
@pytest.mark.parametrize("command", [["run_serial.py"], ["-m", "aiedge", "doctor"]])
def test_another_package_called_serial_is_named(repo, tmp_path, command):
    (tmp_path / "serial").mkdir()
    (tmp_path / "serial/__init__.py").write_text("class Model: ...\n")
    done = subprocess.run(
        [sys.executable, *command],
        env={
            **os.environ,
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{repo / 'common'}",
            "AIEDGE_RESTARTED": "yes",
        },
        cwd=repo,
        capture_output=True,
        text=True,
        check=False,
    )
    said = "".join((done.stdout + done.stderr).split())  # the screen of doctor breaks lines
    for words in (
        f"the Python module serial is another one than pyserial's: {tmp_path / 'serial'}",
        "pip uninstall serial pyserial; pip install pyserial",
    ):
        assert "".join(words.split()) in said
    assert "incomplete" not in said and "Traceback" not in said


def test_the_solutions_float_model_is_made_where_it_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(models, "project_dir", lambda project: tmp_path / project)
    path = models.Choice("carclassifier_easy", solution=True, floats=True).require()
    assert path.parent == tmp_path / "carclassifier_easy/solution"
    graph = tflite.read(tflite.from_c_array(path))
    assert (graph.inputs[0].dtype, graph.macs) == (np.float32, 7_489_408)
    assert "from the shipped weights" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"xormodel_float.cpp is missing"):
        models.Choice("xormodel", solution=True, floats=True).require()
