"""A float32 `Graph` as ONNX, for the tools that take that: images in planes, [batch, channel, row, column].

An activation that is fused into its operator becomes a node of its own. Tensors are named `t` and their number in the
.tflite, before an activation `t7_sum`; weights `w` and the operator's number.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError, extras
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.traits import Nature
from aiedge.tflite.window import windows

OPSET = 13
PLANES = (0, 3, 1, 2)
SIDE_BY_SIDE = (0, 2, 3, 1)
ACTIVATIONS = {1: "Relu", 3: "Clip"}  # of the schema's ActivationFunctionType
SIMPLE = {
    "RELU": "Relu",
    "LOGISTIC": "Sigmoid",
    "TANH": "Tanh",
    "HARD_SWISH": "HardSwish",
    "ABS": "Abs",
}
BINARY = {"ADD": "Add", "SUB": "Sub", "MUL": "Mul", "MAXIMUM": "Max", "MINIMUM": "Min"}


def to_onnx(graph: Graph) -> bytes:
    """The graph as an ONNX file; raises `UserError` that names every operator that has no place there."""
    with extras():
        import onnx
    refuse(graph)
    return _Writer(graph, onnx).model().SerializeToString()


def refuse(graph: Graph) -> None:
    """Raise `UserError` that names each operator that cannot be written, how often it is there, and where."""
    found: dict[str, list[str]] = {}
    for operator in (each for each in graph.operators if not each.folded):
        floats = all(t is None or t.dtype == np.float32 for t in (*operator.inputs[:1], *operator.outputs))
        if operator.kind not in WRITERS or not floats:
            kind = operator.kind if floats else f"{operator.kind} of {operator.outputs[0].dtype.name}"
            found.setdefault(kind, []).append(str(operator.index))
    if found:
        names = ", ".join(
            f"{kind} ({len(at)} times: operators {', '.join(at[:8])})" for kind, at in found.items()
        )
        raise UserError(
            f"operators that cannot become ONNX: {names}",
            f"the float model is written, with {', '.join(sorted(WRITERS))}",
        )


def planes(shape: Sequence[int]) -> list[int]:
    """The shape of a tensor in ONNX."""
    return [shape[axis] for axis in PLANES] if len(shape) == 4 else list(shape)


class _Writer:
    def __init__(self, graph: Graph, onnx: Any) -> None:
        self.graph, self.onnx = graph, onnx
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.flat: dict[int, Tensor] = {}  # what a Flatten made, and of which image

    def model(self) -> Any:
        """The ModelProto."""
        helper = self.onnx.helper
        for operator in self.graph.operators:
            if not operator.folded:
                WRITERS[operator.kind](self, operator)

        def infos(tensors: Sequence[Tensor]) -> list[Any]:
            return [
                helper.make_tensor_value_info(name(t), self.onnx.TensorProto.FLOAT, planes(t.shape))
                for t in tensors
            ]

        graph = helper.make_graph(
            self.nodes,
            "aiedge",
            infos(self.graph.inputs),
            infos(self.graph.outputs),
            list(self.constants.values()),
        )
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="aiedge"
        )

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add a node and return its output's name."""
        self.nodes.append(
            self.onnx.helper.make_node(kind, list(inputs), [output], name=f"n{len(self.nodes)}", **attributes)
        )
        return output

    def constant(self, label: str, values: Any, dtype: Any = np.float32) -> str:
        """Add a constant and return its name."""
        self.constants[label] = self.onnx.numpy_helper.from_array(np.ascontiguousarray(values, dtype), label)
        return label

    def value(self, tensor: Tensor, rank: int = 0) -> str:
        """The name of an operator's input; a constant is stored, with dimensions of 1 before its own up to a `rank`."""
        if not tensor.is_constant:
            return name(tensor)
        values = tensor.values.reshape((1,) * max(rank - len(tensor.shape), 0) + tensor.shape)
        return self.constant(name(tensor), values.transpose(PLANES) if values.ndim == 4 else values)

    def end(self, operator: Operator, kind: str, inputs: Sequence[str], **attributes: Any) -> None:
        """Add an operator's node, and one for the activation that is fused into it."""
        target = name(operator.outputs[0])
        fused = (
            operator.integer("fusedActivationFunction")
            if "fusedActivationFunction" in operator.trait.defaults
            else 0
        )
        if not fused:
            self.node(kind, inputs, target, **attributes)
            return
        if fused not in ACTIVATIONS:
            raise UserError(
                f"{operator} has a fused activation that is not supported", "use relu, relu6 or none"
            )
        between = self.node(kind, inputs, f"{target}_sum", **attributes)
        self.activation(ACTIVATIONS[fused], between, target)

    def activation(self, kind: str, source: str, target: str) -> None:
        """Relu, or Clip from 0 to 6."""
        bounds = [self.constant("zero", 0.0), self.constant("six", 6.0)] if kind == "Clip" else []
        self.node(kind, [source, *bounds], target)


