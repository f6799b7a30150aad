"""What a compiled network costs on a core, operator by operator; beside it, what other runtimes need."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.codegen import CompiledModel, CSource, footprint, generate
from aiedge.codegen.toolchain import host_compiler
from aiedge.cost.emulator import count_instructions
from aiedge.cost.harness import random_inputs
from aiedge.cost.host import FLAGS, Timing, time_network
from aiedge.cost.plot import draw
from aiedge.cost.targets import TARGETS
from aiedge.errors import UserError
from aiedge.files import write_atomic
from aiedge.tflite.graph import Graph, Operator

RUNS = 3


@dataclass(frozen=True)
class Row:
    """One operator. `cost` is in the report's unit; `live_bytes` is what of the arena holds values while it runs."""

    index: int
    kind: str
    macs: int
    cost: float
    weight_bytes: int
    live_bytes: int

    @property
    def per_mac(self) -> float | None:
        """Cost of a multiply-accumulate step; None for an operator without any."""
        return self.cost / self.macs if self.macs else None


@dataclass(frozen=True)
class Report:
    """A benchmark of one model on one core.

    `unit` is "instructions" (counted on an emulated core) or "ns" (measured on this computer). `total` is a whole
    inference, so it holds the call, too. `code_bytes` has the machine code's bytes by optimization level, weights
    excluded. `peers` has figures of other runtimes by name, `notes` what else is to be said. `cycles` is an estimate,
    see `aiedge.cost.cycles`.
    """

    model: str
    core: str
    unit: str
    rows: tuple[Row, ...]
    total: float
    macs: int
    arena_bytes: int
    constant_bytes: int
    code_bytes: dict[str, int]
    peers: dict[str, float]
    cycles: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def per_mac(self) -> float | None:
        """Cost of a multiply-accumulate step, over the whole network."""
        return self.total / self.macs if self.macs else None

    def write(self, folder: Path, stem: str) -> list[Path]:
        """Write STEM.json and the plot STEM.png into the folder; return their paths."""
        text = json.dumps(asdict(self), indent=1) + "\n"
        picture = draw(
            f"{self.model} on {self.core}",
            [f"{row.index} {row.kind}" for row in self.rows],
            {
                self.unit: [row.cost for row in self.rows],
                "bytes live in the arena": [row.live_bytes for row in self.rows],
            },
        )
        return [
            write_atomic(folder / f"{stem}.json", text),
            write_atomic(folder / f"{stem}.png", picture),
        ]

    def __str__(self) -> str:
        head = ("#", "operator", "MACs", self.unit, "per MAC", "weights", "live SRAM")
        cells = [
            (str(r.index), r.kind, *_numbers(r.macs, r.cost, r.per_mac, r.weight_bytes, r.live_bytes))
            for r in self.rows
        ]
        weights = sum(row.weight_bytes for row in self.rows)
        cells.append(("", "total", *_numbers(self.macs, self.total, self.per_mac, weights, self.arena_bytes)))
        facts: dict[str, float] = {
            **{f"code at {level}, bytes": size for level, size in self.code_bytes.items()},
            "constants, bytes": self.constant_bytes,
            "arena, bytes": self.arena_bytes,
            **self.peers,
        }
        if self.cycles is not None:
            facts["cycles, estimated"] = self.cycles
            facts |= {"cycles per MAC, estimated": self.cycles / self.macs} if self.macs else {}
        width = max(map(len, facts))
        lines = [f"{name:{width}}  {_figure(value):>12}" for name, value in facts.items()]
        notes = ["", *self.notes] if self.notes else []
        return "\n".join([f"{self.model} on {self.core}", "", *_table(head, cells), "", *lines, *notes])


