"""Where each tensor lives in the arena while the network runs.

A tensor needs its bytes from the operator that writes it to the last operator that reads it. Tensors whose
lifetimes do not overlap share addresses. The graph's input and output belong to the caller and take no
arena; a RESHAPE moves nothing, so its two tensors are one buffer.
"""

from dataclasses import dataclass

from aiedge.tflite.graph import Graph, Tensor


@dataclass(frozen=True)
class Buffer:
    """One stretch of memory: its tensors, the operators between which it is live (both included), bytes, offset."""

    tensors: tuple[Tensor, ...]
    first: int
    last: int
    bytes: int
    offset: int = 0

    def overlaps_in_time(self, other: "Buffer") -> bool:
        """Whether both are live during some operator."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class MemoryPlan:
    """The arena's buffers with their offsets; the plan is what generated code and reports go by.

    `caller` maps the tensors that the caller holds to their names in C ("input", "output1"). `arena_bytes` is
    the arena's size and `peak_bytes` the largest sum of bytes live at one operator: no placement needs less.
    """

    buffers: tuple[Buffer, ...]
    caller: dict[int, str]
    arena_bytes: int
    peak_bytes: int

    def buffer_of(self, tensor: Tensor) -> Buffer:
        """The arena buffer that holds `tensor`."""
        return next(buffer for buffer in self.buffers if any(t.index == tensor.index for t in buffer.tensors))


def plan_memory(graph: Graph, alignment: int = 4) -> MemoryPlan:
    """Place the graph's activations: large buffers first, each at the lowest offset where it fits.

    Offsets are multiples of `alignment` bytes. The same graph always gives the same plan.
    """
    groups = _groups(graph)
    inputs, outputs = _names(graph.inputs, "input"), _names(graph.outputs, "output")
    caller: dict[int, str] = {}
    buffers: list[Buffer] = []
    for tensors in groups:
        indices = {tensor.index for tensor in tensors}
        named = inputs | outputs
        if holders := [named[index] for index in sorted(indices) if index in named]:
            # Where a group holds several of them, the rest stays with the input; the RESHAPE between two copies.
            rest = next((named[index] for index in sorted(indices & set(inputs))), holders[0])
            caller |= {index: named.get(index, rest) for index in indices}
            continue
        steps = [
            op.index
            for op in graph.operators
            if indices & {t.index for t in (*op.inputs, *op.outputs) if t is not None}
        ]
        size = -(-max(tensor.bytes for tensor in tensors) // alignment) * alignment
        buffers.append(Buffer(tensors, steps[0], steps[-1], size))

    placed: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda b: (-b.bytes, b.first)):
        neighbours = sorted((b for b in placed if b.overlaps_in_time(buffer)), key=lambda b: b.offset)
        offset = 0
        for neighbour in neighbours:
            if offset + buffer.bytes <= neighbour.offset:
                break
            offset = max(offset, neighbour.offset + neighbour.bytes)
        placed.append(Buffer(buffer.tensors, buffer.first, buffer.last, buffer.bytes, offset))

    placed.sort(key=lambda b: (b.first, b.offset))
    peak = max(
        (sum(b.bytes for b in placed if b.first <= op.index <= b.last) for op in graph.operators), default=0
    )
    return MemoryPlan(tuple(placed), caller, max((b.offset + b.bytes for b in placed), default=0), peak)


def _names(tensors: tuple[Tensor, ...], kind: str) -> dict[int, str]:
    """C names of the caller's tensors: `input`, or `input0`, `input1`, ... where there are several."""
    if len(tensors) == 1:
        return {tensors[0].index: kind}
    return {tensor.index: f"{kind}{i}" for i, tensor in enumerate(tensors)}


def _groups(graph: Graph) -> list[tuple[Tensor, ...]]:
    """The activations, each with those that a RESHAPE makes of it, in order of appearance."""
    groups: dict[int, list[Tensor]] = {}
    owner: dict[int, int] = {}
    for tensor in graph.inputs:
        owner[tensor.index], groups[tensor.index] = tensor.index, [tensor]
    for operator in graph.operators:
        for tensor in operator.outputs:
            source = operator.input(0).index if operator.kind == "RESHAPE" else tensor.index
            root = owner.get(source, tensor.index)
            owner[tensor.index] = root
            groups.setdefault(root, []).append(tensor)
    return [tuple(tensors) for tensors in groups.values()]
