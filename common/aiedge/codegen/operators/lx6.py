"""Layers with weights, and sums, on the ESP32's core, by the engine's aiedge_lx6.h: which of them it serves, and how.

A layer that it does not serve runs as on any core.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators import pool
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
from aiedge.codegen.operators.lx6_binary import scaled, sums
from aiedge.codegen.operators.lx6_layer import Lx6Layer, integer
from aiedge.codegen.operators.window import checked_windows
from aiedge.memory import Step
from aiedge.memory.bands import Band
from aiedge.memory.lifetimes import Scratch
from aiedge.quantization.layers import layer_multipliers
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import activation_range, params_of, weight_params
from aiedge.tflite.traits import Nature

# A layer's inputs as int16 take at most so many bytes at a time, or what one output needs; one that needs more scratch
# than MOST_BYTES for it runs as on any core.
STRIP_BYTES, MOST_BYTES = 9216, 18432
# A filter, unpacked, takes two bytes a tap; a layer with longer ones runs as on any core.
MOST_TAPS = 4096
FEWEST_TAPS = 8  # of a window: two steps of four
MOST_MEAN = 256  # values of an average pool's window, whose sum takes 16 bits
AHEAD = 8  # bytes that are loaded beyond the last window
# With fewer, a dense layer's call a filter costs more than it saves.
FEWEST_INPUTS = 32
LARGEST_STRIDE = 3  # of a depthwise window: the taps that are loaded ahead then lie in its plane
ORDER = [0, 2, 1, 3]  # of each four taps, as aiedge_lx6_expand() and aiedge_lx6_unpack() leave them
# Counted instructions: of a tap of the input, unordered and ordered; of a window besides; of a weight; of a kernel's
# call; of a filter besides.
EXPAND, WINDOW, UNPACK, CALL, FILTER = (4.0, 2.0), 120, 1.65, 60, 25
# Of a depthwise output, of a row of five of its taps, of four channels of a pixel in planes, of a row in them.
DEPTHWISE, FIVE, PLANES, PLANE_ROW = 20, 10, 10, 60


def lx6_layer(
    operators: Sequence[Operator], at: Places, run: Run | None = None, wide: Collection[int] = ()
) -> Lx6Layer | None:
    """The layer that one step's operators are, or one run of it; None where the core has no kernel for it.

    `wide` are the indices of operators whose weights are int16 in flash.
    """
    operator, *others = operators
    if operator.nature is Nature.BINARY:
        return sums(operator) or scaled(operator)
    if operator.nature is Nature.POOL:
        return _pool(operator, at, run)
    if operator.nature not in LAYERS or operator.input(0).is_constant or not operator.input(1).is_constant:
        return None
    if {*types_of(operator), operator.input(1).dtype.name} != {"int8"}:
        return None
    if operator.nature is not Nature.DENSE and operator.input(0).shape[0] != 1:
        return None
    # What the caller holds lies anywhere, what is in the arena at a multiple of four bytes.
    aligned = "arena" in at(operator.input(0))
    layer = LAYERS[operator.nature](operator, Weights(aligned, operator.index in wide), run, *others)
    return layer if layer and layer.scratch_bytes <= MOST_BYTES else None


def lx6_scratch(wide: Collection[int] = ()) -> Scratch:
    """What a graph's steps need; `wide` as in `lx6_layer`."""
    known: dict[tuple[int, int], tuple[int, float]] = {}

    def needs(step: Step, rule: Band | None) -> tuple[int, float]:
        key = step.index, next(iter(rule.windows.values())).rows if rule else 0
        if key not in known:
            layer = lx6_run(step, rule, step.index in wide)
            known[key] = (layer.scratch_bytes, layer.instructions) if layer else (0, 0.0)
        return known[key]

    return Scratch(lambda *key: needs(*key)[0], lambda *key: needs(*key)[1], STRIP_BYTES)


