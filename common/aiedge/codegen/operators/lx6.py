"""Layers with weights, and sums, on the ESP32's core, by the engine's aiedge_lx6.h: which of them it serves, and how.

A layer that it does not serve runs as on any core.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.binary import int8_sum
from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Field,
    Places,
    Run,
    Struct,
    bias_of,
    types_of,
    zero_point,
)
from aiedge.codegen.operators.convolution import LARGEST_SIZE, check_shapes, multipliers, shape_fields
from aiedge.codegen.operators.window import checked_windows
from aiedge.memory import Step
from aiedge.memory.bands import band
from aiedge.memory.lifetimes import Scratch
from aiedge.quantization.layers import layer_multipliers
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.integer import activation_range, params_of, weight_params
from aiedge.tflite.traits import Nature

# A layer's inputs as int16 take at most so many bytes at a time, or what one output needs; one that needs more scratch
# than MOST_BYTES for it runs as on any core.
STRIP_BYTES, MOST_BYTES = 9216, 18432
# A filter, unpacked, takes two bytes a tap; a layer with longer ones runs as on any core.
MOST_TAPS = 4096
FEWEST_TAPS = 8  # of a window: two steps of four
# With fewer, a dense layer's call a filter costs more than it saves.
FEWEST_INPUTS = 32
LARGEST_STRIDE = 3  # of a depthwise window: the taps that are loaded ahead then lie in its plane
ORDER = [0, 2, 1, 3]  # of each four taps, as aiedge_lx6_expand() and aiedge_lx6_unpack() leave them
# Counted instructions: of a tap of the input, unordered and ordered; of a window besides; of a weight; of a call.
EXPAND, WINDOW, UNPACK, CALL = (4.0, 2.0), 120, 1.75, 45


@dataclass(frozen=True)
class Lx6Layer:
    """A layer for that core: its call but for the statement, its scratch, and about how many instructions it takes."""

    call: Call
    kernel: str
    inputs: tuple[Tensor, ...]
    scratch_bytes: int = 0
    instructions: float = 0.0

    def placed(self, operators: Sequence[Operator], at: Places, scratch: str) -> Call:
        """The call with the places in C of its tensors and its scratch."""
        tensors = [at(tensor) for tensor in (*self.inputs, operators[-1].outputs[0])]
        arguments = [f"&layer_{operators[0].index}", *tensors, *([scratch] if self.scratch_bytes else [])]
        return replace(self.call, statements=(f"{self.kernel}({', '.join(arguments)})",))


def lx6_layer(operators: Sequence[Operator], at: Places, run: Run | None = None) -> Lx6Layer | None:
    """The layer that one step's operators are, or one run of it; None where the core has no kernel for it."""
    operator, *others = operators
    if operator.nature is Nature.BINARY:
        return _sums(operator)
    if operator.nature not in LAYERS or operator.input(0).is_constant or not operator.input(1).is_constant:
        return None
    if {*types_of(operator), operator.input(1).dtype.name} != {"int8"}:
        return None
    if operator.nature is not Nature.DENSE and operator.input(0).shape[0] != 1:
        return None
    # What the caller holds lies anywhere, what is in the arena at a multiple of four bytes.
    aligned = "arena" in at(operator.input(0))
    layer = LAYERS[operator.nature](operator, aligned, run, *others)
    return layer if layer and layer.scratch_bytes <= MOST_BYTES else None


def lx6_scratch() -> Scratch:
    """Bytes of scratch of a graph's steps."""
    known: dict[tuple[int, bool], int] = {}

    def scratch(step: Step, by_rows: bool) -> int:
        key = step.index, by_rows
        if key not in known:
            rule = band(step) if by_rows and step.operators[0].nature in LAYERS else None
            run = Run(next(iter(rule.windows.values())).rows) if rule else None
            layer = lx6_layer(step.operators, lambda tensor: "arena", run)
            known[key] = layer.scratch_bytes if layer else 0
        return known[key]

    return scratch


