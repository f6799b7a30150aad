"""TRANSPOSE_CONV, int8, int16 and float32."""

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Field,
    Places,
    Struct,
    activation_fields,
    bias_of,
    kernel_suffix,
    unsupported,
    zero_point,
)
from aiedge.codegen.operators.scaling import scaling_int16
from aiedge.codegen.operators.window import checked_windows, filter_fields, image
from aiedge.quantization import layer_multipliers
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of, weight_params
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places) -> Call:
    weights, source, target, i = operator.input(1), operator.input(2), operator.outputs[0], operator.index
    suffix = kernel_suffix(operator, source, target, int16=True)
    if weights.dtype != (np.int8 if suffix == "int16" else source.dtype):
        raise unsupported(operator, "its weights must be of its input's type, or int8 of an int16 input")
    batch, height, width, channels = image(operator, 2)
    if not weights.is_constant or len(weights.shape) != 4 or weights.shape[3] != channels:
        raise unsupported(
            operator, "its weights must be constant: outputs, height, width, the input's channels"
        )
    if (target.shape[0], target.shape[3]) != (batch, weights.shape[0]) or not target.elements:
        raise unsupported(operator, "its output must have the input's batch and a channel for each filter")
    rows, columns = checked_windows(operator)  # they slide over the output
    fields: dict[str, Field] = {
        "batch": batch,
        "height": height,
        "width": width,
        "channels": channels,
        "output_height": target.shape[1],
        "output_width": target.shape[2],
        "filters": weights.shape[0],
    }
    fields |= filter_fields(rows, columns) | {"weights": f"weights_{i}"}
    constants = [Constant(f"weights_{i}", weights.values)]
    if suffix == "int16":
        rows_of_weights = weights.values.reshape(weights.shape[0], -1)
        more, outputs = scaling_int16(operator, rows_of_weights, *_scales(operator), bias_at=3)
        constants += more
        fields |= outputs
    else:
        constants.append(Constant(f"bias_{i}", bias_of(operator, 3)))
        fields["bias"] = f"bias_{i}"
    if suffix == "int8":
        constants += _multipliers(operator, constants[1].values)
        fields |= {"multiplier": f"multiplier_{i}", "shift": f"shift_{i}"}
        fields |= {"input_zero_point": zero_point(source), "output_zero_point": zero_point(target)}
    return Call(
        header='"aiedge_transpose_conv.h"',
        statements=(f"aiedge_transpose_conv_{suffix}(&layer_{i}, {at(source)}, {at(target)})",),
        constants=tuple(constants),
        struct=Struct(f"aiedge_transpose_conv_{suffix}_layer", fields | activation_fields(operator)),
    )


def _scales(operator: Operator) -> tuple[NDArray, NDArray]:
    """Multiplier and shift of each output channel; as `layer_multipliers` forms them."""
    weights = weight_params(operator.input(1))
    if np.any(weights.zero_point) or weights.axis not in (None, 0):
        raise unsupported(operator, "its weights must be symmetric (zero point 0), per tensor or per output")
    inputs, outputs = params_of(operator.input(2)), params_of(operator.outputs[0])
    return layer_multipliers(inputs, weights, outputs, operator.input(1).shape[0])


def _multipliers(operator: Operator, bias: NDArray) -> list[Constant]:
    """Multiplier and shift of each output channel of an int8 layer."""
    multipliers, shifts = _scales(operator)
    ratios = multipliers * 2.0 ** (shifts - 31)
    weight_sums = np.abs(operator.input(1).values.astype(np.float64)).sum(axis=(1, 2, 3))
    largest = np.abs(bias.astype(np.float64)) + 255 * weight_sums
    if np.any(largest >= 2**30) or np.any(largest * ratios >= 2**30):
        raise unsupported(operator, "its sums and outputs must stay within 2^30 before they are clamped")
    return [
        Constant(f"multiplier_{operator.index}", multipliers.astype(np.int32)),
        Constant(f"shift_{operator.index}", shifts.astype(np.int8)),
    ]


EMITTERS = {Nature.TRANSPOSED: _emit}
