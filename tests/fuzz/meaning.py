"""Models broken by meaning: sound FlatBuffers that say something else, or nothing that an operator means."""

from collections.abc import Callable, Iterator

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Change = Callable[[schema.ModelT, np.random.Generator], None]

KINDS = sorted(code for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int))
SIZES = [-1, 0, 1, 2, 3, 7, 255, 2**15, 2**16, 2**31 - 1, -(2**31)]
SCALES = [0.0, -1.0, 1e-45, 1e-38, 1e-20, 1.0, 1e10, 3e38, float("inf"), float("nan")]
FEW = [-(2**31), -129, -128, -2, -1, 0, 1, 2, 3, 4, 6, 127, 128, 2**31 - 1]

# Fields of options that hold a byte.
ENUMS = ("padding", "fusedActivationFunction", "weightsFormat", "mode", "combiner")


def unpack(model: bytes) -> schema.ModelT:
    """The model as objects."""
    return schema.ModelT.InitFromPackedBuf(model, 0)


def pack(model: schema.ModelT) -> bytes:
    """The objects as a .tflite."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def other_shapes(shape: list[int]) -> Iterator[list[int]]:
    """A shape changed in each way: every dimension, their number, their order."""
    for place, size in enumerate(shape):
        for other in {size - 1, size + 1, 2 * size, 1, 0, -1, 2**20} - {size}:
            yield [*shape[:place], other, *shape[place + 1 :]]
        yield [*shape[:place], *shape[place + 1 :]]
        yield [*shape[:place], 1, *shape[place:]]
    yield [*shape, 1]
    yield [*shape, 2]
    for i in range(len(shape) - 1):
        swapped = [*shape[:i], shape[i + 1], shape[i], *shape[i + 2 :]]
        if swapped != shape:
            yield swapped
    if len(shape) > 1:
        yield [int(np.prod(shape))]


def with_shape(model: bytes, tensor: int, shape: list[int], fitted: bool) -> bytes:
    """The model with another shape of one tensor; `fitted` repeats or cuts a constant's data for it."""
    changed = unpack(model)
    target = changed.subgraphs[0].tensors[tensor]
    data = changed.buffers[target.buffer].data
    if fitted and data is not None and len(data) and target.shape is not None and np.prod(target.shape) > 0:
        count = max(int(np.prod(shape)), 0) * (len(data) // int(np.prod(target.shape)))
        changed.buffers[target.buffer].data = np.resize(np.asarray(data, np.uint8), min(count, 2**20))
    target.shape = shape
    return pack(changed)


# Each changes one thing that has a meaning.


def _tensor(model: schema.ModelT, rng: np.random.Generator) -> schema.TensorT:
    tensors = model.subgraphs[0].tensors
    return tensors[rng.integers(len(tensors))]


def _operator(model: schema.ModelT, rng: np.random.Generator) -> schema.OperatorT:
    operators = model.subgraphs[0].operators
    return operators[rng.integers(len(operators))]


def change_shape(model: schema.ModelT, rng: np.random.Generator) -> None:
    """A dimension, the number of dimensions, or all of it as another tensor has it."""
    tensor = _tensor(model, rng)
    shape = [] if tensor.shape is None else list(map(int, tensor.shape))
    match int(rng.integers(4)):
        case 0 if shape:
            shape[rng.integers(len(shape))] = int(rng.choice(SIZES))
        case 1 if shape:
            del shape[rng.integers(len(shape))]
        case 2:
            shape.insert(int(rng.integers(len(shape) + 1)), int(rng.choice(SIZES[2:6])))
        case _:
            other = _tensor(model, rng).shape
            shape = [] if other is None else list(map(int, other))
    tensor.shape = shape


def change_type(model: schema.ModelT, rng: np.random.Generator) -> None:
    """The type of a tensor."""
    _tensor(model, rng).type = int(rng.integers(0, 20))


def change_scale(model: schema.ModelT, rng: np.random.Generator) -> None:
    """A scale or a zero point, their number, or their dimension."""
    tensor = _tensor(model, rng)
    params = tensor.quantization
    if params is None or params.scale is None or not len(params.scale):
        tensor.quantization = _tensor(model, rng).quantization
        return
    params.scale, params.zeroPoint = (
        list(params.scale),
        list(() if params.zeroPoint is None else params.zeroPoint),
    )
    match int(rng.integers(5)):
        case 0:
            params.scale[rng.integers(len(params.scale))] = float(rng.choice(SCALES))
        case 1:
            params.scale = params.scale * int(rng.integers(0, 4))
        case 2:
            params.zeroPoint = [int(rng.choice(FEW))] * len(params.zeroPoint)
        case 3:
            params.zeroPoint = params.zeroPoint * int(rng.integers(0, 4))
        case 4:
            params.quantizedDimension = int(rng.integers(-2, 6))


def change_scales(model: schema.ModelT, rng: np.random.Generator) -> None:
    """Scales times powers of two: where a shift begins or ends, or leaves int32."""
    powers = rng.integers(-45, 46, 2)
    for tensor in model.subgraphs[0].tensors:
        params = tensor.quantization
        if params is not None and params.scale is not None and len(params.scale):
            power = float(2.0 ** rng.choice([0, *powers]))
            params.scale = [float(np.float32(np.clip(scale * power, 1e-37, 3e38))) for scale in params.scale]


def change_data(model: schema.ModelT, rng: np.random.Generator) -> None:
    """The bytes of a buffer: their number, or an integer among them, such as an axis or a padding."""
    buffers = [buffer for buffer in model.buffers if buffer.data is not None and len(buffer.data)]
    if not buffers:
        return
    buffer = buffers[rng.integers(len(buffers))]
    data = np.array(buffer.data, np.uint8)
    if rng.random() < 0.3:
        buffer.data = np.resize(data, int(rng.choice([0, 1, len(data) - 1, len(data) + 1, 2 * len(data)])))
        return
    at = int(rng.integers(len(data))) // 4 * 4
    piece = np.frombuffer(np.int64(rng.choice(FEW)).tobytes(), np.uint8)[: len(data[at : at + 4])]
    data[at : at + 4] = piece
    buffer.data = data


def change_wiring(model: schema.ModelT, rng: np.random.Generator) -> None:
    """What an operator reads or writes, or the model takes or gives."""
    graph = model.subgraphs[0]
    holder, name = [
        (_operator(model, rng), "inputs"),
        (_operator(model, rng), "outputs"),
        (graph, "inputs"),
        (graph, "outputs"),
    ][rng.integers(4)]
    indices = list(map(int, () if getattr(holder, name) is None else getattr(holder, name)))
    match int(rng.integers(4)):
        case 0 if indices:
            indices[rng.integers(len(indices))] = int(rng.integers(-1, len(graph.tensors) + 1))
        case 1 if indices:
            del indices[rng.integers(len(indices))]
        case 2 if indices:
            indices.append(indices[rng.integers(len(indices))])
        case _:
            indices = [int(i) for i in rng.permutation(indices)]
    setattr(holder, name, indices)


def change_option(model: schema.ModelT, rng: np.random.Generator) -> None:
    """A field of an operator's options, or the options as a whole."""
    options = _operator(model, rng).builtinOptions
    fields = [] if options is None else sorted(vars(options))
    if not fields or rng.random() < 0.1:
        _operator(model, rng).builtinOptions = None
        return
    name = fields[rng.integers(len(fields))]
    value = getattr(options, name)
    if isinstance(value, bool):
        setattr(options, name, not value)
    elif isinstance(value, float):
        setattr(options, name, float(rng.choice([*SCALES, *FEW])))
    elif isinstance(value, int):
        setattr(
            options,
            name,
            int(rng.integers(0, 8))
            if name in ENUMS or name.lower().endswith("type")
            else int(rng.choice(FEW)),
        )


def change_kind(model: schema.ModelT, rng: np.random.Generator) -> None:
    """What an operator is, or the version of it."""
    code = model.operatorCodes[rng.integers(len(model.operatorCodes))]
    if rng.random() < 0.3:
        code.version = int(rng.choice(FEW))
    else:
        number = int(rng.choice(KINDS))
        code.builtinCode, code.deprecatedBuiltinCode = number, min(number, 127)


def change_order(model: schema.ModelT, rng: np.random.Generator) -> None:
    """Operators in another order, twice, or left out."""
    graph = model.subgraphs[0]
    match int(rng.integers(3)):
        case 0:
            graph.operators = [graph.operators[i] for i in rng.permutation(len(graph.operators))]
        case 1:
            graph.operators = [*graph.operators, _operator(model, rng)]
        case 2:
            del graph.operators[rng.integers(len(graph.operators))]


CHANGES: list[Change] = [
    change_shape,
    change_type,
    change_scale,
    change_scales,
    change_data,
    change_wiring,
    change_option,
    change_kind,
    change_order,
]


class MeaningMutator:
    """Copies of some files, changed by meaning; the same seed and number give the same copy."""

    def __init__(self, files: list[bytes], seed: int):
        self.files, self.seed = files, seed

    def __call__(self, number: int) -> bytes:
        rng = np.random.default_rng([self.seed, number])
        model = unpack(self.files[rng.integers(len(self.files))])
        for _ in range(int(rng.choice([1, 1, 1, 1, 2, 3]))):
            if model.subgraphs[0].operators:
                CHANGES[rng.integers(len(CHANGES))](model, rng)
        return pack(model)
