"""The stand-in board: the solved XOR firmware built for this computer, asked over a pty and over TCP."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from aiedge import benchmark, tflite
from aiedge.board import UNPACED, Board, FaultyTransport, SerialTransport, StandIn
from aiedge.board.line import frames
from aiedge.board.line.frames import Frame, FrameReader
from aiedge.board.line.protocol import ErrorCode, FrameType
from aiedge.errors import UserError
from aiedge.paths import REPO
from tests.support.processes import restore_ctrl_c

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("g++", "clang++", "c++"))), reason="needs a C++ compiler: sudo apt install g++"
)
needs_pty = pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
LINES = [pytest.param(False, id="pty", marks=needs_pty), pytest.param(True, id="tcp")]

SOLUTION = REPO / "xormodel/solution"
MODEL = SOLUTION / "xormodel.cpp"


@pytest.fixture(scope="module")
def program(build_xor):
    return build_xor(SOLUTION / "main.cpp")


def script(tmp_path, text):
    """A program that is no firmware."""
    path = tmp_path / "program"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@needs_compiler
@pytest.mark.parametrize("tcp", LINES)
def test_truth_table(program, tcp):
    model = tflite.from_c_array(MODEL)
    with StandIn(program, tcp) as stand_in, Board(stand_in.port) as board:
        result = benchmark.run(board, stand_in.port, model, benchmark.samples("xormodel"), simulated=True)
    assert result.setting.project == "xormodel"
    assert result.all_right
    assert result.traffic.bad_frames == 0


@needs_compiler
@pytest.mark.parametrize("tcp", LINES)
def test_the_next_program_that_opens_the_port_is_answered_too(program, tcp):
    with StandIn(program, tcp) as stand_in:
        for _ in range(2):
            with Board(stand_in.port) as board:
                assert board.hello().project == "xormodel"


@needs_compiler
@pytest.mark.parametrize(
    ("tcp", "requests"),
    [pytest.param(False, 3000, id="pty", marks=needs_pty), pytest.param(True, 1000, id="tcp")],
)
def test_thousands_of_requests_over_a_faulty_line(program, tcp, requests):
    """1 % of the bytes are damaged, dropped or doubled; every answer is what NumPy computes."""
    graph = tflite.read(tflite.from_c_array(MODEL))
    inputs = np.random.default_rng(1).integers(-128, 128, (requests, 2)).astype(np.int8)
    expected = tflite.run_integer(graph, inputs)
    with StandIn(program, tcp) as stand_in:
        line = FaultyTransport(SerialTransport(stand_in.port), rate=0.01, seed=1)
        with Board(line, UNPACED) as board:
            outputs = [output for output, _ in board.infer_all(values.tobytes() for values in inputs)]
    print(
        f"\n{requests:,} requests: {line.bytes} bytes, {line.faults} spoiled, {board.retries} repeated requests, "
        f"{board.bad_frames} bad frames"
    )
    assert np.array_equal(np.frombuffer(b"".join(outputs), np.int8), np.ravel(expected))
    assert board.retries > requests / 10


@needs_compiler
def test_ascii_command(program):
    with StandIn(program) as stand_in:
        line = SerialTransport(stand_in.port)
        line.write(b"name%")
        received = b""
        while not received.endswith(b"m-ready\r\n"):
            piece = line.read(2.0)
            assert piece, received
            received += piece
        line.close()
    assert received.endswith(b"m-name-dut-[xormodel]\r\nm-ready\r\n")


@needs_compiler
@pytest.mark.parametrize("tcp", LINES)
@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        (0x42, b"", 1),
        (FrameType.HELLO, b"", ErrorCode.WRONG_PAYLOAD),
        (FrameType.FETCH, b"", ErrorCode.WRONG_PAYLOAD),
        (FrameType.SET_BAUD, b"fast", ErrorCode.WRONG_BAUD),
        (FrameType.SET_BAUD, b"", ErrorCode.WRONG_PAYLOAD),
        (FrameType.HELLO, b"\x01", ErrorCode.WRONG_VERSION),
        (FrameType.WRITE, bytes(5), ErrorCode.NOT_GREETED),
        (FrameType.FETCH, b"\1", ErrorCode.NOT_GREETED),
    ],
)
def test_wrong_requests_are_refused(program, tcp, kind, payload, code):
    with StandIn(program, tcp) as stand_in:
        line = SerialTransport(stand_in.port)
        line.write(b"noise\0\x05\x11\0" + frames.encode(Frame(kind, 7, payload)) + b"noise")
        reader, replies = FrameReader(), []
        while not replies:
            data = line.read(2.0)
            assert data, "no reply"
            replies = reader.feed(data)
        line.close()
    (reply,) = replies
    assert (reply.type, reply.seq, reply.payload[0]) == (FrameType.ERROR, 7, code)
    assert reply.payload[1:].decode("ascii").isprintable()


@needs_compiler
@pytest.mark.parametrize("tcp", LINES)
def test_a_stand_in_that_dies_mid_run(program, tcp):
    with (
        pytest.raises(UserError, match="the firmware was ended by SIGKILL"),
        StandIn(program, tcp) as stand_in,
        Board(stand_in.port) as board,
    ):
        board.hello()
        stand_in._process.kill()
        for _ in range(100):
            board.infer(bytes(2))


@needs_compiler
@pytest.mark.parametrize("tcp", LINES)
def test_unfinished_firmware_is_named(build_xor, tmp_path, tcp):
    unfinished = tmp_path / "main.cpp"
    unfinished.write_text(
        '#include "todo.h"\nextern "C" void app_main(void) { aiedge::todo(2, "fill the inputs"); }\n'
    )
    program = build_xor(unfinished)
    with pytest.raises(UserError) as caught, StandIn(program, tcp) as stand_in, Board(stand_in.port) as board:
        board.hello()
    assert re.fullmatch(
        r"the firmware is unfinished: TODO 2: fill the inputs \(main.cpp line \d+\)", caught.value.message
    )
    assert "vscode/main/main.cpp" in caught.value.hint


@needs_compiler
def test_simulate_the_solution(tmp_path):
    """Into a pipe of Windows' old encoding."""
    command = [sys.executable, REPO / "run_serial.py", "--simulate", "xormodel", "--solution"]
    env = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*command, "--results", tmp_path], env=env, capture_output=True, encoding="cp1252", timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "4 of 4 right" in done.stdout
    assert "this computer's time, not a board's" in done.stdout


