"""The line to a board: a serial port or a socket; one that is as slow as a UART, and one that makes mistakes."""

import contextlib
import math
import os
import random
import select
import time
from collections import deque
from typing import Protocol

import serial

from aiedge.board.line.protocol import BASE_BAUD
from aiedge.board.ports import explain
from aiedge.errors import UserError

USUAL = "230400, 460800 or 921600"  # baud, beside it
UNPACED = 10_000_000  # baud, for the time-outs on a line that takes no time
_FASTEST = 5_000_000  # baud, of the ESP32's UART
_WRITE_TIMEOUT = 10.0  # s
_READ_BYTES = 65536
_STEP = 0.001  # s, between two looks at a line that has no file to wait for
_QUEUE_BYTES = 4096  # a driver's
_PACE_STEP = 0.004  # s
# TypeError, ValueError: pyserial and select after the port was closed.
_CLOSED_ERRORS = (OSError, TypeError, ValueError)
_OPEN_ERRORS: tuple[type[Exception], ...] = (OSError, ValueError)
with contextlib.suppress(ImportError):  # Windows has no termios
    import termios

    _OPEN_ERRORS += (termios.error,)


class Transport(Protocol):
    """What `Board` needs of a line."""

    name: str

    def read(self, timeout: float) -> bytes:
        """Wait for bytes and return those that are there; b"" after `timeout` seconds of silence."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def set_baud(self, rate: int) -> None:
        """Change the speed; raises `UserError` where the line has no such speed."""

    def close(self) -> None:
        """Give the line back; closing twice does no harm."""


class SerialTransport:
    """A line opened by the name of a port (`/dev/ttyUSB0`, `COM3`) or a URL (`socket://127.0.0.1:4000`).

    Raises `UserError` if the port is missing, busy, forbidden or no serial port, and whenever it vanishes later.
    """

    def __init__(self, name: str, baud: int = BASE_BAUD):
        self.name = name
        if not 0 < baud <= _FASTEST:
            raise _no_speed(baud)
        try:
            self._port = serial.serial_for_url(
                name,
                baudrate=baud,
                timeout=0,
                write_timeout=_WRITE_TIMEOUT,
                do_not_open=True,
            )
            # On the ESP-EYE these two lines drive reset and boot mode: low lets the firmware run.
            self._port.dtr = False
            self._port.rts = False
            if "://" not in name:
                self._port.exclusive = True
            self._port.open()
        except _OPEN_ERRORS as error:
            raise explain(error, name) from error
        self._file: int | None = None
        if os.name != "nt" or "://" in name:  # Windows has no select for its ports
            with contextlib.suppress(AttributeError, OSError):  # loop:// has no file
                self._file = self._port.fileno()

    def read(self, timeout: float) -> bytes:
        try:
            self._wait(timeout)
            return self._port.read(_READ_BYTES)
        except _CLOSED_ERRORS as error:
            raise self._vanished() from error

    def _wait(self, timeout: float) -> None:
        """Wait for bytes."""
        if self._file is not None:
            select.select([self._file], [], [], timeout)
            return
        end = time.monotonic() + timeout
        while not self._port.in_waiting and time.monotonic() < end:
            time.sleep(_STEP)

    def set_baud(self, rate: int) -> None:
        if not 0 < rate <= _FASTEST:
            raise _no_speed(rate)
        try:
            self._port.baudrate = rate
        except _OPEN_ERRORS as error:
            raise UserError(
                f"{self.name} has no speed of {rate} baud", f"leave it at {BASE_BAUD}, or take a lower one"
            ) from error

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise UserError(
                f"{self.name} takes no more bytes",
                "press the board's reset button, or unplug it and plug it in again",
            ) from error
        except OSError as error:
            raise self._vanished() from error

    def close(self) -> None:
        self._port.close()

    def _vanished(self) -> UserError:
        return UserError(
            f"{self.name} vanished while it was in use",
            "check the cable, plug the board in again and start over; a board that resets itself may lack power",
        )


class PacedTransport:
    """A line that is no faster than a UART of `baud`: ten bits a byte, in both directions at once.

    What is written waits in a queue of 4096 bytes, as in a driver, and reaches `inner` when the line would have carried
    it; `write` waits where the queue is full. What comes from `inner` is handed out at the same pace. Bytes move while
    `read` or `write` is running; a pause between two calls counts as time on the line for what was queued before it.
    """

    def __init__(self, inner: Transport, baud: int = BASE_BAUD):
        self.name = inner.name
        self._inner = inner
        self._byte_time = 10 / baud
        self._out = _Pace()
        self._in = _Pace()

    def read(self, timeout: float) -> bytes:
        end = time.monotonic() + timeout
        while True:
            self._move(0.0)
            data = self._in.take(time.monotonic(), self._byte_time)
            left = end - time.monotonic()
            if data or left <= 0:
                return data
            self._move(min(left, _PACE_STEP))

    def write(self, data: bytes) -> None:
        self._out.add(data, time.monotonic())
        while self._out.waiting > _QUEUE_BYTES:
            self._move(_PACE_STEP)

    def set_baud(self, rate: int) -> None:
        while self._out.waiting:
            self._move(_PACE_STEP)
        self._inner.set_baud(rate)
        self._byte_time = 10 / rate

    def close(self) -> None:
        with contextlib.suppress(UserError):
            while self._out.waiting:
                self._move(_PACE_STEP)
        self._inner.close()

    def _move(self, timeout: float) -> None:
        """Pass on what is due, and take what comes within `timeout` seconds."""
        if due := self._out.take(time.monotonic(), self._byte_time):
            self._inner.write(due)
        if self._in.waiting:  # what comes meanwhile can wait where it is
            time.sleep(timeout)
            timeout = 0.0
        if data := self._inner.read(timeout):
            self._in.add(data, time.monotonic())


class _Pace:
    """Bytes in one direction: each is due one byte's time after the one before it."""

    def __init__(self) -> None:
        self.waiting = 0
        self._pieces: deque[bytes] = deque()
        self._free = 0.0  # s, when the line has carried what was taken

    def add(self, data: bytes, now: float) -> None:
        """Queue bytes at the time `now`."""
        if not self.waiting:
            self._free = max(self._free, now)
        self._pieces.append(data)
        self.waiting += len(data)

    def take(self, now: float, byte_time: float) -> bytes:
        """The bytes that the line has carried until `now`."""
        count = min(self.waiting, int((now - self._free) / byte_time))
        if count <= 0:
            return b""
        self._free += count * byte_time
        self.waiting -= count
        taken = b"".join(self._pieces)
        self._pieces.clear()
        if self.waiting:
            self._pieces.append(taken[count:])
        return taken[:count]


