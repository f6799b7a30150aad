"""Boards that lie: each ends as an error in plain words, or as the right answer, in seconds."""

import hashlib
import time
from collections.abc import Callable

import pytest

from aiedge.board import Board
from aiedge.board.line.deadline import LONGEST_WORK_TIME
from aiedge.board.line.frames import Frame
from aiedge.board.line.protocol import (
    HELLO_REPLY_HEAD,
    MAX_PAYLOAD,
    RESULT_HEAD,
    VERSION,
    ErrorCode,
    FrameType,
)
from aiedge.errors import UserError
from tests.support.fake_board import FakeBoard, MemoryLine

DIRTY = b"\x1b[2J\x1b]0;owned\x07\r\nerror: no\x9b"


class Liar(FakeBoard):
    """A board whose replies pass through `spoil` on their way out."""

    def __init__(self, spoil: Callable[[Frame], Frame | None]):
        super().__init__()
        self.spoil = spoil

    def replies(self, frame: Frame) -> list[Frame]:
        return [spoiled for reply in super().replies(frame) if (spoiled := self.spoil(reply))]


def hello(**changes: int) -> Callable[[Frame], Frame]:
    """HELLO with other numbers than the board's."""
    names = ("version", "runtime", "input_type", "output_type", "input_bytes", "output_bytes")
    names += ("arena", "window", "max_payload", "unit", "digest")
    values: dict[str, object] = dict.fromkeys(names, 0)
    values |= {"version": VERSION, "input_bytes": 2, "output_bytes": 4, "window": 4096}
    values |= {"max_payload": MAX_PAYLOAD, "unit": 16, "digest": bytes(32)} | changes

    def spoil(reply: Frame) -> Frame:
        if reply.type != FrameType.HELLO_REPLY:
            return reply
        return Frame(reply.type, reply.seq, HELLO_REPLY_HEAD.pack(*values.values()) + b"liar")

    return spoil


def payload(kind: FrameType, change: Callable[[bytes], bytes]) -> Callable[[Frame], Frame]:
    """Frames of a type with another payload."""
    return lambda reply: Frame(reply.type, reply.seq, change(reply.payload)) if reply.type == kind else reply


def instead(kind: FrameType, with_kind: int, with_payload: bytes) -> Callable[[Frame], Frame]:
    """Another frame for each of a type."""
    return lambda reply: Frame(with_kind, reply.seq, with_payload) if reply.type == kind else reply


REFUSAL = bytes([ErrorCode.WRONG_PAYLOAD]) + DIRTY
HEAD = HELLO_REPLY_HEAD.size
# What the board does to its replies, and a part of the error; none where the answers stay right.
MODES: dict[str, tuple[Callable[[Frame], Frame | None], str]] = {
    "a name with escapes": (payload(FrameType.HELLO_REPLY, lambda p: p[:HEAD] + DIRTY), ""),
    "a name of 900 bytes": (payload(FrameType.HELLO_REPLY, lambda p: p[:HEAD] + b"x" * 900), ""),
    "an error with escapes": (instead(FrameType.RESULT, FrameType.ERROR, REFUSAL), "refuses the request"),
    "an error of no bytes": (instead(FrameType.RESULT, FrameType.ERROR, b""), "refuses the request"),
    "a unit of nothing": (hello(unit=0), "another version"),
    "a unit beyond a payload": (hello(unit=2000), "another version"),
    "too many units": (hello(unit=1, input_bytes=110_592), "another version"),
    "an input of 4 GB": (hello(input_bytes=2**32 - 1), "another version"),
    "a payload beyond a frame": (hello(max_payload=2**16 - 1), "another version"),
    "another version": (hello(version=99), "another version"),
    "half a hello": (payload(FrameType.HELLO_REPLY, lambda p: p[:20]), "another version"),
    "a result too short": (payload(FrameType.RESULT, lambda p: p[:-1]), "result has 3 bytes"),
    "a result of a frame": (payload(FrameType.RESULT, lambda p: p + bytes(500)), "result has 504 bytes"),
    "a result of no head": (payload(FrameType.RESULT, lambda p: p[:3]), "does not answer"),
    "a result of another input": (
        payload(FrameType.RESULT, lambda p: RESULT_HEAD.pack(p[0], 1, 1) + p[RESULT_HEAD.size :]),
        "loses its inputs",
    ),
    "no acknowledgements": (lambda reply: None if reply.type == FrameType.ACK else reply, ""),
    "silence after hello": (
        lambda reply: reply if reply.type == FrameType.HELLO_REPLY else None,
        "does not answer",
    ),
    "greeted never": (
        instead(FrameType.RESULT, FrameType.ERROR, bytes([ErrorCode.NOT_GREETED])),
        "loses its inputs",
    ),
    "an unknown type": (instead(FrameType.RESULT, 0x7E, b"?"), "does not answer"),
}


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiedge.board.line.deadline._SHORTEST_TIMEOUT", 10.0)


@pytest.mark.parametrize("mode", MODES)
def test_a_lie_is_an_error_or_harmless(mode: str) -> None:
    spoil, complaint = MODES[mode]
    log: list[str] = []
    board = Board(MemoryLine(Liar(spoil)), log=log.append)
    started = time.monotonic()
    if complaint:
        with pytest.raises(UserError, match=complaint) as error:
            size = 2
            board.infer(bytes(size))
        shown = error.value.message + error.value.hint
    else:
        assert board.infer(b"ab")[0] == hashlib.sha256(b"ab").digest()[:4]
        shown = board.hello().project
    assert all(text.isprintable() for text in (shown, *log))
    assert time.monotonic() - started < 10


def test_the_clock_of_this_computer_decides_how_long_to_wait() -> None:
    """4,294 s for the first of two results, and the second gets lost."""
    lost = []

    def spoil(reply: Frame) -> Frame | None:
        if reply.type != FrameType.RESULT:
            return reply
        number, crc, _ = RESULT_HEAD.unpack_from(reply.payload)
        if number == 2 and not lost:
            lost.append(reply)
            return None
        return Frame(reply.type, reply.seq, RESULT_HEAD.pack(number, crc, 2**32 - 1) + reply.payload[9:])

    board = Board(MemoryLine(Liar(spoil)))
    answers = list(board.infer_all([b"ab", b"cd", b"ef"]))
    assert lost and [answer for answer, _ in answers] == [
        hashlib.sha256(data).digest()[:4] for data in (b"ab", b"cd", b"ef")
    ]
    assert board._deadline.work_time < 1
    board._deadline.learn_work(4000.0, 5000.0)
    assert board._deadline.work_time == LONGEST_WORK_TIME
