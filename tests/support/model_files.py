"""Small .tflite files for the tests, built straight as flatbuffers."""

from dataclasses import dataclass, field
from itertools import pairwise

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

TYPES = {
    name: getattr(schema.TensorType, name.upper())
    for name in ("int8", "uint8", "int16", "int32", "int64", "float32", "bool", "resource")
}

# Operators whose options table is not named after them.
OPTIONS = {
    "SVDF": "SVDFOptions",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
}


@dataclass
class ModelFile:
    """A .tflite in the making: add tensors and operators, then call `build`."""

    model: schema.ModelT = field(default_factory=schema.ModelT)

    def __post_init__(self) -> None:
        if self.model.subgraphs:
            return
        self.model.version = 3
        self.model.description = "test"
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        graph = schema.SubGraphT()
        graph.name, graph.tensors, graph.operators = "main", [], []
        self.model.subgraphs = [graph]

    def tensor(
        self,
        shape: list[int],
        dtype: str = "int8",
        scale: float | list[float] | None = None,
        zero_point: int = 0,
        axis: int = 0,
        data: NDArray | None = None,
        graph: int = 0,
    ) -> int:
        """Add a tensor to a subgraph, constant where `data` is given, and return its index."""
        tensors = self.model.subgraphs[graph].tensors
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.name = shape, TYPES[dtype], f"t{len(tensors)}"
        tensor.buffer = 0
        if scale is not None:
            params = schema.QuantizationParametersT()
            params.scale = np.atleast_1d(np.asarray(scale, np.float32)).tolist()
            params.zeroPoint = [zero_point] * len(params.scale)
            params.quantizedDimension = axis
            tensor.quantization = params
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.ascontiguousarray(data, dtype).tobytes()
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        tensors.append(tensor)
        return len(tensors) - 1

    def variable_tensor(
        self, shape: list[int], dtype: str, scale: float | None = None, zero_point: int = 0
    ) -> int:
        """Add a tensor that keeps its values from one inference to the next, and return its index."""
        index = self.tensor(shape, dtype, scale, zero_point)
        self.model.subgraphs[0].tensors[index].isVariable = True
        return index

    def variable(
        self, name: str, shape: list[int], dtype: str, first: NDArray | None = None, **params: object
    ) -> int:
        """Add a resource variable, with its first values where they are given; return the handle's index.

        The subgraph that assigns them is made with the first variable, and called before all other operators.
        """
        if len(self.model.subgraphs) == 1:
            graph = schema.SubGraphT()
            graph.name, graph.tensors, graph.operators, graph.inputs, graph.outputs = "init", [], [], [], []
            self.model.subgraphs.append(graph)
            self.operator("CALL_ONCE", [], [], initSubgraphIndex=1)
        handle = self.tensor([], "resource")
        self.operator("VAR_HANDLE", [], [handle], sharedName=name, container="")
        if first is not None:
            inside = self.tensor([], "resource", graph=1)
            value = self.tensor(shape, dtype, data=first, graph=1, **params)  # type: ignore[arg-type]
            self.operator("VAR_HANDLE", [], [inside], graph=1, sharedName=name, container="")
            self.operator("ASSIGN_VARIABLE", [inside, value], [], graph=1)
        return handle

    def operator(
        self,
        kind: str,
        inputs: list[int],
        outputs: list[int],
        version: int = 1,
        graph: int = 0,
        **options: object,
    ) -> None:
        """Add an operator of the schema's kind to a subgraph; `options` are fields of its options table."""
        code = schema.OperatorCodeT()
        number = getattr(schema.BuiltinOperator, kind)
        code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), version
        self.model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, outputs
        words = "".join(word.capitalize() for word in kind.split("_")).replace("2d", "2D")
        name = OPTIONS.get(kind, words + "Options")
        if hasattr(schema, f"{name}T"):
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
            operator.builtinOptions = getattr(schema, f"{name}T")()
            for key, value in options.items():
                setattr(operator.builtinOptions, key, value)
        self.model.subgraphs[graph].operators.append(operator)

    def build(self, inputs: list[int], outputs: list[int]) -> bytes:
        """The file's bytes."""
        self.model.subgraphs[0].inputs, self.model.subgraphs[0].outputs = inputs, outputs
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def dense_int8(
    rng: np.random.Generator,
    sizes: list[int],
    rows: int = 1,
    per_channel: bool = True,
    activations: list[int] | None = None,
    end: str | None = None,
    bias: bool = True,
) -> bytes:
    """A random int8 dense network of the given layer sizes, with fused `activations`, and an operator at the `end`."""
    file = ModelFile()
    source_scale, source_zero = float(10 ** rng.uniform(-3, 0)), int(rng.integers(-128, 128))
    first = source = file.tensor([rows, sizes[0]], scale=source_scale, zero_point=source_zero)
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        weights = rng.integers(-127, 128, (outputs, inputs))
        scale = 10 ** rng.uniform(-4, -1, outputs if per_channel else 1)
        w = file.tensor([outputs, inputs], scale=scale.tolist(), data=weights)
        b = -1
        if bias:
            values = rng.integers(-2000, 2000, outputs)
            b = file.tensor([outputs], "int32", scale=(scale * source_scale).tolist(), data=values)
        # An output range about as wide as the sums, now and then far narrower or wider.
        source_scale *= float(scale.mean()) * np.sqrt(inputs) * float(10 ** rng.uniform(-0.5, 1.5))
        # TFLM refuses a relu6 whose 6 would pass int32.
        source_scale = max(source_scale, 1e-6)
        source_zero = int(rng.integers(-128, 128))
        target = file.tensor([rows, outputs], scale=source_scale, zero_point=source_zero)
        activation = 0 if activations is None else activations[layer]
        file.operator(
            "FULLY_CONNECTED", [source, w, b], [target], version=4, fusedActivationFunction=activation
        )
        source = target
    if end:
        scale, zero_point = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}.get(
            end, (source_scale * float(rng.uniform(0.3, 3)), int(rng.integers(-128, 128)))
        )
        target = file.tensor([rows, sizes[-1]], scale=scale, zero_point=zero_point)
        file.operator(end, [source], [target])
        source = target
    return file.build([first], [source])


