"""Read a .tflite file into a `Graph`, trusting nothing in it."""

import struct
from math import prod
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from aiedge.errors import UserError
from aiedge.quantization import QuantParams
from aiedge.tflite.c_array import load_model
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.refusals import refuse_storage, refuse_subgraphs, refuse_type
from aiedge.tflite.traits import TRAITS

# What the flatbuffer accessors raise on a file whose offsets and lengths lead nowhere.
MALFORMED = (
    struct.error,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    KeyError,
    MemoryError,
)

DTYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.FLOAT64: np.float64,
    schema.TensorType.INT8: np.int8,
    schema.TensorType.INT16: np.int16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT64: np.int64,
    schema.TensorType.UINT8: np.uint8,
    schema.TensorType.UINT16: np.uint16,
    schema.TensorType.UINT32: np.uint32,
    schema.TensorType.BOOL: np.bool_,
}
KINDS = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
LARGEST_TENSOR = 2**31 - 1


def read(model: str | Path | bytes) -> Graph:
    """Read a model into a `Graph`: a .tflite file, its C array (by the file's name), or the bytes.

    Raises `UserError` for a file that is missing, empty, truncated, no .tflite or inconsistent in itself, and for one
    with what a `Graph` cannot hold: several subgraphs, state, types and storage that are not supported.
    """
    name = "the model" if isinstance(model, bytes) else str(model)
    if not isinstance(model, bytes):
        model = load_model(model)
    if not model:
        raise UserError(f"{name} is empty", "export the model again")
    if model[4:8] != b"TFL3":
        raise UserError(f"{name} is not a .tflite file", "a .tflite file has the letters TFL3 at byte 4")
    try:
        # Counted before anything is unpacked: many subgraphs that share one table would fill the memory.
        root = schema.Model.GetRootAs(model, 0)
        refuse_subgraphs(name, root, KINDS)
        if not root.SubgraphsLength():
            raise ValueError("it has no subgraph")
        return _graph(name, schema.ModelT.InitFromPackedBuf(model, 0), model)
    except struct.error as error:
        raise UserError(
            f"{name} is damaged: a part of it lies beyond its end", "export or copy it again"
        ) from error
    except MALFORMED as error:
        raise UserError(
            f"{name} is damaged: {error}", "the file may be truncated: export or copy it again"
        ) from error


def _graph(name: str, model: schema.ModelT, source: bytes) -> Graph:
    subgraph = model.subgraphs[0]
    tensors = tuple(
        _tensor(name, i, tensor, model.buffers) for i, tensor in enumerate(subgraph.tensors or [])
    )

    def pick(indices: object) -> tuple[Tensor, ...]:
        return tuple(
            tensors[_in_range(i, tensors)]
            for i in np.atleast_1d(np.asarray([] if indices is None else indices))
        )

    inputs, outputs = pick(subgraph.inputs), pick(subgraph.outputs)
    if not inputs or not outputs:
        raise ValueError(f"it has {len(inputs)} inputs and {len(outputs)} outputs")
    if len(set(inputs)) < len(inputs):
        raise ValueError("it has one tensor as several inputs")
    operators = tuple(
        _operator(i, op, model.operatorCodes or [], tensors) for i, op in enumerate(subgraph.operators or [])
    )
    variables = {i for i, tensor in enumerate(subgraph.tensors or []) if tensor.isVariable}
    _check_order(name, operators, inputs, outputs, variables)
    return Graph(tensors, operators, inputs, outputs, source, *_names(model, inputs, outputs))


