"""What CONV_2D and DEPTHWISE_CONV_2D share: checks, fields, multipliers."""

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import Field, Run, bias_of, unsupported
from aiedge.codegen.operators.window import checked_windows, filter_fields, image_fields
from aiedge.quantization import quantize_multiplier
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of

LARGEST_SIZE = 32767  # what the layer structs' fields hold


def shape_fields(operator: Operator, run: Run | None) -> dict[str, Field]:
    """The sizes and the window of a convolution, as fields of its C struct."""
    rows, columns = checked_windows(operator, run)
    if max(n for each in (rows, columns) for n in (each.stride, each.dilation, each.before)) > LARGEST_SIZE:
        raise unsupported(operator, f"its strides, dilations and padding must be at most {LARGEST_SIZE}")
    fields = image_fields(rows, columns, operator.input(0).shape[3])
    return fields | filter_fields(rows, columns, dilated=True)


def check_shapes(operator: Operator) -> None:
    """Four dimensions, a batch of one, constant weights and bias, sizes that 16 bits hold."""
    tensors = (operator.input(0), operator.input(1), operator.outputs[0])
    if any(len(tensor.shape) != 4 or not tensor.elements for tensor in tensors):
        raise unsupported(operator, "its input, weights and output must have four dimensions")
    if operator.input(0).shape[0] != 1 or operator.outputs[0].shape[0] != 1:
        raise unsupported(operator, "its batch must be 1")
    if not operator.input(1).is_constant:
        raise unsupported(operator, "its weights must be constant")
    bias_of(operator)
    if max(size for tensor in tensors for size in tensor.shape) > LARGEST_SIZE:
        raise unsupported(operator, f"its sizes must be at most {LARGEST_SIZE}")


def multipliers(operator: Operator, axis: int) -> tuple[NDArray, NDArray]:
    """Multiplier and shift of each output; TFLM forms the factor in float64 for convolutions, per channel or not."""
    inputs, weights, outputs = (
        params_of(t) for t in (operator.input(0), operator.input(1), operator.outputs[0])
    )
    if np.any(weights.zero_point) or weights.axis not in (None, axis):
        raise unsupported(operator, "its weights must be symmetric (zero point 0), per tensor or per output")
    scales = weights.scales(operator.outputs[0].shape[3])
    pairs = [quantize_multiplier(float(inputs.scale) * s / float(outputs.scale)) for s in scales.tolist()]
    multiplier, shift = np.array(pairs, np.int64).T
    return multiplier, shift
