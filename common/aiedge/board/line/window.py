"""Inputs on their way to a board: pieces of adapted size, a window, selective repeat.

`SendWindow` knows what to send next and what each reply means; it does not wait and owns no line. `aiedge.board.client`
moves the bytes and watches the clock.
"""

import bisect
import time
import zlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aiedge.board.line import frames
from aiedge.board.line.frames import Frame
from aiedge.board.line.noise import Noise
from aiedge.board.line.protocol import ACK_HISTORY, HISTORY_FRAMES, RESULT_HEAD, WRITE_HEAD, FrameType

OVERHEAD = frames.OVERHEAD + WRITE_HEAD.size  # bytes of a WRITE's frame beside its piece


@dataclass
class Input:
    """One input: its bytes, the ranges of them to be sent, and the number of bytes that have not arrived."""

    number: int
    data: bytes
    crc: int = 0
    ranges: deque[tuple[int, int]] = field(default_factory=deque)
    missing: int = 0

    def __post_init__(self) -> None:
        self.crc = zlib.crc32(self.data)
        self.missing = len(self.data)
        self.ranges.append((0, len(self.data)))


@dataclass(frozen=True)
class _Piece:
    """A range of an input in a frame that is on the line."""

    of: Input
    start: int
    end: int
    wire_bytes: int
    ahead: int  # bytes on the way, with these
    sent: float  # s; 0 while the board ran: its answer tells nothing about the line


