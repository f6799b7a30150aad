"""A model with its operators in another order, and with addresses for its tensors, as a .tflite file again.

TensorFlow Lite Micro places tensors where the metadata entry `OfflineMemoryAllocation` says, and plans the others
around them. The entry's buffer holds int32 values: version, number of subgraphs, number of tensors, then for each
tensor the offset of its first byte in the arena's head, or −1 where the runtime is to choose
(tensorflow/tflite-micro, tensorflow/lite/micro/docs/memory_management.md).
"""

from collections.abc import Sequence

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from aiedge.errors import UserError

OFFLINE = b"OfflineMemoryAllocation"
ONLINE = -1  # an offset that the runtime chooses
BUFFER_ALIGNMENT = (
    16  # of the schema's Buffer.data: what runs on the microcontroller reads words from it in place
)


class _Builder(flatbuffers.Builder):
    """Aligns the data of buffers as the schema asks; the generated Python code does not."""

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:
        return super().StartVector(elemSize, numElems, BUFFER_ALIGNMENT if elemSize == 1 else alignment)


def rewrite(model: bytes, order: Sequence[int], offsets: Sequence[int] | None = None) -> bytes:
    """The model with its operators in `order` (of their indices in the file) and a plan of `offsets`.

    `offsets` holds a byte offset, or −1, for each tensor of the file; None leaves the runtime to plan, and takes an
    older plan out. Everything else stays: tensors and their numbers, quantization, names, signatures, metadata.
    """
    packed = schema.ModelT.InitFromPackedBuf(model, 0)
    graph = packed.subgraphs[0]
    operators = list(graph.operators or [])
    if sorted(order) != list(range(len(operators))):
        raise ValueError(f"the order must hold each of the {len(operators)} operators once")
    if any((buffer.offset or 0) > 1 for buffer in packed.buffers):
        raise UserError(
            "the model keeps its weights outside of the flatbuffer", "export it in one piece, below 2 GB"
        )
    graph.operators = [operators[index] for index in order]
    entries = [entry for entry in packed.metadata or [] if entry.name != OFFLINE]
    if offsets is not None:
        if len(offsets) != len(graph.tensors):
            raise ValueError(f"there are {len(graph.tensors)} tensors and {len(offsets)} offsets")
        entries.append(_entry(packed, offsets))
    packed.metadata = entries or None
    builder = _Builder(len(model) + 4096)
    builder.Finish(packed.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _entry(packed: schema.ModelT, offsets: Sequence[int]) -> schema.MetadataT:
    """The metadata entry of a plan, its buffer taken from an older plan or added."""
    old = next((entry for entry in packed.metadata or [] if entry.name == OFFLINE), None)
    entry = schema.MetadataT()
    entry.name = OFFLINE
    if old is None:
        entry.buffer = len(packed.buffers)
        packed.buffers.append(schema.BufferT())
    else:
        entry.buffer = old.buffer
    plan = np.array([1, 1, len(offsets), *offsets], "<i4")
    packed.buffers[entry.buffer].data = plan.view(np.uint8)
    return entry


def offline_offsets(model: bytes) -> list[int] | None:
    """The offsets of the model's own plan, one for each tensor, or None where it has none.

    Raises `UserError` for a plan that does not fit the model: TensorFlow Lite Micro would refuse it, or worse.
    """
    root = schema.Model.GetRootAs(model, 0)
    for entry in map(root.Metadata, range(root.MetadataLength())):
        if entry.Name() == OFFLINE:
            return _checked(root, entry.Buffer())
    return None


def _checked(root: schema.Model, buffer: int) -> list[int]:
    """The offsets in a buffer of the model."""
    tensors = root.Subgraphs(0).TensorsLength()
    data = root.Buffers(buffer).DataAsNumpy() if buffer < root.BuffersLength() else 0
    if isinstance(data, np.ndarray) and data.nbytes == 4 * (3 + tensors):
        _, _, count, *offsets = np.frombuffer(data.tobytes(), "<i4").tolist()
        if count == tensors and all(offset >= ONLINE for offset in offsets):
            return offsets
    raise UserError(
        "the model's OfflineMemoryAllocation does not fit the model",
        f"it must give an offset for each of the {tensors} tensors",
    )
