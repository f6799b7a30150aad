"""Read a .tflite file into a `Graph`, trusting nothing in it."""

import struct
from collections.abc import Callable
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.quantization import QuantParams
from aiedge.tflite.c_array import load_model
from aiedge.tflite.folding import fold
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.refusals import (
    refuse_front_end,
    refuse_open_states,
    refuse_states,
    refuse_storage,
    refuse_subgraphs,
    refuse_type,
)
from aiedge.tflite.shapes import check_shapes
from aiedge.tflite.states import first_value, variables
from aiedge.tflite.traits import TRAITS, Nature

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
LFS = b"version https://git-lfs.github.com/spec/"
# More than any network for a microcontroller has, and few enough to be read and planned in seconds.
MOST_OPERATORS, MOST_TENSORS, MOST_DIMENSIONS = 10_000, 50_000, 32
# Tensors may share a buffer, such as one of zeros: so many bytes more than the file's.
SHARED_BYTES = 2**25


def read(model: str | Path | bytes, ends: bool = False) -> Graph:
    """Read a model into a `Graph`: a .tflite file, its C array (by the file's name), or the bytes.

    With `ends` no operators are read: shapes that a model leaves open may not fit them yet.

    Raises `UserError` for a file that is missing, empty, truncated, no .tflite or inconsistent in itself, and for one
    with what a `Graph` cannot hold: several networks, and state, types and storage that are not supported.
    """
    name = "the model" if isinstance(model, bytes) else str(model)
    if not isinstance(model, bytes):
        model = load_model(model)
    if not model:
        raise UserError(f"{name} is empty", "export the model again")
    if model.startswith(LFS):
        raise UserError(
            f"{name} holds no model, but the name of one in Git's large-file storage (LFS)",
            "git lfs install, then git lfs pull in the repository from which it comes",
        )
    if model[4:8] != b"TFL3":
        raise UserError(f"{name} is not a .tflite file", "a .tflite file has the letters TFL3 at byte 4")
    try:
        root = schema.Model.GetRootAs(model, 0)
        refuse_subgraphs(name, root, KINDS)
        refuse_front_end(name, root)
        return _graph(name, root, model, ends)
    except struct.error as error:
        raise UserError(
            f"{name} is damaged: a part of it lies beyond its end", "export or copy it again"
        ) from error
    except MALFORMED as error:
        raise UserError(
            f"{name} is damaged: {error}", "the file may be truncated: export or copy it again"
        ) from error


class _Budget:
    """What may be taken out of a file: hardly more than its bytes.

    Tables and vectors of a flatbuffer may share one place, so that a small file unpacks to gigabytes.
    """

    def __init__(self, size: int):
        self.left = 2 * size + 2**16

    def spend(self, size: int) -> None:
        """Count bytes before they are taken out; raises `ValueError` where they are too many."""
        self.left -= size
        if self.left < 0:
            raise ValueError("its parts share their places: together they are larger than the file")


class _Buffers:
    """The constant data of a file, each buffer copied once, when it is asked for."""

    def __init__(self, model: schema.Model, budget: _Budget):
        self.model, self.budget, self.count = model, budget, model.BuffersLength()
        self.copies: dict[int, NDArray[np.uint8]] = {}
        self.shared = SHARED_BYTES

    def table(self, index: int) -> schema.Buffer:
        """The buffer's table in the file."""
        if not 0 <= index < self.count:
            raise ValueError(f"it refers to item {index} of a list of {self.count}")
        return self.model.Buffers(index)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        if index not in self.copies:
            buffer = self.table(index)
            self.budget.spend(buffer.DataLength())
            # A copy begins at a place of any type's alignment.
            data = bytes(buffer.DataAsNumpy()) if buffer.DataLength() else b""
            self.copies[index] = np.frombuffer(data, np.uint8)
        else:
            self.shared -= len(self.copies[index])
            if self.shared < 0:
                raise ValueError(f"its tensors share more than {SHARED_BYTES:,} bytes of constants")
        return self.copies[index]