class FaultyTransport:
    """A line that damages, drops or doubles a byte now and then, in both directions.

    `rate` is the probability for each byte; the three faults are equally likely. The same `seed` makes the same
    mistakes in the same traffic. `bytes` and `faults` count what went through and what was spoiled.
    """

    def __init__(self, inner: Transport, rate: float, seed: int):
        self.name = inner.name
        self.bytes = 0
        self.faults = 0
        self._inner = inner
        self._rate = rate
        self._random = random.Random(seed)
        self._good = self._gap()  # bytes until the next fault

    def read(self, timeout: float) -> bytes:
        while data := self._inner.read(timeout):
            if spoiled := self._spoil(data):
                return spoiled
        return b""

    def write(self, data: bytes) -> None:
        self._inner.write(self._spoil(data))

    def set_baud(self, rate: int) -> None:
        self._inner.set_baud(rate)

    def close(self) -> None:
        self._inner.close()

    def _gap(self) -> int:
        """Number of good bytes before the next fault: geometrically distributed."""
        if not 0 < self._rate < 1:
            return 0 if self._rate else 2**62
        return int(math.log(1 - self._random.random()) / math.log1p(-self._rate))

    def _spoil(self, data: bytes) -> bytes:
        self.bytes += len(data)
        if self._good >= len(data):
            self._good -= len(data)
            return data
        spoiled = bytearray()
        start = 0
        while (place := start + self._good) < len(data):
            self.faults += 1
            fault = self._random.choice(("damage", "drop", "double"))
            spoiled += data[start:place]
            if fault == "damage":
                spoiled.append(data[place] ^ self._random.randrange(1, 256))
            elif fault == "double":
                spoiled += data[place : place + 1] * 2
            start = place + 1
            self._good = self._gap()
        self._good -= len(data) - start
        return bytes(spoiled + data[start:])


def _no_speed(baud: int) -> UserError:
    return UserError(f"{baud} baud is no speed of a serial port", f"leave it at {BASE_BAUD}, or take {USUAL}")
