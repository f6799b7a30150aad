"""The firmware as a board: frames, commands and garbage on a TCP port, a pseudo-terminal and QEMU's UART."""

import contextlib
import hashlib
import itertools
import os
import random
import re
import select
import socket
import subprocess
import time
import zlib
from collections.abc import Iterable

import pytest

from aiedge.board.line.protocol import HELLO_REPLY_HEAD, RESULT_HEAD, VERSION, ErrorCode, FrameType
from tests.support.firmware import BUILDS, EVERY_BUILD, MODEL, QEMU, firmware, main_cpp, need, wire

GREETING = bytes([VERSION])
OUTPUT = slice(RESULT_HEAD.size, RESULT_HEAD.size + 1)  # in a RESULT of the XOR's network


class Line:
    """The computer's end of a serial line, with a reader of frames that is independent of the kit's own."""

    def __init__(self, file: int):
        self.file = file
        self.log = b""
        self.rest = b""
        self.patience = 60.0  # seconds

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.file, data) :]

    def read(self, pattern: bytes) -> re.Match[bytes]:
        """Wait until what has come matches, and take it out; the text before it goes to `log`."""
        end = time.monotonic() + self.patience
        while not (match := re.search(pattern, self.rest, re.DOTALL)):
            assert select.select([self.file], [], [], max(0, end - time.monotonic()))[0], (pattern, self.rest)
            data = os.read(self.file, 4096)
            assert data, "the line was closed"
            self.rest += data
        self.log += self.rest[: match.start()]
        self.rest = self.rest[match.end() :]
        return match

    def drain(self) -> None:
        """Forget what has come, and what still comes until a second of silence."""
        while select.select([self.file], [], [], 1)[0]:
            assert os.read(self.file, 4096), "the line was closed"
        self.rest = b""

    def frame(self) -> tuple[int, int, bytes]:
        """The next frame: type, seq, payload."""
        code, body = self.read(rb"\x00([^\x00]+)\x00")[1], b""
        while code:
            body += code[1 : code[0]] + (b"\0" if code[0] < 255 else b"")
            code = code[code[0] :]
        body = body.removesuffix(b"\0")
        assert zlib.crc32(body[:-4]) == int.from_bytes(body[-4:], "little")
        return body[0], int.from_bytes(body[1:3], "little"), body[3:-4]

    def ask(self, kind: int, seq: int, payload: bytes) -> tuple[int, int, bytes]:
        self.send(wire(kind, seq, payload))
        return self.frame()

    def infer(self, number: int, data: bytes) -> tuple[int, int, bytes]:
        """Send an input in one piece, with its number as seq too; the answer after the two acknowledgements."""
        acks = [self.ask(FrameType.WRITE, number, bytes([number % 256, 0, 0]) + data)[:2], self.frame()[:2]]
        assert acks == [(FrameType.ACK, number)] * 2
        kind, seq, result = self.frame()
        assert kind != FrameType.RESULT or result[:5] == bytes([number % 256]) + zlib.crc32(data).to_bytes(
            4, "little"
        )
        return kind, seq, result[OUTPUT] if kind == FrameType.RESULT else result