def name(tensor: Tensor) -> str:
    """A tensor's name in ONNX."""
    return f"t{tensor.index}"


def _bias(w: _Writer, operator: Operator, channels: int) -> str:
    bias = operator.inputs[2] if len(operator.inputs) > 2 else None
    return w.constant(f"b{operator.index}", np.zeros(channels) if bias is None else bias.values.ravel())


def _convolution(w: _Writer, operator: Operator) -> None:
    weights, source = operator.input(1), operator.input(0)
    if operator.nature is Nature.DEPTHWISE:
        group, filters = source.shape[3], weights.values.transpose(3, 0, 1, 2)
    else:
        group, filters = source.shape[3] // weights.shape[3], weights.values.transpose(0, 3, 1, 2)
    inputs = [name(source), w.constant(f"w{operator.index}", filters), _bias(w, operator, len(filters))]
    dilations = [window.dilation for window in windows(operator)]
    w.end(operator, "Conv", inputs, group=group, dilations=dilations, **_window(operator))


def _window(operator: Operator) -> dict[str, Any]:
    found = windows(operator)
    before = [window.before for window in found]
    behind = [
        max((window.output - 1) * window.stride + window.reach - window.size - first, 0)
        for window, first in zip(found, before, strict=True)
    ]
    return {
        "kernel_shape": [window.taps for window in found],
        "strides": [window.stride for window in found],
        "pads": [*before, *behind],
    }


def _pool(w: _Writer, operator: Operator) -> None:
    kind = "MaxPool" if operator.kind == "MAX_POOL_2D" else "AveragePool"
    w.end(operator, kind, [name(operator.input(0))], **_window(operator))


def _dense(w: _Writer, operator: Operator) -> None:
    source, weights = operator.input(0), operator.input(1).values
    matrix, rows = name(source), source.elements // weights.shape[1]
    if image := w.flat.get(source.index):
        _, height, width, channels = image.shape
        weights = weights.reshape(-1, height, width, channels).transpose(0, 3, 1, 2).reshape(len(weights), -1)
    elif source.shape != (rows, weights.shape[1]):
        matrix = w.node(
            "Reshape",
            [_in_order(w, source), w.constant(f"s{operator.index}", (rows, weights.shape[1]), np.int64)],
            f"{matrix}_rows{operator.index}",
        )
    inputs = [matrix, w.constant(f"w{operator.index}", weights), _bias(w, operator, len(weights))]
    w.end(operator, "Gemm", inputs, transB=1)
    if operator.outputs[0].shape != (rows, len(weights)):
        raise UserError(
            f"{operator} makes {list(operator.outputs[0].shape)}, which is not supported", "give it rows"
        )


def _in_order(w: _Writer, tensor: Tensor) -> str:
    """The tensor with its channels side by side."""
    if len(tensor.shape) != 4 or tensor.elements == max(tensor.shape):
        return name(tensor)
    return w.node("Transpose", [name(tensor)], f"{name(tensor)}_turned{len(w.nodes)}", perm=SIDE_BY_SIDE)