def _graph(name: str, model: schema.Model, source: bytes, ends: bool) -> Graph:
    # All is counted before it is unpacked.
    if not model.SubgraphsLength():
        raise ValueError("it has no subgraph")
    subgraph = model.Subgraphs(0)
    counts = {"operators": subgraph.OperatorsLength(), "tensors": subgraph.TensorsLength()}
    for (what, count), most in zip(counts.items(), (MOST_OPERATORS, MOST_TENSORS), strict=True):
        if count > most:
            raise ValueError(f"it has {count:,} {what}, and at most {most:,} are read")
    budget = _Budget(len(source))
    buffers = _Buffers(model, budget)
    plain = [
        None
        if subgraph.Tensors(i).Type() == schema.TensorType.RESOURCE
        else _tensor(name, i, subgraph.Tensors(i), buffers, budget)
        for i in range(counts["tensors"])
    ]
    named = variables(
        name,
        model,
        KINDS,
        plain,
        lambda other, i: _tensor(name, i, _tensor_at(other, i), buffers, budget),
    )
    kept = _variable_tensors(subgraph, budget) - set(named)
    found: list[Tensor] = []
    for i, each in enumerate(plain):
        tensor = named.get(i) or each
        if tensor is None:
            refuse_type(name, i, subgraph.Tensors(i))  # tables and the like
        elif i in kept and not tensor.is_constant:
            found.append(replace(tensor, state=first_value(tensor)))
        else:
            found.append(tensor)
    for i in _empty_constants(subgraph, found, budget):
        found[i] = replace(found[i], data=np.empty(found[i].shape, found[i].dtype))
    tensors = tuple(found)

    def pick(indices: object) -> tuple[Tensor, ...]:
        return tuple(tensors[_in_range(i, tensors)] for i in _indices(indices, budget))

    inputs, outputs = pick(subgraph.InputsAsNumpy()), pick(subgraph.OutputsAsNumpy())
    refuse_open_states(name, (*inputs, *outputs))
    if not inputs or not outputs:
        raise ValueError(f"it has {len(inputs)} inputs and {len(outputs)} outputs")
    if len(set(inputs)) < len(inputs):
        raise ValueError("it has one tensor as several inputs")
    operators = tuple(
        _operator(name, i, subgraph.Operators(i), model, tensors, budget)
        for i in range(0 if ends else counts["operators"])
    )
    if ends:
        return Graph(tensors, operators, inputs, outputs, source, *_names(model, inputs, outputs, budget))
    _check_order(name, operators, inputs, outputs)
    operators, known = fold(operators)
    tensors, outputs = (tuple(known.get(t.index, t) for t in each) for each in (tensors, outputs))
    return Graph(tensors, operators, inputs, outputs, source, *_names(model, inputs, outputs, budget))


def _variable_tensors(subgraph: schema.SubGraph, budget: _Budget) -> set[int]:
    """Tensors that keep their values because their file says so: operators read and change, and none only writes."""
    found = {i for i in range(subgraph.TensorsLength()) if subgraph.Tensors(i).IsVariable()}
    return _without_written(subgraph, found, budget)


def _empty_constants(subgraph: schema.SubGraph, tensors: list[Tensor], budget: _Budget) -> set[int]:
    """Constants of no values, as the shape of a scalar is: a file has no bytes for them, as for what is computed."""
    found = {t.index for t in tensors if not t.elements and not t.is_constant and not t.keeps_state}
    return _without_written(subgraph, found, budget)


def _without_written(subgraph: schema.SubGraph, found: set[int], budget: _Budget) -> set[int]:
    """Those of the tensors that are neither an input nor what an operator makes."""
    if found:
        found -= {*_indices(subgraph.InputsAsNumpy(), budget)}
        for i in range(subgraph.OperatorsLength()):
            found -= {*_indices(subgraph.Operators(i).OutputsAsNumpy(), budget)}
    return found


def _tensor_at(subgraph: schema.SubGraph, index: int) -> schema.Tensor:
    if not 0 <= index < subgraph.TensorsLength():
        raise ValueError(f"it refers to item {index} of a list of {subgraph.TensorsLength()}")
    return subgraph.Tensors(index)


def _names(
    model: schema.Model, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...], budget: _Budget
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the inputs and outputs: those of the signature, where the file has one; else the tensors' own."""
    signature = model.SignatureDefs(0) if model.SignatureDefsLength() else None

    def names(count: int, entry: Callable, tensors: tuple[Tensor, ...]) -> tuple[str, ...]:
        known: dict[int, str] = {}
        for each in map(entry, range(min(count, MOST_TENSORS))):
            text = each.Name() or b""
            budget.spend(len(text) + 1)
            known[each.TensorIndex()] = text.decode(errors="replace")
        return tuple(known.get(tensor.index) or tensor.name for tensor in tensors)

    if signature is None or signature.SubgraphIndex():
        return tuple(t.name for t in inputs), tuple(t.name for t in outputs)
    return (
        names(signature.InputsLength(), signature.Inputs, inputs),
        names(signature.OutputsLength(), signature.Outputs, outputs),
    )


def _indices(vector: object, budget: _Budget) -> list[int]:
    """The elements of a vector of int32, which flatbuffers give as an array, or as 0 where there is none."""
    if not isinstance(vector, np.ndarray):
        return []
    budget.spend(vector.nbytes)
    return vector.tolist()


