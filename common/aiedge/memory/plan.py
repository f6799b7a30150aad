"""The memory plan of a graph: its steps, and where their tensors lie."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from math import prod

from aiedge.errors import UserError
from aiedge.memory.lifetimes import SCRATCH, Buffer, Scratch, lifetimes
from aiedge.memory.placement import peak, place
from aiedge.memory.placement_search import Block
from aiedge.memory.rings import ring_name, stream_buffers
from aiedge.memory.sections import Sections
from aiedge.memory.steps import Step, steps
from aiedge.memory.stream import Stream
from aiedge.tflite.graph import Graph, Operator, Tensor


@dataclass(frozen=True)
class MemoryPlan:
    """The steps, and the arena's buffers with their offsets; generated code and reports go by the plan.

    `caller` maps the tensors that the caller holds to their names in C ("input", "output1"). `arena_bytes` is
    the arena's size, `peak_bytes` the largest sum of bytes live at one step, and `lower_bound` what every
    placement of these buffers needs: at least the peak, more where a search has proved more. `sections` are the steps
    that run row by row: the first of them takes the input's rows, each other one a tensor that is kept whole.
    """

    steps: tuple[Step, ...]
    buffers: tuple[Buffer, ...]
    caller: dict[int, str]
    arena_bytes: int
    peak_bytes: int
    lower_bound: int
    sections: tuple[Stream, ...] = ()

    @property
    def states(self) -> tuple[Buffer, ...]:
        """What outlives the inference: the first bytes of the arena."""
        return tuple(buffer for buffer in self.buffers if buffer.keeps_state)

    @property
    def state_bytes(self) -> int:
        """Bytes of the arena that are kept for the next inference."""
        return sum(buffer.bytes for buffer in self.states)

    @property
    def stream(self) -> Stream | None:
        """The section that takes the input's rows."""
        return self.sections[0] if self.sections else None

    @property
    def steps_by_rows(self) -> int:
        """How many steps run row by row."""
        return sum(len(section.flows) for section in self.sections)

    def held_bytes(self, graph: Graph) -> int:
        """Bytes that the caller holds: the graph's outputs and inputs, of an input that comes by rows one row."""
        streamed = self.stream.source.index if self.stream else -1
        rows = [
            prod(t.shape[2:]) * t.dtype.itemsize if t.index == streamed else t.bytes for t in graph.inputs
        ]
        return sum(rows) + sum(t.bytes for t in graph.outputs)

    @property
    def proved(self) -> bool:
        """Whether no placement of these buffers takes a smaller arena."""
        return self.arena_bytes == self.lower_bound

    @property
    def verdict(self) -> str:
        """How good the arena is, for people."""
        if self.arena_bytes == self.peak_bytes:
            return "the least possible: so many are live at once"
        if self.proved:
            return f"proved to be the least possible; {self.peak_bytes} are live at once"
        return f"at least {self.lower_bound} are needed; whether fewer than these do is not known"

    def buffer_of(self, tensor: Tensor) -> Buffer:
        """The arena buffer that holds `tensor`."""
        return self._homes[tensor.index]

    def scratch_of(self, operator: Operator) -> Buffer:
        """The scratch of the operator's step, which asked for some."""
        i = self._place(operator)
        return next(b for b in self.buffers if b.purpose == SCRATCH and b.first <= i <= b.last)

    def live_bytes(self, operator: Operator) -> int:
        """Bytes of the arena that are live while the operator's step runs; 0 where it has none."""
        return self._live.get(operator.index, 0)

    @cached_property
    def _homes(self) -> dict[int, Buffer]:
        """The buffer of each tensor in the arena; the first, where there are several."""
        return {t.index: buffer for buffer in reversed(self.buffers) for t in buffer.tensors}

    @cached_property
    def _live(self) -> dict[int, int]:
        """Bytes live while each operator's step runs."""
        change = [0] * (len(self.steps) + 1)
        for buffer in self.buffers:
            change[max(buffer.first, 0)] += buffer.bytes
            change[min(buffer.last + 1, len(self.steps))] -= buffer.bytes
        live = accumulate(change)
        return {o.index: size for step, size in zip(self.steps, live, strict=False) for o in step.operators}

    def _place(self, operator: Operator) -> int:
        return next(i for i, step in enumerate(self.steps) if operator in step.operators)


