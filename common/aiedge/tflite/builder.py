"""A .tflite file in the making: tensors and operators, one after the other."""

from collections.abc import Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import DTypeLike, NDArray

from aiedge.quantization import QuantParams
from aiedge.tflite.traits import TRAITS
from aiedge.tflite.writer import file_of

TYPES = {
    np.dtype(name): getattr(schema.TensorType, name.upper())
    for name in ("float32", "int8", "int16", "int32", "int64", "bool")
}


class Builder:
    """A network of one subgraph; its operators run in the order in which they are added.

    >>> from aiedge.tflite import read
    >>> file = Builder("twice")
    >>> x, y = (file.tensor(name, (1, 3), np.float32) for name in "xy")
    >>> file.operator("ADD", [x, x], [y])
    >>> [operator.kind for operator in read(file.build([x], [y])).operators]
    ['ADD']
    """

    def __init__(self, description: str = "aiedge") -> None:
        self._model, self._graph = schema.ModelT(), schema.SubGraphT()
        self._model.version, self._model.description = 3, description
        self._model.buffers, self._model.operatorCodes = [schema.BufferT()], []
        self._graph.name, self._graph.tensors, self._graph.operators = "main", [], []
        self._model.subgraphs = [self._graph]
        self._codes: dict[str, int] = {}

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: DTypeLike,
        params: QuantParams | None = None,
        data: NDArray | None = None,
    ) -> int:
        """Add a tensor, constant where it has `data` of its type and shape, and return its index."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape = name, [int(size) for size in shape]
        tensor.type, tensor.buffer = TYPES[np.dtype(dtype)], 0
        if params is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.atleast_1d(np.asarray(params.scale, np.float32))
            tensor.quantization.zeroPoint = np.atleast_1d(np.asarray(params.zero_point, np.int64))
            tensor.quantization.quantizedDimension = params.axis or 0
        if data is not None:
            if data.dtype != np.dtype(dtype) or data.shape != tuple(shape):
                raise ValueError(f"{name!r} has values {data.dtype} {data.shape} for {dtype} {tuple(shape)}")
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self._model.buffers)
            self._model.buffers.append(buffer)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def operator(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: dict[str, object] | None = None,
    ) -> None:
        """Add an operator of the schema's kind; `options` are fields of its options, an input of -1 is left out."""
        if kind not in self._codes:
            code, number = schema.OperatorCodeT(), getattr(schema.BuiltinOperator, kind)
            code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
            self._codes[kind] = len(self._model.operatorCodes)
            self._model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = (
            self._codes[kind],
            list(inputs),
            list(outputs),
        )
        if table := TRAITS[kind].options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, f"{table}Options")
            operator.builtinOptions = getattr(schema, f"{table}OptionsT")()
            vars(operator.builtinOptions).update(options or {})
        self._graph.operators.append(operator)

    def build(
        self,
        inputs: Sequence[int],
        outputs: Sequence[int],
        input_names: Sequence[str] = (),
        output_names: Sequence[str] = (),
    ) -> bytes:
        """The file's bytes; names make a signature."""
        self._graph.inputs, self._graph.outputs = list(inputs), list(outputs)
        if input_names and output_names:
            signature = schema.SignatureDefT()
            signature.signatureKey, signature.subgraphIndex = "serving_default", 0
            signature.inputs = _places(input_names, inputs)
            signature.outputs = _places(output_names, outputs)
            self._model.signatureDefs = [signature]
        return file_of(
            self._model, sum(len(buffer.data) for buffer in self._model.buffers if buffer.data is not None)
        )


def _places(names: Sequence[str], tensors: Sequence[int]) -> list[schema.TensorMapT]:
    made = []
    for name, index in zip(names, tensors, strict=True):
        place = schema.TensorMapT()
        place.name, place.tensorIndex = name, index
        made.append(place)
    return made