def _convolution(
    operator: Operator, aligned: bool, run: Run | None, pool: Operator | None = None
) -> Lx6Layer | None:
    check_shapes(operator)
    weights = operator.input(1).values
    if weights.shape[3] != operator.input(0).shape[3]:
        return None
    shape = shape_fields(operator, run) | {"filters": len(weights)}
    scales = _scales(operator, weights.reshape(len(weights), -1), *multipliers(operator, axis=0))
    if pool is None:
        single = [shape[name] == 1 for name in ("filter_height", "filter_width", "stride_h", "stride_w")]
        pools: dict[str, Field] = {"pool_height": 1, "pool_width": 1, "raises": 0}
        ways = (
            _windows(operator, shape | pools, scales, aligned, all(single) and weights.shape[3] % 4 == 0),
            _rows(operator, shape, scales, aligned),
        )
        return min((way for way in ways if way), key=lambda way: way.instructions, default=None)
    height, width = (window.taps for window in checked_windows(pool))
    shape["output_width"] = pool.outputs[0].shape[2] * width
    # A run adds one row to what y holds.
    shape["output_height"] = 1 if run else pool.outputs[0].shape[1] * height
    shape |= {"pool_height": 1 if run else height, "pool_width": width, "raises": run is not None}
    return _windows(operator, shape, scales, aligned, False)


def _dense(operator: Operator, aligned: bool, run: Run | None) -> Lx6Layer | None:
    weights = operator.input(1).values
    values = weights.reshape(weights.shape[0], -1)
    inputs, rows = values.shape[1], operator.input(0).elements // values.shape[1]
    if inputs < FEWEST_INPUTS or max(rows, *values.shape) > LARGEST_SIZE:
        return None
    inputs_of, outputs_of = params_of(operator.input(0)), params_of(operator.outputs[0])
    pairs = layer_multipliers(inputs_of, weight_params(operator.input(1)), outputs_of, len(values))
    scales = _scales(operator, values, *pairs)
    # An image of one row, whose pixels are what the layer is given.
    shape: dict[str, Field] = {"height": 1, "width": rows, "channels": inputs}
    shape |= {"output_height": 1, "output_width": rows, "filters": len(values)}
    ones = ("filter_height", "filter_width", "stride_h", "stride_w", "dilation_h", "dilation_w")
    shape |= dict.fromkeys((*ones, "pool_height", "pool_width"), 1)
    shape |= dict.fromkeys(("pad_top", "pad_left", "raises"), 0)
    return _windows(operator, shape, scales, aligned, inputs % 4 == 0)


