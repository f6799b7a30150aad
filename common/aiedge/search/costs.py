"""What a candidate takes, exactly and before any training: flash for its constants, SRAM, instructions."""

from dataclasses import dataclass, field
from functools import cached_property

from aiedge.boards import Board, Core
from aiedge.codegen import CSource, generate
from aiedge.codegen.operators.lx6 import lx6_scratch
from aiedge.cost import Count, count
from aiedge.energy.cores import microjoules
from aiedge.errors import UserError
from aiedge.memory.plan import MemoryPlan, plan_memory
from aiedge.search.skeleton import skeleton
from aiedge.tflite.graph import Graph
from aiedge.tflite.traits import FUSABLE
from aiedge.train.blueprint import Blueprint

ALIGNMENT = 4
OBJECTIVES = ("flash", "ram", "instructions", "energy", "macs")
COUNTED = ("instructions", "energy")  # by an emulator
TEXTS = {
    "flash": "bytes of constants in flash",
    "ram": "bytes of SRAM: arena, input and output",
    "instructions": "instructions of one inference, emulated",
    "energy": "microjoules of one inference at most, estimated from emulated cycles",
    "macs": "multiply-accumulate steps",
}


@dataclass(frozen=True)
class Costs:
    """The costs of one network compiled for the kernels of `core`, each found when it is asked for.

    SRAM is that of whole maps or of rows, whichever is less, with what the caller holds.
    """

    graph: Graph
    core: Core = "any"
    _counts: dict[str, Count] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, blueprint: Blueprint, per_channel: bool = True, core: Core = "any") -> "Costs":
        """Those of a network on paper."""
        return cls(skeleton(blueprint, per_channel), core)

    @cached_property
    def plan(self) -> MemoryPlan:
        """The memory plan that takes less: of whole maps, or of rows where the network can run so."""
        plans = []
        for streaming in (False, True):
            try:
                scratch = lx6_scratch() if self.core == "esp32" else None
                plans.append(
                    plan_memory(self.graph, ALIGNMENT, fusable=FUSABLE, streaming=streaming, scratch=scratch)
                )
            except UserError:
                continue
        return min(plans, key=lambda plan: plan.arena_bytes + plan.held_bytes(self.graph))

    @property
    def ram(self) -> int:
        """Bytes of the arena, and of the input and output beside it."""
        return self.plan.arena_bytes + self.plan.held_bytes(self.graph)

    @cached_property
    def source(self) -> CSource:
        """The C, that runs by rows where its plan does."""
        return generate(self.graph, "model", stream=bool(self.plan.stream), core=self.core)

    @property
    def flash(self) -> int:
        """Bytes of weights and tables. Code comes to that: some kilobytes, much the same for all of a family."""
        return self.source.constant_bytes

    @property
    def macs(self) -> int:
        """Multiply-accumulate steps of one inference."""
        return self.graph.macs

    def count(self, target: str) -> Count:
        """What one inference does on an emulated core, of `aiedge.cost.TARGETS`."""
        if target not in self._counts:
            self._counts[target] = count(self.graph, target, bool(self.plan.stream))
        return self._counts[target]

    def instructions(self, target: str) -> int:
        """Instructions of one inference on an emulated core."""
        return self.count(target).total

    def cycles(self, target: str) -> int:
        """The estimated cycles of that inference; an instruction each on a core whose timings are not published."""
        return self.count(target).cycles or self.count(target).total

    def energy(self, target: str) -> int:
        """Microjoules of that inference on the core's board, at most: see `aiedge.energy.cores`."""
        return round(microjoules(target, self.cycles(target))[1])

    def value(self, objective: str, target: str) -> int:
        """What one of `OBJECTIVES` says, counted on the core `target` where it is counted."""
        found = getattr(self, objective)
        return int(found(target) if objective in COUNTED else found)


@dataclass(frozen=True)
class Limits:
    """What a network may take at most, in bytes; None is no limit."""

    flash: int | None = None
    ram: int | None = None

    @classmethod
    def of(cls, board: Board, code: int) -> "Limits":
        """The room of a board beside the kit's firmware and so many bytes of code."""
        room = board.room()
        return cls(room["flash"] - code, room["SRAM"])

    def excess(self, costs: Costs) -> dict[str, float]:
        """By how much of it a candidate is above each limit: above 0 it does not fit. The cheap one comes first.

        Where the SRAM is not enough, the flash is not asked.
        """
        found: dict[str, float] = {}
        if self.ram is not None:
            found["ram"] = costs.ram / self.ram - 1
        if self.flash is not None and all(value <= 0 for value in found.values()):
            found["flash"] = costs.flash / self.flash - 1
        return found