def lx6_run(step: Step, rule: Band | None, wide: bool) -> Lx6Layer | None:
    """The layer of a step, or of one run by that rule."""
    run = None
    if rule and step.operators[0].nature in LAYERS:
        run = Run(next(iter(rule.windows.values())).rows, rule.made if rule.runs == 1 else 0)
    return lx6_layer(step.operators, lambda tensor: "arena", run, (step.index,) if wide else ())


@dataclass(frozen=True)
class Weights:
    """How a layer's weights and inputs become int16: `aligned` inputs in words, weights beforehand where `wide`."""

    aligned: bool
    wide: bool

    def packed(self, rows: NDArray[np.int8], ordered: bool) -> NDArray:
        """Rows of weights as the kernels take them, or so that unpacking gives that, which is the inputs' order."""
        swapped = self.wide == ordered
        rows = rows.reshape(-1, 4)[:, ORDER] if swapped else rows
        return np.ascontiguousarray(rows.astype(np.int16) * np.int16(256) if self.wide else rows).ravel()

    def unpacking(self, weights: int) -> float:
        """Instructions for so many weights."""
        return 0.0 if self.wide else UNPACK * weights + FILTER


def _convolution(
    operator: Operator, way: Weights, run: Run | None, max_pool: Operator | None = None
) -> Lx6Layer | None:
    check_shapes(operator)
    weights = operator.input(1).values
    if weights.shape[3] != operator.input(0).shape[3]:
        return None
    shape = shape_fields(operator, run) | {"filters": len(weights)}
    scales = _scales(operator, weights.reshape(len(weights), -1), *multipliers(operator, axis=0))
    if max_pool is None:
        single = [shape[name] == 1 for name in ("filter_height", "filter_width", "stride_h", "stride_w")]
        pools: dict[str, Field] = {"pool_height": 1, "pool_width": 1, "raises": 0}
        ways = (
            _windows(operator, shape | pools, scales, way, all(single) and weights.shape[3] % 4 == 0),
            _rows(operator, shape, scales, way),
        )
        return min((each for each in ways if each), key=lambda each: each.instructions, default=None)
    height, width = (window.taps for window in checked_windows(max_pool))
    shape["output_width"] = max_pool.outputs[0].shape[2] * width
    raises = run is not None and run.made == 0  # the run adds a row to what y holds
    shape["output_height"] = 1 if raises else (run.made if run else max_pool.outputs[0].shape[1]) * height
    shape |= {"pool_height": 1 if raises else height, "pool_width": width, "raises": raises}
    return _windows(operator, shape, scales, way, False)


def _dense(operator: Operator, way: Weights, run: Run | None) -> Lx6Layer | None:
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
    return _windows(operator, shape, scales, way, inputs % 4 == 0)


