"""Requests to a board: answers, repeats, refusals, a vanishing port, and a line that makes mistakes."""

import hashlib
import os
import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiedge.board import Board, BoardInfo, FaultyTransport
from aiedge.board.line import frames
from aiedge.board.line.frames import Frame, FrameReader
from aiedge.board.line.protocol import WRITE_HEAD, FrameType
from aiedge.board.line.requests import ATTEMPTS
from aiedge.errors import UserError
from tests.support.fake_board import FakeBoard, MemoryLine, PtyBoard, SocketBoard

needs_pty = pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
ENDS = [pytest.param(PtyBoard, marks=needs_pty), SocketBoard]


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch):
    """On a `MemoryLine` only silence ends a wait, not the clock of a busy computer."""
    monkeypatch.setattr("aiedge.board.line.deadline._SHORTEST_TIMEOUT", 10.0)


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
            window=4096,
            max_payload=1024,
            unit=16,
        )
        assert board.infer(b"\x80\x7f") == (answer(b"\x80\x7f"), 12)
        assert (board.retries, board.bad_frames, board.payload_bytes) == (0, 0, 2)
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
    assert fake.requests == ATTEMPTS
    assert board.retries == ATTEMPTS - 1


def test_a_chattering_board_is_given_up(monkeypatch):
    class Chatter(MemoryLine):
        def read(self, timeout):
            return b"I am not a board\n"

    monkeypatch.setattr("aiedge.board.line.requests.FIRST_TIMEOUT", 0.01)
    monkeypatch.setattr("aiedge.board.line.requests.LONGEST_TIMEOUT", 0.01)
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
            return Frame(FrameType.ERROR, frame.seq, payload) if frame.type == FrameType.WRITE else reply

    fake = Refusing()
    with pytest.raises(UserError) as caught:
        Board(MemoryLine(fake)).infer(b"ab")
    assert text in caught.value.message
    assert fake.requests == 2


@pytest.mark.parametrize("reply", [b"\x01" + bytes(70), b"\x02" + bytes(70), b"\x02", b""])
def test_another_protocol_version_is_reported(reply):
    class Other(FakeBoard):
        def reply(self, frame):
            return Frame(FrameType.HELLO_REPLY, frame.seq, reply)

    with pytest.raises(UserError, match="another version"):
        Board(MemoryLine(Other())).hello()


def test_inputs_and_results_of_the_wrong_size_are_reported():
    with pytest.raises(UserError, match="takes inputs of 2 bytes, not 3"):
        Board(MemoryLine(FakeBoard())).infer(b"abc")
    with pytest.raises(UserError, match="has 3 bytes, not 4"):
        Board(MemoryLine(FakeBoard(output_bytes=4, function=lambda data: b"abc"))).infer(b"ab")


def test_late_and_foreign_replies_are_ignored():
    class Confused(FakeBoard):
        def handle(self, data):
            genuine = super().handle(data)
            seq = (board._requests._seq - 1) % 0x10000
            number = board._window._number
            late = struct.pack("<BII", (number - 1) % 256, zlib.crc32(b"late"), 1) + b"late"
            others = [
                Frame(FrameType.RESULT, seq, late),
                Frame(FrameType.RESULT, board._requests._seq, late),
                Frame(FrameType.RESULT, board._requests._seq, b"short"),
                Frame(FrameType.ACK, seq, bytes(4)),
                Frame(FrameType.ACK, board._requests._seq, b"short"),
                Frame(FrameType.ERROR, seq, b"\x05late"),
                Frame(FrameType.HELLO_REPLY, seq, self.info[:50] + b"other"),
            ]
            return b"".join(map(frames.encode, others)) + genuine + genuine

    board = Board(MemoryLine(Confused()))
    assert board.hello().project == "xormodel"
    for number in range(20):
        assert board.infer(bytes([number, 0])) == (answer(bytes([number, 0])), 12)
    assert board.retries == 0


