"""Layers that run row by row: when each row is made, and how many rows each tensor keeps.

A section of a network reads one image: the network's input, whose rows come from the caller, or a tensor that is in
memory as a whole.

Step n of a streamed part takes row n of the input. Row i of any other tensor is made at step `first` + i · `every`:
a layer that moves by `stride` rows makes a row at every `stride`-th row of its input. So nothing but n is to be known
to know what is due, and the rows that each tensor keeps are the same at all times.

A run may make several rows at once, as many as divide the tensor's: row i then comes with those of its batch.

Rows beyond the bottom are due at later steps, as if the input went on; there a tensor that a convolution pads gets
rows of padding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import gcd, prod

from aiedge.memory.bands import Band, Rows, band
from aiedge.memory.steps import Step
from aiedge.tflite.graph import Tensor


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
        """Steps of the stream from one batch of rows of the output to the next."""
        return self.every * self.band.runs

    @property
    def clipped(self) -> bool:
        """Whether some windows reach beyond the image, where the kernel has to know which rows are in it."""
        return self.band.clipped(self.step, self.count)


@dataclass(frozen=True)
class Ring:
    """The rows that a tensor keeps: `slots` rows, one after the other in memory, older ones first.

    Rows come in groups of `group`, as many as all of its readers move by. Before the first row of a group comes,
    all rows move down by `group` slots; row i begins a group where (i + phase) mod group = 0. So a reader finds its
    window at the same place in every run. `fill` is the byte of a row of padding, or None where there is none.
    `rows` are made, `all_rows` come with those beyond the bottom, `made` at a time. `passing` marks rows that are read
    at the step that makes them, and not kept; `whole` a tensor that is also kept, or only kept, as a whole.
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
    made: int = 1
    offset: int = 0

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return row_bytes(self.tensor)

    @property
    def batch_bytes(self) -> int:
        """Bytes of the rows that come at a time."""
        return self.made * self.row_bytes

    @property
    def bytes(self) -> int:
        """Bytes of all slots."""
        return self.slots * self.row_bytes


@dataclass(frozen=True)
class Stream:
    """A streamed section of a network: its flows in order, a ring for each tensor, and the number of steps.

    Its flows are the network's steps from place `begin` on. `batch` rows of the source come at a step: one of the
    network's input. `state` is where in the arena the number of rows to come lies, four bytes, and `sums` where the
    steps of these indices keep sums.
    """

    source: Tensor
    flows: tuple[Flow, ...]
    rings: dict[int, Ring]
    begin: int = 0
    batch: int = 1
    state: int = 0
    sums: dict[int, int] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """Place of the first step behind the section."""
        return self.begin + len(self.flows)

    @property
    def input_rows(self) -> int:
        """Batches of the source's rows: the steps that take one."""
        return self.source.shape[1] // self.batch

    @property
    def bands(self) -> dict[int, Band]:
        """How the steps at these places of the network run."""
        return {place: flow.band for place, flow in enumerate(self.flows, self.begin)}

    @property
    def steps(self) -> int:
        """Steps in all."""
        return max(self.input_rows, *(flow.first + (flow.count - 1) * flow.every + 1 for flow in self.flows))

    @property
    def runs(self) -> int:
        """Runs of kernels in all."""
        return sum(flow.count for flow in self.flows)


# No delay beyond so many steps is tried.
LONGEST_DELAY = 64
# What is streamed takes no more steps than these, and no ring more bytes: in C both are int32.
MOST_STEPS = 1 << 20
MOST_RING_BYTES = 1 << 30


def row_bytes(tensor: Tensor) -> int:
    """Bytes of one row of an image."""
    return prod(tensor.shape[2:]) * tensor.dtype.itemsize


def longest(source: Tensor, run: Sequence[Step]) -> int:
    """How many of the first steps of `run` can run row by row from one image."""
    if len(source.shape) != 4 or source.shape[0] != 1:
        return 0
    every = {source.index: 1}
    for count, step in enumerate(run):
        rule = band(step)
        if rule is None or not every.keys() >= rule.windows.keys():
            return count
        paces = {every[index] * window.stride for index, window in rule.windows.items()}
        if len(paces) != 1:
            return count
        every[step.outputs[0].index] = paces.pop() * rule.runs
    return len(run)


