"""Plans of which the tests choose how many layers run row by row."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

from aiedge.codegen import source
from aiedge.memory.lifetimes import Scratch
from aiedge.memory.sections import Sections


@contextmanager
def far_streams(far: bool = True) -> Iterator[None]:
    """Make a plan stream as many of the first layers as can be, where it would choose those that save the most."""
    if not far:
        yield
        return
    ends = Sections.ends

    def last_end(self: Sections, begin: int) -> list[int]:
        return [end for end in ends(self, begin) if self.section(begin, end)][-1:]

    with patch.object(Sections, "ends", last_end), patch.object(Sections, "best", lambda *_: ()):
        yield


@contextmanager
def large_batches() -> Iterator[None]:
    """Make layers that run row by row on the ESP32's core make many rows at once, whether they gain by that or not."""
    needs = source.lx6_scratch

    def greedy(wide: Collection[int] = ()) -> Scratch:
        return replace(needs(wide), instructions=lambda step, band: 1000.0, room=20_000)

    with patch.object(source, "lx6_scratch", greedy):
        yield
