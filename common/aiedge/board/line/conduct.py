"""What a sketch did with an input, beside its output: how long it took, what it said, whether the light is on."""

from dataclasses import dataclass
from typing import Self

from aiedge.board.line.log import printable
from aiedge.board.line.protocol import CONDUCT


@dataclass(frozen=True)
class Conduct:
    """What the firmware's library noted between an input and its result, by the board's clock in microseconds.

    `network_us` is what `model.invoke()` took, `request_us` all from input to result: a time that the sketch measured
    lies between them. `ran` is whether `model.invoke()` returned true, `asked_before` and `asked_after` whether
    `now_us()` was called before and after it. `led_set` is whether `set_led()` was called, `led_on` how the light is.
    `text` is what the sketch printed.
    """

    network_us: int
    request_us: int
    ran: bool
    asked_before: bool
    asked_after: bool
    led_set: bool
    led_on: bool
    text: str

    @classmethod
    def of(cls, network_us: int, request_us: int, flags: int, text: str) -> Self:
        """From the numbers of a RESULT."""
        ran, before, after, led_set, led_on = (bool(flags >> bit & 1) for bit in range(5))
        return cls(network_us, request_us, ran, before, after, led_set, led_on, text)

    @property
    def flags(self) -> int:
        """The truth values as in a RESULT."""
        bits = (self.ran, self.asked_before, self.asked_after, self.led_set, self.led_on)
        return sum(bit << place for place, bit in enumerate(bits))


def read_conduct(tail: bytes) -> Conduct | None:
    """What follows the output in a RESULT; None where nothing does."""
    if len(tail) < CONDUCT.size:
        return None
    text = tail[CONDUCT.size :].decode("utf-8", "replace")
    network_us, request_us, flags = CONDUCT.unpack_from(tail)
    return Conduct.of(network_us, request_us, flags, " ".join(map(printable, text.split("\n"))))
