"""The C of a network of which some layers run row by row."""

from dataclasses import dataclass, replace

import numpy as np

from aiedge.codegen.operators import Call, Emit, Run
from aiedge.codegen.operators.call import C_TYPES, Places
from aiedge.memory import MemoryPlan
from aiedge.memory.stream import Flow, Ring, Stream
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.traits import SLIDING, Nature


@dataclass(frozen=True)
class Row:
    """A row in C: what it is, when it is due (arguments of aiedge_row_due), and statements.

    `place` finds its place. Then come those of `made`, or, where there are `limit` such runs only, afterwards those
    of `beyond`.
    """

    title: str
    index: int
    due: str
    place: list[str]
    limit: int
    made: list[str]
    beyond: list[str]


@dataclass(frozen=True)
class StreamedPart:
    """A streamed section in C: its rings, the rows of each step, and what stands at the beginning.

    `name` is what its functions' names end in: nothing for the section that takes the input. `source` is the place of
    what any other one reads.
    """

    name: str
    c_type: str
    source: str
    rings: list[tuple[str, Ring]]
    rows: list[Row]
    fills: list[str]
    stream: Stream

    @property
    def row_elements(self) -> int:
        """Values of the rows of the source that come at a step."""
        return self.stream.source.elements // self.stream.input_rows


def emit_row(flow: Flow, emit: Emit, at: Places, sums: str = "") -> Call:
    """The C of one run of a flow; `at` gives the places of its windows and of its row, `sums` that of its sums."""
    first = flow.step.operators[0]
    if first.nature not in SLIDING:
        return emit((_few_rows(first, flow.band.made),), at, None)
    (window,) = flow.band.windows.values()
    made = flow.band.made if flow.band.runs == 1 else 0
    return emit(flow.step.operators, at, Run(window.rows, made, flow.clipped, sums))


def _few_rows(operator: Operator, rows: int) -> Operator:
    """The operator on images of so many rows."""

    def row(tensor: Tensor) -> Tensor:
        return replace(tensor, shape=(1, rows, *tensor.shape[2:]))

    inputs = [t if t is None or t.is_constant else row(t) for t in operator.inputs]
    if operator.nature is Nature.PAD:
        paddings = operator.input(1)
        sides = paddings.values.reshape(4, 2) * np.array([[0], [0], [1], [1]], paddings.dtype)
        inputs[1] = replace(paddings, data=sides.reshape(paddings.shape))
    return replace(operator, inputs=tuple(inputs), outputs=tuple(row(t) for t in operator.outputs))


def _rows(count: int) -> str:
    return f"{count} row{'s' if count > 1 else ''}"