def test_sequence_numbers_and_input_numbers_wrap():
    board = Board(MemoryLine(FakeBoard()))
    board._requests._seq = 0xFFF0
    board.hello()
    for number in range(600):
        data = struct.pack("<H", number)
        assert board.infer(data)[0] == answer(data)
    assert board.retries == 0


def test_a_slow_board_is_given_the_time_it_needs():
    waits = []

    class Slow(MemoryLine):
        def read(self, timeout):
            waits.append(timeout)
            return super().read(timeout)

    class Working(FakeBoard):
        """It acknowledges an input and is busy ever after."""

        def replies(self, frame):
            if self.inferences == 1:
                return [self.ack(frame)] if frame.type == FrameType.WRITE else []
            return super().replies(frame)

    board = Board(Slow(Working(output_bytes=4)))
    board.infer(b"ab")
    board._deadline.learn_work(4.0)
    waits.clear()
    with pytest.raises(UserError, match="does not answer"):
        board.infer(b"cd")
    assert max(waits) > 12


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


def pictures(count, size, seed=0):
    return [random.Random(1000 * seed + number).randbytes(size) for number in range(count)]


def outputs(board, inputs):
    return [output for output, _ in board.infer_all(inputs)]


@pytest.mark.parametrize("size", [1, 15, 16, 17, 1008, 1009, 3072, 27_648])
@pytest.mark.parametrize("window", [0, 100, 4096, 32_768])
def test_inputs_of_many_frames(size, window):
    fake = FakeBoard(input_bytes=size, window=window)
    board = Board(MemoryLine(fake))
    inputs = pictures(4, size)
    assert outputs(board, inputs) == [answer(data) for data in inputs]
    assert fake.inferences == 4
    assert (board.retries, board.bad_frames, board.payload_bytes) == (0, 0, 4 * size)


@pytest.mark.parametrize("window", [0, 1500, 32_768])
@pytest.mark.parametrize("seed", [1, 2])
def test_large_inputs_over_a_faulty_line(window, seed):
    """1 % of the bytes are damaged, dropped or doubled, and 1 % of the replies come late."""
    fake = FakeBoard(input_bytes=27_648, window=window)
    line = FaultyTransport(MemoryLine(fake, seed, late=0.01), rate=0.01, seed=seed)
    board = Board(line)
    inputs = pictures(4, 27_648, seed)
    assert outputs(board, inputs) == [answer(data) for data in inputs]
    assert board.retries > 500
    assert 0.005 < board.damage_rate < 0.02
    assert board.frame_payload in (16, 32)


def test_a_clean_line_carries_little_but_payload():
    board = Board(MemoryLine(FakeBoard(input_bytes=27_648)))
    outputs(board, pictures(10, 27_648))
    assert board.payload_bytes / board.bytes_sent >= 0.97
    assert board.frame_payload == 1008


def test_frames_shrink_in_noise_and_grow_again_after_it():
    line = FaultyTransport(MemoryLine(FakeBoard(input_bytes=27_648)), rate=0.01, seed=1)
    board = Board(line)
    outputs(board, pictures(1, 27_648))
    assert board.frame_payload <= 48
    line._good = 2**62  # the noise is over
    outputs(board, pictures(4, 27_648))
    assert board.frame_payload == 1008


class BusyLine(MemoryLine):
    """A line to a board that hears nothing while its network runs, until the computer has sent all that it will.

    What came of the next input by then is in `ahead`, one number of bytes for each run.
    """

    def __init__(self, board):
        super().__init__(board)
        self.ahead = []
        self.kept = b""  # by the driver, while the network runs
        self.result = b""

    def write(self, data):
        if self.result:
            self.kept += data
            return
        before = self.board.inferences
        replies = FrameReader().feed(self.board.handle(data))
        if self.board.inferences > before:
            self.result = frames.encode(replies.pop())
        self.coming += b"".join(map(frames.encode, replies))

    def read(self, timeout):
        if self.result and not self.coming:
            came = FrameReader().feed(self.kept)
            self.ahead.append(
                sum(len(f.payload) - WRITE_HEAD.size for f in came if f.type == FrameType.WRITE)
            )
            self.coming += self.result + self.board.handle(self.kept)
            self.result = self.kept = b""
        return super().read(timeout)


