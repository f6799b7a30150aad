"""TRANSPOSE_CONV, int8 with per-channel weights and float32."""

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import Call, Constant, Places, bias_of, c_float, kernel_suffix, unsupported
from aiedge.codegen.operators.window import SAME, VALID, image, number
from aiedge.quantization import quantize_multiplier
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import activation_range, params_of, real_activation_range


def _emit(operator: Operator, at: Places) -> Call:
    weights, source, target, i = operator.input(1), operator.input(2), operator.outputs[0], operator.index
    suffix = kernel_suffix(operator, weights, source, target)
    batch, height, width, channels = image(operator, 2)
    if not weights.is_constant or len(weights.shape) != 4 or weights.shape[3] != channels:
        raise unsupported(
            operator, "its weights must be constant: outputs, height, width, the input's channels"
        )
    outputs, window_height, window_width, _ = weights.shape
    if (target.shape[0], target.shape[3]) != (batch, outputs) or not target.elements:
        raise unsupported(operator, "its output must have the input's batch and a channel for each filter")
    stride_y, stride_x = number(operator, "strideH"), number(operator, "strideW")
    fields = {
        "batch": batch,
        "height": height,
        "width": width,
        "channels": channels,
        "output_height": target.shape[1],
        "output_width": target.shape[2],
        "outputs": outputs,
        "window_height": window_height,
        "window_width": window_width,
        "stride_y": stride_y,
        "stride_x": stride_x,
        "padding_top": _padding(operator, target.shape[1], height, window_height, stride_y),
        "padding_left": _padding(operator, target.shape[2], width, window_width, stride_x),
    }
    constants = [
        Constant(f"weights_{i}", weights.values),
        Constant(f"bias_{i}", bias_of(operator, 3)),
    ]
    strings = {name: str(value) for name, value in fields.items()}
    strings |= {"weights": f"weights_{i}", "bias": f"bias_{i}"}
    if suffix == "int8":
        constants += _multipliers(operator, constants[1].values)
        strings |= {"multiplier": f"multiplier_{i}", "shift": f"shift_{i}"}
        strings["input_zero_point"] = str(int(params_of(source).zero_point))
        strings["output_zero_point"] = str(int(params_of(target).zero_point))
        low, high = map(str, activation_range(operator))
    else:
        low, high = map(c_float, real_activation_range(operator))
    return Call(
        header='"aiedge_transpose_conv.h"',
        statement=f"aiedge_transpose_conv_{suffix}(&layer_{i}, {at(source)}, {at(target)})",
        constants=tuple(constants),
        struct=(f"aiedge_transpose_conv_{suffix}_layer", strings | {"low": low, "high": high}),
    )


def _padding(operator: Operator, result: int, size: int, window: int, stride: int) -> int:
    """Rows (or columns) of the result that are cut off before its first: those of the forward convolution's padding.

    Raises `UserError` where the forward convolution would not make `size` of `result`.
    """
    padding = operator.options.get("padding", SAME)
    expected = -(-result // stride) if padding == SAME else (result - window + stride) // stride
    if padding not in (SAME, VALID) or expected != size:
        raise unsupported(
            operator,
            f"its output of {result} rows or columns would need {expected} of its input instead of {size}",
        )
    return max((size - 1) * stride + window - result, 0) // 2


def _multipliers(operator: Operator, bias: NDArray) -> list[Constant]:
    """Multiplier and shift of each output channel; TFLM forms the factors in float64."""
    weights = params_of(operator.input(1))
    if np.any(weights.zero_point) or weights.axis not in (None, 0):
        raise unsupported(operator, "its weights must be symmetric (zero point 0), per tensor or per output")
    scales = weights.scales(operator.input(1).shape[0])
    inputs, outputs = params_of(operator.input(2)), params_of(operator.outputs[0])
    factors = float(inputs.scale) * scales / float(outputs.scale)
    multipliers, shifts = np.array([quantize_multiplier(float(factor)) for factor in factors], np.int64).T
    weight_sums = np.abs(operator.input(1).values.astype(np.float64)).sum(axis=(1, 2, 3))
    largest = np.abs(bias.astype(np.float64)) + 255 * weight_sums
    if np.any(largest >= 2**30) or np.any(largest * factors >= 2**30):
        raise unsupported(operator, "its sums and outputs must stay within 2^30 before they are clamped")
    return [
        Constant(f"multiplier_{operator.index}", multipliers.astype(np.int32)),
        Constant(f"shift_{operator.index}", shifts.astype(np.int8)),
    ]


KINDS = {"TRANSPOSE_CONV": _emit}
