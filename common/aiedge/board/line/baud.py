"""The speed of a line, and how both of its ends change it."""

from contextlib import suppress

from aiedge.board.line.hello import ask_hello
from aiedge.board.line.protocol import BAUD_PAYLOAD, FrameType
from aiedge.board.line.requests import Requests, Silence, other_version
from aiedge.board.line.transport import Transport
from aiedge.errors import UserError

_ATTEMPTS = 3  # within the second that a board waits at a new speed


class BaudRate:
    """The speed of a line in baud: `base` is the first one, to which both ends return where a higher one fails."""

    def __init__(self, line: Transport, requests: Requests):
        self.base = requests.baud
        self._line = line
        self._requests = requests

    @property
    def rate(self) -> int:
        """The speed in use."""
        return self._requests.baud

    def change(self, rate: int) -> bool:
        """Agree on another speed with the board; False where the line does not carry it: then it is `base` again.

        Raises `UserError` where the port or the board refuses it.
        """
        old = self.rate
        self._line.set_baud(rate)  # raises where the port refuses
        self._line.set_baud(old)
        reply = self._requests.ask(FrameType.SET_BAUD, BAUD_PAYLOAD.pack(rate), reply_bytes=32)
        if reply != BAUD_PAYLOAD.pack(rate):
            raise other_version()
        self._requests.use_baud(rate)
        with suppress(Silence):
            ask_hello(self._requests, _ATTEMPTS)
            return True
        self.fall_back()
        return False

    def fall_back(self) -> None:
        """Go back to the first speed, as the board has done."""
        self._requests.use_baud(self.base)

    def give_back(self) -> None:
        """Ask the board to go back to the first speed, and wait for no answer."""
        if self.rate != self.base:
            with suppress(UserError):
                self._requests.send(FrameType.SET_BAUD, BAUD_PAYLOAD.pack(self.base))