def _windows(
    operator: Operator,
    shape: dict[str, Field],
    scales: NDArray[np.int32] | None,
    way: Weights,
    contiguous: bool,
) -> Lx6Layer | None:
    """A layer whose windows are laid out one after the other; they lie so in the input where they are `contiguous`."""
    filters = operator.input(1).values
    flat = filters.reshape(filters.shape[0], -1)
    taps = flat.shape[1] if contiguous else max(_up(flat.shape[1]), FEWEST_TAPS)
    if scales is None or taps > MOST_TAPS:
        return None
    fours = integer(shape["channels"]) % 4 == 0
    height, width, pool_height, pool_width = (
        integer(shape[name]) for name in ("output_height", "output_width", "pool_height", "pool_width")
    )
    window = 2 * taps * pool_height * pool_width
    outputs = height // pool_height * (width // pool_width)
    strip = _strip(outputs, max(STRIP_BYTES // window, 1))
    more: dict[str, Field] = {"outside": zero_point(operator.input(0)) + 128, "taps": taps, "strip": strip}
    laid_out = (EXPAND[fours] * taps + (0 if contiguous else WINDOW)) / len(flat)
    return Lx6Layer(
        _call(
            operator,
            "aiedge_conv_2d_lx6",
            way.packed(_filled(flat, taps), way.aligned and fours),
            scales,
            shape | more | {"ordered": way.aligned and fours, "contiguous": contiguous},
            way.wide,
        ),
        "aiedge_conv_2d_lx6_int8",
        (operator.input(0),),
        strip * window + (AHEAD if way.wide else 2 * taps),
        outputs * len(flat) * (taps + 12 + laid_out + (way.unpacking(taps) + CALL) / strip),
        taps * len(flat),
    )


def _rows(
    operator: Operator, shape: dict[str, Field], scales: NDArray[np.int32] | None, way: Weights
) -> Lx6Layer | None:
    """A layer of three rows whose windows are read where they are in rows of int16, at multiples of four bytes."""
    filters = operator.input(1).values
    names = ("channels", "stride_h", "stride_w", "output_height", "output_width", "pad_left", "width")
    channels, stride_h, stride_w, height, width, before, inside = (integer(shape[name]) for name in names)
    taps = max(_up(filters.shape[2] * channels), FEWEST_TAPS)
    if filters.shape[2] * channels in (9, 10):
        taps = 10
    dilated = shape["dilation_h"] != 1 or shape["dilation_w"] != 1
    if scales is None or filters.shape[1] != 3 or dilated or stride_w * channels % 2 or 3 * taps > MOST_TAPS:
        return None
    columns = max((width - 1) * stride_w + filters.shape[2], before + inside)
    row_bytes = 2 * (columns * channels + columns * channels % 2)
    strip = _strip(height, max((STRIP_BYTES // row_bytes - 3) // stride_h + 1, 1))
    rows = (strip - 1) * stride_h + 3
    whole = _up(3 * taps)  # a filter
    # The kernel loads two words ahead, and beyond a window's rows what meets weights of 0.
    last = (strip - 1) * stride_h * row_bytes + 2 * (width - 1) * stride_w * channels
    read = max(last + 2 * row_bytes + 2 * taps, last + 2 * stride_w * channels + AHEAD)
    scratch = max(rows * row_bytes + (0 if way.wide else 2 * whole), _up(read))
    if scratch > MOST_BYTES or columns > LARGEST_SIZE:
        return None
    same = ("height", "width", "channels", "output_height", "output_width", "filters")
    fields = {name: shape[name] for name in (*same, "stride_h", "stride_w", "pad_top", "pad_left")}
    fields |= {"outside": zero_point(operator.input(0)) + 128, "columns": columns, "taps": taps}
    fours = channels % 4 == 0
    fields |= {"strip": strip, "ordered": way.aligned and fours}
    lines = _filled(filters.reshape(-1, filters.shape[2] * channels), taps)
    weights = way.packed(_filled(lines.reshape(len(filters), -1), whole), way.aligned and fours)
    laid_out = EXPAND[fours] * columns * channels * rows / (strip * width * len(filters))
    unpacked = way.unpacking(whole) / (strip * width)
    finishing = 13 if taps == 10 else 16
    return Lx6Layer(
        _call(operator, "aiedge_conv_2d_rows_lx6", weights, scales, fields, way.wide),
        "aiedge_conv_2d_rows_lx6_int8",
        (operator.input(0),),
        scratch,
        height * width * len(filters) * (3 * taps + finishing + laid_out + unpacked + CALL / width),
        whole * len(filters),
    )


def _depthwise(operator: Operator, way: Weights, run: Run | None) -> Lx6Layer | None:
    check_shapes(operator)
    weights = operator.input(1).values
    shape = shape_fields(operator, run)
    channels = integer(shape["channels"])
    stride = max(integer(shape["stride_h"]), integer(shape["stride_w"]))
    dilated = shape["dilation_h"] != 1 or shape["dilation_w"] != 1
    if weights.shape[3] != channels or channels % 4 or dilated or stride > LARGEST_STRIDE or not way.aligned:
        return None
    reach, lines = weights.shape[1:3]
    five = (reach, lines) != (3, 3)
    if lines not in range(2, 6):
        return None
    taps = weights.reshape(-1, channels).T
    scales = _scales(operator, taps, *multipliers(operator, axis=3))
    before, width, outputs = (integer(shape[name]) for name in ("pad_left", "width", "output_width"))
    columns = max((outputs - 1) * integer(shape["stride_w"]) + (5 if five else 3), before + width)
    row_bytes, stride_h = 2 * 4 * columns, integer(shape["stride_h"])  # of both planes
    height = integer(shape["output_height"])
    strip = _strip(height, max((STRIP_BYTES // row_bytes - reach) // stride_h + 1, 1))
    if scales is None or columns > LARGEST_SIZE:
        return None
    strips, rows = -(-height // strip), (strip - 1) * stride_h + reach
    planes = rows * (channels / 4 * PLANES * width + PLANE_ROW)
    same = ("height", "width", "channels", "output_height", "output_width", "stride_h", "stride_w")
    fields = {name: shape[name] for name in (*same, "pad_top", "pad_left")}
    fields |= {"outside": zero_point(operator.input(0)) + 128, "columns": columns, "strip": strip}
    fields |= {"filter_height": reach, "five": five}
    taps = _filled(taps.reshape(-1, lines), 6) if five else _filled(taps, 10)
    packed = taps.astype(np.int16) * np.int16(256)
    # With rows of five a word of the row below the last is loaded.
    scratch = rows * row_bytes + (row_bytes // 2 if five else 0)
    output = FIVE * reach + 16 if five else DEPTHWISE
    return Lx6Layer(
        _call(operator, "aiedge_depthwise_conv_2d_lx6", packed.ravel(), scales, fields),
        "aiedge_depthwise_conv_2d_lx6_int8",
        (operator.input(0),),
        scratch,
        height * outputs * channels * output + strips * (planes + channels * (CALL + FILTER)),
    )


def _pool(operator: Operator, at: Places, run: Run | None) -> Lx6Layer | None:
    """A pool where all rows of a window are there, and those outside of the image known."""
    x, y = operator.input(0), operator.outputs[0]
    if {x.dtype.name, y.dtype.name} != {"int8"} or x.shape[0] != 1:
        return None
    if x.shape[3] % 4 or "arena" not in at(x) or (run and (run.clipped or run.sums)):
        return None
    rows, columns = checked_windows(operator)
    mean = operator.kind == "AVERAGE_POOL_2D"
    low, high = activation_range(operator)
    if high < 127 or (mean and (rows.taps * columns.taps > MOST_MEAN or low > -128)):
        return None
    call = pool.EMITTERS[Nature.POOL](operator, at, run)
    kernel = f"aiedge_{'average' if mean else 'max'}_pool_lx6_int8"
    return Lx6Layer(replace(call, header='"aiedge_pool_lx6.h"'), kernel, (x,))


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
    operator: Operator,
    name: str,
    weights: NDArray,
    scales: NDArray[np.int32],
    fields: dict[str, Field],
    wide: bool = False,
) -> Call:
    """The call without its statement."""
    i = operator.index
    fields = {"wide" if wide else "weights": f"weights_{i}", "scales": f"scales_{i}", **fields}
    # With the lowest zero point it is all one how halves of negative numbers round.
    fields["relu"] = zero_point(operator.outputs[0]) == -128
    constants = Constant(f"weights_{i}", weights), Constant(f"scales_{i}", scales)
    return Call(header=f'"{name}.h"', constants=constants, struct=Struct(f"{name}_layer", fields))


def _filled(rows: NDArray[np.int8], taps: int) -> NDArray[np.int8]:
    """Rows of weights, each filled up to `taps`."""
    return np.pad(rows, ((0, 0), (0, taps - rows.shape[1])))


def _strip(outputs: int, most: int) -> int:
    """Outputs at a time, as even as can be."""
    return -(-outputs // -(-outputs // most))


def _up(taps: int) -> int:
    """The next multiple of four."""
    return -(-taps // 4) * 4


LAYERS = {Nature.CONVOLUTION: _convolution, Nature.DEPTHWISE: _depthwise, Nature.DENSE: _dense}