@pytest.mark.parametrize(
    ("window", "least", "most"),
    [(4096, 1984, 1984), (1100, 500, 1100), (0, 0, 0)],
    ids=["all but the last unit", "as much as the window holds", "nothing without a window"],
)
def test_inputs_are_sent_ahead(window, least, most):
    """While the board works on an input, the next one goes out."""
    line = BusyLine(FakeBoard(input_bytes=2000, window=window))
    board = Board(line)
    inputs = pictures(5, 2000)
    assert outputs(board, inputs) == [answer(data) for data in inputs]
    assert len(line.ahead) == line.board.inferences == 5
    assert all(least <= ahead <= most for ahead in line.ahead[:4])
    assert line.ahead[4] == 0
    assert board.retries == 0


def test_a_lost_result_is_fetched_and_nothing_runs_twice():
    class Forgetful(FakeBoard):
        def replies(self, frame):
            replies = super().replies(frame)
            if frame.type == FrameType.WRITE and replies[-1].type == FrameType.RESULT:
                replies.pop()
            return replies

    fake = Forgetful(input_bytes=3000)
    board = Board(MemoryLine(fake))
    inputs = pictures(5, 3000)
    assert outputs(board, inputs) == [answer(data) for data in inputs]
    assert fake.inferences == 5
    assert board.retries == 5


@pytest.mark.parametrize("after", range(1, 25, 3))
def test_a_board_that_resets_gets_the_input_again(after):
    class Resetting(FakeBoard):
        writes = 0

        def replies(self, frame):
            self.writes += frame.type == FrameType.WRITE
            if self.writes == after and frame.type == FrameType.WRITE:
                self.reset()
                self.log = b"\r\nets Jul 29 2019 12:21:46\r\nrst:0x1 (POWERON_RESET)\r\n"
                return []
            return super().replies(frame)

    fake, log = Resetting(input_bytes=6000), []
    board = Board(MemoryLine(fake), log=log.append)
    inputs = pictures(3, 6000)
    assert outputs(board, inputs) == [answer(data) for data in inputs]
    assert board.resets == 1
    assert log == ["ets Jul 29 2019 12:21:46", "rst:0x1 (POWERON_RESET)"]


def test_a_board_that_always_resets_is_given_up():
    class Weak(FakeBoard):
        def reply(self, frame):
            reply = super().reply(frame)
            if frame.type == FrameType.WRITE:
                self.reset()
            return reply

    with pytest.raises(UserError, match="loses its inputs again and again") as caught:
        Board(MemoryLine(Weak(input_bytes=6000))).infer(bytes(6000))
    assert "power" in caught.value.hint


def test_another_firmware_after_a_reset_is_noticed():
    class Reflashed(FakeBoard):
        def reply(self, frame):
            if self.requests == 3:
                self.reset()
                self.info = self.info[:-8] + b"another!"
            return super().reply(frame)

    board = Board(MemoryLine(Reflashed(input_bytes=6000)))
    with pytest.raises(UserError, match="now runs another firmware"):
        board.infer(bytes(6000))


def test_an_input_that_was_spoiled_on_the_board_is_sent_again():
    class Spoiling(FakeBoard):
        def write(self, frame):
            reply = super().write(frame)
            if self.inferences == 1 and reply.type == FrameType.RESULT:
                self.result = reply.payload[:1] + b"abcd" + reply.payload[5:]
                return Frame(FrameType.RESULT, frame.seq, self.result)
            return reply

    fake = Spoiling(input_bytes=3000)
    inputs = pictures(3, 3000)
    assert outputs(Board(MemoryLine(fake)), inputs) == [answer(data) for data in inputs]
    assert fake.inferences == 4


