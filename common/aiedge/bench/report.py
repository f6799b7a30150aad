"""What a compiled network costs on a core, operator by operator; beside it, what TensorFlow Lite Micro needs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiedge import tflite
from aiedge.bench.emulator import count_instructions
from aiedge.bench.targets import TARGETS
from aiedge.codegen import CompiledModel, CSource, footprint, generate
from aiedge.errors import UserError
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
        """Cost a multiply-accumulate step; None for an operator without any."""
        return self.cost / self.macs if self.macs else None


@dataclass(frozen=True)
class Report:
    """A benchmark of one model on one core.

    `unit` is "instructions" (counted on an emulated core) or "ns" (measured on this computer). `total` is a whole
    inference, so it holds the call, too. `code_bytes` has the machine code's bytes by optimization level, weights
    excluded. `peers` has what other runtimes need, by name.
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
    peers: dict[str, float] = field(default_factory=dict)

    def json(self) -> str:
        """The report for other programs."""
        return json.dumps(asdict(self), indent=1) + "\n"

    def __str__(self) -> str:
        head = ("#", "operator", "MACs", self.unit, "per MAC", "weights", "live SRAM")
        cells = [
            (str(r.index), r.kind, *_numbers(r.macs, r.cost, r.per_mac, r.weight_bytes, r.live_bytes))
            for r in self.rows
        ]
        per_mac = self.total / self.macs if self.macs else None
        weights = sum(row.weight_bytes for row in self.rows)
        cells.append(("", "total", *_numbers(self.macs, self.total, per_mac, weights, self.arena_bytes)))
        code = ", ".join(f"{size:,} at {level}" for level, size in self.code_bytes.items())
        return "\n".join(
            [
                f"{self.model} on {self.core}",
                "",
                *_table(head, cells),
                "",
                f"code without weights  {code or 'unknown'} bytes",
                f"constants             {self.constant_bytes:,} bytes",
                f"arena                 {self.arena_bytes:,} bytes",
                *(f"{name:21} {value:,}" for name, value in self.peers.items()),
            ]
        )


def bench(model: bytes, name: str, target: str, peers: bool = True, optimize: str = "-O2") -> Report:
    """Benchmark a model on an emulated core; outputs must be those of the same C compiled for this computer.

    With `peers`, also finds what TensorFlow Lite Micro needs.
    """
    graph = tflite.read(model)
    source = generate(graph, "model")
    core = TARGETS[target]
    inputs = random_inputs(graph, RUNS)
    count = count_instructions(graph, source, core, inputs, optimize)
    expected = CompiledModel(graph).predict(*(np.stack(batch) for batch in zip(*inputs, strict=True)))
    for mine, theirs in zip(
        count.outputs, expected if isinstance(expected, list) else [expected], strict=True
    ):
        if mine.tobytes() != theirs.tobytes():
            raise UserError(
                f"{core.core} and this computer give different outputs", "this is an error in aiedge"
            )
    sizes = {level: footprint(source, core.compiler, level) for level in (optimize, "-Os")}
    return Report(
        model=name,
        core=f"{core.core}, {optimize}",
        unit="instructions",
        rows=tuple(_row(op, source, count.operators.get(op.index, 0)) for op in graph.operators),
        total=count.total,
        macs=graph.macs,
        arena_bytes=source.plan.arena_bytes,
        constant_bytes=source.constant_bytes,
        code_bytes={level: size.code for level, size in sizes.items() if size},
        peers={"TFLM's arena, bytes": tflite.tflm_arena_bytes(model)} if peers and tflite.has_tflm() else {},
    )


def random_inputs(graph: Graph, runs: int) -> list[list[NDArray]]:
    """For each run a random array for each input: all int8 values, floats from a normal distribution."""
    rng = np.random.default_rng(0)
    return [
        [
            rng.integers(-128, 128, t.shape, np.int8)
            if t.dtype == np.int8
            else rng.normal(size=t.shape).astype(t.dtype)
            for t in graph.inputs
        ]
        for _ in range(runs)
    ]


def _row(operator: Operator, source: CSource, cost: float) -> Row:
    live = sum(b.bytes for b in source.plan.buffers if b.first <= operator.index <= b.last)
    weights = sum(t.bytes for t in operator.inputs if t is not None and t.is_constant)
    return Row(operator.index, operator.kind, operator.macs, cost, weights, live)


def _numbers(*values: float | None) -> tuple[str, ...]:
    """Numbers as cells: whole ones as such, the others with two decimals."""
    return tuple("" if v is None else f"{v:,}" if isinstance(v, int) else f"{v:,.2f}" for v in values)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, the second column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    aligned = [
        [c.ljust(w) if i == 1 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        for row in (head, *rows)
    ]
    return ["  ".join(cells).rstrip() for cells in aligned]
