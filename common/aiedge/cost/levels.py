"""What a compiler's optimization levels do to a network: instructions or time, and bytes of code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiedge.codegen import footprint, generate
from aiedge.codegen.toolchain import host_compiler
from aiedge.cost.emulator import count_instructions
from aiedge.cost.harness import random_inputs
from aiedge.cost.host import time_network
from aiedge.cost.plot import bars
from aiedge.cost.targets import TARGETS
from aiedge.errors import UserError
from aiedge.tflite.graph import Graph

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVELS = ("-Og", "-Os", "-O2", "-O3")
REFERENCE = "-O2"


@dataclass(frozen=True)
class Level:
    """One level: `cost` of an inference in the table's unit, its ratio to that at -O2, and the code's bytes."""

    level: str
    cost: float
    ratio: float
    code_bytes: int


@dataclass(frozen=True)
class Levels:
    """The levels of one compiler. `unit` is "instructions" (counted, emulated) or "ns" (measured here)."""

    core: str
    unit: str
    rows: tuple[Level, ...]

    def plot(self) -> "Figure":
        """A bar for each level: the cost of an inference, and the bytes of code."""
        columns: dict[str, Sequence[float]] = {
            f"{self.unit} of an inference": [row.cost for row in self.rows],
            "bytes of code, weights not counted": [row.code_bytes for row in self.rows],
        }
        return bars(f"Optimization levels on {self.core}", [row.level for row in self.rows], columns)

    def __str__(self) -> str:
        lines = [self.core, f"{'level':6}{self.unit:>14}{'ratio':>8}{'code, bytes':>13}"]
        lines += [f"{r.level:6}{r.cost:14,.0f}{r.ratio:8.2f}{r.code_bytes:13,}" for r in self.rows]
        return "\n".join(lines)


def optimization_levels(graph: Graph, target: str = "cortex-m4", levels: Sequence[str] = LEVELS) -> Levels:
    """Compile a network at each level and run it: on an emulated core of `TARGETS`, or on this computer ("host").

    The outputs must be the same at every level. Raises `UserError` where a tool is missing.
    """
    if target != "host" and target not in TARGETS:
        raise UserError(f"there is no target {target!r}", f"the targets are: host, {', '.join(TARGETS)}")
    emulated = TARGETS.get(target)
    source = generate(graph, "model", core=emulated.kernels if emulated else "any")
    inputs = random_inputs(graph, 1)
    compiler = emulated.compiler if emulated else host_compiler()
    costs, codes, outputs = list[float](), list[int](), list[bytes]()
    for level in levels:
        if emulated is None:
            timing = time_network(graph, source, inputs, peers=False, flags=(level,))
            cost, arrays = timing.total, timing.outputs
        else:
            count = count_instructions(graph, source, emulated, inputs, level)
            cost, arrays = float(count.total), count.outputs
        size = footprint(source, compiler, level, emulated.assembler if emulated else ())
        costs.append(cost)
        codes.append(size.code if size else 0)
        outputs.append(b"".join(np.asarray(y).tobytes() for y in arrays))
    if graph.outputs[0].dtype.kind != "f" and len(set(outputs)) > 1:
        raise UserError(f"the levels give different outputs on {target}", "this is an error in aiedge")
    reference = costs[list(levels).index(REFERENCE)] if REFERENCE in levels else costs[0]
    rows = zip(levels, costs, codes, strict=True)
    core, unit = (emulated.core, "instructions") if emulated else ("this computer", "ns")
    return Levels(core, unit, tuple(Level(name, cost, cost / reference, code) for name, cost, code in rows))