def test_results_before_an_error_are_good():
    inputs = [bytes(3000), bytes([1]) * 3000, b"too short", bytes(3000)]
    board = Board(MemoryLine(FakeBoard(input_bytes=3000)))
    got = []
    with pytest.raises(UserError, match="not 9"):
        for output, _ in board.infer_all(inputs):
            got.append(output)
    assert got == [answer(data) for data in inputs[: len(got)]]
    # The board is as good as new afterwards.
    assert board.infer(inputs[3])[0] == answer(inputs[3])


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(0, 0xFFFF))
def test_garbage_from_the_board_never_gives_a_result(garbage, seed):
    """Random bytes, and frames of random content, between the genuine replies."""
    rng = random.Random(seed)

    class Babbling(FakeBoard):
        def handle(self, data):
            kind = rng.choice(
                [FrameType.ACK, FrameType.RESULT, FrameType.HELLO_REPLY, FrameType.BAUD_REPLY, 0x33]
            )
            seq = rng.choice([board._requests._seq, rng.randrange(0x10000)])
            nonsense = frames.encode(Frame(kind, (seq + 5000) % 0x10000, garbage))
            return garbage + b"\0" + nonsense + super().handle(data)

    board = Board(MemoryLine(Babbling(input_bytes=500), seed))
    inputs = pictures(3, 500, seed)
    assert outputs(board, inputs) == [answer(data) for data in inputs]


class RatedLine(MemoryLine):
    """A line on which bytes are garbage where the speeds of both ends differ, or are too high for the cable."""

    def __init__(self, board, most=10**9):
        super().__init__(board)
        self.rate, self.most = 115200, most

    def set_baud(self, rate):
        if rate == 1_234_567:
            raise UserError("memory has no speed of 1234567 baud", "take another")
        self.rate = rate

    def write(self, data):
        before = self.board.baud
        if self.rate == before and self.rate <= self.most:
            super().write(data)
        else:
            self.board.handle(bytes(byte ^ 0x55 for byte in data))

    def read(self, timeout):
        data = super().read(timeout)
        if not data and self.rate != self.board.baud:
            self.board.baud = 115200  # nothing came for a second
        return data


@pytest.mark.parametrize("rate", [230400, 460800, 921600])
def test_the_speed_is_negotiated(rate):
    fake = FakeBoard(input_bytes=3000)
    board = Board(RatedLine(fake))
    board.hello()
    assert board.set_baud(rate) == board.baud == fake.baud == rate
    assert board.set_baud(rate) == rate
    data = bytes(3000)
    assert board.infer(data)[0] == answer(data)
    board.close()
    assert fake.baud == 115200


def test_a_speed_that_the_line_does_not_carry_is_given_up():
    fake, log = FakeBoard(), []
    board = Board(RatedLine(fake, most=300_000), log=log.append)
    assert board.set_baud(921600) == board.baud == fake.baud == 115200
    assert log[-1] == "memory does not carry 921600 baud: back to 115200"
    assert board.infer(b"ab")[0] == answer(b"ab")


@pytest.mark.parametrize(("rate", "message"), [(2_000_000, "too fast"), (1_234_567, "has no speed")])
def test_a_speed_that_is_refused_is_an_error(rate, message):
    board = Board(RatedLine(FakeBoard()))
    with pytest.raises(UserError, match=message) as caught:
        board.set_baud(rate)
    assert caught.value.hint
    assert board.baud == 115200
    assert board.infer(b"ab")[0] == answer(b"ab")


def test_a_board_that_resets_at_a_high_speed_is_found_again():
    fake = FakeBoard(input_bytes=6000)
    board = Board(RatedLine(fake))
    inputs = pictures(4, 6000)
    board.set_baud(921600)
    results = board.infer_all(inputs)
    assert next(results)[0] == answer(inputs[0])
    fake.reset()
    assert [output for output, _ in results] == [answer(data) for data in inputs[1:]]
    assert board.baud == fake.baud == 921600
    assert board.resets >= 1


def test_the_stopped_firmwares_last_words_are_in_the_error():
    fake = FakeBoard()
    fake.handle = lambda data: b"error: images of 32x32x3\r\n"
    with pytest.raises(UserError, match="the board stopped: images of 32x32x3"):
        Board(MemoryLine(fake)).hello()
