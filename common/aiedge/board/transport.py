"""The line to a board: a serial port or a socket, and one that makes mistakes for tests."""

import contextlib
import random
from typing import Protocol

import serial

from aiedge.board.ports import explain
from aiedge.errors import UserError

BAUD = 115200
_FASTEST = 5_000_000  # baud, of the ESP32's UART
_WRITE_TIMEOUT = 10.0  # s
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

    def close(self) -> None:
        """Give the line back; closing twice does no harm."""


class SerialTransport:
    """A line opened by the name of a port (`/dev/ttyUSB0`, `COM3`) or a URL (`socket://127.0.0.1:4000`).

    Raises `UserError` if the port is missing, busy, forbidden or no serial port, and whenever it vanishes later.
    """

    def __init__(self, name: str, baud: int = BAUD):
        self.name = name
        if not 0 < baud <= _FASTEST:
            raise UserError(f"{baud} baud is no speed of a serial port", f"the firmware's is {BAUD}")
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

    def read(self, timeout: float) -> bytes:
        try:
            if self._port.timeout != timeout:
                self._port.timeout = timeout
            return self._port.read(max(1, self._port.in_waiting))
        except (
            OSError,
            TypeError,
        ) as error:  # TypeError: pyserial's select after the port was closed
            raise self._vanished() from error

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

    def read(self, timeout: float) -> bytes:
        while data := self._inner.read(timeout):
            if spoiled := self._spoil(data):
                return spoiled
        return b""

    def write(self, data: bytes) -> None:
        self._inner.write(self._spoil(data))

    def close(self) -> None:
        self._inner.close()

    def _spoil(self, data: bytes) -> bytes:
        spoiled = bytearray()
        for byte in data:
            self.bytes += 1
            if self._random.random() >= self._rate:
                spoiled.append(byte)
                continue
            self.faults += 1
            fault = self._random.choice(("damage", "drop", "double"))
            if fault == "damage":
                spoiled.append(byte ^ self._random.randrange(1, 256))
            elif fault == "double":
                spoiled += bytes((byte, byte))
        return bytes(spoiled)
