"""A whole int8 graph in NumPy integers, bit for bit TensorFlow Lite Micro."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.quantization import (
    QuantParams,
    dequantize,
    fully_connected,
    hard_swish_table,
    leaky_relu_table,
    logistic_table,
    multiply_by_quantized_multiplier,
    quantize,
    requantize_table,
    tanh_table,
)
from aiedge.quantization.affine import INT8_MAX, INT8_MIN, round_half_away
from aiedge.quantization.fixed_point import INT32_MAX, INT32_MIN
from aiedge.tflite.graph import Graph, Operator, Tensor

# Values of the schema's ActivationFunctionType: name, and the bounds of the real output.
ACTIVATIONS: dict[int, tuple[str, float, float]] = {
    0: ("none", -np.inf, np.inf),
    1: ("relu", 0.0, np.inf),
    2: ("relu_n1_to_1", -1.0, 1.0),
    3: ("relu6", 0.0, 6.0),
}

# Operators that `unary_table` knows.
UNARY = ("LOGISTIC", "TANH", "RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "QUANTIZE")


def params_of(tensor: Tensor) -> QuantParams:
    """The tensor's quantization; raises `UserError` where it has none."""
    if tensor.quantization is None:
        raise UserError(f"{tensor} has no scale", "convert the model to int8 with a calibration set")
    return tensor.quantization


def real_activation_range(operator: Operator) -> tuple[float, float]:
    """Least and largest float output that the operator's fused activation allows."""
    number = int(operator.options.get("fusedActivationFunction", 0))  # type: ignore[call-overload]
    if number not in ACTIVATIONS:
        raise UserError(f"{operator} has a fused activation that is not supported", "use relu, relu6 or none")
    return ACTIVATIONS[number][1:]


def activation_range(operator: Operator) -> tuple[int, int]:
    """Least and largest int8 output that the operator's fused activation allows."""
    low, high = real_activation_range(operator)
    params = params_of(operator.outputs[0])

    return (
        max(INT8_MIN, _integer(low, params)) if np.isfinite(low) else INT8_MIN,
        min(INT8_MAX, _integer(high, params)) if np.isfinite(high) else INT8_MAX,
    )


def _integer(bound: float, params: QuantParams) -> int:
    """The integer that stands for `bound`, as TFLM rounds it, within int32."""
    with np.errstate(over="ignore"):
        steps = np.float32(bound) / np.float32(params.scale)
    return int(round_half_away(np.clip(steps, INT32_MIN, INT32_MAX))) + int(params.zero_point)


def unary_table(operator: Operator) -> NDArray[np.int8]:
    """The 256 outputs of an element-wise int8 operator with one input, for the inputs −128 … 127."""
    inputs, outputs = params_of(operator.input(0)), params_of(operator.outputs[0])
    if operator.kind == "LOGISTIC":
        return logistic_table(inputs)
    if operator.kind == "TANH":
        return tanh_table(inputs)
    if operator.kind == "RELU":
        # TFLM divides the two scales in float32 here.
        ratio = float(np.float32(inputs.scale) / np.float32(outputs.scale))
        return requantize_table(inputs, outputs, max(INT8_MIN, int(outputs.zero_point)), ratio)
    if operator.kind == "RELU6":
        # TFLM clamps the integers as they are; the converter gives both sides one scale.
        six = min(_integer(6.0, inputs), INT8_MAX)
        table = np.clip(np.arange(INT8_MIN, INT8_MAX + 1), int(inputs.zero_point), six)
        return table.astype(np.int8)
    if operator.kind == "LEAKY_RELU":
        return leaky_relu_table(inputs, outputs, float(operator.options["alpha"]))  # type: ignore[arg-type]
    if operator.kind == "HARD_SWISH":
        return hard_swish_table(inputs, outputs)
    assert operator.kind == "QUANTIZE", operator
    return requantize_table(inputs, outputs)


def run_integer(
    graph: Graph, inputs: NDArray, multiply: Callable = multiply_by_quantized_multiplier
) -> NDArray:
    """Output of an int8 graph for `inputs` [n, ...], int8 (float32 where the graph starts with QUANTIZE), as [n, ...].

    `multiply` scales the accumulators: another rounding can be put in its place. Raises `UserError` for an
    operator that is not supported.
    """
    count = len(inputs)
    values: dict[int, NDArray] = {graph.inputs[0].index: np.asarray(inputs)}
    for operator in graph.operators:
        x = values[operator.input(0).index]
        values[operator.outputs[0].index] = _run(operator, x, multiply).reshape(
            count, *operator.outputs[0].sample_shape
        )
    return values[graph.outputs[0].index]


def _run(operator: Operator, x: NDArray, multiply: Callable) -> NDArray:
    source, target = operator.input(0), operator.outputs[0]
    if operator.kind == "FULLY_CONNECTED" and source.dtype == np.int8:
        weights, bias = operator.input(1), operator.inputs[2] if len(operator.inputs) > 2 else None
        return fully_connected(
            x.reshape(-1, weights.shape[-1]),
            weights.values,
            None if bias is None else bias.values,
            params_of(source),
            params_of(weights),
            params_of(target),
            activation_range(operator),
            multiply,
        )
    if operator.kind == "RESHAPE":
        return x
    if operator.kind == "QUANTIZE" and source.dtype == np.float32:
        return quantize(x, params_of(target))
    if operator.kind == "DEQUANTIZE" and source.dtype == np.int8:
        return dequantize(x, params_of(source))
    if operator.kind in UNARY and source.dtype == np.int8:
        return unary_table(operator)[x.astype(np.int64) - INT8_MIN]
    raise UserError(
        f"{operator} of {source.dtype.name} is not supported in NumPy integers",
        f"FULLY_CONNECTED, {', '.join(UNARY)}, DEQUANTIZE and RESHAPE of int8 are",
    )
