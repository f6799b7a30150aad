"""How long to wait for a board's next word."""

import time

FIRST_TIMEOUT = 0.3  # s, beside the time on the line and that of the inference; grows each time
LONGEST_TIMEOUT = 2.0  # s
_SHORTEST_TIMEOUT = 0.005  # s
_FIRST_WORK_TIME = 2.0  # s, until a board has shown how long one takes


class Deadline:
    """When a silence is long enough to do something about it.

    That is after the time on the line, a few delays of the other end (twice as many after each silence), and the
    board's work. The delay and its jitter are measured, as is the longest work. `silences` counts the deadlines that
    have passed in a row.
    """

    def __init__(self) -> None:
        self.silences = 0
        self.work_time = _FIRST_WORK_TIME
        self._slowest = 0.0  # s
        self._delay, self._jitter = 0.0, FIRST_TIMEOUT / 4  # s, beside the time on the line
        self._end = 0.0

    @property
    def left(self) -> float:
        """Seconds until then; 0 after it."""
        return max(0.0, self._end - time.monotonic())

    @property
    def has_passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() >= self._end

    def set(self, line_time: float, works: bool) -> None:
        """Start anew: `line_time` is the seconds that the line needs; `works` says that the network runs meanwhile."""
        delay = max(self._delay + 4 * self._jitter, _SHORTEST_TIMEOUT)
        patience = min(delay * 2**self.silences, max(delay, LONGEST_TIMEOUT)) + line_time
        if works:
            patience += self.work_time
        self._end = time.monotonic() + patience

    def learn_delay(self, seconds: float) -> None:
        """Enter how long an answer took, beside its time on the line (Jacobson and Karels, 1988)."""
        error = max(0.0, seconds) - self._delay
        self._delay += error / 8
        self._jitter += (abs(error) - self._jitter) / 4

    def learn_work(self, seconds: float) -> None:
        """Enter how long the network took: asking a board that is still busy only makes it busier."""
        self._slowest = max(self._slowest, seconds)
        self.work_time = 3 * self._slowest
