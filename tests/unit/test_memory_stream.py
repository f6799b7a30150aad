"""Rings of rows against the rows that windows should see: each byte of the arena knows what was written there."""

from collections.abc import Hashable
from typing import Literal

import numpy as np
import pytest

from aiedge import tflite
from aiedge.memory import MemoryPlan, Step, plan_memory
from aiedge.memory.lifetimes import Scratch
from aiedge.memory.stream import Flow, Ring
from aiedge.tflite.graph import Tensor
from aiedge.tflite.traits import FUSABLE, Nature
from tests.support.networks import network
from tests.support.random_streams import random_network
from tests.support.streams import far_streams

SEEDS = 40
OLD = object()  # what nobody wrote


class Arena:
    """The bytes of an arena and of what the caller holds, each marked with what was written there last."""

    def __init__(self, plan: MemoryPlan):
        self.plan, self.section = plan, plan.sections[0]
        self.marks: list[Hashable] = [OLD]
        self.numbers: dict[Hashable, int] = {OLD: 0}
        self.bytes = np.zeros(plan.arena_bytes, np.int64)
        self.outputs: dict[tuple[int, int], Hashable] = {}
        self.origin: dict[int, Tensor] = {}  # of views

    def write(self, offset: int, count: int, mark: Hashable) -> None:
        assert offset >= 0 and offset + count <= len(self.bytes)
        number = self.numbers.setdefault(mark, len(self.marks))
        if number == len(self.marks):
            self.marks.append(mark)
        self.bytes[offset : offset + count] = number

    def check(self, offset: int, count: int, mark: Hashable) -> None:
        assert offset >= 0 and offset + count <= len(self.bytes)
        found = {self.marks[i] for i in self.bytes[offset : offset + count]}
        assert found == {mark}, f"{found} where {mark} should be"

    def run(self) -> None:
        """All steps, as the generated C takes them."""
        self.write(self.section.state, 4, "state")
        by_rows = {section.begin: section for section in self.plan.sections}
        place = 0
        while place < len(self.plan.steps):
            if place in by_rows:
                self.section = by_rows[place]
                self.rows()
                place = self.section.end
            else:
                self.step(self.plan.steps[place])
                place += 1

    def step(self, step: Step) -> None:
        """A step on whole tensors: what it reads must be there."""
        for tensor in step.inputs:
            for piece in self.pieces(tensor):
                self.check(*piece)
        if step.operators[0].nature is Nature.VIEW:
            self.origin[step.outputs[0].index] = self.origin.get(step.inputs[0].index, step.inputs[0])
            return
        for tensor in step.outputs:
            for piece in self.pieces(tensor):
                self.write(*piece)

    def pieces(self, tensor: Tensor) -> list[tuple[int, int, Hashable]]:
        """Offset, size and mark of each row of a whole tensor in the arena, or of all of it where it is no image."""
        tensor = self.origin.get(tensor.index, tensor)
        if tensor.index in self.plan.caller:
            return []
        place, rows = self.plan.buffer_of(tensor).offset, tensor.shape[1] if len(tensor.shape) == 4 else 1
        size = tensor.bytes // rows
        return [(place + row * size, size, (tensor.index, row)) for row in range(rows)]

    def rows(self) -> None:
        """A section, step by step."""
        stream = self.section
        for ring in stream.rings.values():
            if ring.fill is not None and ring.slots and not ring.passing:
                self.write(ring.offset, ring.bytes, ("padding", ring.fill))
        source = stream.rings[stream.source.index]
        for n in range(stream.steps):
            self.check(stream.state, 4, "state")
            if stream.begin and n < stream.input_rows and (rows := self.pieces(stream.source)):
                for piece in rows[n * stream.batch : (n + 1) * stream.batch]:
                    self.check(*piece)
            if not source.passing:
                self.row(source, n, 1, 0, n)
            for flow in stream.flows:
                if n >= flow.first and (n - flow.first) % flow.every == 0:
                    i = (n - flow.first) // flow.every
                    self.row(stream.rings[flow.step.outputs[0].index], i, flow.band.runs, flow, n)
        for index, ring in stream.rings.items():
            for row in range(ring.tensor.shape[1]) if ring.whole else ():
                if index in self.plan.caller:
                    assert self.outputs[index, row] == (index, row)
                else:
                    place = self.plan.buffer_of(ring.tensor).offset + row * ring.row_bytes
                    self.check(place, ring.row_bytes, (index, row))

    def row(self, ring: Ring, i: int, runs: int, flow: Flow | Literal[0], n: int) -> None:
        """Run i of a row's maker at step n: of the caller's rows, which are copied, or of a flow.

        It makes one of several rows at once, and there the first is `row`; or `runs` of it make one.
        """
        row, line = divmod(i, runs)
        row *= ring.made
        if row >= ring.all_rows:
            return
        index, size = ring.tensor.index, ring.row_bytes
        begun = ("begun", index, row)
        place = self.place(ring, row, line == 0)
        if row >= ring.rows:
            if ring.fill is not None and place is not None:
                self.write(place, size * ring.made, ("padding", ring.fill))
            return
        if flow:
            if runs > 1 and place is not None:
                if line == 0:
                    self.write(place, size, begun)
                self.check(place, size, begun)
            if flow.band.sums:
                sums = self.section.sums[flow.step.index]
                if line:
                    self.check(sums, flow.band.sums, begun)
                self.write(sums, flow.band.sums, begun)
            self.read(flow, i, n)
        for k in range(ring.made):
            if place is not None:
                self.write(place + k * size, size, (index, row + k) if line == runs - 1 else begun)
            if ring.whole and line == runs - 1:
                self.keep(ring, row + k)

    def place(self, ring: Ring, row: int, new: bool) -> int | None:
        """Where the row lies, None where only the whole tensor has it; a new row moves the older ones."""
        if ring.passing:
            return ring.offset
        if not ring.slots:
            return None
        line = (row + ring.phase) % ring.group
        assert line + ring.made <= ring.group
        if new and line == 0 and ring.slots > ring.group:
            rows = self.bytes[ring.offset : ring.offset + ring.bytes].reshape(ring.slots, -1)
            rows[: -ring.group] = rows[ring.group :].copy()
        return ring.offset + max(ring.slots - ring.group + line, 0) * ring.row_bytes

    def keep(self, ring: Ring, row: int) -> None:
        index = ring.tensor.index
        if index in self.plan.caller:
            self.outputs[index, row] = (index, row)
        else:
            place = self.plan.buffer_of(ring.tensor).offset + row * ring.row_bytes
            self.write(place, ring.row_bytes, (index, row))

    def read(self, flow: Flow, i: int, n: int) -> None:
        """Every row of the flow's windows must be there, or be padding where the kernel reads that."""
        for index, window in flow.band.windows.items():
            ring, top = self.section.rings[index], i * window.stride - window.before
            if ring.passing and ring.tensor is self.section.source:
                assert window.rows == ring.made and top == n * ring.made
                continue
            start = ring.offset + flow.starts[index] * ring.row_bytes
            for line in range(window.rows):
                inside = 0 <= top + line < ring.tensor.shape[1]
                if inside or window.fill is not None:
                    mark = (index, top + line) if inside else ("padding", window.fill)
                    self.check(start + line * ring.row_bytes, ring.row_bytes, mark)


