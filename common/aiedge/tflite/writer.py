"""A model with its operators in another order, of another size, or with addresses for its tensors, as a .tflite again.

TensorFlow Lite Micro places tensors where the metadata entry `OfflineMemoryAllocation` says, and plans the others
around them. The entry's buffer holds int32 values: version, number of subgraphs, number of their tensors, then for each
tensor the offset of its first byte in the arena's head, or −1 where the runtime is to choose
(tensorflow/tflite-micro, tensorflow/lite/micro/docs/memory_management.md).
"""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from types import FunctionType

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from aiedge.errors import UserError
from aiedge.tflite.reader import MALFORMED

OFFLINE = b"OfflineMemoryAllocation"
LARGEST_OFFSET = 2**31 - 1
MOST_TABLES, MOST_ENTRIES = 400_000, 100  # of a file that is unpacked, and of its metadata
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
    try:
        _check_places(model)
        packed = schema.ModelT.InitFromPackedBuf(model, 0)
    except MALFORMED as error:
        raise _damaged(error) from error
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
        if max(offsets, default=0) > LARGEST_OFFSET:
            raise UserError("the model needs an arena of 2 GB or more", "no microcontroller has that")
        others = sum(len(other.tensors) for other in packed.subgraphs[1:])  # they run once, before all others
        if len(offsets) != len(graph.tensors):
            raise ValueError(f"there are {len(graph.tensors)} tensors and {len(offsets)} offsets")
        entries.append(_entry(packed, [*offsets, *[ONLINE] * others]))
    packed.metadata = entries or None
    return file_of(packed, len(model))


def resized(model: bytes, shapes: Mapping[int, Sequence[int]]) -> bytes:
    """The model for inputs of other shapes: `shapes` by the inputs' places; all tensors get the size that follows.

    Raises `UserError` where the model does not compute with them.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    packed = schema.ModelT.InitFromPackedBuf(model, 0)
    graph = packed.subgraphs[0]
    try:
        interpreter = Interpreter(
            model_content=model,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        for place, shape in shapes.items():
            interpreter.resize_tensor_input(int(graph.inputs[place]), list(shape))
        interpreter.allocate_tensors()
        interpreter.invoke()  # some shapes follow from values that are computed
        found = {each["index"]: each["shape"].tolist() for each in interpreter.get_tensor_details()}
    except (ValueError, RuntimeError) as error:
        text = " ".join(str(error).split())
        raise UserError(f"the model does not take these shapes: {text}", "leave --shape out") from error
    for index, tensor in enumerate(graph.tensors):
        values = packed.buffers[tensor.buffer].data
        if values is None or not len(values):
            tensor.shape = found.get(index, tensor.shape)
        tensor.shapeSignature = None
    return file_of(packed, len(model))


def with_metadata(model: bytes, name: bytes, content: bytes) -> bytes:
    """The model with a named entry of metadata, in place of one of that name."""
    try:
        _check_places(model)
        packed = schema.ModelT.InitFromPackedBuf(model, 0)
    except MALFORMED as error:
        raise _damaged(error) from error
    entry, buffer = schema.MetadataT(), schema.BufferT()
    entry.name, entry.buffer, buffer.data = name, len(packed.buffers), np.frombuffer(content, np.uint8)
    packed.buffers.append(buffer)
    packed.metadata = [*(each for each in packed.metadata or [] if each.name != name), entry]
    return file_of(packed, len(model) + len(content))


def file_of(model: schema.ModelT, size: int) -> bytes:
    """The bytes of a file of these tables, of about `size`."""
    builder = _Builder(size + 4096)
    try:
        builder.Finish(model.Pack(builder), b"TFL3")
    except MALFORMED as error:
        raise _damaged(error) from error
    return bytes(builder.Output())


def _damaged(error: Exception) -> UserError:
    return UserError(f"the model is damaged: {error}", "export or copy it again")


@lru_cache(maxsize=2)
def _check_places(model: bytes) -> None:
    """Raise `UserError` where tables or vectors of a file share their places again and again."""
    tables, size = MOST_TABLES, 2 * len(model) + 2**16
    waiting: list[object] = [schema.Model.GetRootAs(model, 0)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, bytes):
            size -= len(item)
        else:
            tables -= 1
            for field, kind in _fields(item.__class__.__name__):
                if kind == "scalars":
                    # Eight bytes at most, and no file has a vector of these that it takes twice.
                    size -= getattr(item, f"{field}Length")()
                elif kind == "vector":
                    count = getattr(item, f"{field}Length")()
                    tables -= count
                    if tables >= 0:
                        waiting += map(getattr(item, field), range(count))
                elif isinstance(value := getattr(item, field)(), bytes) or hasattr(value, "_tab"):
                    waiting.append(value)
        if tables < 0 or size < 0:
            raise UserError(
                "the model's parts share their places, or are too many to write it anew", "export it again"
            )


@cache
def _fields(table: str) -> list[tuple[str, str]]:
    """The fields of a table of the schema that may hold more than a number: their names, and what they are."""
    methods = vars(getattr(schema, table, object))
    found = []
    for name, method in methods.items():
        if f"{name}AsNumpy" in methods:
            found.append((name, "scalars"))
        elif f"{name}Length" in methods:
            found.append((name, "vector"))
        elif (
            isinstance(method, FunctionType)
            and method.__code__.co_argcount == 1
            and not name.endswith(("Length", "IsNone", "AsNumpy"))
        ):
            found.append((name, "one"))
    return found


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
    plan = np.array([1, len(packed.subgraphs), len(offsets), *offsets], "<i4")
    packed.buffers[entry.buffer].data = plan.view(np.uint8)
    return entry


def offline_offsets(model: bytes) -> list[int] | None:
    """The offsets of the model's own plan, one for each tensor, or None where it has none.

    Raises `UserError` for a plan that does not fit the model: TensorFlow Lite Micro would refuse it, or worse.
    """
    root = schema.Model.GetRootAs(model, 0)
    try:
        if root.MetadataLength() > MOST_ENTRIES:
            raise ValueError(f"it has {root.MetadataLength()} entries of metadata")
        for entry in map(root.Metadata, range(root.MetadataLength())):
            if entry.Name() == OFFLINE:
                return _checked(root, entry.Buffer())
    except MALFORMED as error:
        raise _damaged(error) from error
    return None


def _checked(root: schema.Model, buffer: int) -> list[int]:
    """The offsets in a buffer of the model."""
    sizes = [root.Subgraphs(i).TensorsLength() for i in range(root.SubgraphsLength())]
    tensors = sum(sizes)
    data = root.Buffers(buffer).DataAsNumpy() if buffer < root.BuffersLength() else 0
    if isinstance(data, np.ndarray) and data.nbytes == 4 * (3 + tensors):
        _, _, count, *offsets = np.frombuffer(data.tobytes(), "<i4").tolist()
        if count == tensors and all(offset >= ONLINE for offset in offsets):
            return offsets[: sizes[0]]
    raise UserError(
        "the model's OfflineMemoryAllocation does not fit the model",
        f"it must give an offset for each of the {tensors} tensors",
    )