def bench(
    model: bytes,
    name: str,
    target: str,
    peers: bool = True,
    optimize: str = "-O2",
    stream: bool = False,
    flash: int = 0,
) -> Report:
    """Benchmark a model on an emulated core of `TARGETS`, or on this computer ("host").

    An emulated core's outputs must be those of the same C compiled for this computer. With `peers`, TensorFlow Lite
    Micro's arena and time on this computer are found, too, and LiteRT's time. `optimize` is the emulated core's
    compiler's. With `stream` layers run row by row, and `flash` is as in `generate`.
    """
    graph = tflite.read(model)
    kernels, assembler = (
        ("any", ()) if target == "host" else (TARGETS[target].kernels, TARGETS[target].assembler)
    )
    source = generate(graph, "model", stream, core=kernels, flash=flash)
    inputs = random_inputs(graph, RUNS)
    compiler: tuple[str, ...]
    if target == "host" or peers:
        timing = time_network(graph, source, inputs, peers)
    if target == "host":
        core, unit = f"this computer, {' '.join(FLAGS)}", "ns"
        compiler, levels = (*host_compiler(), *FLAGS[1:]), (FLAGS[0], "-Os")
        total, operators, outputs, cycles = timing.total, timing.operators, timing.outputs, None
    else:
        emulated = TARGETS[target]
        core, unit = f"{emulated.core}, {optimize}", "instructions"
        compiler, levels = emulated.compiler, (optimize, "-Os")
        count = count_instructions(graph, source, emulated, inputs, optimize)
        total, operators, outputs = float(count.total), dict(count.operators), count.outputs
        cycles = count.cycles
    _compare(outputs, graph, inputs, core)
    sizes = {level: footprint(source, compiler, level, assembler) for level in levels}
    return Report(
        model=name,
        core=core,
        unit=unit,
        rows=tuple(_row(op, source, operators.get(op.index, 0)) for op in graph.operators),
        total=total,
        macs=graph.macs,
        arena_bytes=source.plan.arena_bytes,
        constant_bytes=source.constant_bytes,
        code_bytes={level: size.code for level, size in sizes.items() if size},
        peers=_peers(model, timing) if peers else {},
        cycles=cycles,
        notes=(str(source.wide),) if flash else (),
    )


def _peers(model: bytes, timing: Timing) -> dict[str, float]:
    """Figures of the other runtimes, by what they are."""
    figures: dict[str, float] = {}
    if tflite.has_tflm():
        figures["TFLM's arena, bytes"] = tflite.tflm_arena_bytes(model)
    figures["this computer: compiled C, µs"] = timing.total / 1000
    for name, time in timing.peers.items():
        figures[f"this computer: {name}, µs"] = time / 1000
        figures[f"this computer: {name} / compiled C"] = time / timing.total
    return figures


def _compare(outputs: list[NDArray], graph: Graph, inputs: list[list[NDArray]], core: str) -> None:
    expected = CompiledModel(graph, ("-O1",)).predict(
        *(np.stack(batch) for batch in zip(*inputs, strict=True))
    )
    for mine, theirs in zip(outputs, expected if isinstance(expected, list) else [expected], strict=True):
        same = (
            mine.tobytes() == theirs.tobytes()
            if mine.dtype.kind != "f"
            else np.allclose(mine, theirs, rtol=1e-4)
        )
        if not same:
            raise UserError(
                f"the network gives other outputs on {core} than compiled plainly",
                "this is an error in aiedge",
            )


def _row(operator: Operator, source: CSource, cost: float) -> Row:
    live = source.plan.live_bytes(operator)
    weights = sum(t.bytes for t in operator.inputs if t is not None and t.is_constant)
    weights += source.wide.layers.get(operator.index, 0)
    return Row(operator.index, operator.kind, operator.macs, cost, weights, live)


def _numbers(macs: int, cost: float, per_mac: float | None, *sizes: int) -> tuple[str, ...]:
    """The cells of a row; zeros of a column that does not concern the operator are left out."""
    return (
        f"{macs:,}" if macs else "",
        f"{cost:,.0f}",
        "" if per_mac is None else f"{per_mac:,.2f}",
        *(f"{size:,}" if size else "" for size in sizes),
    )


def _figure(value: float) -> str:
    """An integer whole, other numbers with two decimals."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, the second column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    aligned = [
        [c.ljust(w) if i == 1 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        for row in (head, *rows)
    ]
    return ["  ".join(cells).rstrip() for cells in aligned]
