"""Requests to a board: answers, repeats, refusals, a vanishing port, and a line that makes mistakes."""

import hashlib
import os
import struct

import pytest

from aiedge.board import Board, BoardInfo, FaultyTransport, frames
from aiedge.board import client as client_module
from aiedge.board.frames import Frame
from aiedge.errors import UserError
from fake_board import FakeBoard, MemoryLine, PtyBoard, SocketBoard

needs_pty = pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
ENDS = [pytest.param(PtyBoard, marks=needs_pty), SocketBoard]


def answer(data, size=4):
    return hashlib.sha256(data).digest()[:size]


@pytest.mark.parametrize("end", ENDS)
def test_hello_and_infer(end):
    log = []
    fake = FakeBoard()
    fake.log = b"boot: firmware of 21 Nov\r\n"
    with end(fake) as line, Board(line.port, log=log.append) as board:
        assert board.hello() == BoardInfo(
            project="xormodel",
            sha256=bytes(range(32)).hex(),
            runtime="compiled",
            input_type="int8",
            output_type="int8",
            input_bytes=2,
            output_bytes=4,
            arena_bytes=32,
            max_payload=1024,
        )
        assert board.infer(b"\x80\x7f") == (answer(b"\x80\x7f"), 12)
        assert (board.retries, board.bad_frames) == (0, 0)
    assert log == ["boot: firmware of 21 Nov"]
    assert fake.texts == []


def test_infer_asks_hello_by_itself():
    assert Board(MemoryLine(FakeBoard())).infer(b"ab") == (answer(b"ab"), 12)


@pytest.mark.parametrize("end", ENDS)
def test_a_port_that_vanishes_mid_run_is_reported(end):
    with end(FakeBoard(), vanish_after=5) as line, Board(line.port) as board:
        with pytest.raises(UserError, match="vanished while it was in use") as caught:
            for number in range(10):
                board.infer(bytes([number, 1]))
        assert caught.value.hint
        assert number == 4  # after one hello


def test_a_silent_board_is_given_up():
    class Silent(FakeBoard):
        def handle(self, data):
            super().handle(data)
            return b""

    fake = Silent()
    board = Board(MemoryLine(fake))
    with pytest.raises(UserError, match="the board on memory does not answer") as caught:
        board.hello()
    assert "reset button" in caught.value.hint
    assert fake.requests == client_module.ATTEMPTS
    assert board.retries == client_module.ATTEMPTS - 1


def test_a_chattering_board_is_given_up(monkeypatch):
    class Chatter(MemoryLine):
        def read(self, timeout):
            return b"I am not a board\n"

    monkeypatch.setattr(client_module, "_FIRST_TIMEOUT", 0.01)
    monkeypatch.setattr(client_module, "_LONGEST_TIMEOUT", 0.01)
    with pytest.raises(UserError, match="does not answer"):
        Board(Chatter(FakeBoard())).hello()


def test_unfinished_firmware_is_named():
    fake = FakeBoard()
    fake.handle = lambda data: b"boot\r\nTODO 3: run the network (main.cpp)\r\n"
    with pytest.raises(UserError) as caught:
        Board(MemoryLine(fake)).hello()
    assert caught.value.message == "the firmware is unfinished: TODO 3: run the network (main.cpp)"
    assert "main.cpp" in caught.value.hint


@pytest.mark.parametrize(
    ("payload", "text"),
    [(b"\x03the network failed", "the network failed (code 03)"), (b"", "(code )")],
)
def test_a_refusal_is_not_repeated(payload, text):
    class Refusing(FakeBoard):
        def reply(self, frame):
            reply = super().reply(frame)
            return Frame(frames.ERROR, frame.seq, payload) if frame.type == frames.INFER else reply

    fake = Refusing()
    with pytest.raises(UserError) as caught:
        Board(MemoryLine(fake)).infer(b"ab")
    assert text in caught.value.message
    assert fake.requests == 2


@pytest.mark.parametrize("reply", [b"\x02" + bytes(60), b"\x01", b""])
def test_another_protocol_version_is_reported(reply):
    class Other(FakeBoard):
        def reply(self, frame):
            return Frame(frames.HELLO_REPLY, frame.seq, reply)

    with pytest.raises(UserError, match="another version"):
        Board(MemoryLine(Other())).hello()


def test_inputs_and_results_of_the_wrong_size_are_reported():
    with pytest.raises(UserError, match="takes inputs of 2 bytes, not 3"):
        Board(MemoryLine(FakeBoard())).infer(b"abc")
    with pytest.raises(UserError, match="has 7 bytes, not 8"):
        Board(MemoryLine(FakeBoard(output_bytes=4, function=lambda data: b"abc"))).infer(b"ab")


def test_late_and_foreign_replies_are_ignored():
    class Confused(FakeBoard):
        def handle(self, data):
            genuine = super().handle(data)
            seq = (board._seq - 1) % 0x10000
            late = frames.encode(Frame(frames.RESULT, seq, struct.pack("<I", 1) + b"late"))
            foreign = frames.encode(Frame(frames.HELLO_REPLY, board._seq, self.info[:50] + b"other"))
            error = frames.encode(Frame(frames.ERROR, seq, b"\x03late"))
            return late + error + (foreign if self.requests > 1 else b"") + genuine + genuine

    board = Board(MemoryLine(Confused()))
    assert board.hello().project == "xormodel"
    for number in range(20):
        assert board.infer(bytes([number, 0])) == (answer(bytes([number, 0])), 12)
    assert board.retries == 0


def test_sequence_numbers_wrap():
    board = Board(MemoryLine(FakeBoard()))
    board._seq = 0xFFFD
    for number in range(5):
        assert board.infer(bytes([number, 0]))[0] == answer(bytes([number, 0]))
    assert board._seq == 3


def test_a_slow_board_is_given_the_time_it_needs():
    waits = []

    class Slow(MemoryLine):
        def read(self, timeout):
            waits.append(timeout)
            return super().read(timeout)

    fake = FakeBoard()
    slow = struct.pack("<I", 4_000_000)
    fake.reply = lambda frame, reply=fake.reply: (
        Frame(frames.RESULT, frame.seq, slow + bytes(4)) if frame.type == frames.INFER else reply(frame)
    )
    board = Board(Slow(fake))
    board.infer(b"ab")
    waits.clear()
    board.infer(b"ab")
    assert waits[0] > 12


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_thousand_requests_over_a_faulty_line(seed):
    """1 % of the bytes are damaged, dropped or doubled, and 1 % of the replies come late."""
    fake = FakeBoard()
    line = FaultyTransport(MemoryLine(fake, seed, late=0.01), rate=0.01, seed=seed)
    log = []
    board = Board(line, log=log.append)
    for number in range(10_000):
        data = struct.pack("<H", number)
        assert board.infer(data) == (answer(data), 12)
    print(
        f"\n10,000 requests: {line.bytes} bytes, {line.faults} spoiled, {board.retries} repeated requests, "
        f"bad frames: {board.bad_frames} here, {fake.reader.bad_frames} at the board"
    )
    assert 0.009 < line.faults / line.bytes < 0.011
    assert board.retries > 1000
    assert fake.requests > 10_000


def test_large_frames_over_a_faulty_line():
    fake = FakeBoard(input_bytes=1024)
    line = FaultyTransport(MemoryLine(fake), rate=0.001, seed=3)
    board = Board(line)
    for number in range(100):
        data = bytes([number]) * 1024
        assert board.infer(data)[0] == answer(data)
    assert board.retries > 50