def _tensor(file: str, index: int, tensor: schema.Tensor, buffers: _Buffers, budget: _Budget) -> Tensor:
    text = tensor.Name() or b""
    budget.spend(len(text))
    if tensor.Type() not in DTYPES:
        refuse_type(file, index, tensor)
    refuse_storage(file, index, tensor, buffers.table(tensor.Buffer()))
    dtype = np.dtype(DTYPES[tensor.Type()])
    if tensor.ShapeLength() > MOST_DIMENSIONS:
        raise ValueError(f"tensor {index} has {tensor.ShapeLength()} dimensions")
    shape = tuple(_indices(tensor.ShapeAsNumpy(), budget))
    if any(size < 0 for size in shape) or prod(shape) * dtype.itemsize > LARGEST_TENSOR:
        raise ValueError(f"tensor {index} has the impossible shape {list(shape)}")
    values = buffers[tensor.Buffer()]
    data = None
    if len(values):
        if len(values) != prod(shape) * dtype.itemsize:
            raise ValueError(
                f"tensor {index} has {len(values)} bytes, its shape {list(shape)} needs another number"
            )
        data = values.view(dtype).reshape(shape)
    params = tensor.Quantization()
    if params is not None:
        budget.spend(4 * params.ScaleLength() + 8 * params.ZeroPointLength())
        params = schema.QuantizationParametersT.InitFromObj(params)
    quantization = _quantization(index, params, shape, dtype)
    signature = _indices(tensor.ShapeSignatureAsNumpy(), budget)
    free = tuple(axis for axis, size in enumerate(signature[: len(shape)]) if size < 0)
    return Tensor(index, text.decode(errors="replace"), shape, dtype, quantization, data, free)


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
    # Below, some processors calculate with zero. A bias's own scale is not used.
    if dtype.itemsize < 4 and usable and np.min(params.scale) < np.finfo(np.float32).tiny:
        raise ValueError(f"tensor {index} has a scale of {np.min(params.scale):.3g}, a subnormal number")
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
    name: str,
    index: int,
    table: schema.Operator,
    model: schema.Model,
    tensors: tuple[Tensor, ...],
    budget: _Budget,
) -> Operator:
    codes = model.OperatorCodesLength()
    if not 0 <= table.OpcodeIndex() < codes:
        raise ValueError(f"it refers to item {table.OpcodeIndex()} of a list of {codes}")
    code = model.OperatorCodes(table.OpcodeIndex())
    # Files older than schema 3a hold the code in a byte of its own.
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    kind = KINDS.get(number, f"BUILTIN_{number}")
    if kind == "CUSTOM":
        custom = code.CustomCode() or b""
        budget.spend(len(custom))
        kind = f"CUSTOM {custom.decode(errors='replace')}"
    op = schema.OperatorT.InitFromObj(table)  # its vectors stay where they are in the file
    inputs, outputs = _indices(op.inputs, budget), _indices(op.outputs, budget)
    options = vars(op.builtinOptions) if op.builtinOptions else {}
    if trait := TRAITS.get(kind):
        try:
            trait.check(inputs, outputs)
            options = trait.options_of(op)
        except ValueError as error:
            raise ValueError(f"operator {index} ({kind}) is impossible: {error}") from error
    operator = Operator(
        index,
        kind,
        tuple(None if i == -1 else tensors[_in_range(i, tensors)] for i in inputs),
        tuple(tensors[_in_range(i, tensors)] for i in outputs),
        options,
    )
    try:
        check_shapes(operator)
    except ValueError as error:
        if found := [t for t in (*operator.inputs, *operator.outputs) if t is not None and t.free]:
            raise UserError(
                f"{name} leaves the shape of {found[-1]} open, and does not say what {operator} makes of it",
                "give the shape of each input with --shape, or convert with a fixed batch",
            ) from error
        raise ValueError(f"{operator} is impossible: {error}") from error
    return operator


def _check_order(
    name: str,
    operators: tuple[Operator, ...],
    inputs: tuple[Tensor, ...],
    outputs: tuple[Tensor, ...],
) -> None:
    """Every tensor is written once, before it is read; states are read where the operator changes them.

    Raises `UserError` for other state, and for an operator that the kit does not know and that works on memory of its
    own.
    """
    known = {tensor.index for tensor in inputs}
    for operator in operators:
        refuse_states(name, operator)
        for tensor in operator.inputs:
            if tensor is not None and not tensor.is_constant and tensor.index not in known:
                if tensor.keeps_state:
                    continue
                if operator.kind not in TRAITS:
                    raise UserError(
                        f"{name} holds {operator}, which is not supported and works on memory of its own ({tensor})",
                        "give the model as it was before a vendor's compiler made it for one chip",
                    )
                raise ValueError(f"{operator} reads {tensor} before anything has written it")
        for tensor in operator.outputs:
            if operator.nature is Nature.HANDLE:
                continue
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
