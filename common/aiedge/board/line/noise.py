"""How noisy a line is, and how large the frames on it should be."""

import math

_MEMORY = 0.98  # weight of what is known, each time that a frame is counted
_PRIOR_BYTES = 500.0
_PRIOR_LOST = 0.1


class Noise:
    """Share of damaged bytes on a line, from the frames that arrived and those that did not.

    A frame of n bytes arrives with probability exp(-λn), where λ is the share of damaged bytes. Older frames count
    less and less: `_MEMORY` to the power of their age in frames.
    """

    def __init__(self) -> None:
        self._sent, self._lost, self._bytes = 1.0, _PRIOR_LOST, _PRIOR_BYTES

    def count(self, size: int, arrived: bool) -> None:
        """Enter one frame of `size` bytes on the wire."""
        self._sent = _MEMORY * self._sent + 1
        self._lost = _MEMORY * self._lost + (not arrived)
        self._bytes = _MEMORY * self._bytes + size

    @property
    def rate(self) -> float:
        """λ, the share of damaged bytes: -ln(share of frames that arrived) / mean size of a frame.

        >>> noise = Noise()
        >>> for number in range(1000):
        ...     noise.count(70, arrived=number % 2 == 0)
        >>> round(noise.rate, 3)  # ln(2) / 70
        0.01
        """
        share = max(1 - self._lost / self._sent, 0.01)
        return abs(math.log(share)) * self._sent / self._bytes

    def best_payload(self, overhead: int) -> float:
        """Payload with the highest goodput in frames of `overhead` bytes more.

        A frame of x payload bytes has goodput x / (x + h) · exp(-λ(x + h)); its derivative is zero where
        h / (x (x + h)) = λ, at x = √(h²/4 + h/λ) - h/2.

        >>> noise = Noise()
        >>> for number in range(1000):
        ...     noise.count(70, arrived=number % 2 == 0)
        >>> round(noise.best_payload(overhead=13))
        30
        """
        rate = max(self.rate, 1e-9)
        return math.sqrt(overhead**2 / 4 + overhead / rate) - overhead / 2