class Streamer:
    """Makes the C of a section of a plan; `whole` gives the places of tensors that are kept whole, `emit` calls."""

    def __init__(self, section: Stream, plan: MemoryPlan, whole: Places, emit: Emit):
        self.stream, self.plan, self.whole, self.emit = section, plan, whole, emit
        self.name = str(section.begin or "")
        self.calls = {flow.step.index: self.call(flow) for flow in section.flows}

    def call(self, flow: Flow) -> Call:
        """The operator's constants, struct and statements."""

        def at(tensor: Tensor) -> str:
            if tensor.is_constant:
                return self.whole(tensor)
            if tensor.index == flow.step.outputs[0].index:
                return "y"
            return self._window(tensor, flow)

        place = self.stream.sums[flow.step.index] if flow.band.sums else None
        return emit_row(flow, self.emit, at, "" if place is None else f"(int32_t *)(arena + {place})")

    def part(self) -> StreamedPart:
        """All of it."""
        rings = [(name, r) for r in self.stream.rings.values() if (name := self._name(r))]
        fills = [f"memset(arena + {r.offset}, {r.fill}, {r.bytes})" for _, r in rings if r.fill is not None]
        source = self.stream.source
        rows = []
        ring = self.stream.rings[source.index]
        if self._name(ring):
            copy = (f"memcpy(y, row, {ring.batch_bytes})",)
            rows.append(self._row("(input)", -1, source, (0, 1, 1), copy))
        for flow in self.stream.flows:
            step, pace = flow.step, (flow.first, flow.every, flow.band.runs)
            statements = self.calls[step.index].statements
            rows.append(self._row(str(step), step.index, step.outputs[0], pace, statements))
        place = self.whole(source) if self.name else ""
        return StreamedPart(self.name, C_TYPES[source.dtype.name], place, rings, rows, fills, self.stream)

    def makes(self, tensor: Tensor) -> bool:
        """Whether the tensor comes row by row: from the caller, or from a flow."""
        return tensor.index in self.stream.rings and not (
            self.name and tensor.index == self.stream.source.index
        )

    def describe(self, tensor: Tensor) -> str:
        """Where the tensor's rows lie, for the table in the file's head."""
        ring = self.stream.rings[tensor.index]
        parts = []
        if ring.passing and tensor.index == self.stream.source.index:
            parts.append("the caller's row")
        elif ring.passing:
            parts.append(f"arena + {ring.offset}: {_rows(ring.made)}")
        elif ring.slots:
            parts.append(f"arena + {ring.offset}: {_rows(ring.slots)}")
        if ring.whole:
            parts.append(
                self.plan.caller.get(tensor.index) or f"arena + {self.plan.buffer_of(tensor).offset}"
            )
        return ", ".join(parts)

    def _name(self, ring: Ring) -> str:
        """The ring's name in C, or nothing where its rows pass, or go only to the whole tensor."""
        return f"ring{self.name}_{ring.tensor.index}" if ring.slots and not ring.passing else ""

    def _window(self, tensor: Tensor, flow: Flow) -> str:
        ring = self.stream.rings[tensor.index]
        if ring.passing and tensor.index == self.stream.source.index:
            return "row"
        offset = ring.offset + flow.starts[tensor.index] * ring.row_bytes
        return f"({C_TYPES[tensor.dtype.name]} *)(arena + {offset})"

    def _row(
        self, title: str, index: int, tensor: Tensor, pace: tuple[int, int, int], statements: tuple[str, ...]
    ) -> Row:
        """Rows of the tensor that come at a time, made at step first + every · run, in `runs` runs."""
        ring = self.stream.rings[tensor.index]
        first, every, runs = pace
        # The first row's number; i counts runs.
        i = f"i / {runs}" if runs > 1 else f"i * {ring.made}" if ring.made > 1 else "i"
        c_type = C_TYPES[tensor.dtype.name]
        place = self._target(ring, i, new=runs == 1)
        lines = [f"{c_type} *y = ({c_type} *){place}"]
        if runs > 1:
            # The first run of a row makes room for it, with the lowest values: a fused pool raises them.
            lines.insert(0, f"if (i % {runs} == 0) memset({self._target(ring, i)}, -128, {ring.row_bytes})")
        made = [f"AIEDGE_STEP({index})"] if index >= 0 else []
        made += statements
        if ring.whole and ring.slots:
            complete = f"if (i % {runs} == {runs - 1}) " if runs > 1 else ""
            made.append(f"{complete}memcpy({self._whole_row(ring, i)}, y, {ring.batch_bytes})")
        beyond = [f"memset(y, {ring.fill}, {ring.batch_bytes})"] if ring.fill is not None else []
        rows = (ring.rows // ring.made * runs, -(-ring.all_rows // ring.made) * runs)
        return Row(
            title,
            index,
            f"n, {first}, {every}, {rows[1]}",
            lines,
            rows[0] if rows[0] < rows[1] else 0,
            made,
            beyond,
        )

    def _target(self, ring: Ring, i: str, new: bool = True) -> str:
        if ring.passing:
            return f"(arena + {ring.offset})"
        if ring.slots:
            return f"aiedge_ring_{'next' if new else 'row'}(&{self._name(ring)}, arena + {ring.offset}, {i})"
        return self._whole_row(ring, i)

    def _whole_row(self, ring: Ring, i: str) -> str:
        if ring.tensor.index in self.plan.caller:
            values = ring.row_bytes // ring.tensor.dtype.itemsize
            return f"({self.plan.caller[ring.tensor.index]} + {i} * {values})"
        return f"(arena + {self.plan.buffer_of(ring.tensor).offset} + {i} * {ring.row_bytes})"
