"""The raw REPL and networks in MicroPython: on its port to this computer, and on an emulated micro:bit."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from aiedge import CompiledModel, tflite
from aiedge.benchmark import main
from aiedge.board import micropython, repl
from aiedge.board.micropython import MicroPythonBoard, microbit, unix_port
from aiedge.board.repl import Failed, RawRepl
from aiedge.cost.runtimes import every_int8_pair
from aiedge.errors import UserError
from tests.support.micropython import unix_port as need_unix_port
from tests.support.networks import network


@pytest.fixture
def unix() -> Callable[..., AbstractContextManager[RawRepl]]:
    """`unix_port`; skips the test where MicroPython is not installed."""
    need_unix_port()
    return unix_port


def test_code_runs_and_says_what_it_printed(unix) -> None:
    with unix() as board:
        assert board.run("print('a')\nprint(1 + 1)") == "a\n2\n"
        assert board.run("x = 1 / 3") == ""
        assert board.value("[x > 0, 'ü', b'\\x04\\x00>']") == [True, "ü", b"\x04\x00>"]
        with pytest.raises(Failed, match="ZeroDivisionError: divide by zero") as caught:
            board.run("1 / 0")
        assert "1 / 0" in caught.value.hint
        with pytest.raises(Failed, match="SyntaxError"):
            board.run("def")
        assert board.value("6 * 7") == 42  # it goes on
        with pytest.raises(UserError, match="said"):
            board.value("print")


def test_what_is_copied_is_read_back(unix) -> None:
    data = bytes(range(256)) * 3 + b"\x04>OK"
    with unix() as board:
        board.copy(data, "odd.bin")
        assert board.read("odd.bin") == data
        board.copy(b"", "odd.bin")
        assert board.read("odd.bin") == b""
        with pytest.raises(Failed, match="ENOENT"):
            board.read("none.bin")


def test_code_that_takes_too_long_is_told(unix) -> None:
    with unix() as board, pytest.raises(UserError, match="does not answer"):
        board.run("while True: pass", timeout=0.2)


class Line:
    """A line whose other end says `answers`, one for each thing that is written to it."""

    name = "a line"

    def __init__(self, *answers: bytes):
        self.answers: Iterator[bytes] = iter(answers)
        self.waiting = b""
        self.closed = False

    def read(self, timeout: float) -> bytes:
        said, self.waiting = self.waiting, b""
        return said

    def write(self, data: bytes) -> None:
        self.waiting += next(self.answers, b"")

    def set_baud(self, rate: int) -> None: ...

    def close(self) -> None:
        self.closed = True


def test_a_line_without_micropython_is_told_and_given_back(monkeypatch) -> None:
    monkeypatch.setattr(repl, "_ENTER_S", 0.01)
    for line in (Line(), Line(b"ets Jun  8 2016\r\n" * 50, b"\xff" * 99)):
        with pytest.raises(UserError, match="nothing on a line speaks MicroPython"):
            RawRepl(line)
        assert line.closed


def test_a_board_that_starts_late_is_waited_for(monkeypatch) -> None:
    monkeypatch.setattr(repl, "_ENTER_S", 0.01)
    banner = b">>> \r\nraw REPL; CTRL-B to exit\r\n>"
    line = Line(b"", b"rst:0x1 (POWERON_RESET)\r\n", banner, b"OK5\r\n\x04\x04>")
    assert RawRepl(line).run("print(5)") == "5\n"


def check(board: MicroPythonBoard, model: bytes, inputs) -> None:
    """The board's answers are those of compiled C, which are TensorFlow Lite Micro's."""
    answers = list(board.infer_all(row.tobytes() for row in inputs))
    expected = CompiledModel(model).predict(inputs)
    assert [output for output, _ in answers] == [row.tobytes() for row in expected]
    assert all(time >= 0 for _, time in answers)


def test_xor_on_this_computer(unix, xormodel: bytes) -> None:
    graph = tflite.read(xormodel)
    for emitter in ("viper", "native", "bytecode", None):
        with unix() as line:
            board = MicroPythonBoard(line, graph, "xormodel", emitter=emitter)
            assert board.emitter == emitter or emitter is None
            assert board.hello().runtime == f"MicroPython {board.emitter}"
            check(board, xormodel, every_int8_pair()[::3001])


def test_a_picture_is_sent_in_pieces(unix) -> None:
    model = network("cifar_cnn_25_51_76")
    pictures = np.random.default_rng(0).integers(-128, 128, (2, 32, 32, 3)).astype(np.int8)
    with unix() as line:
        check(MicroPythonBoard(line, tflite.read(model), "cifar_cnn"), model, pictures)


def test_a_heap_that_is_too_small_says_how_much(unix) -> None:
    graph = tflite.read(network("cifar_cnn_25_51_76"))
    with unix("-X", "heapsize=40K") as line:
        with pytest.raises(
            UserError, match=r"needs [\d,]+ bytes of heap: 9,892 of buffer, [\d,]+ of weights"
        ):
            MicroPythonBoard(line, graph, "cifar_cnn")
        with pytest.raises(Failed):
            line.read("network.bin")  # nothing was copied


def test_xor_on_an_emulated_microbit(xormodel: bytes, need_tool) -> None:
    need_tool("qemu-system-arm", "apt install qemu-system-arm")
    if not micropython.FIRMWARE.exists():
        pytest.skip(f"needs {micropython.FIRMWARE}: apt install firmware-microbit-micropython")
    with microbit() as line:
        board = MicroPythonBoard(line, tflite.read(xormodel), "xormodel")
        assert board.emitter == "bytecode"
        check(board, xormodel, every_int8_pair()[::2047])
        assert 0 < board.heap_used() <= 8 * 1024


def test_the_benchmark_asks_it_like_any_board(unix, tmp_path: Path, capsys) -> None:
    command = ["--simulate", "xormodel", "--solution", "--micropython", "--results", str(tmp_path)]
    assert main(command) == 0
    said = capsys.readouterr()
    assert "runtime MicroPython viper, int8, arena 32 bytes" in said.out
    assert "4 of 4 right" in said.out
    assert "0 outputs of 4 differ" in said.out
    assert "of its heap are in use" in said.err
    assert list(tmp_path.glob("xormodel-*.json"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--micropython"], "goes with --simulate"),
        (["/dev/ttyUSB0", "--micropython"], "and --project"),
        (["--simulate", "xormodel", "--micropython", "--pace"], "goes without"),
    ],
)
def test_words_that_do_not_go_together(words: list[str], message: str, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_what_is_not_installed_is_named(monkeypatch, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="micro:bit") as caught, microbit(tmp_path / "none.hex"):
        pass
    assert "apt install firmware-microbit-micropython" in caught.value.hint
    monkeypatch.setattr(micropython.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(micropython.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="not installed"), unix_port():
        pass
