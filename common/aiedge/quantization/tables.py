"""Element-wise int8 operators of one input as tables of 256 outputs, bit for bit those of TensorFlow Lite Micro.

Each function takes the quantization of the input and of the output, and where the operator has one, its parameter. It
returns the int8 outputs of the inputs −128 … 127, [256], and raises `ValueError` where TFLM refuses the scales.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aiedge.quantization import factors
from aiedge.quantization.affine import INT8_MAX, INT8_MIN, QuantParams, nearest_integer, round_half_away
from aiedge.quantization.factors import PINNED, Real
from aiedge.quantization.fixed_point import (
    LARGEST_SHIFT,
    inverse_sqrt_multiplier,
    logistic_q,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_right_shift,
    tanh_q,
)

Int8 = NDArray[np.int8]
FRACTION = 20  # fractional bits of TFLM's 1 / √q
AS_THERE = "where TensorFlow Lite Micro stops as well"


def abs_table(inputs: QuantParams, outputs: QuantParams, real: Real = PINNED) -> Int8:
    """|x|"""
    factor = factors.ratio(float(inputs.scale), float(outputs.scale), real)
    return _clamped(_times(np.abs(_centered(inputs)), factor), outputs)


def elu_table(inputs: QuantParams, outputs: QuantParams) -> Int8:
    """x < 0 ? e^x − 1 : x; TFLM takes real numbers, in float32. They must stay within int32 steps of the output."""
    x = np.float32(inputs.scale) * _centered(inputs).astype(np.float32)
    exponential = np.exp(np.minimum(x, 0), dtype=np.float64).astype(np.float32)
    y = np.where(x < 0, exponential - np.float32(1), x) * (np.float32(1) / np.float32(outputs.scale))
    return _clamped(round_half_away(y).astype(np.int32).astype(np.int64), outputs)


def gelu_table(inputs: QuantParams, outputs: QuantParams, approximate: bool) -> Int8:
    """x · Φ(x), with Φ by the error function, or by tanh where it may be `approximate`.

    TFLM has no GELU: these are LiteRT's reference kernels, which take real numbers, in float32.
    """
    one, half = np.float32(1), np.float32(0.5)
    x = np.float32(inputs.scale) * _centered(inputs).astype(np.float32)
    if approximate:
        inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
        share = one + np.tanh(inner, dtype=np.float64).astype(np.float32)
    else:
        share = np.array([math.erfc(v) for v in (x * np.float32(-math.sqrt(0.5))).tolist()], np.float32)
    y = half * x * share * (one / np.float32(outputs.scale))
    return _clamped(round_half_away(y).astype(np.int32).astype(np.int64), outputs)


def logistic_table(inputs: QuantParams, outputs: QuantParams) -> Int8:
    """1 / (1 + e^−x); the output has zero point −128, and scale 1/256, which TFLM takes for granted."""
    if int(outputs.zero_point) != INT8_MIN:
        raise ValueError(f"its output's zero point is not -128, {AS_THERE}")
    return _saturating_table(inputs, lambda x: rounding_right_shift(logistic_q(x, 4), 23) - 128)


def tanh_table(inputs: QuantParams, outputs: QuantParams) -> Int8:
    """tanh x; the output has scale 1/128, zero point 0, which TFLM takes for granted."""
    return _saturating_table(inputs, lambda x: rounding_right_shift(tanh_q(x, 4), 24))


def requantize_table(
    inputs: QuantParams, outputs: QuantParams, low: int = INT8_MIN, real: Real = PINNED
) -> Int8:
    """A change of scale and zero point, clamped from below at `low`: QUANTIZE from int8 to int8."""
    factor = factors.ratio(float(inputs.scale), float(outputs.scale), real)
    return _clamped(_times(_centered(inputs), factor), outputs, low)


def relu_table(inputs: QuantParams, outputs: QuantParams, real: Real = PINNED) -> Int8:
    """max(x, 0)."""
    return requantize_table(inputs, outputs, max(INT8_MIN, int(outputs.zero_point)), real)


def relu6_table(inputs: QuantParams, outputs: QuantParams) -> Int8:
    """min(max(x, 0), 6); TFLM clamps the integers as they are: the converter gives both sides one scale."""
    six = min(integer_of_six(inputs), INT8_MAX)
    return np.clip(np.arange(INT8_MIN, INT8_MAX + 1), int(inputs.zero_point), six).astype(np.int8)


def integer_of_six(inputs: QuantParams) -> int:
    """The integer that stands for 6; ValueError where that is none of int32, and TFLM's clamp not defined."""
    six = nearest_integer(6.0, inputs)
    if six - int(inputs.zero_point) >= 2**31 - 1:
        raise ValueError("its scale is so small that 6 is beyond int32")
    return six


