"""Numbered requests on a line, and their replies."""

import random
import time

from aiedge.board.line import frames
from aiedge.board.line.deadline import FIRST_TIMEOUT, LONGEST_TIMEOUT
from aiedge.board.line.frames import Frame, FrameReader
from aiedge.board.line.log import MOST_LINES, BoardLog, Endless, printable
from aiedge.board.line.protocol import BASE_BAUD, REPLY, ErrorCode, FrameType
from aiedge.board.line.transport import USUAL, Transport
from aiedge.errors import UserError

ATTEMPTS = 12
FLASH = "build the firmware again and flash it"


class Silence(UserError):
    """The board does not answer."""


class NoResult(UserError):
    """The firmware gave no result for an input; `why` is what its library says of that."""

    def __init__(self, why: str, hint: str):
        super().__init__(f"the board refuses the request: {why} (code 03)", hint)
        self.why = why


class Ended(Silence):
    """The firmware is over: its app_main() has returned."""


class Requests:
    """Sends frames with numbers of their own, and repeats a request until its reply comes.

    `baud` is the line's speed, from which the time-outs follow. `log` gets the text between the frames. `bytes_sent`
    counts all bytes, `repeated` the requests that went out again.
    """

    def __init__(self, line: Transport, baud: int, log: BoardLog):
        self.baud = baud
        self.bytes_sent = 0
        self.repeated = 0
        self._line = line
        self._log = log
        self._reader = FrameReader(log.take)
        self._seq = random.randrange(0x10000)

    @property
    def bad_frames(self) -> int:
        """Number of frames from the board that came damaged."""
        return self._reader.bad_frames

    @property
    def byte_time(self) -> float:
        """Seconds that a byte is on the line: start bit, 8 bits, stop bit."""
        return 10 / self.baud

    def use_baud(self, rate: int) -> None:
        """Change this end's speed."""
        self._line.set_baud(rate)
        self.baud = rate

    def next_seq(self) -> int:
        """The number of the next frame."""
        self._seq = (self._seq + 1) % 0x10000
        return self._seq

    def write(self, data: bytes) -> None:
        """Send encoded frames."""
        self._line.write(data)
        self.bytes_sent += len(data)

    def send(self, kind: FrameType, payload: bytes) -> int:
        """Send a request once, and return its number."""
        seq = self.next_seq()
        self.write(frames.encode(Frame(kind, seq, payload)))
        return seq

    def read(self, timeout: float) -> tuple[bool, list[Frame]]:
        """Whether anything came within `timeout` seconds, and the frames that it completed."""
        data = self._line.read(timeout)
        return bool(data), self._reader.feed(data)

    def ask(self, kind: FrameType, payload: bytes, reply_bytes: int, attempts: int = ATTEMPTS) -> bytes:
        """Send a request until its reply, of about `reply_bytes`, comes; return the reply's payload.

        Raises `Silence` where none comes after so many attempts, and `UserError` for a refusal.
        """
        request = frames.encode(Frame(kind, self.next_seq(), payload))
        line_time = (len(request) + reply_bytes + 16) * self.byte_time
        timeout = FIRST_TIMEOUT
        self._log.lines = 0
        for attempt in range(attempts):
            self.repeated += attempt > 0
            self.write(request)
            reply = self._wait(kind, timeout + line_time)
            if reply:
                return reply.payload
            timeout = min(1.5 * timeout, LONGEST_TIMEOUT)
        raise self.silence_error()

    def _wait(self, kind: FrameType, timeout: float) -> Frame | None:
        """Read until the reply to the open request comes; None after `timeout` seconds of silence or other talk."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            came, found = self.read(timeout)
            if not came:
                break
            for frame in found:
                if frame.seq == self._seq and frame.type == FrameType.ERROR:
                    raise refusal(frame.payload)
                if frame.seq == self._seq and frame.type == kind | REPLY:
                    return frame
            if self._log.lines > MOST_LINES:
                raise Endless
            if self._log.todo:
                break
        self.note_silence()
        return None

    def note_silence(self) -> None:
        """Give up what is unfinished; raises `UserError` where the board has said why nothing comes."""
        self._reader.silence()
        self._log.check()

    def silence_error(self) -> Silence:
        """The error for a board that stays silent."""
        if self._log.error:
            return Silence(
                f"the board stopped: {self._log.error}", "mend that in main.cpp, build and flash again"
            )
        if self._log.has_ended:
            return Ended(
                "the firmware has ended: app_main() has returned", "correct main.cpp, build and flash again"
            )
        return Silence(
            f"the board on {self._line.name} does not answer",
            "press its reset button; is this the right port, and is a kit's firmware flashed?",
        )


def refusal(payload: bytes) -> UserError:
    """The `UserError` for an ERROR with this payload."""
    code, message = payload[:1], printable(payload[1:].decode("ascii", "replace"))
    if code == bytes([ErrorCode.INFERENCE_FAILED]):
        return NoResult(message, FLASH)
    wrong_baud = code == bytes([ErrorCode.WRONG_BAUD])
    hint = f"leave the speed at {BASE_BAUD}, or take {USUAL}" if wrong_baud else FLASH
    return UserError(f"the board refuses the request: {message} (code {code.hex()})", hint)


def other_version() -> UserError:
    """The `UserError` for a reply that has not the form which this version of the protocol gives it."""
    return UserError("the board's firmware speaks another version of the protocol", FLASH)