@contextlib.contextmanager
def running(*command):
    """A started program that is stopped at the end."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def board(program):
    """A firmware program behind TCP, as a `Line`."""
    with running(program, "--tcp", "0") as process:
        port = int(re.search(r"socket://127.0.0.1:(\d+)", process.stdout.readline())[1])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            line = Line(connection.fileno())
            line.port = port
            yield line


@pytest.fixture(params=EVERY_BUILD, scope="module")
def program(request, tmp_path_factory):
    """The solved firmware as a program, one per compiler and set of flags."""
    return firmware(*BUILDS[request.param], main_cpp(5, tmp_path_factory.mktemp("firmware")))


def test_plain_run_prints_the_truth_table_and_ends(program):
    done = subprocess.run([program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
    rows = re.findall(r"^(\S+) xor (\S+) = ([01])   result \S+ \(\d+ us\)$", done.stdout, re.MULTILINE)
    assert [(float(a), float(b), int(y)) for a, b, y in rows] == [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]


def test_hello_says_what_the_firmware_is(program):
    with board(program) as line:
        kind, seq, payload = line.ask(FrameType.HELLO, 0xABCD, GREETING)
        assert (kind, seq) == (FrameType.HELLO_REPLY, 0xABCD)
        *numbers, digest = HELLO_REPLY_HEAD.unpack_from(payload)
        assert numbers[:6] == [VERSION, 0, 0, 0, 2, 1] and numbers[7:] == [32768, 1024, 16]
        assert payload[HELLO_REPLY_HEAD.size :] == b"xormodel"
        array = re.search(r"\{(.+?)\}", MODEL.read_text(), re.DOTALL)[1]
        model = bytes(int(number, 0) for number in array.replace(",", " ").split())
        assert digest == hashlib.sha256(model).digest()


def test_inference_and_its_errors(program):
    with board(program) as line:
        for kind in FrameType.WRITE, FrameType.FETCH:
            answer, seq, message = line.ask(kind, 8, b"\0\0\0\0")
            assert (answer, seq, message[0]) in [
                (FrameType.ERROR, 8, ErrorCode.NOT_GREETED),
                (FrameType.ERROR, 8, ErrorCode.WRONG_PAYLOAD),
            ]
        line.ask(FrameType.HELLO, 1, GREETING)
        outputs = {}
        for number, data in enumerate([b"\x80\x80", b"\x80\x7f", b"\x7f\x80", b"\x7f\x7f"], 2):
            kind, answered, result = line.infer(number, data)
            assert (kind, answered, len(result)) == (FrameType.RESULT, number, 1)
            outputs[data] = int.from_bytes(result, signed=True) > 0
        assert list(outputs.values()) == [False, True, True, False]

        wrong = [
            (FrameType.HELLO, b"\x01", ErrorCode.WRONG_VERSION),
            (FrameType.HELLO, b"", ErrorCode.WRONG_PAYLOAD),
            (FrameType.WRITE, b"", ErrorCode.WRONG_PAYLOAD),
            (FrameType.WRITE, b"\0\0\0", ErrorCode.WRONG_PAYLOAD),
            (FrameType.WRITE, b"\0\0\0a", ErrorCode.WRONG_PAYLOAD),
            (FrameType.WRITE, b"\0\0\0abc", ErrorCode.WRONG_PAYLOAD),
            (FrameType.WRITE, b"\0\1\0ab", ErrorCode.WRONG_PAYLOAD),
            (FrameType.WRITE, b"\0\xff\xffab", ErrorCode.WRONG_PAYLOAD),
            (FrameType.FETCH, b"", ErrorCode.WRONG_PAYLOAD),
            (FrameType.FETCH, b"\x63", ErrorCode.NO_RESULT),
            (FrameType.SET_BAUD, b"\0", ErrorCode.WRONG_PAYLOAD),
            (FrameType.SET_BAUD, (300).to_bytes(4, "little"), ErrorCode.WRONG_BAUD),
            (FrameType.SET_BAUD, (10_000_000).to_bytes(4, "little"), ErrorCode.WRONG_BAUD),
            (0x55, b"", ErrorCode.UNKNOWN_TYPE),
        ]
        for kind, payload, code in wrong:
            answer, seq, message = line.ask(kind, 9, payload)
            assert (answer, seq, message[0]) == (FrameType.ERROR, 9, code), payload
            assert re.fullmatch(rb"[ -~]+", message[1:])
        assert b"TODO" not in line.log


def test_a_repeated_request_is_answered_and_runs_nothing(program):
    with board(program) as line:
        line.ask(FrameType.HELLO, 1, GREETING)
        result = line.infer(7, b"\x80\x7f")[2]
        rows = line.log.count(b"xor")
        for seq in 8, 9:
            assert line.ask(FrameType.WRITE, seq, b"\x07\0\0\x80\x7f")[:2] == (FrameType.ACK, seq)
            kind, answered, again = line.ask(FrameType.FETCH, seq, b"\x07")
            assert (kind, answered, again[0], again[OUTPUT]) == (FrameType.RESULT, seq, 7, result)
        assert line.log.count(b"xor") == rows
        line.ask(FrameType.HELLO, 10, GREETING)
        assert line.ask(FrameType.FETCH, 11, b"\x07")[2][0] == ErrorCode.NO_RESULT


def test_acknowledgements_hold_the_history(program):
    with board(program) as line:
        line.ask(FrameType.HELLO, 0xFFF0, GREETING)
        line.infer(0xFFF5, b"ab")
        piece = b"\xf5\0\0ab"
        # The HELLO counts too; a late frame is entered in the history of the newest.
        expected = [(0xFFF6, [0, 5]), (0xFFF9, [2, 3, 8]), (4, [10, 13, 14, 19]), (2, [1, 10, 13, 14, 19])]
        for seq, history in expected:
            kind, newest, bits = line.ask(FrameType.WRITE, seq, piece)
            assert (kind, newest) == (FrameType.ACK, max(seq, 4))
            assert [bit for bit in range(32) if int.from_bytes(bits, "little") >> bit & 1] == history
        kind, _, bits = line.ask(FrameType.WRITE, 4 + 32, piece)
        assert bits == b"\0\0\0\x80"


def test_the_speed_changes_after_the_reply_and_back_in_silence(program):
    with board(program) as line:
        rate = (921600).to_bytes(4, "little")
        assert line.ask(FrameType.SET_BAUD, 1, rate) == (FrameType.BAUD_REPLY, 1, rate)
        assert line.ask(FrameType.HELLO, 2, GREETING)[:2] == (FrameType.HELLO_REPLY, 2)
        assert line.infer(3, b"ab")[0] == FrameType.RESULT


def test_commands_are_read_outside_frames_only(program):
    with board(program) as line:
        line.ask(FrameType.HELLO, 1, GREETING)
        line.send(b"na")
        line.send(b"me%")
        line.read(rb"m-name-dut-\[xormodel\]\r\nm-ready\r\n")
        line.send(b"\r\nnonsense%")
        line.read(rb"e-\[Unknown command: nonsense\]\r\nm-ready\r\n")
        # Noise and endless lines leave no trace in the next command.
        line.send(b"xx\xff" + b"y" * 500 + b"\x07name%")
        line.read(rb"^.*?m-name-dut-\[xormodel\]\r\n")
        # Inside a frame a command is part of the frame.
        assert line.ask(FrameType.WRITE, 3, b"name%")[0] == FrameType.ERROR
        line.send(b"name%")
        line.read(rb"m-name")


def test_garbage_costs_nothing_but_itself(program):
    rng = random.Random(4)
    with board(program) as line:
        line.ask(FrameType.HELLO, 0, GREETING)
        expected = line.infer(1, b"\x10\x20")[2]
        for seq in range(2, 20):
            line.send(bytes(rng.choices(range(256), [30] + [1] * 255, k=rng.randrange(1, 3000))))
            time.sleep(0.25)  # silence: whatever had begun is given up
            line.send(wire(FrameType.WRITE, seq, bytes([seq, 0, 0]) + b"\x10\x20"))
            while (answer := line.frame())[1] != seq or answer[0] != FrameType.RESULT:
                pass
            assert answer[2][OUTPUT] == expected


def test_a_dropped_connection_is_accepted_anew(program):
    with board(program) as line:
        line.ask(FrameType.HELLO, 1, GREETING)
        line.send(
            wire(FrameType.WRITE, 2, b"\0\0\0\x10\x20")[:4]
        )  # the cable is pulled in the middle of a frame
        os.close(os.dup(line.file))
        socket.socket(fileno=os.dup(line.file)).shutdown(socket.SHUT_RDWR)
        with socket.create_connection(("127.0.0.1", line.port)) as connection:
            time.sleep(0.25)
            again = Line(connection.fileno())
            assert again.ask(FrameType.HELLO, 3, GREETING)[:2] == (FrameType.HELLO_REPLY, 3)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_pseudo_terminal(program):
    import tty

    with running(program, "--pty") as process:
        name = re.search(r"listening on (\S+)", process.stdout.readline())[1]
        for seq in range(3):  # opened, closed and opened again, as a serial port is
            file = os.open(name, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(file)
            line = Line(file)
            line.ask(FrameType.HELLO, seq, GREETING)
            assert line.infer(seq + 1, b"\x80\x7f")[:2] == (FrameType.RESULT, seq + 1)
            os.close(file)


def test_an_input_without_result_is_answered_as_failed(tmp_path):
    main = main_cpp(5, tmp_path)
    main.write_text(main.read_text().replace("port.write_result(model.output(), time_us);", "(void)time_us;"))
    with board(firmware(*BUILDS["gcc-sanitized"], main)) as line:
        line.ask(FrameType.HELLO, 1, GREETING)
        kind, seq, message = line.infer(5, b"\x00\x00")
        assert (kind, seq, message[0]) == (FrameType.ERROR, 5, ErrorCode.INFERENCE_FAILED)
        assert line.ask(FrameType.FETCH, 6, b"\5")[2] == message


WRONG = [
    "--usb", "--tcp", "--pty x", "--tcp 0 2", "--tcp 0 --pty", "--pty --pty", "--tcp x", "--tcp 0x", "--tcp -1",
    "--tcp 65536", "--tcp 99999999999999999999", "--images", "--images /none", "--images / --images /",
    "--tcp 0 --images /none", "--pty --images /none",
]  # fmt: skip


@pytest.mark.parametrize("arguments", WRONG)
def test_wrong_arguments_are_an_error_with_a_hint_before_anyone_connects(arguments, program):
    done = subprocess.run([program, *arguments.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert re.fullmatch(r"error: .+\nhint: .+\n", done.stderr), done.stderr


def test_pictures_for_firmware_without_a_camera_are_an_error_with_a_hint(program, tmp_path):
    (tmp_path / "a.ppm").write_bytes(b"P6 1 1 255\n\0\0\0")
    done = subprocess.run([program, "--images", tmp_path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "took no picture" in done.stderr and "hint: " in done.stderr


def test_a_taken_port_is_an_error_with_a_hint(program):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [program, "--tcp", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "error: cannot listen" in done.stderr and "hint: " in done.stderr


def test_emulated_cortex_m4_gives_the_same_bits_over_its_uart(build_xor, tmp_path):
    need("g++", "arm-none-eabi-g++", "qemu-system-arm")
    main = main_cpp(5, tmp_path)
    elf = build_xor(main, "cortex-m4")
    path = tmp_path / "uart"
    qemu = [*QEMU, "enable=on,target=native,arg=firmware,arg=--serve", "-serial", "chardev:uart"]
    qemu += ["-chardev", f"socket,id=uart,path={path},server=on,wait=off", "-kernel", str(elf)]
    rng = random.Random(5)
    with running(*qemu), board(firmware(*BUILDS["gcc-sanitized"], main)) as host:
        emulated = connect(path)
        there, here = emulated.ask(FrameType.HELLO, 1, GREETING)[2], host.ask(FrameType.HELLO, 1, GREETING)[2]
        assert there[:16] + bytes(4) + there[20:] == here[:16] + bytes(4) + here[20:]
        assert there[16:20] == bytes(4)  # what comes while it computes is lost
        numbers = itertools.count(2)
        for _ in range(98):
            data = rng.randbytes(2)
            number, there = infer_again(emulated, itertools.islice(numbers, 10), data)
            here = host.infer(number, data)
            assert there[0] == here[0] == FrameType.RESULT
            assert there == here, data
        emulated.send(b"name%")
        emulated.read(rb"m-name-dut-\[xormodel\]\r\nm-ready\r\n")


def infer_again(line: Line, numbers: Iterable[int], data: bytes) -> tuple[int, tuple[int, int, bytes]]:
    """The first of the numbers with which the input is answered, and the answer.

    The emulated core's clock goes on while a busy computer does not run it, so that a frame may seem to have a silence
    in it, at which the firmware gives it up.
    """
    line.patience = 5
    for number in numbers:
        try:
            return number, line.infer(number, data)
        except AssertionError:
            line.drain()
    raise AssertionError(f"{data!r} is never answered")


def connect(path) -> Line:
    """The line at a Unix socket that a program is about to open."""
    for _ in range(600):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
            return Line(connection.detach())
        except OSError:
            connection.close()
            time.sleep(0.1)
    raise AssertionError(f"nothing listens at {path}")
