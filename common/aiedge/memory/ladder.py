"""A network's memory step by step: TFLM → reordered → placed → in place → fused → streamed.

The first four run in TensorFlow Lite Micro, whose arena holds the inputs and outputs too; the others are compiled to C,
where these belong to the caller. `total` counts them in every step, so that steps compare.
"""

from dataclasses import dataclass
from math import prod

from aiedge.errors import UserError
from aiedge.memory.boards import Board
from aiedge.memory.optimize import Optimized, optimize
from aiedge.memory.order import NODES
from aiedge.memory.plan import MemoryPlan, plan_memory
from aiedge.memory.scratch import reference
from aiedge.memory.steps import FUSION
from aiedge.memory.tflm import tflm_head
from aiedge.text import table
from aiedge.tflite.graph import Graph
from aiedge.tflite.reader import read
from aiedge.tflite.writer import rewrite

C_ALIGNMENT = 4


@dataclass(frozen=True)
class Rung:
    """One way to run the network: bytes of its arena, and with the inputs and outputs that lie outside of it."""

    name: str
    how: str
    arena: int
    total: int


@dataclass(frozen=True)
class Ladder:
    """The rungs from the most memory to the least, and the smaller model that TensorFlow Lite Micro takes."""

    rungs: tuple[Rung, ...]
    model_bytes: int
    optimized: Optimized

    def __str__(self) -> str:
        first = self.rungs[0].total
        rows = [
            (r.name, f"{r.arena:,}", f"{r.total:,}", f"{1 - r.total / first:.0%}" if first else "", r.how)
            for r in self.rungs
        ]
        return "\n".join(table(("step", "arena", "with input and output", "saved", "how"), rows))

    def fits(self, target: Board) -> str:
        """Which steps fit the board's SRAM and flash, and what would make the model fit, as text."""
        lines = [
            f"{target.name}: {target.sram:,} bytes of SRAM, {target.flash:,} of flash",
            f"  ({target.source})",
            f"flash: the model's {self.model_bytes:,} bytes "
            + ("fit, code not counted" if self.model_bytes < target.flash else "do NOT fit"),
        ]
        for rung in self.rungs:
            left = target.sram - rung.total
            verdict = f"fits, {left:,} left" if left >= 0 else f"does NOT fit, {-left:,} too many"
            lines.append(f"SRAM, {rung.name:<9} {rung.total:>11,}  {verdict}")
        lines.append("Besides: the stack, and in TensorFlow Lite Micro the tail of its arena.")
        fitting = [rung for rung in self.rungs if rung.total <= target.sram]
        if not fitting:
            lines.append("Nothing here makes it fit: prune the network, or give it a smaller input.")
        elif fitting[0] is not self.rungs[0]:
            lines.append(f"What makes it fit: {fitting[0].name} ({fitting[0].how}).")
        return "\n".join(lines)


def ladder(model: bytes, *, nodes: int = NODES, progress: bool = False) -> Ladder:
    """All steps for one model. Steps that the network does not allow are left out."""
    smaller = optimize(model, nodes=nodes, progress=progress)
    graph, order = smaller.before, smaller.order.operators
    before, placed = smaller.heads(reference)
    reordered = tflm_head(read(rewrite(model, order)), scratch=reference)
    _, in_place = optimize(model, in_place=True, nodes=nodes, progress=progress).heads(reference)
    rungs = [
        Rung("TFLM", "as converted", before, before),
        Rung("reordered", "TFLM plans the best order", reordered, reordered),
        Rung("placed", "aiedge optimize: placed ahead of time", placed, placed),
        Rung("in place", "aiedge optimize --in-place: element-wise outputs over inputs", in_place, in_place),
    ]
    for name, how, streaming in (
        ("fused", "compiled C: convolution and pooling in one step", False),
        ("streamed", "compiled C: row by row", True),
    ):
        try:
            plan = _smaller(graph, order, streaming)
        except UserError:
            continue
        rungs.append(Rung(name, how, plan.arena_bytes, plan.arena_bytes + _held(graph, plan)))
    return Ladder(tuple(rungs), len(model), smaller)


def _smaller(graph: Graph, order: tuple[int, ...], streaming: bool) -> MemoryPlan:
    """The plan of compiled C, in the file's order or in the best: in the latter, fewer rows may stream."""
    plans = [
        plan_memory(graph, C_ALIGNMENT, fusable=tuple(FUSION), order=each, streaming=streaming)
        for each in (None, order)
    ]
    return min(plans, key=lambda plan: plan.arena_bytes)


def _held(graph: Graph, plan: MemoryPlan) -> int:
    """Bytes that the caller of compiled C holds: its outputs and inputs, of a streamed input one row."""
    inputs = graph.inputs
    streamed = plan.stream.source.index if plan.stream else -1
    rows = [prod(t.shape[2:]) * t.dtype.itemsize if t.index == streamed else t.bytes for t in inputs]
    return sum(rows) + sum(t.bytes for t in graph.outputs)
