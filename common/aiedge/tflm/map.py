"""Who needs the memory: the bytes live at each operator, and the operator at which they are most.

map_ = memory_map(tflite.read("model.tflite"))
print(map_)                      # a table
map_.csv                         # the same for a spreadsheet
map_figure(map_, "model")        # aiedge.cost.pictures
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
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

    @cached_property
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
    places: dict[int, list[int]] = {}  # by offset
    for buffer in sorted(buffers, key=lambda b: b.first):
        first, last = max(buffer.first - 1, 0), max(buffer.last - 1, 0)
        # Those at this offset that are live; no later one begins before them.
        live = places.setdefault(buffer.offset, []) if buffer.tensors else []
        live[:] = [i for i in live if first <= result[i].last]
        for i in live:
            if (old := result[i]).tensors:
                size = max(old.bytes, buffer.bytes)
                tensors = (*old.tensors, *buffer.tensors)
                result[i] = Buffer(tensors, old.first, max(last, old.last), size, old.offset)
                break
        else:
            live.append(len(result))
            result.append(Buffer(buffer.tensors, first, last, buffer.bytes, buffer.offset))
    return result


def _rows(
    steps: Sequence[tuple[int, str, Sequence[Tensor], Sequence[Tensor]]], buffers: Sequence[Buffer]
) -> tuple[Row, ...]:
    rows = []
    coming, going = (sorted(buffers, key=key, reverse=True) for key in (lambda b: b.first, lambda b: b.last))
    homes: dict[int, list[Buffer]] = {}
    for buffer in buffers:
        for tensor in buffer.tensors:
            homes.setdefault(tensor.index, []).append(buffer)
    live = scratch = 0
    for place, (index, kind, reads, writes) in enumerate(steps):
        while coming and coming[-1].first <= place:
            live += coming[-1].bytes
            scratch += 0 if coming[-1].tensors else coming[-1].bytes
            coming.pop()
        while going and going[-1].last < place:
            live -= going[-1].bytes
            scratch -= 0 if going[-1].tensors else going[-1].bytes
            going.pop()

        def held(tensors: Sequence[Tensor], at: int = place) -> dict[int, Buffer]:
            """The buffers that hold them now."""
            found = (buffer for tensor in tensors for buffer in homes.get(tensor.index, ()))
            return {id(buffer): buffer for buffer in found if buffer.first <= at <= buffer.last}

        read = held(reads)
        inputs = sum(buffer.bytes for buffer in read.values())
        outputs = sum(buffer.bytes for key, buffer in held(writes).items() if key not in read)
        rows.append(Row(place, index, kind, inputs, outputs, live - inputs - outputs - scratch, scratch))
    return tuple(rows)


def _cells(row: Row) -> tuple[int | str, ...]:
    return row.place, row.operator, row.kind, row.inputs, row.outputs, row.others, row.scratch


def _named(buffer: Buffer) -> str:
    if not buffer.tensors:
        return buffer.purpose or "scratch"
    shape = "×".join(str(size) for size in buffer.tensors[0].shape) or "1"
    return f"tensor {buffer.tensors[0].index} ({shape} {buffer.tensors[0].dtype.name})"