def _names(
    model: schema.ModelT, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the inputs and outputs: those of the signature, where the file has one; else the tensors' own."""
    signatures = [s for s in model.signatureDefs or [] if not s.subgraphIndex]
    first = signatures[0] if signatures else schema.SignatureDefT()

    def names(maps: list[schema.TensorMapT] | None, tensors: tuple[Tensor, ...]) -> tuple[str, ...]:
        known = {int(m.tensorIndex): (m.name or b"").decode(errors="replace") for m in maps or []}
        return tuple(known.get(tensor.index) or tensor.name for tensor in tensors)

    return names(first.inputs, inputs), names(first.outputs, outputs)


def _tensor(file: str, index: int, tensor: schema.TensorT, buffers: list[schema.BufferT]) -> Tensor:
    name = (tensor.name or b"").decode(errors="replace")
    if tensor.type not in DTYPES:
        refuse_type(file, index, tensor)
    refuse_storage(file, index, tensor, buffers[_in_range(tensor.buffer, buffers)])
    dtype = np.dtype(DTYPES[tensor.type])
    shape = tuple(int(size) for size in ([] if tensor.shape is None else tensor.shape))
    if any(size < 0 for size in shape) or prod(shape) * dtype.itemsize > LARGEST_TENSOR:
        raise ValueError(f"tensor {index} has the impossible shape {list(shape)}")
    values = buffers[_in_range(tensor.buffer, buffers)].data
    data = None
    if values is not None and len(values):
        if len(values) != prod(shape) * dtype.itemsize:
            raise ValueError(
                f"tensor {index} has {len(values)} bytes, its shape {list(shape)} needs another number"
            )
        data = np.frombuffer(bytes(values), dtype).reshape(shape)
    signature = () if tensor.shapeSignature is None else tensor.shapeSignature
    free = tuple(axis for axis, size in enumerate(signature) if size < 0)
    params = _quantization(index, tensor.quantization, shape, dtype)
    return Tensor(index, name, shape, dtype, params, data, free)


def _quantization(
    index: int, params: schema.QuantizationParametersT | None, shape: tuple[int, ...], dtype: np.dtype
) -> QuantParams | None:
    if params is None or params.scale is None or len(params.scale) == 0:
        return None
    # Checked before the cast to float64, at which some NaN warn.
    usable = np.all(np.isfinite(params.scale) & (np.asarray(params.scale) > 0))
    zero_point = (
        np.zeros(len(params.scale), np.int64)
        if params.zeroPoint is None
        else np.asarray(params.zeroPoint, np.int64)
    )
    if dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        usable &= np.all((bounds.min <= zero_point) & (zero_point <= bounds.max))
    if len(zero_point) != len(params.scale) or not usable:
        raise ValueError(f"tensor {index} has impossible quantization parameters")
    scale = np.asarray(params.scale, np.float64)
    if len(scale) == 1:
        return QuantParams(float(scale[0]), int(zero_point[0]))
    # Of a bias nobody reads it, and converters have left it at that of the weights.
    axis = 0 if len(shape) == 1 else int(params.quantizedDimension)
    if not 0 <= axis < len(shape) or shape[axis] != len(scale):
        raise ValueError(f"tensor {index} has {len(scale)} scales for the shape {list(shape)}")
    return QuantParams(scale, zero_point, axis)


def _operator(
    index: int, op: schema.OperatorT, codes: list[schema.OperatorCodeT], tensors: tuple[Tensor, ...]
) -> Operator:
    code = codes[_in_range(op.opcodeIndex, codes)]
    # Files older than schema 3a hold the code in a byte of its own.
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    kind = KINDS.get(number, f"BUILTIN_{number}")
    if kind == "CUSTOM":
        kind = f"CUSTOM {(code.customCode or b'').decode(errors='replace')}"
    inputs, outputs = ([] if ids is None else np.asarray(ids).tolist() for ids in (op.inputs, op.outputs))
    options = vars(op.builtinOptions) if op.builtinOptions else {}
    if trait := TRAITS.get(kind):
        try:
            trait.check(inputs, outputs)
            options = trait.options_of(op)
        except ValueError as error:
            raise ValueError(f"operator {index} ({kind}) is impossible: {error}") from error
    return Operator(
        index,
        kind,
        tuple(None if i == -1 else tensors[_in_range(i, tensors)] for i in inputs),
        tuple(tensors[_in_range(i, tensors)] for i in outputs),
        options,
    )


def _check_order(
    name: str,
    operators: tuple[Operator, ...],
    inputs: tuple[Tensor, ...],
    outputs: tuple[Tensor, ...],
    variables: set[int],
) -> None:
    """Every tensor is written once, before it is read.

    Raises `UserError` for state, and for an operator that the kit does not know and that works on memory of its own.
    """
    known = {tensor.index for tensor in inputs}
    for operator in operators:
        for tensor in operator.inputs:
            if tensor is not None and not tensor.is_constant and tensor.index not in known:
                if tensor.index in variables:
                    raise UserError(
                        f"{name} keeps state between calls ({tensor} of {operator}), which is not supported",
                        "give the state as an input and take it as an output, or unroll the layer (unroll=True)",
                    )
                if operator.kind not in TRAITS:
                    raise UserError(
                        f"{name} holds {operator}, which is not supported and works on memory of its own ({tensor})",
                        "give the model as it was before a vendor's compiler made it for one chip",
                    )
                raise ValueError(f"{operator} reads {tensor} before anything has written it")
        for tensor in operator.outputs:
            if tensor.is_constant or tensor.index in known:
                raise ValueError(f"{operator} writes {tensor}, which has a value already")
            known.add(tensor.index)
    for tensor in outputs:
        if not tensor.is_constant and tensor.index not in known:
            raise ValueError(f"nothing writes the output {tensor}")


def _in_range(index: int, items: list | tuple) -> int:
    if not 0 <= index < len(items):
        raise ValueError(f"it refers to item {index} of a list of {len(items)}")
    return int(index)
