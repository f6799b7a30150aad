"""Integer-only layers on int8 arrays, bit for bit those of TensorFlow Lite Micro."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aiedge.quantization.affine import INT8_MAX, INT8_MIN, QuantParams
from aiedge.quantization.fixed_point import (
    exp_of_negative_q,
    logistic_q,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_right_shift,
    tanh_q,
)

Int8 = NDArray[np.int8]
Multiply = Callable[..., NDArray[np.int64]]


def layer_multipliers(
    inputs: QuantParams, weights: QuantParams, outputs: QuantParams, channels: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Multipliers and shifts, [channels] each, of  factor = input scale · weight scale / output scale.

    TFLM forms the product of the two scales in float32 where the weights have one scale, in float64 where
    each channel has its own; the difference can show in the last bit of the multiplier.
    """
    if weights.per_channel:
        products = float(inputs.scale) * weights.scales(channels)
    else:
        products = np.full(channels, float(np.float32(inputs.scale) * np.float32(weights.scale)))
    pairs = [quantize_multiplier(product / float(outputs.scale)) for product in products.tolist()]
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


def logistic_table(params: QuantParams) -> Int8:
    """The int8 logistic function of the inputs −128 … 127, [256]; the output has scale 1/256, zero point −128."""
    return _saturating_table(params, lambda x: rounding_right_shift(logistic_q(x, 4), 23) - 128)


def tanh_table(params: QuantParams) -> Int8:
    """The int8 tanh of the inputs −128 … 127, [256]; the output has scale 1/128, zero point 0."""
    return _saturating_table(params, lambda x: rounding_right_shift(tanh_q(x, 4), 24))


def requantize_table(
    inputs: QuantParams, outputs: QuantParams, low: int = INT8_MIN, factor: float | None = None
) -> Int8:
    """Output for each int8 input of a change of scale and zero point, clamped from below at `low`.

    QUANTIZE from int8 to int8 is this table; RELU is the table with `low` at the output's zero point.
    `factor` is the ratio of the two scales where it is not formed in float64.
    """
    factor = float(inputs.scale) / float(outputs.scale) if factor is None else factor
    q = np.arange(INT8_MIN, INT8_MAX + 1) - int(inputs.zero_point)
    y = multiply_by_quantized_multiplier(q, *quantize_multiplier(factor)) + int(outputs.zero_point)
    return np.clip(y, low, INT8_MAX).astype(np.int8)


def leaky_relu_table(inputs: QuantParams, outputs: QuantParams, alpha: float) -> Int8:
    """Output for each int8 input, −128 … 127, of  x ≥ 0 ? x : alpha · x; TFLM forms both factors in float32."""
    scale, result = np.float32(inputs.scale), np.float32(outputs.scale)
    slope = float(scale * np.float32(alpha) / result)
    q = np.arange(INT8_MIN, INT8_MAX + 1) - int(inputs.zero_point)
    multiplier, shift = quantize_multiplier(abs(slope))
    below = multiply_by_quantized_multiplier(q, multiplier, shift) * (-1 if slope < 0 else 1)
    above = multiply_by_quantized_multiplier(q, *quantize_multiplier(float(scale / result)))
    y = np.where(q >= 0, above, below) + int(outputs.zero_point)
    return np.clip(y, INT8_MIN, INT8_MAX).astype(np.int8)


def hard_swish_table(inputs: QuantParams, outputs: QuantParams) -> Int8:
    """Output for each int8 input, −128 … 127, of  x · clamp(x + 3, 0, 6) / 6  in TFLM's 16-bit arithmetic.

    The scales' ratio must not exceed 128: `ValueError`.
    """
    fine_scale = np.float32(1 / 128) * np.float32(inputs.scale)
    output_multiplier, output_shift = _int16_multiplier(float(fine_scale / np.float32(outputs.scale)))
    if output_shift > 0:
        raise ValueError("the output's scale is less than 1/128 of the input's")
    reluish_multiplier, reluish_shift = _int16_multiplier(float(fine_scale / np.float32(3 / 32768)))
    fine = (np.arange(INT8_MIN, INT8_MAX + 1) - int(inputs.zero_point)) << 7
    # clamp(x / 3, −1, 1) as Q0.15; a shift to the left saturates, its last bit after the multiplication.
    reluish = _saturate_int16(fine << max(reluish_shift - 1, 0))
    reluish = _multiply_int16(reluish, reluish_multiplier)
    reluish = _saturate_int16(reluish << 1) if reluish_shift > 0 else reluish
    reluish = _right_shift_int16(reluish, max(-reluish_shift, 0))
    product = ((reluish + (1 << 15)) >> 1) * _multiply_int16(fine, output_multiplier)
    truncated = np.sign(product) * (np.abs(product) >> 15)
    y = _right_shift_int16(truncated, -output_shift) + int(outputs.zero_point)
    return np.clip(y, INT8_MIN, INT8_MAX).astype(np.int8)


def softmax_exponentials(params: QuantParams, beta: float) -> NDArray[np.int64]:
    """e^(−beta · scale · d) for the differences d = 0, 1, ... to the row's maximum, as Q0.31.

    At most 256 values; it ends where TFLM takes the exponential for zero.
    """
    integer_bits = 5
    factor = min(beta * float(params.scale) * 2 ** (31 - integer_bits), 2.0**31 - 1)
    if factor <= 1:
        raise ValueError("beta times the input's scale is below 2^-26")
    multiplier, shift = quantize_multiplier(factor)
    radius = math.floor((2**integer_bits - 1) * 2 ** (31 - integer_bits) / 2**shift)
    differences = -np.arange(min(radius, 255) + 1)
    return exp_of_negative_q(multiply_by_quantized_multiplier(differences, multiplier, shift), integer_bits)


def _int16_multiplier(factor: float) -> tuple[int, int]:
    """Multiplier (15 bits) and shift of a factor."""
    multiplier, shift = quantize_multiplier(factor)
    return min((multiplier + (1 << 15)) >> 16, 2**15 - 1), shift


def _multiply_int16(a: NDArray[np.int64], b: int) -> NDArray[np.int64]:
    """High half of the doubled product of int16 values, rounded to nearest, halves up."""
    return (a * b + (1 << 14)) >> 15


def _right_shift_int16(x: NDArray[np.int64], exponent: int) -> NDArray[np.int64]:
    """x / 2^exponent rounded; beyond 15, where TFLM's 16-bit mask has no more bits, ±1 as there."""
    return rounding_right_shift(x, exponent) if exponent < 16 else np.where(x < 0, -1, 1)


def _saturate_int16(x: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.clip(x, -(2**15), 2**15 - 1)


def _saturating_table(
    params: QuantParams, function: Callable[[NDArray[np.int64]], NDArray[np.int64]]
) -> Int8:
    """Table of a function that takes Q4.27 and saturates where its argument leaves (−15, 15)."""
    integer_bits = 4
    multiplier, shift = quantize_multiplier(float(params.scale) * 2 ** (31 - integer_bits))
    radius = math.floor((2**integer_bits - 1) * 2.0 ** (31 - integer_bits) / 2.0**shift)
    q = np.arange(INT8_MIN, INT8_MAX + 1) - int(params.zero_point)
    inside = np.abs(q) < radius
    y = function(multiply_by_quantized_multiplier(np.where(inside, q, 0), multiplier, shift))
    # A radius of 0 leaves 0 outside, on the negative side.
    y = np.where(inside, y, np.where(q <= -radius, INT8_MIN, INT8_MAX))
    return np.clip(y, INT8_MIN, INT8_MAX).astype(np.int8)