def leaky_relu_table(inputs: QuantParams, outputs: QuantParams, alpha: float, real: Real = PINNED) -> Int8:
    """x ≥ 0 ? x : alpha · x."""
    scale, result = float(inputs.scale), float(outputs.scale)
    slope = factors.slope(scale, alpha, result, real)
    q = _centered(inputs)
    below = _times(q, abs(slope)) * (-1 if slope < 0 else 1)
    return _clamped(np.where(q >= 0, _times(q, factors.ratio(scale, result, real)), below), outputs)


def rsqrt_table(inputs: QuantParams, outputs: QuantParams) -> Int8:
    """1 / √x, the largest output for 0; the input must have the zero point −128: TFLM stops at negative numbers."""
    if int(inputs.zero_point) != INT8_MIN:
        raise ValueError(
            "its input must have the zero point -128: TensorFlow Lite Micro stops at negative values"
        )
    multiplier, shift = quantize_multiplier(1 / (math.sqrt(inputs.scale) * float(outputs.scale)))
    if shift < FRACTION - 31:
        raise ValueError("its output's scale is too large beside 1 / √(its input's)")
    if shift - FRACTION > LARGEST_SHIFT:
        raise ValueError("its output's scale is too small beside 1 / √(its input's)")
    q = _centered(inputs)[1:]
    fraction = multiply_by_quantized_multiplier(1, *inverse_sqrt_multiplier(q, FRACTION))
    y = multiply_by_quantized_multiplier(fraction, multiplier, shift - FRACTION)
    return np.concatenate([[np.int8(INT8_MAX)], _clamped(y, outputs)])


def hard_swish_table(inputs: QuantParams, outputs: QuantParams, real: Real = PINNED) -> Int8:
    """x · clamp(x + 3, 0, 6) / 6  in TFLM's 16-bit arithmetic; the scales' ratio must not exceed 128."""
    to_output, to_reluish = factors.swish(float(inputs.scale), float(outputs.scale), real)
    output_multiplier, output_shift = _int16_multiplier(to_output)
    if output_shift > 0:
        raise ValueError(f"its output's scale is less than 1/128 of its input's, {AS_THERE}")
    reluish_multiplier, reluish_shift = _int16_multiplier(to_reluish)
    fine = _centered(inputs) << 7
    if reluish_shift > LARGEST_SHIFT:
        raise ValueError("the input's scale is far beyond 3")
    # clamp(x / 3, −1, 1) as Q0.15; a shift to the left saturates, its last bit after the multiplication.
    reluish = _saturate_int16(fine << max(reluish_shift - 1, 0))
    reluish = _multiply_int16(reluish, reluish_multiplier)
    reluish = _saturate_int16(reluish << 1) if reluish_shift > 0 else reluish
    reluish = _right_shift_int16(reluish, max(-reluish_shift, 0))
    product = ((reluish + (1 << 15)) >> 1) * _multiply_int16(fine, output_multiplier)
    truncated = np.sign(product) * (np.abs(product) >> 15)
    return _clamped(_right_shift_int16(truncated, -output_shift), outputs)


def _centered(inputs: QuantParams) -> NDArray[np.int64]:
    """The inputs −128 … 127 less their zero point."""
    return np.arange(INT8_MIN, INT8_MAX + 1) - int(inputs.zero_point)


def _times(x: NDArray[np.int64], factor: float) -> NDArray[np.int64]:
    """x · factor, whose sign is put on after halves have been rounded; `ValueError` for a shift beyond int32."""
    multiplier, shift = quantize_multiplier(abs(factor))
    if shift > LARGEST_SHIFT:
        raise ValueError(f"a ratio of its scales is {abs(factor):.3g}")
    y = multiply_by_quantized_multiplier(x, multiplier, shift)
    return -y if factor < 0 else y


def _clamped(y: NDArray[np.int64], outputs: QuantParams, low: int = INT8_MIN) -> Int8:
    """int8 of integers that have the output's scale, and no zero point yet."""
    return np.clip(y + int(outputs.zero_point), low, INT8_MAX).astype(np.int8)


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
    factor = factors.fixed(float(params.scale), integer_bits)
    multiplier, shift = quantize_multiplier(factor)
    if not 0.5 <= factor < 2.0**62:  # its exponent is a shift of an int64
        raise ValueError("its input's scale leaves the shifts for which TensorFlow Lite Micro is defined")
    radius = math.floor((2**integer_bits - 1) * 2.0 ** (31 - integer_bits) / 2.0**shift)
    q = _centered(params)
    inside = np.abs(q) < radius
    y = function(multiply_by_quantized_multiplier(np.where(inside, q, 0), multiplier, shift))
    # A radius of 0 leaves 0 outside, on the negative side.
    y = np.where(inside, y, np.where(q <= -radius, INT8_MIN, INT8_MAX))
    return np.clip(y, INT8_MIN, INT8_MAX).astype(np.int8)