class SendWindow:
    """The inputs that a board has not answered: one that it runs, and the next one, which is sent ahead.

    `next_seq` gives the sequence number of each frame. `unit` and `max_payload` are the board's; `window` is the number
    of bytes that may be on the way to it: 0 stands for one frame at a time, and none while the board runs.
    `on_delay` gets the time until a frame was acknowledged, in seconds, and the bytes that were on the way.
    """

    def __init__(
        self,
        next_seq: Callable[[], int],
        unit: int,
        max_payload: int,
        window: int,
        noise: Noise,
        on_delay: Callable[[float, int], None],
    ):
        self.running: Input | None = None
        self.coming: Input | None = None
        self.on_the_way = 0  # bytes
        self.lost = 0  # frames
        self.done_bytes = 0  # of the inputs that have their result
        self.restarts = 0  # since the last result
        self.result_is_late = False  # the board talks about the next input already
        self._waiting: deque[bytes] = deque()
        self._next_seq = next_seq
        self._unit = unit
        self._most_units = (max_payload - WRITE_HEAD.size) // unit
        self._window = window
        self._noise = noise
        self._on_delay = on_delay
        self._number = 0
        self._silences = 0  # since the last acknowledgement
        # By sequence number, in the order of sending.
        self._pieces: OrderedDict[int, _Piece] = OrderedDict()
        self._given_up: OrderedDict[int, int] = OrderedDict()  # sizes

    @property
    def wants_input(self) -> bool:
        """Whether the next input may be added."""
        return self.coming is None and not self._waiting

    @property
    def is_empty(self) -> bool:
        """Whether every input has its result."""
        return self.running is None and self.wants_input

    @property
    def piece_bytes(self) -> int:
        """Size of the next piece: the best one for the line's noise, in whole units; half of it after each silence."""
        units = round(self._noise.best_payload(OVERHEAD) / self._unit) >> self._silences
        return self._unit * max(1, min(units, self._most_units))

    def add(self, data: bytes) -> None:
        """Take an input to send."""
        self._waiting.append(data)

    def owns(self, seq: int) -> bool:
        """Whether `seq` is the number of a frame on the way."""
        return seq in self._pieces

    def frames(self, at_most: int) -> bytes:
        """Frames to send now, up to about `at_most` bytes of them."""
        if self.coming is None:
            if not self._waiting:
                return b""
            self._number = (self._number + 1) % 256
            self.coming = Input(self._number, self._waiting.popleft())
        coming, unit = self.coming, self._unit
        now = 0.0 if self.running else time.monotonic()
        encoded: list[bytes] = []
        size = 0
        for start, end in self._cut(coming, self.piece_bytes):
            seq = self._next_seq()
            payload = WRITE_HEAD.pack(coming.number, start // unit) + coming.data[start:end]
            wire = frames.encode(Frame(FrameType.WRITE, seq, payload))
            self.on_the_way += len(wire)
            self._pieces[seq] = _Piece(coming, start, end, len(wire), self.on_the_way, now)
            encoded.append(wire)
            size += len(wire)
            if size >= at_most:
                break
        return b"".join(encoded)

    def acknowledged(self, seq: int, payload: bytes) -> bool:
        """The board has a frame and those in its history; what was sent before it and is not there is lost.

        Returns whether that was news.
        """
        if seq not in self._pieces or len(payload) != ACK_HISTORY.size:
            return False
        (history,) = ACK_HISTORY.unpack(payload)
        history = history << 1 | 1  # bit i: the frame i before this one
        self._silences = 0
        piece = self._pieces[seq]
        if piece.sent:
            self._on_delay(time.monotonic() - piece.sent, piece.ahead)
        while self._given_up:
            age = (seq - next(iter(self._given_up))) % 0x10000
            _, size = self._given_up.popitem(last=False)
            if age <= HISTORY_FRAMES:
                self._noise.count(size, bool(history >> age & 1))
        while self._pieces:
            age = (seq - next(iter(self._pieces))) % 0x10000
            if age >= 0x8000:
                break
            _, piece = self._pieces.popitem(last=False)
            arrived = age <= HISTORY_FRAMES and bool(history >> age & 1)
            self._noise.count(piece.wire_bytes, arrived)
            self._settle(piece, arrived)
        self.result_is_late = self.running is not None
        self._move_on()
        return True

    def result(self, payload: bytes) -> tuple[bytes, int] | None:
        """Output and microseconds in a RESULT; None where it answers no open input.

        A result of something other than the input (the CRC tells) makes it go out again.
        """
        if len(payload) < RESULT_HEAD.size:
            return None
        number, crc, microseconds = RESULT_HEAD.unpack_from(payload)
        if self.running is None and self.coming and number == self.coming.number:
            # All of it arrived, though not every word of that came back.
            self._pieces.clear()
            self.on_the_way = self.coming.missing = 0
            self._move_on()
        if self.running is None or number != self.running.number:
            return None
        if crc != self.running.crc:
            self.start_again()
            return None
        self.done_bytes += len(self.running.data)
        self.running = None
        self.restarts = 0
        self.result_is_late = False
        self._move_on()
        return payload[RESULT_HEAD.size :], microseconds

    def give_up_waiting(self) -> None:
        """Nothing came for too long: send what is on the way again."""
        self._silences += bool(self._pieces)
        for seq, piece in self._pieces.items():
            self._given_up[seq] = piece.wire_bytes
            self._settle(piece, False)
        self._pieces.clear()

    def start_again(self) -> None:
        """The board has forgotten everything: send the open inputs again."""
        self._waiting.extendleft(open_.data for open_ in (self.coming, self.running) if open_)
        self.restarts += 1
        self._forget()

    def clear(self) -> None:
        """Forget the open inputs."""
        self._waiting.clear()
        self._forget()

    def _forget(self) -> None:
        self._pieces.clear()
        self._given_up.clear()
        self.on_the_way = 0
        self.running = self.coming = None
        self.result_is_late = False

    def _cut(self, coming: Input, piece_bytes: int) -> Iterator[tuple[int, int]]:
        """Ranges to send next, as long as the window has room for another frame."""
        while coming.ranges and self._has_room(piece_bytes):
            start, end = coming.ranges.popleft()
            cut = min(start + piece_bytes, end)
            if self.running and not coming.ranges and cut == end:
                # The last unit waits for the result before it: the board keeps no second one.
                cut = start + (end - start - 1) // self._unit * self._unit
                if cut == start:
                    coming.ranges.append((start, end))
                    return
            if cut < end:
                coming.ranges.appendleft((cut, end))
            yield start, cut

    def _has_room(self, piece_bytes: int) -> bool:
        if not self._pieces:
            return self._window > 0 or self.running is None
        return self.on_the_way + piece_bytes + OVERHEAD <= self._window

    def _settle(self, piece: _Piece, arrived: bool) -> None:
        self.on_the_way -= piece.wire_bytes
        if arrived:
            piece.of.missing -= piece.end - piece.start
        else:
            self.lost += 1
            # First things first: a board that takes rows as they come has room for little of what follows.
            bisect.insort(piece.of.ranges, (piece.start, piece.end))

    def _move_on(self) -> None:
        """An input that has arrived is run by the board."""
        if self.running is None and self.coming and not self.coming.missing:
            self.running, self.coming = self.coming, None
