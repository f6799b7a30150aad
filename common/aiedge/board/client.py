"""The computer's side of the protocol: ask a board what it is, and let it run its network."""

import random
import re
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from aiedge.board import frames
from aiedge.board.frames import Frame, FrameReader
from aiedge.board.transport import BAUD, SerialTransport, Transport
from aiedge.errors import UserError

ATTEMPTS = 12
_FIRST_TIMEOUT = 0.3  # s, beside the time on the line and that of the inference; grows by half each time
_LONGEST_TIMEOUT = 2.0  # s
_FIRST_WORK_TIME = 2.0  # s, until a board has shown how long one takes

_HELLO_REPLY = struct.Struct("<BBBBIIIH32s")
_TIME = struct.Struct("<I")
_RUNTIMES = {0: "compiled", 1: "tflm"}
_TYPES = {0: "int8", 1: "float32"}
_FLASH = "build the firmware again and flash it"


@dataclass(frozen=True)
class BoardInfo:
    """What a board says about itself: sizes in bytes, `sha256` of its .tflite in hex.

    `runtime` is "compiled" or "tflm", the types are "int8" or "float32".
    """

    project: str
    sha256: str
    runtime: str
    input_type: str
    output_type: str
    input_bytes: int
    output_bytes: int
    arena_bytes: int
    max_payload: int


class Board:
    """A board at the other end of a line; a context manager that closes it.

    `port` is a port's name, a URL, or an open `Transport`. `log` gets the lines that the board prints. Requests that
    get no answer are repeated; `retries` and `bad_frames` count what the line spoiled. Every method raises
    `UserError` when the board vanishes, keeps silent, refuses a request, or reports an unfinished TODO.
    """

    def __init__(
        self,
        port: str | Transport,
        baud: int = BAUD,
        log: Callable[[str], None] = lambda line: None,
    ):
        self.retries = 0
        self._line = SerialTransport(port, baud) if isinstance(port, str) else port
        self._byte_time = 10 / baud  # s: start bit, 8 bits, stop bit
        self._log = log
        self._reader = FrameReader(self._take_log_line)
        self._seq = random.randrange(0x10000)
        self._work_time = _FIRST_WORK_TIME
        self._slowest = 0.0  # s
        self._todo = ""
        self._info: BoardInfo | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the port back."""
        self._line.close()

    @property
    def bad_frames(self) -> int:
        """Number of frames from the board that came damaged."""
        return self._reader.bad_frames

    def hello(self) -> BoardInfo:
        """Ask the board what it is."""
        payload = self._ask(frames.HELLO, bytes([frames.VERSION]), reply_bytes=128, work_time=0)
        if payload[:1] != bytes([frames.VERSION]) or len(payload) < _HELLO_REPLY.size:
            raise UserError("the board's firmware speaks another version of the protocol", _FLASH)
        _, runtime, input_type, output_type, *sizes, digest = _HELLO_REPLY.unpack_from(payload)
        self._info = BoardInfo(
            payload[_HELLO_REPLY.size :].decode("ascii", "replace"),
            digest.hex(),
            _RUNTIMES.get(runtime, "unknown"),
            _TYPES.get(input_type, "unknown"),
            _TYPES.get(output_type, "unknown"),
            *sizes,
        )
        return self._info

    def infer(self, data: bytes) -> tuple[bytes, int]:
        """Run the network on the raw bytes of an input tensor.

        Returns the raw bytes of the output tensor and the microseconds that the inference took on the board.
        """
        info = self._info or self.hello()
        if len(data) != info.input_bytes or len(data) > info.max_payload:
            raise UserError(
                f"the board's network ({info.project}) takes inputs of {info.input_bytes} bytes, not {len(data)}",
                "flash the firmware of the project that you want to run",
            )
        payload = self._ask(frames.INFER, data, _TIME.size + info.output_bytes, self._work_time)
        if len(payload) != _TIME.size + info.output_bytes:
            raise UserError(
                f"the board's result has {len(payload)} bytes, not {_TIME.size + info.output_bytes}",
                _FLASH,
            )
        (microseconds,) = _TIME.unpack_from(payload)
        # Asking a board that is still busy only makes it busier.
        self._slowest = max(self._slowest, 1e-6 * microseconds)
        self._work_time = 3 * self._slowest
        return payload[_TIME.size :], microseconds

    def _ask(self, kind: int, payload: bytes, reply_bytes: int, work_time: float) -> bytes:
        """Send a request until its reply comes; return the reply's payload."""
        self._seq = (self._seq + 1) % 0x10000
        request = frames.encode(Frame(kind, self._seq, payload))
        line_time = (len(request) + reply_bytes + 16) * self._byte_time
        timeout = _FIRST_TIMEOUT
        for attempt in range(ATTEMPTS):
            self.retries += attempt > 0
            self._line.write(request)
            reply = self._wait(kind, timeout + line_time + work_time)
            if reply:
                return reply.payload
            timeout = min(1.5 * timeout, _LONGEST_TIMEOUT)
        raise UserError(
            f"the board on {self._line.name} does not answer",
            "press its reset button; is this the right port, and is a kit's firmware flashed?",
        )

    def _wait(self, kind: int, timeout: float) -> Frame | None:
        """Read until the reply to the open request comes; None after `timeout` seconds of silence or other talk."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            data = self._line.read(timeout)
            if not data:
                break
            for frame in self._reader.feed(data):
                if frame.seq == self._seq and frame.type == frames.ERROR:
                    self._refuse(frame.payload)
                if frame.seq == self._seq and frame.type == kind | 0x80:
                    return frame
            if self._todo:
                break
        self._reader.silence()
        if self._todo:
            raise unfinished(self._todo)
        return None

    def _refuse(self, payload: bytes) -> None:
        code, message = payload[:1].hex(), payload[1:].decode("ascii", "replace")
        raise UserError(f"the board refuses the request: {message} (code {code})", _FLASH)

    def _take_log_line(self, line: str) -> None:
        self._todo = self._todo or find_todo(line)
        self._log(line)


def find_todo(line: str) -> str:
    """The part of a log line that names an unfinished TODO, or "".

    >>> find_todo("I (312) TODO 3: run the network (main.cpp)")
    'TODO 3: run the network (main.cpp)'
    """
    match = re.search(r"TODO \d+: .*", line)
    return match.group() if match else ""


def unfinished(todo: str) -> UserError:
    """The `UserError` for firmware that stopped at a TODO."""
    return UserError(
        f"the firmware is unfinished: {todo}",
        "complete it in vscode/main/main.cpp and build it again",
    )
