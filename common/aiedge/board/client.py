"""The computer's side of the protocol: ask a board what it is, and let it run its network."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from aiedge.board.line.baud import BaudRate
from aiedge.board.line.conduct import Conduct, read_conduct
from aiedge.board.line.deadline import Deadline
from aiedge.board.line.frames import Frame
from aiedge.board.line.hello import BoardInfo, ask_hello, read_hello
from aiedge.board.line.log import BoardLog
from aiedge.board.line.noise import Noise
from aiedge.board.line.protocol import BASE_BAUD, CONDUCT, MAX_PAYLOAD, MOST_TEXT, ErrorCode, FrameType
from aiedge.board.line.requests import ATTEMPTS, FLASH, Requests, other_version, refusal
from aiedge.board.line.transport import SerialTransport, Transport
from aiedge.board.line.window import SendWindow
from aiedge.errors import UserError

_BATCH = 4096  # bytes of frames written between two looks at what came
_SILENCES_AT_A_RATE = 8  # before the speed itself is doubted
_RESTARTS = 5  # of one input
_MARGIN = 64  # bytes of replies on the line, beside the frames on the way


class Board:
    """A board at the other end of a line; a context manager that closes it.

    `port` is a port's name, a URL, or an open `Transport`; `baud` is its speed, from which the time-outs follow. `log`
    gets the lines that the board prints. What gets lost or damaged is sent again: `retries` counts that, `bad_frames`
    the damaged frames from the board, `resets` how often the board started anew. `conduct` is what the firmware did
    with the input whose result came last, None where that is not known. Every method raises `UserError` when the board
    vanishes, keeps silent, refuses a request, or reports an unfinished TODO.
    """

    def __init__(
        self,
        port: str | Transport,
        baud: int = BASE_BAUD,
        log: Callable[[str], None] = lambda line: None,
    ):
        self.resets = 0
        self.conduct: Conduct | None = None
        self._line = SerialTransport(port, baud) if isinstance(port, str) else port
        self._log = BoardLog(log)
        self._requests = Requests(self._line, baud, self._log)
        self._baud = BaudRate(self._line, self._requests)
        self._info: BoardInfo | None = None
        self._noise = Noise()
        self._window = self._new_window(1, MAX_PAYLOAD, 0)
        self._deadline = Deadline()
        self._fetch_seq = -1
        self._last_result = 0.0  # s, or the begin of the first input

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Go back to the first speed and give the port back."""
        self._baud.give_back()
        self._line.close()

    @property
    def baud(self) -> int:
        """The speed of the line that is in use."""
        return self._baud.rate

    @property
    def bytes_sent(self) -> int:
        """All bytes that went out."""
        return self._requests.bytes_sent

    @property
    def retries(self) -> int:
        """Number of frames that were sent again."""
        return self._requests.repeated + self._window.lost

    @property
    def bad_frames(self) -> int:
        """Number of frames from the board that came damaged."""
        return self._requests.bad_frames

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
        info = read_hello(ask_hello(self._requests))
        if self._info is None:
            if not info.is_usable:
                raise other_version()
            self._window = self._new_window(info.unit, info.max_payload, info.window)
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
        self._last_result = time.monotonic()
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
        if rate != self.baud and not self._baud.change(rate):
            self._log.show(f"{self._line.name} does not carry {rate} baud: back to {self.baud}")
            self.hello()
        return self.baud

    def _new_window(self, unit: int, max_payload: int, window: int) -> SendWindow:
        return SendWindow(self._requests.next_seq, unit, max_payload, window, self._noise, self._learn_delay)

    def _learn_delay(self, seconds: float, line_bytes: int) -> None:
        """A frame's answer took so long, with so many bytes on the line."""
        self._deadline.learn_delay(seconds - line_bytes * self._requests.byte_time)

    def _exchange(self, info: BoardInfo) -> Iterator[tuple[bytes, int]]:
        """Send what may be sent, take what has come, and yield the results in it."""
        sent = self._window.frames(_BATCH)
        if sent:
            self._requests.write(sent)
            self._set_deadline()
        came, found = self._requests.read(0.0 if sent else self._deadline.left)
        news = False
        for frame in found:
            if frame.type == FrameType.ACK:
                news |= self._window.acknowledged(frame.seq, frame.payload)
            elif frame.type == FrameType.RESULT:
                result = self._window.result(frame.payload)
                if result:
                    news = True
                    yield self._checked(*result, info)
            elif frame.type == FrameType.ERROR:
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
        elif not sent and (not came or self._deadline.has_passed):
            self._wait_no_longer()

    def _checked(self, rest: bytes, microseconds: int, info: BoardInfo) -> tuple[bytes, int]:
        """A result, after a look at its size; notes what follows the output."""
        self._fetch_seq = -1
        output, tail = rest[: info.output_bytes], rest[info.output_bytes :]
        has_tail = CONDUCT.size <= len(tail) <= CONDUCT.size + MOST_TEXT
        if len(output) != info.output_bytes or (tail and not has_tail):
            raise UserError(f"the board's result has {len(rest)} bytes, not {info.output_bytes}", FLASH)
        self.conduct = read_conduct(tail)
        now = time.monotonic()
        self._deadline.learn_work(1e-6 * microseconds, now - self._last_result)
        self._last_result = now
        return output, microseconds

    def _take_error(self, frame: Frame) -> None:
        code = frame.payload[0] if frame.payload else -1
        mine = self._window.owns(frame.seq) or frame.seq == self._fetch_seq
        if mine and code in (ErrorCode.NOT_GREETED, ErrorCode.NO_RESULT):
            self._greet_again(reset=code == ErrorCode.NOT_GREETED)
        elif mine or code == ErrorCode.INFERENCE_FAILED:
            raise refusal(frame.payload)

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
            self._requests.repeated += 1
            self._fetch_seq = self._requests.send(FrameType.FETCH, bytes([self._window.running.number]))
            self._set_deadline()

    def _heard(self) -> None:
        self._deadline.silences = 0
        self._set_deadline()

    def _set_deadline(self) -> None:
        self._deadline.set(
            line_time=(self._window.on_the_way + _MARGIN) * self._requests.byte_time,
            works=self._window.running is not None and not self._window.result_is_late,
        )

    def _wait_no_longer(self) -> None:
        """The deadline has passed without a word that helps."""
        self._requests.note_silence()
        self._deadline.silences += 1
        if self._deadline.silences >= ATTEMPTS:
            raise self._requests.silence_error()
        if self._deadline.silences >= _SILENCES_AT_A_RATE and self.baud != self._baud.base:
            # A board that has started anew is back at the first speed.
            rate = self.baud
            self._baud.fall_back()
            self._greet_again(reset=True)
            self.set_baud(rate)
            return
        if self._window.running:
            self._fetch()
        if not self._window.running or self._deadline.silences > 1:
            self._window.give_up_waiting()
        self._set_deadline()
