"""Layers that run row by row: when each row is made, and how many rows each tensor keeps.

Step n of a streamed part takes row n of the input. Row i of any other tensor is made at step `first` + i · `every`:
a layer that moves by `stride` rows makes a row at every `stride`-th row of its input. So nothing but n is to be known
to know what is due, and the rows that each tensor keeps are the same at all times.

Rows beyond the bottom are due at later steps, as if the input went on; there a tensor that a convolution pads gets
rows of padding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd, prod

from aiedge.memory.bands import Band, band
from aiedge.memory.steps import Step
from aiedge.tflite.graph import Graph, Tensor


@dataclass(frozen=True)
class Flow:
    """A step that runs row by row: its run r is at step `first` + r · `every` of the stream, `count` runs in all.

    `starts` has for each input the place in its ring, in rows, where the window of every run begins.
    """

    step: Step
    band: Band
    first: int
    every: int
    count: int
    starts: dict[int, int]

    @property
    def done(self) -> int:
        """When row 0 of the output is complete: a row of a fused pool takes several runs."""
        return self.first + (self.band.runs - 1) * self.every

    @property
    def row_every(self) -> int:
        """Steps of the stream from one row of the output to the next."""
        return self.every * self.band.runs


@dataclass(frozen=True)
class Ring:
    """The rows that a tensor keeps: `slots` rows, one after the other in memory, older ones first.

    Rows come in groups of `group`, as many as all of its readers move by. Before the first row of a group comes,
    all rows move down by `group` slots; row i begins a group where (i + phase) mod group = 0. So a reader finds its
    window at the same place in every run. `fill` is the byte of a row of padding, or None where there is none.
    `rows` are made, `all_rows` come with those beyond the bottom. `passing` marks rows that are read at the step
    that makes them, and not kept; `whole` a tensor that is also kept, or only kept, as a whole.
    """

    tensor: Tensor
    slots: int
    group: int
    phase: int
    rows: int
    all_rows: int
    fill: int | None
    passing: bool
    whole: bool
    offset: int = 0

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return row_bytes(self.tensor)

    @property
    def bytes(self) -> int:
        """Bytes of all slots."""
        return self.slots * self.row_bytes


@dataclass(frozen=True)
class Stream:
    """The streamed part of a network: its flows in order, a ring for each tensor, and the number of steps.

    `state` is where in the arena the number of the next step lies, four bytes.
    """

    source: Tensor
    flows: tuple[Flow, ...]
    rings: dict[int, Ring]
    state: int = 0

    @property
    def input_rows(self) -> int:
        """Rows of the input: the steps that take one."""
        return self.source.shape[1]

    @property
    def steps(self) -> int:
        """Steps in all."""
        return max(self.input_rows, *(flow.first + (flow.count - 1) * flow.every + 1 for flow in self.flows))

    @property
    def runs(self) -> int:
        """Runs of kernels in all."""
        return sum(flow.count for flow in self.flows)


def row_bytes(tensor: Tensor) -> int:
    """Bytes of one row of an image."""
    return prod(tensor.shape[2:]) * tensor.dtype.itemsize


def longest(graph: Graph, run: Sequence[Step]) -> int:
    """How many of the first steps can run row by row."""
    if len(graph.inputs) != 1 or len(graph.inputs[0].shape) != 4 or graph.inputs[0].shape[0] != 1:
        return 0
    every = {graph.inputs[0].index: 1}
    for count, step in enumerate(run):
        rule = band(step)
        if rule is None or not every.keys() >= rule.windows.keys():
            return count
        paces = {every[index] * window.stride for index, window in rule.windows.items()}
        if len(paces) != 1:
            return count
        every[step.outputs[0].index] = paces.pop() * rule.runs
    return len(run)


def stream(graph: Graph, run: Sequence[Step], count: int) -> Stream | None:
    """Stream the first `count` steps of `run`; None where a tensor would need two kinds of padding.

    Tensors that later steps read, or that are the graph's outputs, are kept whole.
    """
    source = graph.inputs[0]
    kept = {t.index for step in run[count:] for t in step.inputs} | {t.index for t in graph.outputs}
    if source.index in kept:
        return None
    bands = [band(step) for step in run[:count]]
    needed = _needed(source, run[:count], bands, kept)
    flows = [
        Flow(step, rule, 0, 1, needed[step.outputs[0].index] * rule.runs, {})
        for step, rule in zip(run[:count], bands, strict=True)
        if rule is not None
    ]
    flows = _settled(source, _earliest(source, flows))
    rings = _rings(source, flows, needed, kept)
    if rings is None:
        return None
    placed = [
        replace(
            flow, starts={i: _start(rings[i], *_clock(source, flows, i), flow) for i in flow.band.windows}
        )
        for flow in flows
    ]
    return Stream(source, tuple(placed), rings)


def _needed(
    source: Tensor, run: Sequence[Step], bands: Sequence[Band | None], kept: set[int]
) -> dict[int, int]:
    """How many rows of each tensor are read."""
    tensors = {source.index: source} | {step.outputs[0].index: step.outputs[0] for step in run}
    needed = {index: tensor.shape[1] if index in kept else 0 for index, tensor in tensors.items()}
    for step, rule in zip(reversed(run), reversed(bands), strict=True):
        assert rule is not None
        runs = needed[step.outputs[0].index] * rule.runs
        for index, window in rule.windows.items():
            last = (runs - 1) * window.stride + window.lead
            needed[index] = max(needed[index], min(last + 1, tensors[index].shape[1]) if runs else 0)
    return needed


def _clock(source: Tensor, flows: Sequence[Flow], index: int) -> tuple[int, int, int]:
    """Of a tensor: when row 0 is begun, when it is complete, and the steps from one row to the next."""
    if index == source.index:
        return 0, 0, 1
    flow = next(flow for flow in flows if flow.step.outputs[0].index == index)
    return flow.first, flow.done, flow.row_every


def _earliest(source: Tensor, flows: Sequence[Flow]) -> list[Flow]:
    """The flows, each as soon as its inputs are there."""
    result: list[Flow] = []
    for flow in flows:
        every = next(_clock(source, result, i)[2] * w.stride for i, w in flow.band.windows.items())
        result.append(replace(flow, first=_ready(source, result, flow), every=every))
    return result


def _ready(source: Tensor, flows: Sequence[Flow], flow: Flow) -> int:
    """The earliest first step of a flow."""
    times = []
    for index, window in flow.band.windows.items():
        _, done, every = _clock(source, flows, index)
        times.append(done + every * window.lead)
    return max(0, *times)


def _settled(source: Tensor, flows: list[Flow]) -> list[Flow]:
    """The flows with delays where a later run needs fewer rows in all: in the shorter branch of a residual block."""
    for place in reversed(range(len(flows))):
        flow = flows[place]
        readers = [f for f in flows if flow.step.outputs[0].index in f.band.windows]
        window = [f.band.windows[flow.step.outputs[0].index] for f in readers]
        spare = min(
            (f.first - w.lead * flow.row_every - flow.done for f, w in zip(readers, window, strict=True)),
            default=0,
        )
        best = _kept_bytes(source, flows) if spare else 0
        for delay in range(1, min(spare, LONGEST_DELAY) + 1):
            trial = [*flows[:place], replace(flow, first=flow.first + delay), *flows[place + 1 :]]
            if (size := _kept_bytes(source, trial)) < best:
                best, flows = size, trial
    return flows


# No delay beyond so many steps is tried.
LONGEST_DELAY = 64


def _kept_bytes(source: Tensor, flows: Sequence[Flow]) -> int:
    tensors = [source, *(flow.step.outputs[0] for flow in flows)]
    total = 0
    for tensor in tensors:
        readers = _readers(flows, tensor)
        if readers and not _passing(source, flows, tensor, readers):
            total += _slots(_clock(source, flows, tensor.index), tensor, readers)[0] * row_bytes(tensor)
    return total


def _readers(flows: Sequence[Flow], tensor: Tensor) -> list[Flow]:
    return [flow for flow in flows if tensor.index in flow.band.windows]


def _passing(source: Tensor, flows: Sequence[Flow], tensor: Tensor, readers: Sequence[Flow]) -> bool:
    """Whether each row is read at the step that makes it, alone, and never again."""
    begun, done, _ = _clock(source, flows, tensor.index)
    windows = [flow.band.windows[tensor.index] for flow in readers]
    return (
        begun == done
        and all(w.rows == 1 and w.before == 0 for w in windows)
        and all(f.first == begun for f in readers)
    )


def _newest(clock: tuple[int, int, int], flow: Flow) -> int:
    """The newest row of a tensor at a reader's first run."""
    begun, _, every = clock
    return (flow.first - begun) // every