@needs_compiler
@needs_pty
@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize(
    "ending", ["exit", "exception", "SIGTERM in the command", "SIGHUP", "SIGQUIT", "SIGKILL"]
)
def test_no_program_is_left_behind(program, ending, tcp):
    what = {
        "exit": "",
        "exception": "raise RuntimeError",
    }.get(ending, "time.sleep(60)")
    code = "\n".join(
        [
            "import signal, sys, time",
            "from aiedge.board import StandIn",
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))",
            f"stand_in = StandIn({str(program)!r}, {tcp})",
            "print(stand_in._process.pid, flush=True)",
            what,
        ]
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=restore_ctrl_c,
    ) as python:
        pid = int(python.stdout.readline())
        if ending.startswith("SIG"):
            python.send_signal(signal.Signals[ending.split()[0]])
        python.wait(60)
    end = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.02)
    assert not is_running(pid)


@needs_pty
@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("print('Hello')", "the firmware ended with exit status 0", "it printed last: Hello"),
        ("import sys; sys.exit(7)", "the firmware ended with exit status 7", "run it alone: "),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV", "run it alone: "),
    ],
)
def test_a_program_that_is_no_stand_in(tmp_path, text, message, hint):
    with pytest.raises(UserError) as caught:
        StandIn(script(tmp_path, text))
    assert message in caught.value.message
    assert hint in caught.value.hint


@needs_pty
def test_a_program_that_never_listens(tmp_path, monkeypatch):
    monkeypatch.setattr("aiedge.board.standin._START_TIMEOUT", 5.0)
    path = script(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    log = []
    with pytest.raises(UserError, match="does not say where it listens"):
        StandIn(path, log=log.append)
    assert not is_running(int(log[0]))


@needs_pty
def test_a_program_that_will_not_stop_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("aiedge.board.standin._STOP_TIMEOUT", 0.3)
    path = script(
        tmp_path,
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('listening on /dev/pts/0', flush=True); time.sleep(60)",
    )
    with StandIn(path) as stand_in:
        pid = stand_in._process.pid
    assert not is_running(pid)


def test_a_program_that_does_not_exist(tmp_path):
    with pytest.raises(UserError, match="cannot start") as caught:
        StandIn(tmp_path / "missing")
    assert caught.value.hint == "build it again"