def with_ends(model: bytes, dtype: str) -> bytes:
    """The int8 model with QUANTIZE before its input and behind its output: both of another type, the same reals."""
    file = ModelFile(schema.ModelT.InitFromPackedBuf(model, 0))
    graph = file.model.subgraphs[0]
    shift = {"uint8": 128, "int16": 0}[dtype]
    outer = []
    for inner in (graph.inputs[0], graph.outputs[0]):
        tensor = graph.tensors[inner]
        (scale,), (zero_point,) = tensor.quantization.scale, tensor.quantization.zeroPoint
        outer.append(file.tensor(list(tensor.shape), dtype, float(scale), int(zero_point) + shift))
    file.operator("QUANTIZE", [outer[0]], [graph.inputs[0]])
    graph.operators.insert(0, graph.operators.pop())
    file.operator("QUANTIZE", [graph.outputs[0]], [outer[1]])
    file.model.signatureDefs = None
    return file.build(outer[:1], outer[1:])


def dense_float(
    rng: np.random.Generator, sizes: list[int], activation: int = 0, end: str | None = None
) -> bytes:
    """A random float32 dense network."""
    file = ModelFile()
    first = source = file.tensor([1, sizes[0]], "float32")
    for inputs, outputs in pairwise(sizes):
        w = file.tensor([outputs, inputs], "float32", data=rng.normal(0, inputs**-0.5, (outputs, inputs)))
        b = file.tensor([outputs], "float32", data=rng.normal(0, 0.3, outputs))
        target = file.tensor([1, outputs], "float32")
        file.operator("FULLY_CONNECTED", [source, w, b], [target], fusedActivationFunction=activation)
        source = target
    if end:
        target = file.tensor([1, sizes[-1]], "float32")
        file.operator(end, [source], [target])
        source = target
    return file.build([first], [source])


def unsupported_operator() -> ModelFile:
    """A network of an operator that cannot become C."""
    file = ModelFile()
    a, b = file.tensor([1, 4], scale=0.1), file.tensor([1, 4], scale=0.1)
    file.operator("SIGN", [a], [b])
    return file


def flatten(batch: int = 1) -> ModelFile:
    """What a Flatten of Keras 3 becomes where the batch is open."""
    file = ModelFile()
    x, shape = file.tensor([batch, 2, 3], scale=0.1), file.tensor([3], "int32")
    ends = [file.tensor([1], "int32", data=np.array([value])) for value in (0, 1, 1)]
    first, packed, y = file.tensor([], "int32"), file.tensor([2], "int32"), file.tensor([batch, 6], scale=0.1)
    file.operator("SHAPE", [x], [shape], outType=TYPES["int32"])
    file.operator("STRIDED_SLICE", [shape, *ends], [first], shrinkAxisMask=1)
    file.operator("PACK", [first, file.tensor([], "int32", data=np.array(6))], [packed], valuesCount=2)
    file.operator("RESHAPE", [x, packed], [y])
    file.model.subgraphs[0].inputs, file.model.subgraphs[0].outputs = [x], [y]
    return file
