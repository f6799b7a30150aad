"""The arena's buffers of a network of which some steps run row by row."""

from collections.abc import Sequence
from dataclasses import replace

from aiedge.memory.lifetimes import SCRATCH, Buffer, aligned
from aiedge.memory.steps import overwritable
from aiedge.memory.stream import Flow, Stream

STATE_BYTES = 4


def stream_buffers(
    sections: Sequence[Stream], steps: int, whole: Sequence[Buffer], alignment: int
) -> list[Buffer]:
    """Buffers of rings and passing rows, in place of the whole maps that are not kept.

    `whole` are the buffers of the network of `steps` steps where every tensor is kept whole. Each row of a section's
    source runs all its flows once, in order: a ring lives from the first flow to the last, and so does a whole tensor
    that a flow reads or writes. A row that is not kept lives from the flow that makes it to the last that reads it.
    The flows of a section share one scratch, which is the largest of theirs.
    """
    rows_only = {
        index
        for section in sections
        for index, ring in section.rings.items()
        if not ring.whole and index != section.source.index
    }
    result = [
        _widened(buffer, sections) if buffer.tensors else buffer
        for buffer in whole
        if (buffer.tensors[0].index not in rows_only if buffer.tensors else not _of(buffer, sections))
    ]
    result.append(Buffer((), 0, steps - 1, aligned(STATE_BYTES, alignment), purpose="state"))
    for section in sections:
        first, last = section.begin, section.end - 1
        if scratch := max((b.bytes for b in whole if not b.tensors and _of(b, [section])), default=0):
            result.append(Buffer((), first, last, scratch, purpose=SCRATCH))
        for index, ring in section.rings.items():
            if ring.slots and not ring.passing:
                elsewhere = ring.whole or (first > 0 and index == section.source.index)
                size = aligned(ring.bytes, alignment)
                name = ring_name(section, index)
                result.append(Buffer(() if elsewhere else (ring.tensor,), first, last, size, purpose=name))
        for flow in section.flows:
            if flow.band.sums:
                size = aligned(flow.band.sums, alignment)
                result.append(Buffer((), first, last, size, purpose=f"sums {flow.step.index}"))
        result += _passing_rows(section, alignment)
    return result


def ring_name(section: Stream, tensor: int) -> str:
    """What a ring's buffer is for; the section that makes a tensor and one that reads it may both have a ring of it."""
    return f"ring {tensor}" if section.begin == 0 else f"ring {tensor} from {section.begin}"


def _of(buffer: Buffer, sections: Sequence[Stream]) -> bool:
    """Whether the buffer is needed in a section only."""
    return any(section.begin <= buffer.first <= buffer.last < section.end for section in sections)


def _widened(buffer: Buffer, sections: Sequence[Stream]) -> Buffer:
    """The buffer, for as long as each section runs that reads or writes it."""
    for section in sections:
        if section.begin <= buffer.first < section.end:
            buffer = replace(buffer, first=section.begin)
        if section.begin <= buffer.last < section.end:
            buffer = replace(buffer, last=section.end - 1)
    return buffer


def _passing_rows(streamed: Stream, alignment: int) -> list[Buffer]:
    """A buffer of one row for each tensor that passes; an element-wise flow writes over what it reads last."""
    buffers: list[Buffer] = []
    home: dict[int, int] = {}
    readers = enumerate(streamed.flows, streamed.begin)
    last_reader = {index: i for i, reader in readers for index in reader.band.windows}
    for place, flow in enumerate(streamed.flows, streamed.begin):
        tensor = flow.step.outputs[0]
        ring = streamed.rings[tensor.index]
        if not ring.passing:
            continue
        last = last_reader[tensor.index]
        size = aligned(ring.row_bytes, alignment)
        for i in _victims(flow, home):
            old = buffers[i]
            if old.last == place and old.bytes == size and not ring.whole:
                buffers[i] = replace(old, tensors=(*old.tensors, tensor), last=last)
                home[tensor.index] = i
                break
        else:
            purpose = ring_name(streamed, tensor.index) if ring.whole else ""
            if not ring.whole:
                home[tensor.index] = len(buffers)
            buffers.append(Buffer(() if ring.whole else (tensor,), place, last, size, purpose=purpose))
    return buffers


def _victims(flow: Flow, home: dict[int, int]) -> list[int]:
    if len(flow.step.operators) > 1:
        return []
    return [home[t.index] for t in overwritable(flow.step.operators[0]) if t.index in home]
