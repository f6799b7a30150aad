"""A network's memory step by step: TFLM → reordered → placed → in place → fused → streamed.

The first four run in TensorFlow Lite Micro, whose arena holds the inputs and outputs too; the others are compiled to C,
where these belong to the caller. `total` counts them in every step, so that steps compare; and what is kept from one
inference to the next, which TFLM has in the arena's tail and C in the arena.
"""

from dataclasses import dataclass, replace

import numpy as np

from aiedge.boards import Board
from aiedge.errors import UserError
from aiedge.memory.lifetimes import aligned
from aiedge.memory.plan import MemoryPlan, plan_memory
from aiedge.text import table
from aiedge.tflite.graph import Graph
from aiedge.tflite.reader import read
from aiedge.tflite.traits import FUSABLE
from aiedge.tflite.writer import rewrite
from aiedge.tflm.arena import tflm_head
from aiedge.tflm.optimize import Optimized, optimize
from aiedge.tflm.order import NODES
from aiedge.tflm.scratch import reference

C_ALIGNMENT = 4
TFLM = "TFLM"  # the first rung
FUSED, STREAMED = "fused", "streamed"  # the rungs of compiled C


@dataclass(frozen=True)
class Rung:
    """One way to run the network: bytes of its arena, and with the inputs, outputs and state that lie outside of it."""

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
        lines = table(("step", "arena", "with input and output", "saved", "how"), rows)
        if kept := self.state_bytes:
            lines.append(
                f"{kept:,} bytes of state, kept from one inference to the next, are counted with input and output: "
                "the tail of TensorFlow Lite Micro's arena, the head of that of C."
            )
        return "\n".join(lines)

    @property
    def state_bytes(self) -> int:
        """Bytes that are kept from one inference to the next, as compiled C lays them out."""
        return sum(aligned(state.bytes, C_ALIGNMENT) for state in self.optimized.before.states)

    def fits(self, target: Board, build: str = "", *, camera: bool = False, reserved: int = 0) -> str:
        """What fits which memory of the board beside the kit's firmware, and what would make the model fit, as text.

        `build` names the rung that a firmware runs: it is marked, and what fits in its place is said; with `camera` it
        has the camera's driver. `reserved` are the bytes that it keeps for TensorFlow Lite Micro's arena, whatever that
        needs of them. Raises `UserError` for a rung that the network does not have.
        """
        if reserved:
            rungs = tuple(replace(r, total=reserved) if r.name == TFLM else r for r in self.rungs)
            return replace(self, rungs=rungs).fits(target, build, camera=camera)
        graph = self.optimized.before
        runs = self._rung(build)
        weights = sum(t.bytes for t in graph.constants)
        room = target.room(camera)
        rows = [
            ("flash", ".tflite", f"{self.model_bytes:,}", _left(self.model_bytes, room["flash"])),
            ("flash", "weights in C", f"{weights:,}", _left(weights, room["flash"])),
        ]
        for rung in self.rungs:
            left = _left(rung.total, room["SRAM"])
            if room["SRAM"] < rung.total <= target.psram:
                left += "; fits the PSRAM"
            elif target.room(camera=True)["SRAM"] < rung.total <= room["SRAM"]:
                left += ", but not beside the camera's driver"
            mark = "  <- this build" if build and rung is runs else ""
            rows.append(("SRAM", rung.name, f"{rung.total:,}", left + mark))
        lines = [str(target), *_counted(target, camera), *table(("memory", "what", "bytes", "fits"), rows)]
        lines.append("Besides: code, the stack, and in TensorFlow Lite Micro the tail of its arena.")
        return "\n".join([*lines, *self._advice(runs, room)])

    def _rung(self, name: str) -> Rung:
        names = [rung.name for rung in self.rungs]
        if name and name not in names:
            raise UserError(f"this network does not run {name!r}", f"it runs: {', '.join(names)}")
        return self.rungs[names.index(name) if name else 0]

    def _advice(self, runs: Rung, room: dict[str, int]) -> list[str]:
        """What makes the model fit the room that there is, where it does not as it is."""
        advice = []
        if runs.total > room["SRAM"]:
            fitting = next((rung for rung in self.rungs if rung.total <= room["SRAM"]), None)
            if fitting:
                advice.append(f"What makes it fit the SRAM: {fitting.name} ({fitting.how}).")
            else:
                advice.append(
                    "Nothing here makes it fit the SRAM: prune the network, or give it a smaller input."
                )
        weights = sum(t.bytes for t in self.optimized.before.constants)
        compiled = runs.name in (FUSED, STREAMED)
        if weights > room["flash"]:
            advice.append("What makes it fit the flash: fewer weights, by pruning or a narrower network.")
        elif self.model_bytes > room["flash"] and not compiled:
            advice.append("What makes it fit the flash: compiled C, which holds the weights and no .tflite.")
        if advice and any(t.dtype == np.float32 for t in self.optimized.before.constants):
            advice.append("Converted to int8, weights and activations take a quarter.")
        return advice


def _counted(target: Board, camera: bool) -> list[str]:
    """What the verdicts count beside the network, as a line; none for a board on which the firmware was not built."""
    if not target.base:
        return []
    taken = {name: size - target.room(camera)[name] for name, size in target.budget.items()}
    driver = ", the camera's driver among it," if camera else ""
    return [
        f"The firmware itself takes {taken['SRAM']:,} of the SRAM{driver} and {taken['flash']:,} of the flash: counted."
    ]


def _left(size: int, room: int) -> str:
    return f"yes, {room - size:,} left" if size <= room else f"NO, {size - room:,} too many"


def ladder(model: bytes, *, nodes: int = NODES, progress: bool = False, file_order: bool = False) -> Ladder:
    """All steps for one model. Steps that the network does not allow are left out.

    The compiled steps are those of `aiedge compile` after `aiedge optimize`; with `file_order` without it.
    """
    smaller = optimize(model, nodes=nodes, progress=progress)
    graph, order = smaller.before, smaller.order.operators
    before, placed = smaller.heads(reference)
    reordered = tflm_head(read(rewrite(model, order)), scratch=reference)
    _, in_place = optimize(model, in_place=True, nodes=nodes, progress=progress).heads(reference)
    kept = sum(aligned(state.bytes, C_ALIGNMENT) for state in graph.states)
    rungs = [
        Rung(name, how, head, head + kept)
        for name, how, head in (
            (TFLM, "as converted", before),
            ("reordered", "TFLM plans the best order", reordered),
            ("placed", "aiedge optimize: placed ahead of time", placed),
            ("in place", "aiedge optimize --in-place: element-wise outputs over inputs", in_place),
        )
    ]
    for name, how, streaming in (
        (FUSED, "compiled C: convolution and pooling in one step", False),
        (STREAMED, "compiled C: row by row", True),
    ):
        try:
            plan = _smaller(graph, None if file_order else order, streaming)
        except UserError:
            continue
        rungs.append(Rung(name, how, plan.arena_bytes, plan.arena_bytes + plan.held_bytes(graph)))
    return Ladder(tuple(rungs), len(model), smaller)


def _smaller(graph: Graph, order: tuple[int, ...] | None, streaming: bool) -> MemoryPlan:
    """The plan of compiled C, in the file's order or in another: in the latter, fewer rows may stream."""
    plans = [
        plan_memory(graph, C_ALIGNMENT, fusable=FUSABLE, order=each, streaming=streaming)
        for each in dict.fromkeys((None, order))
    ]
    return min(plans, key=lambda plan: plan.arena_bytes)
