"""The computer's side of the protocol: ask a board what it is, and let it run its network."""

import random
import re
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from aiedge.board.line import frames
from aiedge.board.line.frames import Frame, FrameReader
from aiedge.board.line.noise import Noise
from aiedge.board.line.transport import BAUD, USUAL, SerialTransport, Transport
from aiedge.board.line.window import SendWindow
from aiedge.errors import UserError

ATTEMPTS = 12
_FIRST_TIMEOUT = 0.3  # s, beside the time on the line and that of the inference; grows each time
_LONGEST_TIMEOUT = 2.0  # s
_SHORTEST_TIMEOUT = 0.005  # s
_FIRST_WORK_TIME = 2.0  # s, until a board has shown how long one takes
_BATCH = 4096  # bytes of frames written between two looks at what came
_RATE_ATTEMPTS = 3  # within the second that a board waits at a new speed
_SILENCES_AT_A_RATE = 8  # before the speed itself is doubted
_RESTARTS = 5  # of one input

_HELLO_REPLY = struct.Struct("<BBBBIIIIHH32s")
_BAUD = struct.Struct("<I")
_RUNTIMES = {0: "compiled", 1: "tflm"}
_TYPES = {0: "int8", 1: "float32"}
_FAILED, _NOT_GREETED, _NO_RESULT = 3, 5, 6
_FLASH = "build the firmware again and flash it"


@dataclass(frozen=True)
class BoardInfo:
    """What a board says about itself: sizes in bytes, `sha256` of its .tflite in hex.

    `runtime` is "compiled" or "tflm", the types are "int8" or "float32". While the network runs, the board keeps
    `window` bytes that come. Inputs travel in pieces of a multiple of `unit` bytes.
    """

    project: str
    sha256: str
    runtime: str
    input_type: str
    output_type: str
    input_bytes: int
    output_bytes: int
    arena_bytes: int
    window: int
    max_payload: int
    unit: int


