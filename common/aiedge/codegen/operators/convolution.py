"""What CONV_2D and DEPTHWISE_CONV_2D share: checks, fields, multipliers."""

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Field,
    Places,
    Run,
    Struct,
    activation_fields,
    bias_of,
    centered,
    types_of,
    unsupported,
    zero_point,
)
from aiedge.codegen.operators.scaling import scaling_int16
from aiedge.codegen.operators.window import LARGEST_SIZE, checked_windows, filter_fields, image_fields
from aiedge.quantization import layer_multipliers
from aiedge.quantization.fixed_point import INT32_MAX, LARGEST_SHIFT
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.integer import params_of, weight_params
from aiedge.tflite.traits import Nature


def shape_fields(operator: Operator, run: Run | None) -> dict[str, Field]:
    """The sizes and the window of a convolution, as fields of its C struct."""
    rows, columns = checked_windows(operator, run)
    if max(n for each in (rows, columns) for n in (each.stride, each.dilation, each.before)) > LARGEST_SIZE:
        raise unsupported(operator, f"its strides, dilations and padding must be at most {LARGEST_SIZE}")
    fields = image_fields(rows, columns, operator.input(0).shape[3])
    return fields | filter_fields(rows, columns, dilated=True)


def check_shapes(operator: Operator) -> None:
    """Four dimensions, constant weights and bias, sizes that 16 bits hold."""
    tensors = (operator.input(0), operator.input(1), operator.outputs[0])
    if any(len(tensor.shape) != 4 or not tensor.elements for tensor in tensors):
        raise unsupported(operator, "its input, weights and output must have four dimensions")
    if not operator.input(1).is_constant:
        raise unsupported(operator, "its weights must be constant")
    bias_of(operator)
    if max(size for tensor in tensors for size in tensor.shape) > LARGEST_SIZE:
        raise unsupported(operator, f"its sizes must be at most {LARGEST_SIZE}")


def check_types(operator: Operator) -> None:
    """Raise `UserError` unless input, weights and output have types that go together."""
    types = (*types_of(operator), operator.input(1).dtype.name)
    if types == ("int16", "int16", "int8"):
        centered(operator, operator.input(0), operator.outputs[0])
    elif types not in (("int8",) * 3, ("float32",) * 3):
        hint = (
            "its input, weights and output must all be int8, or all float32, or its weights int8 amid int16"
        )
        raise unsupported(operator, hint)


def each_image(operator: Operator, kernel: str, at: Places, target: Tensor | None = None) -> tuple[str, ...]:
    """The statement that runs the layer's kernel on each image of the batch; to `target` where another one makes it."""
    source, target = operator.input(0), target or operator.outputs[0]
    batch, x, y = source.shape[0], at(source), at(target)
    if batch == 1:
        return (f"{kernel}(&layer_{operator.index}, {x}, {y})",)
    x, y = f"{x} + b * {source.elements // batch}", f"{y} + b * {target.elements // batch}"
    return (f"for (int32_t b = 0; b < {batch}; b++) {kernel}(&layer_{operator.index}, {x}, {y})",)


def loops(operator: Operator, at: Places, run: Run | None, weights: NDArray, group: int) -> Call:
    """The layer in plain loops; `weights` are [filters, height, width, taps], and `group` filters read the same."""
    filters, _, _, taps = weights.shape
    i = operator.index
    fields: dict[str, Field] = {"weights": f"weights_{i}"}
    if weights.dtype == np.float32:
        kernel = "aiedge_conv_2d_f32"
        constants: tuple[Constant, ...] = (Constant(f"bias_{i}", bias_of(operator)),)
        fields |= {"bias": f"bias_{i}"} | activation_fields(operator)
    else:
        axis = 3 if operator.nature is Nature.DEPTHWISE else 0
        scales = multipliers(operator, axis)
        rows = weights.reshape(filters, -1)
        if operator.input(0).dtype == np.int16:
            kernel = "aiedge_conv_2d_int16"
            constants, more = scaling_int16(operator, rows, *scales)
        else:
            kernel = "aiedge_conv_2d_groups_int8"
            constants, more = _unfolded(operator, rows, *scales)
        fields |= more
    fields |= shape_fields(operator, run)
    fields |= {"filters": filters, "taps": taps, "group": group}
    return Call(
        header='"aiedge_conv_2d_loops.h"',
        statements=each_image(operator, kernel, at),
        constants=(Constant(f"weights_{i}", weights), *constants),
        struct=Struct(f"{kernel}_layer", fields),
    )


def _unfolded(
    operator: Operator, weights: NDArray[np.int8], multipliers: NDArray, shifts: NDArray
) -> tuple[tuple[Constant, ...], dict[str, Field]]:
    """Constants and fields of an int8 layer whose kernel takes off the input's zero point itself."""
    bias = bias_of(operator).astype(np.int64)
    largest = 255 * np.abs(weights.astype(np.int64)).sum(axis=1) + np.abs(bias)
    if largest.max() > INT32_MAX or shifts.max() > LARGEST_SHIFT:
        raise unsupported(operator, "its sums leave the range of int32")
    scales = Constant(
        f"scales_{operator.index}", np.stack([bias, multipliers, shifts], axis=1).astype(np.int32)
    )
    fields: dict[str, Field] = {
        "scales": scales.name,
        "input_zero_point": zero_point(operator.input(0)),
        "output_zero_point": zero_point(operator.outputs[0]),
    }
    return (scales,), fields | activation_fields(operator)


def multipliers(operator: Operator, axis: int) -> tuple[NDArray, NDArray]:
    """Multiplier and shift of each output; as `layer_multipliers` forms them."""
    inputs, outputs = params_of(operator.input(0)), params_of(operator.outputs[0])
    weights = weight_params(operator.input(1))
    if np.any(weights.zero_point) or weights.axis not in (None, axis):
        raise unsupported(operator, "its weights must be symmetric (zero point 0), per tensor or per output")
    return layer_multipliers(inputs, weights, outputs, operator.outputs[0].shape[3])
