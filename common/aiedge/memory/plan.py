"""The memory plan of a graph: its steps, and where their tensors lie."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from aiedge.memory.buffers import Buffer, lifetimes
from aiedge.memory.placement import Placement, peak, place
from aiedge.memory.search import Block
from aiedge.memory.steps import Step, steps
from aiedge.tflite.graph import Graph, Operator, Tensor


@dataclass(frozen=True)
class MemoryPlan:
    """The steps, and the arena's buffers with their offsets; generated code and reports go by the plan.

    `caller` maps the tensors that the caller holds to their names in C ("input", "output1"). `arena_bytes` is
    the arena's size, `peak_bytes` the largest sum of bytes live at one step, and `lower_bound` what every
    placement of these buffers needs: at least the peak, more where a search has proved more.
    """

    steps: tuple[Step, ...]
    buffers: tuple[Buffer, ...]
    caller: dict[int, str]
    arena_bytes: int
    peak_bytes: int
    lower_bound: int

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
        return next(buffer for buffer in self.buffers if any(t.index == tensor.index for t in buffer.tensors))

    def scratch_of(self, step: Step) -> Buffer:
        """The scratch buffer of a step that asked for one."""
        i = self.steps.index(step)
        return next(buffer for buffer in self.buffers if not buffer.tensors and buffer.first == i)

    def live_bytes(self, operator: Operator) -> int:
        """Bytes of the arena that are live while the operator's step runs."""
        i = next(i for i, step in enumerate(self.steps) if operator in step.operators)
        return sum(buffer.bytes for buffer in self.buffers if buffer.first <= i <= buffer.last)


def plan_memory(
    graph: Graph,
    alignment: int = 4,
    *,
    fusable: Collection[tuple[str, ...]] = (),
    scratch: Callable[[Step], int] | None = None,
    order: Sequence[int] | None = None,
) -> MemoryPlan:
    """Place the graph's activations in the smallest arena that can be found.

    Offsets are multiples of `alignment` bytes. `fusable` are sequences of kinds that may run as one step,
    `scratch` gives the bytes that a step needs while it runs, and `order` the operators' indices in execution
    order (default: as in the file). The same graph always gives the same plan.
    """
    run = steps(graph, fusable, order)
    buffers, caller = lifetimes(graph, run, alignment, scratch)
    placement = _place(buffers, alignment)
    least = peak(_blocks(buffers, alignment))
    if placement.height > least:
        # An output in its input's place is held to that place, which can cost more than it saves.
        apart, _ = lifetimes(graph, run, alignment, scratch, in_place=False)
        other = _place(apart, alignment)
        if other.height < placement.height:
            buffers, placement = apart, other._replace(bound=least)
    placed = sorted(
        (
            replace(buffer, offset=offset * alignment)
            for buffer, offset in zip(buffers, placement.offsets, strict=True)
        ),
        key=lambda b: (b.first, b.offset),
    )
    return MemoryPlan(
        run,
        tuple(placed),
        caller,
        placement.height * alignment,
        least * alignment,
        placement.bound * alignment,
    )


def _blocks(buffers: Sequence[Buffer], alignment: int) -> list[Block]:
    return [Block(b.first, b.last, b.bytes // alignment) for b in buffers]


def _place(buffers: Sequence[Buffer], alignment: int) -> Placement:
    """Offsets in units of `alignment`; a buffer of no bytes lies at 0."""
    blocks = _blocks(buffers, alignment)
    kept = [i for i, block in enumerate(blocks) if block.size]
    placement = place([blocks[i] for i in kept])
    offsets = [0] * len(blocks)
    for i, offset in zip(kept, placement.offsets, strict=True):
        offsets[i] = offset
    return placement._replace(offsets=offsets)
