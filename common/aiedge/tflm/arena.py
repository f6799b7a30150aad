"""Where TensorFlow Lite Micro puts the tensors: its greedy planner, simulated.

Every activation has bytes of its own in the head of the arena, inputs and outputs too; what outlives the inference is
in the tail. Time 0 is before the first operator, the operator at place p of the order runs at time p + 1. An input
lives from time 0 to its last reader, an output of the model to the end. Sizes are rounded up to 16 bytes. Tensors that
the model's own plan places come first, at their offsets; then all others by size, the largest first and of equals the
one with the highest number. Each goes into the lowest gap that is large enough (tensorflow/tflite-micro:
greedy_memory_planner.cc, micro_allocation_info.cc).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from aiedge.memory.lifetimes import Buffer, aligned
from aiedge.tflite.graph import Graph
from aiedge.tflite.writer import ONLINE, offline_offsets
from aiedge.tflm.scratch import Scratch, reference

ALIGNMENT = 16


def tflm_buffers(
    graph: Graph,
    order: Sequence[int] | None = None,
    scratch: Scratch = reference,
    offsets: Sequence[int] | None = None,
) -> list[Buffer]:
    """The buffers of the arena's head with their offsets, times as above: tensors by number, then kernels' scratch.

    `order` are the operators' indices in execution order (default: the file's), `offsets` an offset for each tensor or
    −1 (default: the model's own plan, if it has one). `scratch` gives the bytes that a runtime's kernels ask for.
    """
    operators = graph.operators if order is None else [graph.operators[i] for i in order]
    if offsets is None and graph.source:
        offsets = offline_offsets(graph.source)
    spans: dict[int, tuple[int, int]] = {tensor.index: (0, 0) for tensor in graph.inputs}
    for time, operator in enumerate(operators, start=1):
        for tensor in operator.outputs:
            spans[tensor.index] = time, time
        for read in operator.inputs:
            if read is not None and not read.is_stored and read.index in spans:
                spans[read.index] = spans[read.index][0], time
    for tensor in graph.outputs:
        if not tensor.is_stored:
            spans[tensor.index] = spans[tensor.index][0], len(operators)
    buffers, fixed = [], []
    for tensor in graph.tensors:
        if not tensor.is_stored and not tensor.keeps_state and tensor.bytes:
            first, last = spans.get(tensor.index, (-1, -1))
            buffers.append(Buffer((tensor,), first, last, aligned(tensor.bytes, ALIGNMENT)))
            fixed.append(ONLINE if offsets is None else offsets[tensor.index])
    for time, operator in enumerate(operators, start=1):
        for size in scratch(operator):
            buffers.append(Buffer((), time, time, aligned(size, ALIGNMENT)))
            fixed.append(ONLINE)
    return greedy(buffers, fixed)


def greedy(buffers: Sequence[Buffer], fixed: Sequence[int]) -> list[Buffer]:
    """The buffers with the planner's offsets; `fixed` has the offset of each, or −1 where it is free."""
    first, last, size = (
        np.array([getattr(buffer, name) for buffer in buffers], np.int64)
        for name in ("first", "last", "bytes")
    )
    offsets, placed = np.array(fixed, np.int64), np.zeros(len(buffers), bool)
    placed[offsets != ONLINE] = True
    free = [i for i in range(len(buffers)) if fixed[i] == ONLINE]
    for i in sorted(free, key=lambda i: (-buffers[i].bytes, -i)):
        near = np.flatnonzero(placed & (first <= last[i]) & (last >= first[i]))
        near = near[np.argsort(offsets[near], kind="stable")]
        # Up to where the places are taken that begin below each one.
        tops = np.maximum.accumulate(np.concatenate([[0], offsets[near] + size[near]]))
        gaps = np.flatnonzero(offsets[near] - tops[:-1] >= size[i])
        offsets[i] = tops[gaps[0]] if len(gaps) else tops[-1]
        placed[i] = True
    return [replace(buffer, offset=int(offset)) for buffer, offset in zip(buffers, offsets, strict=True)]


def head_bytes(buffers: Sequence[Buffer]) -> int:
    """Bytes of the arena's head."""
    return max((buffer.offset + buffer.bytes for buffer in buffers), default=0)


def tflm_head(graph: Graph, order: Sequence[int] | None = None, scratch: Callable = reference) -> int:
    """Bytes of the head that TensorFlow Lite Micro's recording allocator reports for the model."""
    return head_bytes(tflm_buffers(graph, order, scratch))
