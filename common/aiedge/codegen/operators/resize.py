"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR to a constant size, int8 and float32; the former int16, too.

Which rows and columns an output lies between, and how near to each, is known beforehand: it becomes tables.
"""

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Field,
    Places,
    Struct,
    integers,
    kernel_suffix,
    same_scales,
    unsupported,
)
from aiedge.codegen.operators.window import LARGEST_SIZE, image
from aiedge.quantization.affine import round_half_away
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature

# 1 in the weights of int8 RESIZE_BILINEAR.
ONE = 1 << 10


def _nearest(operator: Operator, at: Places) -> Call:
    _, fields = _shapes(operator)
    source, target, i = operator.input(0), operator.outputs[0], operator.index
    tables = tuple(
        _table(
            operator, f"{name}_{i}", _nearest_indices(operator, source.shape[axis], target.shape[axis]), axis
        )
        for axis, name in ((1, "rows"), (2, "columns"))
    )
    fields |= {"rows": f"rows_{i}", "columns": f"columns_{i}"}
    fields["channels"] = source.shape[3] * source.dtype.itemsize
    statement = f"aiedge_resize_nearest(&layer_{i}, {at(source)}, {at(target)})"
    return Call('"aiedge_resize.h"', (statement,), tables, Struct("aiedge_resize_nearest_layer", fields))


def _bilinear(operator: Operator, at: Places) -> Call:
    suffix, fields = _shapes(operator)
    if operator.flag("alignCorners") and operator.flag("halfPixelCenters"):
        raise unsupported(operator, "it may align corners or use half pixel centers, not both")
    source, target, i = operator.input(0), operator.outputs[0], operator.index
    constants = []
    for axis, name in ((1, "row"), (2, "column")):
        between = _fixed_point_between if suffix == "int8" else _float_between
        lower, upper, weights = between(operator, source.shape[axis], target.shape[axis])
        constants += [
            _table(operator, f"{name}_lower_{i}", lower, axis),
            _table(operator, f"{name}_upper_{i}", upper, axis),
            Constant(f"{name}_weight_{i}", weights),
        ]
    fields |= {constant.name.removesuffix(f"_{i}"): constant.name for constant in constants}
    statement = f"aiedge_resize_bilinear_{suffix}(&layer_{i}, {at(source)}, {at(target)})"
    struct = Struct(f"aiedge_resize_bilinear_{suffix}_layer", fields)
    return Call('"aiedge_resize.h"', (statement,), tuple(constants), struct)


def _shapes(operator: Operator) -> tuple[str, dict[str, Field]]:
    """The kernel's type and the fields that both operators share; raises `UserError` where they do not fit."""
    source, target = operator.input(0), operator.outputs[0]
    suffix = kernel_suffix(operator, source, target, int16=operator.nature is Nature.NEAREST)
    batch, height, width, channels = image(operator)
    if (
        target.shape != (batch, *integers(operator, 1), channels)
        or not source.elements
        or not target.elements
    ):
        raise unsupported(
            operator, "its output must have the input's batch and channels, and the size it names"
        )
    if max(*source.shape[1:3], *target.shape[1:3]) > LARGEST_SIZE:
        raise unsupported(operator, f"its images may have at most {LARGEST_SIZE:,} rows and columns")
    if suffix != "f32":
        same_scales(operator, source, target)
    fields: dict[str, Field] = {"batch": batch, "height": height, "width": width, "channels": channels}
    return suffix, fields | {"output_height": target.shape[1], "output_width": target.shape[2]}


def _table(operator: Operator, name: str, indices: NDArray, axis: int) -> Constant:
    size = operator.input(0).shape[axis]
    if indices.min() < 0 or indices.max() >= size:
        raise unsupported(operator, "it would read rows or columns beyond its input's")
    return Constant(name, indices.astype(np.int16))


def _nearest_indices(operator: Operator, size: int, result: int) -> NDArray:
    """Index of the nearest input for each output, in TFLM's float32 arithmetic."""
    align, half = operator.flag("alignCorners"), operator.flag("halfPixelCenters")
    one = 1 if align and result > 1 else 0
    scale = np.float32(size - one) / np.float32(result - one)
    positions = (np.arange(result, dtype=np.float32) + np.float32(0.5 if half else 0)) * scale
    indices = round_half_away(positions) if align else np.floor(positions)
    return np.minimum(indices.astype(np.int64), size - 1)


def _fixed_point_between(operator: Operator, size: int, result: int) -> tuple[NDArray, NDArray, NDArray]:
    """Lower and upper input of each output, and the upper one's weight with 10 fractional bits, as TFLM has them."""
    one = 1 if operator.flag("alignCorners") and result > 1 else 0
    scale = (ONE * (size - one) + (result - one) // 2) // (result - one)
    positions = np.arange(result) * scale
    if operator.flag("halfPixelCenters"):
        positions = positions + scale // 2 - ONE // 2
    # Only the first positions can be negative, and they become 0.
    lower = np.maximum(positions // ONE, 0)
    upper = np.minimum(-(-positions // ONE), size - 1)
    # Beyond the border both are the same input, whatever its weight.
    weights = np.where(lower == upper, 0, positions - ONE * lower)
    return lower, np.maximum(upper, 0), weights.astype(np.int16)


def _float_between(operator: Operator, size: int, result: int) -> tuple[NDArray, NDArray, NDArray]:
    """Lower and upper input of each output, and the upper one's weight, in float32."""
    one = 1 if operator.flag("alignCorners") and result > 1 else 0
    scale = np.float32(size - one) / np.float32(result - one)
    positions = np.arange(result, dtype=np.float32)
    if operator.flag("halfPixelCenters"):
        positions = (positions + np.float32(0.5)) * scale - np.float32(0.5)
    else:
        positions = positions * scale
    lower = np.maximum(np.floor(positions).astype(np.int64), 0)
    upper = np.minimum(np.ceil(positions).astype(np.int64), size - 1)
    weights = np.where(lower == upper, np.float32(0), positions - lower.astype(np.float32))
    return lower, upper, weights.astype(np.float32)


EMITTERS = {Nature.NEAREST: _nearest, Nature.BILINEAR: _bilinear}