def _windows(
    operator: Operator,
    shape: dict[str, Field],
    scales: NDArray[np.int32] | None,
    aligned: bool,
    contiguous: bool,
) -> Lx6Layer | None:
    """A layer whose windows are laid out one after the other; they lie so in the input where they are `contiguous`."""
    filters = operator.input(1).values
    flat = filters.reshape(filters.shape[0], -1)
    taps = flat.shape[1] if contiguous else max(_up(flat.shape[1]), FEWEST_TAPS)
    if scales is None or taps > MOST_TAPS:
        return None
    ordered = aligned and _integer(shape["channels"]) % 4 == 0
    height, width, pool_height, pool_width = (
        _integer(shape[name]) for name in ("output_height", "output_width", "pool_height", "pool_width")
    )
    window = 2 * taps * pool_height * pool_width
    outputs = height // pool_height * (width // pool_width)
    strip = _strip(outputs, max(STRIP_BYTES // window, 1))
    more: dict[str, Field] = {"outside": zero_point(operator.input(0)) + 128, "taps": taps, "strip": strip}
    laid_out = (EXPAND[ordered] * taps + (0 if contiguous else WINDOW)) / len(flat)
    return Lx6Layer(
        _call(
            operator,
            "aiedge_conv_2d_lx6",
            _weights(flat, taps, ordered),
            scales,
            shape | more | {"ordered": ordered, "contiguous": contiguous},
        ),
        "aiedge_conv_2d_lx6_int8",
        (operator.input(0),),
        strip * window + 2 * taps,
        outputs * len(flat) * (taps + 12 + laid_out + UNPACK * taps / strip),
    )


def _rows(
    operator: Operator, shape: dict[str, Field], scales: NDArray[np.int32] | None, aligned: bool
) -> Lx6Layer | None:
    """A layer of three rows whose windows are read where they are in rows of int16, at multiples of four bytes."""
    filters = operator.input(1).values
    names = ("channels", "stride_h", "stride_w", "output_height", "output_width", "pad_left", "width")
    channels, stride_h, stride_w, height, width, before, inside = (_integer(shape[name]) for name in names)
    taps = max(_up(filters.shape[2] * channels), FEWEST_TAPS)
    dilated = shape["dilation_h"] != 1 or shape["dilation_w"] != 1
    if scales is None or filters.shape[1] != 3 or dilated or stride_w * channels % 2 or 3 * taps > MOST_TAPS:
        return None
    ordered = aligned and channels % 4 == 0
    columns = max((width - 1) * stride_w + filters.shape[2], before + inside)
    row_bytes = 2 * (columns * channels + columns * channels % 2)
    strip = _strip(height, max((STRIP_BYTES // row_bytes - 3) // stride_h + 1, 1))
    rows = (strip - 1) * stride_h + 3
    if rows * row_bytes + 6 * taps > MOST_BYTES or columns > LARGEST_SIZE:
        return None
    same = ("height", "width", "channels", "output_height", "output_width", "filters")
    fields = {name: shape[name] for name in (*same, "stride_h", "stride_w", "pad_top", "pad_left")}
    fields |= {"outside": zero_point(operator.input(0)) + 128, "columns": columns, "taps": taps}
    fields |= {"strip": strip, "ordered": ordered}
    weights = _weights(filters.reshape(-1, filters.shape[2] * channels), taps, ordered)
    laid_out = EXPAND[ordered] * columns * channels * rows / (strip * width * len(filters))
    unpacked = UNPACK * 3 * taps / (strip * width)
    return Lx6Layer(
        _call(operator, "aiedge_conv_2d_rows_lx6", weights, scales, fields),
        "aiedge_conv_2d_rows_lx6_int8",
        (operator.input(0),),
        rows * row_bytes + 2 * 3 * taps,
        height * width * len(filters) * (3 * taps + 16 + laid_out + unpacked + CALL / width),
    )


def _depthwise(operator: Operator, aligned: bool, run: Run | None) -> Lx6Layer | None:
    check_shapes(operator)
    weights = operator.input(1).values
    shape = shape_fields(operator, run)
    channels = _integer(shape["channels"])
    stride = max(_integer(shape["stride_h"]), _integer(shape["stride_w"]))
    fits = weights.shape[:3] == (1, 3, 3) and weights.shape[3] == channels and channels % 4 == 0
    if not (
        fits and aligned and shape["dilation_h"] == shape["dilation_w"] == 1 and stride <= LARGEST_STRIDE
    ):
        return None
    taps = weights.reshape(9, channels).T
    scales = _scales(operator, taps, *multipliers(operator, axis=3))
    before, width, outputs = (_integer(shape[name]) for name in ("pad_left", "width", "output_width"))
    columns = max((outputs - 1) * _integer(shape["stride_w"]) + 3, before + width)
    row_bytes, stride_h = 2 * 4 * columns, _integer(shape["stride_h"])  # of both planes
    strip = _strip(_integer(shape["output_height"]), max((STRIP_BYTES // row_bytes - 3) // stride_h + 1, 1))
    if scales is None or columns > LARGEST_SIZE:
        return None
    same = ("height", "width", "channels", "output_height", "output_width", "stride_h", "stride_w")
    fields = {name: shape[name] for name in (*same, "pad_top", "pad_left")}
    fields |= {"outside": zero_point(operator.input(0)) + 128, "columns": columns, "strip": strip}
    packed = np.pad(taps, ((0, 0), (0, 1))).astype(np.int16) * np.int16(256)
    return Lx6Layer(
        _call(operator, "aiedge_depthwise_conv_2d_lx6", packed.ravel(), scales, fields),
        "aiedge_depthwise_conv_2d_lx6_int8",
        (operator.input(0),),
        ((strip - 1) * stride_h + 3) * row_bytes,
    )


def _sums(operator: Operator) -> Lx6Layer | None:
    """ADD or SUB of two int8 tensors of one shape.

    The sum at the common scale of aiedge_binary.h, times four, times the multiplier, is twice what TFLM rounds first;
    the rounding is the halves of both, 1 and 2^shift, and the output's zero point.
    """
    a, b, target = operator.input(0), operator.input(1), operator.outputs[0]
    if operator.kind not in ("ADD", "SUB") or {t.dtype.name for t in (a, b, target)} != {"int8"}:
        return None
    if a.is_constant or b.is_constant or not a.shape == b.shape == target.shape:
        return None
    a, b, fields = int8_sum(operator)
    sign, offset, multiplier, shift = (
        _integer(fields[name]) for name in ("a_factor", "a_offset", "multiplier", "shift")
    )
    if sign < 0 or shift > 21 or activation_range(operator) != (-128, 127):
        return None
    rounding = 1 + (1 << shift) + (zero_point(target) << (shift + 1))
    table = 4 * (offset + _added(fields))
    i = operator.index
    values: dict[str, Field] = {"table": f"table_{i}", "multiplier": multiplier, "rounding": rounding}
    values |= {"shift": shift + 1, "count": target.elements, "relu": zero_point(target) == -128}
    return Lx6Layer(
        Call(
            header='"aiedge_add_lx6.h"',
            constants=(Constant(f"table_{i}", table.astype(np.int32)),),
            struct=Struct("aiedge_add_lx6_layer", values),
        ),
        "aiedge_add_lx6_int8",
        (a, b),
    )


def _added(fields: dict[str, Field]) -> NDArray[np.int64]:
    """What each byte of b adds, as the kernel of any core calculates it."""
    zero, sign, high, low, shift = (
        _integer(fields[name]) for name in ("b_zero_point", "b_sign", "b_high", "b_low", "b_shift")
    )
    difference = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int64) - zero
    product = difference * high + ((difference * low + (1 << 10)) >> 11)
    product += product >> 63
    return sign * ((product + (1 << (shift - 1))) >> shift)


def _scales(
    operator: Operator, weights: NDArray, multiplier: NDArray, shifts: NDArray
) -> NDArray[np.int32] | None:
    """Bias, multiplier, rounding and shift [outputs, 4] for weights [outputs, taps]; None where they are not exact.

    With x + 128 from 0 to 255 the bias is b − (zero point + 128) · Σ w. 256 times the sum, times the multiplier, is
    2^7 times what TFLM rounds first; the rounding is the halves of both, 2^6 and 2^(shift + 6), and the output's zero
    point. All of it stays in 32 bits where sums are within 2^23 and the shift is at most 16.
    """
    values = weights.astype(np.int64)
    bias = bias_of(operator).astype(np.int64) - (zero_point(operator.input(0)) + 128) * values.sum(axis=1)
    low = bias + 255 * np.minimum(values, 0).sum(axis=1)
    high = bias + 255 * np.maximum(values, 0).sum(axis=1)
    right = -shifts.astype(np.int64)
    if low.min() <= -(2**23) or high.max() >= 2**23 or right.min() < 1 or right.max() > 16:
        return None
    if activation_range(operator) != (-128, 127):
        return None
    rounding = 64 * (1 + (1 << right)) + (zero_point(operator.outputs[0]) << (right + 7))
    if np.abs(rounding).max() >= 2**30:
        return None
    return np.stack([bias * 256, multiplier, rounding, right + 7], axis=1).astype(np.int32)


def _call(
    operator: Operator, name: str, weights: NDArray, scales: NDArray[np.int32], fields: dict[str, Field]
) -> Call:
    """The call without its statement."""
    i = operator.index
    fields = {"weights": f"weights_{i}", "scales": f"scales_{i}", **fields}
    # With the lowest zero point it is all one how halves of negative numbers round.
    fields["relu"] = zero_point(operator.outputs[0]) == -128
    constants = Constant(f"weights_{i}", weights), Constant(f"scales_{i}", scales)
    return Call(header=f'"{name}.h"', constants=constants, struct=Struct(f"{name}_layer", fields))


def _weights(rows: NDArray[np.int8], taps: int, ordered: bool) -> NDArray[np.int8]:
    """Rows of weights, each filled up to `taps`, so that unpacking gives the order of the inputs."""
    filled = np.pad(rows, ((0, 0), (0, taps - rows.shape[1])))
    return np.ascontiguousarray(filled if ordered else filled.reshape(-1, 4)[:, ORDER]).ravel()


def _strip(outputs: int, most: int) -> int:
    """Outputs at a time, as even as can be."""
    return -(-outputs // -(-outputs // most))


def _up(taps: int) -> int:
    """The next multiple of four."""
    return -(-taps // 4) * 4


def _integer(value: Field) -> int:
    assert isinstance(value, int)
    return value


LAYERS = {Nature.CONVOLUTION: _convolution, Nature.DEPTHWISE: _depthwise, Nature.DENSE: _dense}