def plan_memory(
    graph: Graph,
    alignment: int = 4,
    *,
    fusable: Collection[tuple[str, ...]] = (),
    order: Sequence[int] | None = None,
    streaming: bool = False,
    scratch: Scratch | None = None,
) -> MemoryPlan:
    """Place the graph's activations in the smallest arena that can be found.

    Offsets are multiples of `alignment` bytes. `fusable` are sequences of kinds that may run as one step, and `order`
    are the operators' indices in execution order (default: as in the file). With `streaming` steps run row by row where
    that makes the arena smallest, the first ones in any case. `scratch` gives the bytes that a step needs besides.
    The same graph always gives the same plan.

    Raises `UserError` where the first operator is to run row by row, but cannot.
    """
    run = steps(graph, fusable, order)
    if not streaming:
        return _plan_whole(graph, run, alignment, scratch)
    plans = _plan_streams(graph, run, alignment, scratch)
    if not plans:
        raise UserError(
            "the network cannot run row by row",
            "its one input must be an image [1, height, width, channels], its first operator a convolution, "
            "a pool or element-wise, and later operators must not read the input",
        )
    return min(plans, key=lambda plan: plan.arena_bytes)


def _plan_whole(graph: Graph, run: tuple[Step, ...], alignment: int, scratch: Scratch | None) -> MemoryPlan:
    buffers, caller = lifetimes(graph, run, alignment, scratch=scratch)
    plan = _placed(run, buffers, caller, alignment)
    if plan.arena_bytes > plan.peak_bytes:
        # An output in its input's place is held to that place, which can cost more than it saves.
        apart, _ = lifetimes(graph, run, alignment, in_place=False, scratch=scratch)
        other = _placed(run, apart, caller, alignment)
        if other.arena_bytes < plan.arena_bytes:
            return replace(other, peak_bytes=plan.peak_bytes, lower_bound=plan.peak_bytes)
    return plan


def _plan_streams(
    graph: Graph, run: tuple[Step, ...], alignment: int, scratch: Scratch | None
) -> list[MemoryPlan]:
    """Plans that stream some steps, down to the best; those that cannot be better are left out."""
    choice = Sections(graph, run, alignment, scratch)
    firsts = [section for end in choice.first_ends() if (section := choice.section(0, end))]

    def trial(*sections: Stream) -> tuple[int, tuple[Stream, ...], list[Buffer], dict[int, str]]:
        apart = [place for section in sections for place in range(section.begin, section.end)]
        whole, caller = lifetimes(graph, run, alignment, apart=apart, scratch=scratch)
        buffers = stream_buffers(sections, len(run), whole, alignment)
        return peak(_blocks(buffers, alignment)) * alignment, sections, buffers, caller

    plans: list[MemoryPlan] = []
    trials = [trial(section) for section in firsts]
    trials.sort(key=lambda trial: trial[0])
    if trials and (several := choice.best(firsts, trials[0][0])):
        trials.insert(0, trial(*several))
    for least, sections, buffers, caller in trials:
        if plans and least >= min(plan.arena_bytes for plan in plans):
            break
        plan = _placed(run, buffers, caller, alignment)
        plans.append(replace(plan, sections=tuple(_with_offsets(section, plan) for section in sections)))
    return plans


def _with_offsets(section: Stream, plan: MemoryPlan) -> Stream:
    """The section with the places of its rings and its state."""
    places = {buffer.purpose: buffer.offset for buffer in plan.buffers if buffer.purpose}
    rings = {
        index: replace(ring, offset=places.get(ring_name(section, index), 0))
        for index, ring in section.rings.items()
    }
    for buffer in plan.buffers:
        for tensor in buffer.tensors:
            name = ring_name(section, tensor.index)
            if tensor.index in rings and rings[tensor.index].passing and name not in places:
                rings[tensor.index] = replace(rings[tensor.index], offset=buffer.offset)
    sums = {f.step.index: places[f"sums {f.step.index}"] for f in section.flows if f.band.sums}
    return replace(section, rings=rings, state=places["state"], sums=sums)


def _placed(
    run: tuple[Step, ...], buffers: Sequence[Buffer], caller: dict[int, str], alignment: int
) -> MemoryPlan:
    """The plan with all buffers placed, states first; a buffer of no bytes lies at 0."""
    blocks = _blocks(buffers, alignment)
    offsets = [0] * len(blocks)
    base = 0
    for i, buffer in enumerate(buffers):
        if buffer.keeps_state:
            offsets[i], base = base, base + blocks[i].size
    kept = [i for i, block in enumerate(blocks) if block.size and not buffers[i].keeps_state]
    placement = place([blocks[i] for i in kept])
    for i, offset in zip(kept, placement.offsets, strict=True):
        offsets[i] = base + offset
    placed = (
        replace(buffer, offset=offset * alignment) for buffer, offset in zip(buffers, offsets, strict=True)
    )
    return MemoryPlan(
        run,
        tuple(sorted(placed, key=lambda b: (b.first, b.offset))),
        caller,
        (base + placement.height) * alignment,
        peak(blocks) * alignment,
        (base + placement.bound) * alignment,
    )


def _blocks(buffers: Sequence[Buffer], alignment: int) -> list[Block]:
    return [Block(b.first, b.last, b.bytes // alignment) for b in buffers]
