"""Who needs the memory: the bytes live at each operator, and the operator at which they are most.

map_ = memory_map(tflite.read("model.tflite"))
print(map_)                      # a table
map_.csv                         # the same for a spreadsheet
map_figure(map_, "model")        # aiedge.cost.pictures
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from aiedge.memory.lifetimes import Buffer
from aiedge.text import table
from aiedge.tflite.graph import Graph, Tensor
from aiedge.tflm.arena import head_bytes, tflm_buffers
from aiedge.tflm.schedule import check
from aiedge.tflm.scratch import Scratch, reference

COLUMNS = ("place", "operator", "kind", "inputs", "outputs", "others", "scratch", "live", "share of the peak")


@dataclass(frozen=True)
class Row:
    """Bytes live while one operator runs: what it reads, what it writes, what waits for later, its scratch.

    `place` counts from 0 in execution order, `operator` is the number in the file.
    """

    place: int
    operator: int
    kind: str
    inputs: int
    outputs: int
    others: int
    scratch: int

    @property
    def live(self) -> int:
        """All of it."""
        return self.inputs + self.outputs + self.others + self.scratch


@dataclass(frozen=True)
class MemoryMap:
    """The rows in execution order, and the buffers with times that count from 0 and offsets in the arena.

    `arena_bytes` is the arena's size: the peak, and what the placement wastes. `about` says whose arena it is.
    """

    rows: tuple[Row, ...]
    buffers: tuple[Buffer, ...]
    arena_bytes: int
    about: str

    @property
    def peak_bytes(self) -> int:
        """The most bytes live at once."""
        return max((row.live for row in self.rows), default=0)

    @property
    def peak(self) -> Row:
        """The row of the peak; the first where there are several."""
        return max(self.rows, key=lambda row: row.live)

    @property
    def csv(self) -> str:
        """The rows as comma-separated values, sizes in bytes, the peak's share 0...1."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows:
            writer.writerow([*_cells(row), row.live, round(row.live / (self.peak_bytes or 1), 4)])
        return text.getvalue()

    def __str__(self) -> str:
        rows = [
            (
                *(f"{cell:,}" if isinstance(cell, int) else cell for cell in _cells(row)),
                f"{row.live:,}",
                self._bar(row),
            )
            for row in self.rows
        ]
        return "\n".join([*table((*COLUMNS[:-1], ""), rows), "", *self.summary])

    @property
    def summary(self) -> list[str]:
        """Who causes the peak, and what the arena takes, in two or three lines."""
        lines = [f"{self.about}: {self.arena_bytes:,} bytes; at most {self.peak_bytes:,} are live at once"]
        if self.rows:
            row = self.peak
            held = [b for b in self.buffers if b.first <= row.place <= b.last]
            largest = sorted(held, key=lambda b: -b.bytes)[:3]
            lines.append(
                f"peak at operator {row.operator} ({row.kind}): "
                + ", ".join(f"{buffer.bytes:,} bytes of {_named(buffer)}" for buffer in largest)
                + (f" and {len(held) - len(largest)} more" if len(held) > len(largest) else "")
            )
        if waste := self.arena_bytes - self.peak_bytes:
            lines.append(f"{waste:,} bytes ({waste / self.arena_bytes:.0%}) are lost between the tensors")
        return lines

    def _bar(self, row: Row, width: int = 24) -> str:
        length = round(width * row.live / (self.peak_bytes or 1))
        return "█" * length + (" peak" if row.live == self.peak_bytes else "")


def memory_map(graph: Graph, order: Sequence[int] | None = None, scratch: Scratch = reference) -> MemoryMap:
    """The map of the arena's head as TensorFlow Lite Micro plans it, or as the model's own plan asks it to.

    Raises `UserError` for a model whose activations cannot be planned.
    """
    check(graph)
    operators = graph.operators if order is None else tuple(graph.operators[i] for i in order)
    buffers = tflm_buffers(graph, order, scratch)
    head = head_bytes(buffers)
    shared = _merged(buffers)
    steps = [(o.index, o.kind, [t for t in o.inputs if t is not None], o.outputs) for o in operators]
    return MemoryMap(_rows(steps, shared), tuple(shared), head, "head of TensorFlow Lite Micro's arena")


def _merged(buffers: Sequence[Buffer]) -> list[Buffer]:
    """The buffers with times that count from the first operator, those as one that share bytes while both are live.

    A model's own plan may let a tensor lie where the one is that it views, or writes over.
    """
    result: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda b: b.first):
        first, last = max(buffer.first - 1, 0), max(buffer.last - 1, 0)
        for i, old in enumerate(result):
            if buffer.tensors and old.tensors and old.offset == buffer.offset and first <= old.last:
                size = max(old.bytes, buffer.bytes)
                tensors = (*old.tensors, *buffer.tensors)
                result[i] = Buffer(tensors, old.first, max(last, old.last), size, old.offset)
                break
        else:
            result.append(Buffer(buffer.tensors, first, last, buffer.bytes, buffer.offset))
    return result


def _rows(
    steps: Sequence[tuple[int, str, Sequence[Tensor], Sequence[Tensor]]], buffers: Sequence[Buffer]
) -> tuple[Row, ...]:
    rows = []
    for place, (index, kind, reads, writes) in enumerate(steps):
        read, written = {t.index for t in reads}, {t.index for t in writes}
        sums = {"inputs": 0, "outputs": 0, "others": 0, "scratch": 0}
        for buffer in buffers:
            if buffer.first <= place <= buffer.last:
                held = {t.index for t in buffer.tensors}
                sort = "others"
                if not held:
                    sort = "scratch"
                elif held & read:
                    sort = "inputs"
                elif held & written:
                    sort = "outputs"
                sums[sort] += buffer.bytes
        rows.append(Row(place, index, kind, **sums))
    return tuple(rows)


def _cells(row: Row) -> tuple[int | str, ...]:
    return row.place, row.operator, row.kind, row.inputs, row.outputs, row.others, row.scratch


def _named(buffer: Buffer) -> str:
    if not buffer.tensors:
        return buffer.purpose or "scratch"
    shape = "×".join(str(size) for size in buffer.tensors[0].shape)
    return f"tensor {buffer.tensors[0].index} ({shape} {buffer.tensors[0].dtype.name})"