def _slots(clock: tuple[int, int, int], tensor: Tensor, readers: Sequence[Flow]) -> tuple[int, int, int]:
    """The fewest slots that hold every reader's window; the group, and the phase that goes with them."""
    windows = [(flow, flow.band.windows[tensor.index]) for flow in readers]
    group = gcd(*(window.stride for _, window in windows))
    choices = []
    for phase in range(group):
        needs = [
            # Rows after the newest in its group; rows from the window's oldest to the newest.
            group - 1 - (_newest(clock, flow) + phase) % group + _newest(clock, flow) + window.before + 1
            for flow, window in windows
        ]
        choices.append((max(needs), group, phase))
    return min(choices)


def _start(ring: Ring, begun: int, done: int, every: int, flow: Flow) -> int:
    """Where the flow's window begins in the ring, in rows."""
    newest = _newest((begun, done, every), flow)
    slot = ring.slots - ring.group + (newest + ring.phase) % ring.group
    return slot - newest - flow.band.windows[ring.tensor.index].before


def _rings(
    source: Tensor, flows: Sequence[Flow], needed: dict[int, int], kept: set[int]
) -> dict[int, Ring] | None:
    rings: dict[int, Ring] = {}
    for tensor in [source, *(flow.step.outputs[0] for flow in flows)]:
        index = tensor.index
        clock, rows = _clock(source, flows, index), needed[index]
        readers = _readers(flows, tensor)
        if not readers:
            rings[index] = Ring(tensor, 0, 1, 0, rows, rows, None, False, index in kept)
            continue
        slots, group, phase = _slots(clock, tensor, readers)
        fills, last = set(), rows - 1
        for flow in readers:
            window = flow.band.windows[index]
            if not flow.count:
                continue
            last = max(last, _newest(clock, flow) + (flow.count - 1) * window.stride)
            bottom = (flow.count - 1) * window.stride + window.lead
            if window.fill is not None and (window.before or bottom >= tensor.shape[1]):
                fills.add(window.fill)
        if len(fills) > 1:
            return None
        passing = _passing(source, flows, tensor, readers)
        fill = fills.pop() if fills else None
        rings[index] = Ring(
            tensor, slots, group, phase, rows, rows if passing else last + 1, fill, passing, index in kept
        )
    return rings
