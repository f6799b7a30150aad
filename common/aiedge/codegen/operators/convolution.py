"""What CONV_2D and DEPTHWISE_CONV_2D share: padding, checks, multipliers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import bias_of, unsupported
from aiedge.quantization import quantize_multiplier
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of

SAME = 0  # of the schema's Padding
LARGEST_SIZE = 32767  # what the layer structs' fields hold


@dataclass(frozen=True)
class Window:
    """How a filter moves over the picture, in both directions."""

    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_top: int
    pad_left: int

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the layer's C struct."""
        return {name: str(value) for name, value in vars(self).items()}


def window(operator: Operator, filter_height: int, filter_width: int) -> Window:
    """Strides, dilation and padding of a convolution or pooling; SAME puts the smaller half of the padding first."""
    _, height, width, _ = operator.input(0).shape
    _, output_height, output_width, _ = operator.outputs[0].shape

    def option(name: str) -> int:
        return int(operator.options.get(name, 1))  # type: ignore[call-overload]

    stride_h, stride_w = option("strideH"), option("strideW")
    # One tap has no neighbours to be apart from.
    dilation_h = option("dilationHFactor") if filter_height > 1 else 1
    dilation_w = option("dilationWFactor") if filter_width > 1 else 1
    if min(stride_h, stride_w, dilation_h, dilation_w) < 1:
        raise unsupported(operator, "its strides and dilations must be positive")

    def pad(size: int, output: int, taps: int, stride: int, dilation: int) -> int:
        reach = (taps - 1) * dilation + 1
        same = operator.options.get("padding", SAME) == SAME
        if output != (-(-size // stride) if same else -(-(size - reach + 1) // stride)):
            raise unsupported(operator, "its output's size does not follow from its padding")
        return max(0, (output - 1) * stride + reach - size) // 2 if same else 0

    result = Window(
        stride_h,
        stride_w,
        dilation_h,
        dilation_w,
        pad(height, output_height, filter_height, stride_h, dilation_h),
        pad(width, output_width, filter_width, stride_w, dilation_w),
    )
    if max(vars(result).values()) > LARGEST_SIZE:
        raise unsupported(operator, f"its strides, dilations and padding must be at most {LARGEST_SIZE}")
    return result


def shape_fields(operator: Operator) -> dict[str, str]:
    """The sizes and the window of a convolution, as fields of its C struct."""
    _, height, width, channels = operator.input(0).shape
    _, output_height, output_width, _ = operator.outputs[0].shape
    _, filter_height, filter_width, _ = operator.input(1).shape
    return {
        "height": str(height),
        "width": str(width),
        "channels": str(channels),
        "output_height": str(output_height),
        "output_width": str(output_width),
        "filter_height": str(filter_height),
        "filter_width": str(filter_width),
        **window(operator, filter_height, filter_width).fields,
    }


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
