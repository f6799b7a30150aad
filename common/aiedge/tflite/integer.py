"""A whole int8 graph in NumPy integers, bit for bit TensorFlow Lite Micro."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.quantization import (
    QuantParams,
    dequantize,
    fully_connected,
    multiply_by_quantized_multiplier,
    quantize,
    requantize,
)
from aiedge.quantization.affine import INT8_MIN, nearest_integer
from aiedge.quantization.factors import Real
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.traits import TRAITS, Nature

# Values of the schema's ActivationFunctionType: name, and the bounds of the real output.
ACTIVATIONS: dict[int, tuple[str, float, float]] = {
    0: ("none", -np.inf, np.inf),
    1: ("relu", 0.0, np.inf),
    2: ("relu_n1_to_1", -1.0, 1.0),
    3: ("relu6", 0.0, 6.0),
}


def params_of(tensor: Tensor) -> QuantParams:
    """The tensor's one scale and zero point; raises `UserError` where it has none, or a scale for each channel."""
    params = weight_params(tensor)
    if params.per_channel:
        raise UserError(f"{tensor} has a scale for each channel", "only the weights of a layer may have that")
    return params


def weight_params(tensor: Tensor) -> QuantParams:
    """The quantization of weights, per tensor or per channel; raises `UserError` where they have none."""
    if tensor.quantization is None:
        raise UserError(f"{tensor} has no scale", "convert the model to int8 with a calibration set")
    return tensor.quantization


def real_activation_range(operator: Operator) -> tuple[float, float]:
    """Least and largest float output that the operator's fused activation allows."""
    number = operator.integer("fusedActivationFunction")
    if number not in ACTIVATIONS:
        raise UserError(f"{operator} has a fused activation that is not supported", "use relu, relu6 or none")
    return ACTIVATIONS[number][1:]


def activation_range(operator: Operator) -> tuple[int, int]:
    """Least and largest integer output that the operator's fused activation allows.

    Raises `UserError` where an end is beyond int32, which TensorFlow Lite Micro refuses or overlooks.
    """
    low, high = real_activation_range(operator)
    params, bounds = params_of(operator.outputs[0]), np.iinfo(operator.outputs[0].dtype)
    ends = [nearest_integer(end, params) - int(params.zero_point) for end in (low, high) if np.isfinite(end)]
    if any(not -(2**31) < end < 2**31 - 1 for end in ends):
        raise UserError(
            f"{operator} has a fused activation whose end is beyond int32 at the output's scale {params.scale:.3g}",
            "calibrate the model with other inputs",
        )
    return (
        max(bounds.min, nearest_integer(low, params)) if np.isfinite(low) else bounds.min,
        min(bounds.max, nearest_integer(high, params)) if np.isfinite(high) else bounds.max,
    )


def unary_table(operator: Operator, real: Real | None = None) -> NDArray[np.int8]:
    """The 256 outputs of an element-wise int8 operator with one input, for the inputs −128 … 127.

    `real` is the arithmetic of another version's factors, where the operator's depend on it.
    """
    trait = operator.trait
    assert trait.table, operator
    version = {"real": real} if real else {}
    return trait.table(
        params_of(operator.input(0)), params_of(operator.outputs[0]), *operator.parameters, **version
    )


def run_integer(
    graph: Graph, inputs: NDArray, multiply: Callable = multiply_by_quantized_multiplier
) -> NDArray:
    """Output of an int8 graph for `inputs` [n, ...], as [n, ...].

    They are int8, or of another type where the graph begins or ends with QUANTIZE or DEQUANTIZE. `multiply` scales the
    accumulators: another rounding can be put in its place. Raises `UserError` for an operator that is not supported.
    """
    if graph.states:
        raise UserError(
            "a network that keeps state is not supported in NumPy integers", "run it with CompiledModel"
        )
    count = len(inputs)
    values: dict[int, NDArray] = {graph.inputs[0].index: np.asarray(inputs)}
    for operator in graph.operators:
        if operator.folded:
            continue
        x = values[operator.input(0).index]
        values[operator.outputs[0].index] = _run(operator, x, multiply).reshape(
            count, *operator.outputs[0].sample_shape
        )
    return values[graph.outputs[0].index]


def _run(operator: Operator, x: NDArray, multiply: Callable) -> NDArray:
    source, target = operator.input(0), operator.outputs[0]
    if operator.nature is Nature.DENSE and source.dtype == np.int8:
        weights, bias = operator.input(1), operator.inputs[2] if len(operator.inputs) > 2 else None
        return fully_connected(
            x.reshape(-1, weights.shape[-1]),
            weights.values,
            None if bias is None else bias.values,
            params_of(source),
            weight_params(weights),
            params_of(target),
            activation_range(operator),
            multiply,
        )
    if operator.nature is Nature.VIEW:
        return x
    if operator.nature is Nature.CONVERSION and source.dtype == np.float32:
        return quantize(x, params_of(target), target.dtype)
    if operator.nature is Nature.CONVERSION and target.dtype == np.float32:
        return dequantize(x, params_of(source))
    if operator.nature is Nature.CONVERSION:
        return requantize(x, params_of(source), params_of(target), target.dtype)
    if operator.trait.table and source.dtype == np.int8:
        return unary_table(operator)[x.astype(np.int64) - INT8_MIN]
    tables = [kind for kind, trait in TRAITS.items() if trait.table]
    raise UserError(
        f"{operator} of {source.dtype.name} is not supported in NumPy integers",
        f"FULLY_CONNECTED, {', '.join(tables)}, DEQUANTIZE and RESHAPE of int8 are",
    )