def stream(
    source: Tensor,
    run: Sequence[Step],
    kept: set[int],
    begin: int = 0,
    together: Mapping[int, int] | None = None,
) -> Stream | None:
    """Stream the steps of `run`, which stand from place `begin` on; the tensors in `kept` are kept whole.

    `together` has for steps, by their index, how many runs are one. None where a tensor would need two kinds of
    padding, or where strides or windows far beyond the image would make too many steps or too large a ring.
    """
    kept = kept - {source.index}
    bands = []
    for step in run:
        rule = band(step)
        assert rule is not None
        bands.append(rule.together((together or {}).get(step.index, 1)))
    needed = _needed(source, run, bands, kept)
    schedule = _Schedule(source, _batch(source, bands) if begin else 1)
    for step, rule in zip(run, bands, strict=True):
        schedule.append(step, rule, needed[step.outputs[0].index] // rule.made * rule.runs)
    if schedule.end > MOST_STEPS:
        return None
    schedule.settle()
    rings: dict[int, Ring] = {}
    for tensor in schedule.tensors:
        ring = schedule.ring(tensor, needed[tensor.index], tensor.index in kept)
        if ring is None or ring.bytes > MOST_RING_BYTES:
            return None
        rings[tensor.index] = ring
    return Stream(source, tuple(schedule.with_starts(rings)), rings, begin, schedule.batch)


def _batch(source: Tensor, bands: Sequence[Band]) -> int:
    """How many rows of a source that is in memory as a whole can pass at a time."""
    readers = [(rule.windows[source.index], rule.made) for rule in bands if source.index in rule.windows]
    window, made = readers[0]
    one = len(readers) == 1 and window.rows == window.stride == made and window.before == 0
    return made if one and source.shape[1] % made == 0 else 1


def _needed(source: Tensor, run: Sequence[Step], bands: Sequence[Band], kept: set[int]) -> dict[int, int]:
    """How many rows of each tensor are read, and made for that."""
    tensors = {source.index: source} | {step.outputs[0].index: step.outputs[0] for step in run}
    needed = {index: tensor.shape[1] if index in kept else 0 for index, tensor in tensors.items()}
    for step, rule in zip(reversed(run), reversed(bands), strict=True):
        batches = -(-needed[step.outputs[0].index] // rule.made)
        needed[step.outputs[0].index] = batches * rule.made
        runs = batches * rule.runs
        for index, window in rule.windows.items():
            last = (runs - 1) * window.stride + window.lead
            needed[index] = max(needed[index], min(last + 1, tensors[index].shape[1]) if runs else 0)
    return needed


class _Schedule:
    """The flows in the making: when each runs."""

    def __init__(self, source: Tensor, batch: int):
        self.source, self.batch = source, batch
        self.flows: dict[int, Flow] = {}  # by the tensor that each makes
        self.readers: dict[int, list[int]] = {source.index: []}  # of each tensor: what its readers make

    @property
    def tensors(self) -> list[Tensor]:
        """The input, and what the flows make."""
        return [self.source, *(flow.step.outputs[0] for flow in self.flows.values())]

    def append(self, step: Step, rule: Band, count: int) -> None:
        """Run the step as soon as its inputs are there."""
        times, every = [0], 1
        for index, window in rule.windows.items():
            _, done, pace, made = self.clock(index)
            times.append(done + pace * (window.lead // made))
            every = pace * window.stride // made
            self.readers[index].append(step.outputs[0].index)
        self.flows[step.outputs[0].index] = Flow(step, rule, max(times), every, count, {})
        self.readers[step.outputs[0].index] = []

    @property
    def end(self) -> int:
        """The step at which every flow would be due for one run more than it makes."""
        return max(flow.first + flow.count * flow.every for flow in self.flows.values())

    def clock(self, index: int) -> tuple[int, int, int, int]:
        """Of a tensor: when row 0 is begun, when it is complete, the steps from one batch to the next, and its rows."""
        if index == self.source.index:
            return 0, 0, 1, self.batch
        flow = self.flows[index]
        return flow.first, flow.done, flow.row_every, flow.band.made

    def settle(self) -> None:
        """Delay flows where a later run needs fewer rows in all: in the shorter branch of a residual block."""
        for index, flow in reversed(self.flows.items()):
            readers = self._readers(index)
            spare = min(
                (f.first - w.lead // flow.band.made * flow.row_every - flow.done for f, w in readers),
                default=0,
            )
            if spare < 1:
                continue
            best, delay = self._kept_bytes(flow), 0
            for trial in range(1, min(spare, LONGEST_DELAY) + 1):
                self.flows[index] = replace(flow, first=flow.first + trial)
                size = self._kept_bytes(flow)
                if size < best:
                    best, delay = size, trial
            self.flows[index] = replace(flow, first=flow.first + delay)

    def ring(self, tensor: Tensor, rows: int, whole: bool) -> Ring | None:
        """What the tensor keeps, of which `rows` are made; None where its readers want different padding."""
        readers = self._readers(tensor.index)
        made = self.clock(tensor.index)[3]
        if not readers:
            return Ring(tensor, 0, 1, 0, rows, rows, None, False, whole, made)
        fills, last = set(), rows - 1
        for flow, window in readers:
            if flow.count:
                below = (flow.count - 1) * window.stride
                last = max(last, self._newest(tensor.index, flow) + below)
                if window.fill is not None and (window.before or below + window.lead >= tensor.shape[1]):
                    fills.add(window.fill)
        if len(fills) > 1:
            return None
        slots, group, phase = self._slots(tensor.index)
        passing = self._passes(tensor.index)
        fill = fills.pop() if fills else None
        all_rows = rows if passing else last + 1
        return Ring(tensor, slots, group, phase, rows, all_rows, fill, passing, whole, made)

    def with_starts(self, rings: dict[int, Ring]) -> list[Flow]:
        """The flows, which know where in the rings their windows begin."""
        result = []
        for flow in self.flows.values():
            starts = {}
            for index, window in flow.band.windows.items():
                ring, newest = rings[index], self._newest(index, flow)
                slot = ring.slots - ring.group + (newest + ring.phase) % ring.group
                starts[index] = slot - newest - window.before
            result.append(replace(flow, starts=starts))
        return result

    def _readers(self, index: int) -> list[tuple[Flow, Rows]]:
        flows = (self.flows[i] for i in self.readers[index])
        return [(flow, flow.band.windows[index]) for flow in flows]

    def _newest(self, index: int, flow: Flow) -> int:
        """The newest row of a tensor at a reader's first run: the last of its batch."""
        begun, _, every, made = self.clock(index)
        return ((flow.first - begun) // every + 1) * made - 1

    def _passes(self, index: int) -> bool:
        """Whether each batch of rows is read at the step that makes it, alone, and never again."""
        begun, done, _, made = self.clock(index)
        image = self.source if index == self.source.index else self.flows[index].step.outputs[0]
        return begun == done and all(
            w.rows == made
            and w.before == 0
            and f.first == begun
            and (f.count - 1) * w.stride < image.shape[1]  # none below the image
            for f, w in self._readers(index)
        )

    def _slots(self, index: int) -> tuple[int, int, int]:
        """The fewest slots that hold every reader's window; the group, and the phase that goes with them.

        A reader needs the rows from its window's oldest to the newest, and room for those that follow in the newest's
        group. In the best phase some reader runs at a group's last row: else the next phase would spare all a row.
        """
        readers = self._readers(index)
        group = gcd(*(window.stride for _, window in readers))
        runs_at = [(self._newest(index, flow), window.before) for flow, window in readers]
        return min(
            (
                max(group - 1 - (newest + phase) % group + newest + before + 1 for newest, before in runs_at),
                group,
                phase,
            )
            for phase in {(group - 1 - newest) % group for newest, _ in runs_at}
        )

    def _kept_bytes(self, flow: Flow) -> int:
        """Bytes of the rings that depend on when the flow runs."""
        total = 0
        for tensor in (*flow.step.inputs, *flow.step.outputs):
            if self.readers[tensor.index] and not self._passes(tensor.index):
                total += self._slots(tensor.index)[0] * row_bytes(tensor)
        return total