class Board:
    """A board at the other end of a line; a context manager that closes it.

    `port` is a port's name, a URL, or an open `Transport`; `baud` is its speed, from which the time-outs follow. `log`
    gets the lines that the board prints. What gets lost or damaged is sent again: `retries` counts that, `bad_frames`
    the damaged frames from the board, `resets` how often the board started anew. Every method raises `UserError` when
    the board vanishes, keeps silent, refuses a request, or reports an unfinished TODO.
    """

    def __init__(
        self,
        port: str | Transport,
        baud: int = BAUD,
        log: Callable[[str], None] = lambda line: None,
    ):
        self.baud = baud
        self.bytes_sent = 0
        self.resets = 0
        self._line = SerialTransport(port, baud) if isinstance(port, str) else port
        self._base_baud = baud
        self._log = log
        self._reader = FrameReader(self._take_log_line)
        self._seq = random.randrange(0x10000)
        self._repeated = 0
        self._work_time = _FIRST_WORK_TIME
        self._slowest = 0.0  # s
        self._delay, self._jitter = 0.0, _FIRST_TIMEOUT / 4  # s, beside the time on the line
        self._todo = self._error = ""
        self._info: BoardInfo | None = None
        self._noise = Noise()
        self._window = SendWindow(self._next_seq, 1, frames.MAX_PAYLOAD, 0, self._noise, self._learn_delay)
        self._deadline = 0.0  # when a silence is long enough to do something about it
        self._silences = 0  # in a row
        self._fetch_seq = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Go back to the first speed and give the port back."""
        if self.baud != self._base_baud:
            with suppress(UserError):
                self._request(frames.SET_BAUD, _BAUD.pack(self._base_baud))
        self._line.close()

    @property
    def retries(self) -> int:
        """Number of frames that were sent again."""
        return self._repeated + self._window.lost

    @property
    def bad_frames(self) -> int:
        """Number of frames from the board that came damaged."""
        return self._reader.bad_frames

    @property
    def payload_bytes(self) -> int:
        """Bytes of the inputs that have their result."""
        return self._window.done_bytes

    @property
    def frame_payload(self) -> int:
        """Bytes of an input that the next frame carries, adapted to the noise."""
        return self._window.piece_bytes

    @property
    def damage_rate(self) -> float:
        """Measured share of damaged bytes on the line."""
        return self._noise.rate

    def hello(self) -> BoardInfo:
        """Ask the board what it is. It forgets the inputs that it was sent."""
        payload = self._ask(frames.HELLO, bytes([frames.VERSION]), reply_bytes=128)
        if payload[:1] != bytes([frames.VERSION]) or len(payload) < _HELLO_REPLY.size:
            raise UserError("the board's firmware speaks another version of the protocol", _FLASH)
        _, runtime, input_type, output_type, *sizes, digest = _HELLO_REPLY.unpack_from(payload)
        info = BoardInfo(
            payload[_HELLO_REPLY.size :].decode("ascii", "replace"),
            digest.hex(),
            _RUNTIMES.get(runtime, "unknown"),
            _TYPES.get(input_type, "unknown"),
            _TYPES.get(output_type, "unknown"),
            *sizes,
        )
        if self._info is None:
            if not 0 < info.unit <= info.max_payload - 3 or info.max_payload > frames.MAX_PAYLOAD:
                raise UserError("the board's firmware speaks another version of the protocol", _FLASH)
            self._window = SendWindow(
                self._next_seq, info.unit, info.max_payload, info.window, self._noise, self._learn_delay
            )
        elif info != self._info:
            raise UserError(
                f"the board on {self._line.name} now runs another firmware ({info.project})",
                "start over",
            )
        self._info = info
        return info

    def infer(self, data: bytes) -> tuple[bytes, int]:
        """Run the network on the raw bytes of an input tensor.

        Returns the raw bytes of the output tensor and the microseconds that the inference took on the board.
        """
        return next(self.infer_all([data]))

    def infer_all(self, inputs: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
        """Run the network on many inputs; yield each one's output and microseconds, in order, as they come.

        While the board works on an input, the next one is on its way: `inputs` is read one ahead of the results.
        """
        info = self._info or self.hello()
        self._window.clear()
        self._heard()
        source = iter(inputs)
        more = True
        while more or not self._window.is_empty:
            if more and self._window.wants_input:
                data = next(source, None)
                if data is None:
                    more = False
                    continue
                if len(data) != info.input_bytes:
                    takes = f"the board's network ({info.project}) takes inputs of {info.input_bytes} bytes"
                    raise UserError(
                        f"{takes}, not {len(data)}",
                        "flash the firmware of the project that you want to run",
                    )
                self._window.add(data)
            yield from self._exchange(info)

    def set_baud(self, rate: int) -> int:
        """Change the speed of the line, and return the speed that is in use from now on.

        That is the first speed where the line does not carry frames at the new one. Raises `UserError` where the port
        or the board refuses the new one.
        """
        if rate == self.baud:
            return rate
        old = self.baud
        self._line.set_baud(rate)  # raises where the port refuses
        self._line.set_baud(old)
        reply = self._ask(frames.SET_BAUD, _BAUD.pack(rate), reply_bytes=32)
        if reply != _BAUD.pack(rate):
            raise UserError("the board's firmware speaks another version of the protocol", _FLASH)
        self._use_baud(rate)
        with suppress(_Silence):
            self._ask(frames.HELLO, bytes([frames.VERSION]), 128, _RATE_ATTEMPTS)
            return rate
        self._log(f"{self._line.name} does not carry {rate} baud: back to {self._base_baud}")
        self._use_baud(self._base_baud)
        self.hello()
        return self.baud

    def _exchange(self, info: BoardInfo) -> Iterator[tuple[bytes, int]]:
        """Send what may be sent, take what has come, and yield the results in it."""
        sent = self._window.frames(_BATCH)
        if sent:
            self._write(sent)
            self._set_deadline()
        data = self._line.read(0.0 if sent else max(0.0, self._deadline - time.monotonic()))
        news = False
        for frame in self._reader.feed(data):
            if frame.type == frames.ACK:
                news |= self._window.acknowledged(frame.seq, frame.payload)
            elif frame.type == frames.RESULT:
                result = self._window.result(frame.payload)
                if result:
                    news = True
                    yield self._checked(*result, info)
            elif frame.type == frames.ERROR:
                self._take_error(frame)
        if self._window.restarts > _RESTARTS:
            raise UserError(
                f"the board on {self._line.name} loses its inputs again and again",
                "it may lack power: try another cable or USB port",
            )
        if self._window.result_is_late and self._fetch_seq < 0:
            self._fetch()
        if news:
            self._heard()
        elif not sent and (not data or time.monotonic() >= self._deadline):
            self._wait_no_longer()

    def _checked(self, output: bytes, microseconds: int, info: BoardInfo) -> tuple[bytes, int]:
        """A result, after a look at its size."""
        self._fetch_seq = -1
        if len(output) != info.output_bytes:
            raise UserError(f"the board's result has {len(output)} bytes, not {info.output_bytes}", _FLASH)
        # Asking a board that is still busy only makes it busier.
        self._slowest = max(self._slowest, 1e-6 * microseconds)
        self._work_time = 3 * self._slowest
        return output, microseconds

    def _take_error(self, frame: Frame) -> None:
        code = frame.payload[0] if frame.payload else -1
        mine = self._window.owns(frame.seq) or frame.seq == self._fetch_seq
        if mine and code in (_NOT_GREETED, _NO_RESULT):
            self._greet_again(reset=code == _NOT_GREETED)
        elif mine or code == _FAILED:
            self._refuse(frame.payload)

    def _greet_again(self, reset: bool) -> None:
        """The board knows nothing of the open inputs: send them again."""
        self.resets += reset
        self._window.start_again()
        self._fetch_seq = -1
        self.hello()
        self._heard()

    def _fetch(self) -> None:
        """Ask for the result that got lost."""
        if self._window.running:
            self._repeated += 1
            self._fetch_seq = self._request(frames.FETCH, bytes([self._window.running.number]))
            self._set_deadline()

    def _heard(self) -> None:
        self._silences = 0
        self._set_deadline()

    def _set_deadline(self) -> None:
        """How long to wait for a word: the time on the line, a few delays of the other end, the board's work."""
        delay = max(self._delay + 4 * self._jitter, _SHORTEST_TIMEOUT)
        patience = min(delay * 2**self._silences, max(delay, _LONGEST_TIMEOUT))
        patience += (self._window.on_the_way + 64) * self._byte_time
        if self._window.running and not self._window.result_is_late:
            patience += self._work_time
        self._deadline = time.monotonic() + patience

    def _learn_delay(self, seconds: float, line_bytes: int) -> None:
        """Enter how long a frame's answer took, beside its time on the line (Jacobson and Karels, 1988)."""
        error = max(0.0, seconds - line_bytes * self._byte_time) - self._delay
        self._delay += error / 8
        self._jitter += (abs(error) - self._jitter) / 4

    def _wait_no_longer(self) -> None:
        """The deadline has passed without a word that helps."""
        self._reader.silence()
        self._check_todo()
        self._silences += 1
        if self._silences >= ATTEMPTS:
            raise self._silent()
        if self._silences >= _SILENCES_AT_A_RATE and self.baud != self._base_baud:
            # A board that has started anew is back at the first speed.
            rate = self.baud
            self._use_baud(self._base_baud)
            self._greet_again(reset=True)
            self.set_baud(rate)
            return
        if self._window.running:
            self._fetch()
        if not self._window.running or self._silences > 1:
            self._window.give_up_waiting()
        self._set_deadline()

    def _use_baud(self, rate: int) -> None:
        self._line.set_baud(rate)
        self.baud = rate

    @property
    def _byte_time(self) -> float:
        return 10 / self.baud  # s: start bit, 8 bits, stop bit

    def _next_seq(self) -> int:
        self._seq = (self._seq + 1) % 0x10000
        return self._seq

    def _write(self, data: bytes) -> None:
        self._line.write(data)
        self.bytes_sent += len(data)

    def _request(self, kind: int, payload: bytes) -> int:
        """Send a request, and return its number."""
        seq = self._next_seq()
        self._write(frames.encode(Frame(kind, seq, payload)))
        return seq

    def _ask(self, kind: int, payload: bytes, reply_bytes: int, attempts: int = ATTEMPTS) -> bytes:
        """Send a request until its reply comes; return the reply's payload. Raises `_Silence` where none comes."""
        request = frames.encode(Frame(kind, self._next_seq(), payload))
        line_time = (len(request) + reply_bytes + 16) * self._byte_time
        timeout = _FIRST_TIMEOUT
        for attempt in range(attempts):
            self._repeated += attempt > 0
            self._write(request)
            reply = self._wait(kind, timeout + line_time)
            if reply:
                return reply.payload
            timeout = min(1.5 * timeout, _LONGEST_TIMEOUT)
        raise self._silent()

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
        self._check_todo()
        return None

    def _refuse(self, payload: bytes) -> None:
        code, message = payload[:1].hex(), payload[1:].decode("ascii", "replace")
        hints = {"04": _FLASH, "07": f"leave the speed at {BAUD}, or take {USUAL}"}
        raise UserError(f"the board refuses the request: {message} (code {code})", hints.get(code, _FLASH))

    def _silent(self) -> "_Silence":
        if self._error:
            return _Silence(
                f"the board stopped: {self._error}", "mend that in main.cpp, build and flash again"
            )
        return _Silence(
            f"the board on {self._line.name} does not answer",
            "press its reset button; is this the right port, and is a kit's firmware flashed?",
        )

    def _check_todo(self) -> None:
        if self._todo:
            raise unfinished(self._todo)

    def _take_log_line(self, line: str) -> None:
        self._todo = self._todo or find_todo(line)
        self._error = self._error or line.partition("error: ")[2]
        self._log(line)


class _Silence(UserError):
    """The board does not answer."""


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