def _reshape(w: _Writer, operator: Operator) -> None:
    source, target = operator.input(0), operator.outputs[0]
    readers = [
        op for op in w.graph.operators if any(t is not None and t.index == target.index for t in op.inputs)
    ]
    flattens = len(source.shape) == 4 and target.shape == (
        source.shape[0],
        source.elements // source.shape[0],
    )
    if (
        flattens
        and readers
        and all(op.nature is Nature.DENSE for op in readers)
        and target not in w.graph.outputs
    ):
        w.flat[target.index] = source
        w.node("Flatten", [name(source)], name(target))
        return
    moved = target.shape
    result = name(target) if len(moved) != 4 or target.elements == max(moved) else f"{name(target)}_turned"
    shape = moved if result != name(target) else planes(moved)
    w.node("Reshape", [_in_order(w, source), w.constant(f"s{operator.index}", shape, np.int64)], result)
    if result != name(target):
        w.node("Transpose", [result], name(target), perm=PLANES)


def _binary(w: _Writer, operator: Operator) -> None:
    rank = len(operator.outputs[0].shape)
    sides = [operator.input(i) for i in range(2)]
    if any(not t.is_constant and len(t.shape) != rank for t in sides):
        raise UserError(f"{operator} takes tensors of different dimensions", "give both the same number")
    w.end(operator, BINARY[operator.kind], [w.value(t, rank) for t in sides])


def _axes(operator: Operator, axes: NDArray) -> list[int]:
    rank = len(operator.input(0).shape)
    found = [int(axis) % rank for axis in axes.ravel()]
    return [PLANES.index(axis) for axis in found] if rank == 4 else found


def _mean(w: _Writer, operator: Operator) -> None:
    axes = sorted(_axes(operator, operator.input(1).values))
    source, target = operator.input(0), operator.outputs[0]
    kind: dict[str, Any] = {"axes": axes, "keepdims": 1}
    image = len(source.shape) == 4 and axes == [2, 3]
    if len(target.shape) == len(source.shape):
        w.node(
            *(
                ("GlobalAveragePool", [name(source)], name(target))
                if image
                else ("ReduceMean", [name(source)], name(target))
            ),
            **({} if image else kind),
        )
        return
    kept = f"{name(target)}_kept"
    w.node("GlobalAveragePool" if image else "ReduceMean", [name(source)], kept, **({} if image else kind))
    w.node("Reshape", [kept, w.constant(f"s{operator.index}", target.shape, np.int64)], name(target))


def _concatenation(w: _Writer, operator: Operator) -> None:
    (axis,) = _axes(operator, np.array([operator.integer("axis")]))
    w.end(operator, "Concat", [w.value(t) for t in operator.inputs if t is not None], axis=axis)


def _pad(w: _Writer, operator: Operator) -> None:
    sizes = operator.input(1).values
    sizes = sizes[list(PLANES)] if len(sizes) == 4 else sizes
    inputs = [name(operator.input(0)), w.constant(f"p{operator.index}", sizes.T.ravel(), np.int64)]
    if operator.kind == "PADV2":
        inputs.append(w.constant(f"v{operator.index}", operator.input(2).values.reshape(())))
    w.node("Pad", inputs, name(operator.outputs[0]))


def _softmax(w: _Writer, operator: Operator) -> None:
    rank = len(operator.outputs[0].shape)
    w.node("Softmax", [name(operator.input(0))], name(operator.outputs[0]), axis=1 if rank == 4 else rank - 1)


def _simple(w: _Writer, operator: Operator) -> None:
    w.node(SIMPLE[operator.kind], [name(operator.input(0))], name(operator.outputs[0]))


def _relu6(w: _Writer, operator: Operator) -> None:
    w.activation("Clip", name(operator.input(0)), name(operator.outputs[0]))


def _leaky_relu(w: _Writer, operator: Operator) -> None:
    w.node("LeakyRelu", [name(operator.input(0))], name(operator.outputs[0]), alpha=operator.real("alpha"))


WRITERS: dict[str, Callable[[_Writer, Operator], None]] = {
    "AVERAGE_POOL_2D": _pool,
    "CONCATENATION": _concatenation,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _dense,
    "LEAKY_RELU": _leaky_relu,
    "MAX_POOL_2D": _pool,
    "MEAN": _mean,
    "PAD": _pad,
    "PADV2": _pad,
    "RELU6": _relu6,
    "RESHAPE": _reshape,
    "SOFTMAX": _softmax,
    **dict.fromkeys(BINARY, _binary),
    **dict.fromkeys(SIMPLE, _simple),
}
