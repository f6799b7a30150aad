"""Integer-only layers on int8 arrays, bit for bit those of TensorFlow Lite Micro."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from aiedge.quantization import factors
from aiedge.quantization.affine import INT8_MAX, INT8_MIN, QuantParams
from aiedge.quantization.fixed_point import (
    LARGEST_SHIFT,
    exp_of_negative_q,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    wrap_int32,
)

Int8 = NDArray[np.int8]
Multiply = Callable[..., NDArray[np.int64]]

SOFTMAX_BITS = 5  # integer bits of the differences to the row's maximum


def layer_multipliers(
    inputs: QuantParams,
    weights: QuantParams,
    outputs: QuantParams,
    channels: int,
    real: factors.Real = factors.PINNED,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Multipliers and shifts, [channels] each, of  factor = input scale · weight scale / output scale.

    The scales are float32, their product and ratio float64. `real` is the type in which other versions of TFLM form the
    product where the weights have one scale (`factors`); the difference shows in the multiplier's last bits.
    """
    real = factors.PINNED if weights.per_channel else real
    ratios = factors.product(inputs.scale, weights.scales(channels), float(outputs.scale), real)
    pairs = [quantize_multiplier(ratio) for ratio in ratios.tolist()]
    multipliers, shifts = np.array(pairs, np.int64).T
    return multipliers, shifts


def fully_connected(
    x: Int8,
    weights: Int8,
    bias: NDArray[np.int32] | None,
    input_params: QuantParams,
    weight_params: QuantParams,
    output_params: QuantParams,
    activation_range: tuple[int, int] = (INT8_MIN, INT8_MAX),
    multiply: Multiply = multiply_by_quantized_multiplier,
) -> Int8:
    """One dense layer on integers only: int8 [n, inputs] and int8 weights [outputs, inputs] to int8 [n, outputs].

    acc = Σ (x − z_x) · (w − z_w) + bias,  y = clamp(z_y + acc · (s_x · s_w / s_y))  (Jacob et al. 2018,
    section 2.4). `bias` is int32 with scale s_x · s_w and zero point 0. `multiply` scales the accumulators
    and decides how they are rounded.
    """
    offset_inputs = x.astype(np.int64) - input_params.zero_point
    offset_weights = weights.astype(np.int64) - (0 if weight_params.per_channel else weight_params.zero_point)
    accumulators = offset_inputs @ offset_weights.T
    if bias is not None:
        accumulators = accumulators + bias
    multipliers, shifts = layer_multipliers(input_params, weight_params, output_params, len(weights))
    y = multiply(accumulators, multipliers, shifts) + output_params.zero_point
    return np.clip(y, *activation_range).astype(np.int8)


def requantize(
    x: ArrayLike,
    inputs: QuantParams,
    outputs: QuantParams,
    dtype: DTypeLike,
    real: factors.Real = factors.PINNED,
) -> NDArray:
    """Integers of one scale as integers of another, clamped to their type: QUANTIZE of integers.

    Raises `ValueError` where the scales are too far apart.
    """
    multiplier, shift = quantize_multiplier(factors.ratio(float(inputs.scale), float(outputs.scale), real))
    if shift > LARGEST_SHIFT:
        raise ValueError("its scales are too far apart")
    centered = wrap_int32(np.asarray(x, np.int64) - int(inputs.zero_point))
    y = multiply_by_quantized_multiplier(centered, multiplier, shift) + int(outputs.zero_point)
    bounds = np.iinfo(dtype)
    return np.clip(wrap_int32(y), bounds.min, bounds.max).astype(dtype)


def patches(image: NDArray, size: int, stride: int, fill: float) -> NDArray:
    """What a `size`×`size` filter sees of an image [height, width, channels] at each of its places.

    [rows, columns, size · size · channels]. The filter moves by `stride` over an image that is padded with `fill` at
    its edges, as "same" does: the output has height / stride rows, the odd row or column of padding comes last.
    """
    rows, columns = (-(-extent // stride) for extent in image.shape[:2])
    padding = [
        max((count - 1) * stride + size - extent, 0)
        for count, extent in zip((rows, columns), image.shape, strict=False)
    ]
    edges = [(total // 2, total - total // 2) for total in padding]
    padded = np.pad(image, [*edges, (0, 0)], constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(0, 1))
    return windows[::stride, ::stride].transpose(0, 1, 3, 4, 2).reshape(rows, columns, -1)


def softmax_exponentials(params: QuantParams, beta: float) -> NDArray[np.int64]:
    """e^(−beta · scale · d) for the differences d = 0, 1, ... to the row's maximum, as Q0.31.

    At most 256 values; it ends where TFLM takes the exponential for zero.
    """
    multiplier, shift = softmax_multiplier(params, beta)
    radius = math.floor((2**SOFTMAX_BITS - 1) * 2 ** (31 - SOFTMAX_BITS) / 2**shift)
    differences = -np.arange(min(radius, 255) + 1)
    return exp_of_negative_q(multiply_by_quantized_multiplier(differences, multiplier, shift), SOFTMAX_BITS)


def softmax_multiplier(params: QuantParams, beta: float = 1.0) -> tuple[int, int]:
    """Multiplier and shift from differences of integers to beta times those of real numbers, as Q5.26."""
    factor = min(factors.fixed(float(params.scale), SOFTMAX_BITS, beta), 2.0**31 - 1)
    if factor <= 1:
        raise ValueError("beta times the input's scale is below 2^-26")
    return quantize_multiplier(factor)
