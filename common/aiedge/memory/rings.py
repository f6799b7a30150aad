"""The arena's buffers of a network whose first steps run row by row."""

from collections.abc import Sequence
from dataclasses import replace

from aiedge.memory.buffers import Buffer, aligned, overwritable
from aiedge.memory.steps import Step
from aiedge.memory.stream import Flow, Stream

STATE_BYTES = 4


def stream_buffers(
    streamed: Stream, run: Sequence[Step], whole: Sequence[Buffer], alignment: int
) -> list[Buffer]:
    """Buffers of rings and passing rows, in place of the whole maps that are not kept.

    `whole` are the buffers of the network where every tensor is kept whole. Each row of the input runs all flows once,
    in order: a ring lives from the first flow to the last, and so does a whole tensor that a flow writes. A row that
    is not kept lives from the flow that makes it to the last that reads it.
    """
    flows = streamed.flows
    result = [_widened(b, streamed) for b in whole if not b.tensors or _is_kept(b, streamed)]
    result.append(Buffer((), 0, len(run) - 1, aligned(STATE_BYTES, alignment), purpose="state"))
    for ring in streamed.rings.values():
        if ring.slots and not ring.passing:
            tensors = () if ring.whole else (ring.tensor,)
            size = aligned(ring.bytes, alignment)
            result.append(Buffer(tensors, 0, len(flows) - 1, size, purpose=f"ring {ring.tensor.index}"))
    for flow in flows:
        if flow.band.sums:
            size = aligned(flow.band.sums, alignment)
            result.append(Buffer((), 0, len(flows) - 1, size, purpose=f"sums {flow.step.index}"))
    return result + _passing_rows(streamed, alignment)


def _is_kept(buffer: Buffer, streamed: Stream) -> bool:
    ring = streamed.rings.get(buffer.tensors[0].index)
    return ring is None or ring.whole


def _widened(buffer: Buffer, streamed: Stream) -> Buffer:
    """The buffer, from the first flow on where a flow writes it."""
    written = buffer.tensors and buffer.tensors[0].index in streamed.rings
    return replace(buffer, first=0) if written else buffer


def _passing_rows(streamed: Stream, alignment: int) -> list[Buffer]:
    """A buffer of one row for each tensor that passes; an element-wise flow writes over what it reads last."""
    buffers: list[Buffer] = []
    home: dict[int, int] = {}
    for place, flow in enumerate(streamed.flows):
        tensor = flow.step.outputs[0]
        ring = streamed.rings[tensor.index]
        if not ring.passing:
            continue
        last = max(i for i, reader in enumerate(streamed.flows) if tensor.index in reader.band.windows)
        size = aligned(ring.row_bytes, alignment)
        for i in _victims(flow, home):
            old = buffers[i]
            if old.last == place and old.bytes == size and not ring.whole:
                buffers[i] = replace(old, tensors=(*old.tensors, tensor), last=last)
                home[tensor.index] = i
                break
        else:
            purpose = f"ring {tensor.index}" if ring.whole else ""
            if not ring.whole:
                home[tensor.index] = len(buffers)
            buffers.append(Buffer(() if ring.whole else (tensor,), place, last, size, purpose=purpose))
    return buffers


def _victims(flow: Flow, home: dict[int, int]) -> list[int]:
    if len(flow.step.operators) > 1:
        return []
    return [home[t.index] for t in overwritable(flow.step.operators[0]) if t.index in home]
