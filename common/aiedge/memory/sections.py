"""Which steps of a network run row by row: sections, and whole maps where they take less.

The peak of a section depends on nothing before and behind it but the tensors that live across it, which are whole. So
the best way through a network is a shortest path over the places between its steps, where the length of a path is the
largest peak of its parts.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from aiedge.memory.lifetimes import Buffer, Scratch, lifetimes
from aiedge.memory.rings import stream_buffers
from aiedge.memory.steps import Step
from aiedge.memory.stream import Stream, longest, stream
from aiedge.tflite.graph import Graph, Tensor

# Each section that is tried costs time for all steps of the network: sections behind the first are tried up to so many
# steps in all.
MOST_STEPS = 100_000
# The sections that take the input are tried at all places up to so many, else at places of about so many steps in all.
FEW_STEPS = 20_000


class Sections:
    """The sections of a network that can run row by row."""

    def __init__(self, graph: Graph, run: tuple[Step, ...], alignment: int):
        self.graph, self.run, self.alignment = graph, run, alignment
        read = {tensor.index for step in run for tensor in step.inputs}
        made = {tensor.index for step in run for tensor in step.outputs}
        # What nobody reads is made all the same.
        self._results = {tensor.index for tensor in graph.outputs} | made - read

    def source(self, begin: int) -> Tensor | None:
        """The one tensor that a section from place `begin` on reads, or None."""
        tensors = self.graph.inputs if begin == 0 else self.run[begin].inputs
        return tensors[0] if len(tensors) == 1 else None

    def ends(self, begin: int) -> range:
        """Where sections from place `begin` on may end."""
        source = self.source(begin)
        return range(begin + 1, begin + 1 + (longest(source, self.run[begin:]) if source else 0))

    def first_ends(self) -> list[int]:
        """Where the section that takes the input may end; in a long network some of these places, evenly apart."""
        ends = self.ends(0)
        if len(ends) * len(self.run) <= MOST_STEPS:
            return list(ends)
        count = max(2, FEW_STEPS // len(self.run))
        return [ends[i * (len(ends) - 1) // (count - 1)] for i in range(count)]

    def section(self, begin: int, end: int, together: Mapping[int, int] | None = None) -> Stream | None:
        """The steps from place `begin` to before `end`, row by row; None where that cannot be.

        `together` has for steps, by their index, how many runs are one.
        """
        source = self.source(begin)
        kept = self._results | {tensor.index for step in self.run[end:] for tensor in step.inputs}
        if source is None or (begin == 0 and source.index in kept):
            return None
        return stream(source, self.run[begin:end], kept, begin, together)

    def peak(self, section: Stream, scratch: Scratch | None = None) -> int:
        """Bytes of the arena that are live while the section runs."""
        whole, _ = lifetimes(self.graph, self.run, self.alignment, apart=section.bands, scratch=scratch)
        buffers = stream_buffers([section], len(self.run), whole, self.alignment)
        live = _live(buffers, len(self.run))
        return max(live[place] for place in section.bands)

    def best(self, firsts: Sequence[Stream], below: int) -> tuple[Stream, ...]:
        """The sections of the least peak, if that is less than `below`: one of `firsts`, and others behind it.

        Of ways with the same peak it is the one with the fewest sections, then with the fewest steps in them.
        """
        size = len(self.run)
        whole, _ = lifetimes(self.graph, self.run, self.alignment)
        parts: list[tuple[int, int, int, Stream | None]] = []  # begin, end, peak, section
        reach = [below] * (size + 1)  # the least peak on the way to each place
        trials = 0
        live = _live(whole, size)

        def add(begin: int, end: int, peak: int, section: Stream | None) -> None:
            if peak < below:
                parts.append((begin, end, peak, section))
                reach[end] = min(reach[end], max(peak, reach[begin] if begin else 0))

        for first in firsts:
            add(0, first.end, self.peak(first), first)
        for begin in range(1, size):
            if reach[begin] >= below:
                continue
            add(begin, begin + 1, live[begin], None)
            for end in self.ends(begin) if (trials + 1) * size <= MOST_STEPS else ():
                trials += 1
                if trials * size > MOST_STEPS:
                    break
                section = self.section(begin, end)
                if section is None or _ring_bytes(section) >= below:
                    break
                add(begin, end, self.peak(section), section)
        if reach[size] >= below:
            return ()
        ways: dict[int, tuple[tuple[int, int], tuple[Stream, ...]]] = {0: ((0, 0), ())}
        for begin, end, peak, section in sorted(parts, key=lambda part: part[:2]):
            if peak > reach[size] or begin not in ways:
                continue
            (count, flows), taken = ways[begin]
            if section:
                count, flows, taken = count + 1, flows + len(section.flows), (*taken, section)
            if end not in ways or (count, flows) < ways[end][0]:
                ways[end] = (count, flows), taken
        return ways[size][1]


def _live(buffers: Sequence[Buffer], size: int) -> list[int]:
    """Bytes that are live at each of `size` places."""
    change = [0] * (size + 1)
    for buffer in buffers:
        change[max(buffer.first, 0)] += buffer.bytes
        change[min(buffer.last + 1, size)] -= buffer.bytes
    return list(accumulate(change))[:size]


def _ring_bytes(section: Stream) -> int:
    return sum(ring.bytes for ring in section.rings.values() if not ring.passing)