@pytest.mark.parametrize("first", range(1000, 1000 + 5 * SEEDS, SEEDS))
def test_windows_see_their_rows(first: int) -> None:
    for seed in range(first, first + SEEDS):
        graph = tflite.read(random_network(np.random.default_rng(seed), "int8"))
        for far in (False, True):
            with far_streams(far):
                plan = plan_memory(graph, fusable=FUSABLE, streaming=True)
            Arena(plan).run()


@pytest.mark.parametrize("first", range(2000, 2000 + 3 * SEEDS, SEEDS))
def test_windows_see_their_rows_where_several_come_at_once(first: int) -> None:
    """Each run costs something, each row another, so that steps take larger batches, up to some size of the arena."""
    several = 0
    for seed in range(first, first + SEEDS):
        rng = np.random.default_rng(seed)
        graph = tflite.read(random_network(rng, "int8"))
        runs, sizes = rng.integers(1, 10000, 99), rng.integers(0, 64, 99)
        scratch = Scratch(
            lambda step, band: int(sizes[step.index % 99]),  # noqa: B023
            lambda step, band: float(runs[step.index % 99]),  # noqa: B023
            int(rng.choice([50, 1000, 10000])),
        )
        with far_streams(bool(seed % 2)):
            plan = plan_memory(graph, fusable=FUSABLE, streaming=True, scratch=scratch)
            least = plan_memory(graph, fusable=FUSABLE, streaming=True)
        several += any(ring.made > 1 for section in plan.sections for ring in section.rings.values())
        assert plan.arena_bytes <= least.arena_bytes + max(scratch.room, 64 + 4 * len(graph.operators))
        Arena(plan).run()
    assert several > SEEDS / 4


@pytest.mark.parametrize("name", ["mobilenet_v1", "resnet8", "mobilenet_v2"])
def test_windows_of_known_networks_see_their_rows(name: str) -> None:
    Arena(plan_memory(tflite.read(network(name)), fusable=FUSABLE, streaming=True)).run()
