"""Fixed-point arithmetic on int32, bit for bit that of TensorFlow Lite Micro.

A real factor becomes a 31-bit integer `multiplier` and a power of two:  factor ≈ multiplier · 2^(shift −
31). Multiplying rounds twice: once after the product (halves up), once after the right shift (halves away
from zero). The same steps give `logistic` and `tanh` by the polynomials of the gemmlowp library, whose
constants appear below as Q31 numbers.

All functions take and return integer arrays; products are formed in int64. Qm.n below is a signed number
with m integer bits and n fractional bits.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiedge.errors import UserError

Int = NDArray[np.int64]
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
LARGEST_SHIFT = 30  # to the left, of an int32


def quantize_multiplier(factor: float) -> tuple[int, int]:
    """Integer multiplier (31 bits) and shift of a factor ≥ 0:  factor ≈ multiplier · 2^(shift − 31).

    >>> quantize_multiplier(0.75)
    (1610612736, 0)
    >>> quantize_multiplier(0.001)
    (1099511628, -9)
    """
    if not math.isfinite(factor):
        raise UserError(
            "a ratio of scales leaves the range of float32", "calibrate the model with other inputs"
        )
    fraction, shift = math.frexp(factor)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = multiplier // 2, shift + 1
    # All bits would be shifted out.
    return (multiplier, shift) if shift >= -31 else (0, 0)


def multiply_by_quantized_multiplier(x: ArrayLike, multiplier: ArrayLike, shift: ArrayLike) -> Int:
    """x · multiplier · 2^(shift − 31) on int32 values, rounded twice as TFLM does; the arguments broadcast.

    >>> multiply_by_quantized_multiplier([1000, -1000], *quantize_multiplier(0.25)).tolist()
    [250, -250]
    """
    x, shift = np.asarray(x, np.int64), np.asarray(shift, np.int64)
    shifted = wrap_int32(x << np.maximum(shift, 0))
    return rounding_right_shift(doubling_high_multiply(shifted, multiplier), np.maximum(-shift, 0))


def multiply_rounding_once(x: ArrayLike, multiplier: ArrayLike, shift: ArrayLike) -> Int:
    """The same product rounded once, halves up, as LiteRT's FULLY_CONNECTED does.

    >>> multiply_rounding_once([3], *quantize_multiplier(0.5)).tolist()
    [2]
    """
    x, total_shift = np.asarray(x, np.int64), 31 - np.asarray(shift, np.int64)
    return (x * np.asarray(multiplier, np.int64) + (np.int64(1) << (total_shift - 1))) >> total_shift


def doubling_high_multiply(a: ArrayLike, b: ArrayLike) -> Int:
    """High half of the doubled product of two int32 values, (a · b + 2^30) / 2^31 rounded down, saturated."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.minimum((product + (1 << 30)) >> 31, INT32_MAX)


def rounding_right_shift(x: ArrayLike, exponent: ArrayLike) -> Int:
    """x / 2^exponent rounded to nearest, halves away from zero; exponent from 0 to 31."""
    x, exponent = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    mask = (np.int64(1) << exponent) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)


def wrap_int32(x: ArrayLike) -> Int:
    """The low 32 bits of x, read as a signed number: what an overflowing int32 holds."""
    return ((np.asarray(x, np.int64) + 2**31) & 0xFFFFFFFF) - 2**31


def inverse_sqrt_multiplier(q: Int, fraction: int) -> tuple[Int, Int]:
    """Multipliers and shifts of  2^fraction / √q  for integers from 1 to 2^27, by five steps of Newton and Raphson.

    >>> multiplier, shift = inverse_sqrt_multiplier(np.array([4]), 10)
    >>> multiply_by_quantized_multiplier(1, multiplier, shift).tolist()
    [512]
    """
    pairs = np.array([(29 - int(n).bit_length()) // 2 for n in q])
    x = np.full(len(q), 1 << 28)  # Q3.28, of q · 4^pairs / 2^29 between 1/4 and 1
    scaled = (q << (2 * pairs)) >> 1
    for _ in range(5):
        cube = _saturating_left_shift(doubling_high_multiply(doubling_high_multiply(x, x), x), 6)
        step = doubling_high_multiply((1 << 28) + (1 << 27), x)
        x = _saturating_left_shift(step - doubling_high_multiply(rounding_right_shift(scaled, 1), cube), 3)
    root = doubling_high_multiply(x, 1518500250)  # times √2 / 2
    # TFLM takes the largest multiplier for 1.
    one = q == 1
    return np.where(one, INT32_MAX, root), fraction - np.where(one, 0, 11 - pairs)


def logistic_q(x: ArrayLike, integer_bits: int) -> Int:
    """1 / (1 + e^−x) of fixed-point numbers with `integer_bits` integer bits, as Q0.31."""
    x = np.asarray(x, np.int64)
    positive = _saturating_left_shift(_reciprocal_of_one_plus(exp_of_negative_q(-np.abs(x), integer_bits)), 1)
    return np.where(x == 0, 1 << 30, np.where(x > 0, positive, INT32_MAX - positive))


def tanh_q(x: ArrayLike, integer_bits: int) -> Int:
    """tanh of fixed-point numbers with `integer_bits` integer bits, as Q0.31:  (1 − e^−2x) / (1 + e^−2x)."""
    x = np.asarray(x, np.int64)
    # 2x without a shift: the same integer, read with one integer bit more.
    exponential = exp_of_negative_q(-np.abs(x), integer_bits + 1)
    magnitude = _saturating_left_shift(_reciprocal_of_one_plus(exponential) - (1 << 29), 2)
    return np.where(x == 0, 0, np.where(x > 0, magnitude, -magnitude))


def exp_of_negative_q(x: Int, integer_bits: int) -> Int:
    """e^x of fixed-point numbers x ≤ 0 with `integer_bits` integer bits, as Q0.31.

    A polynomial on [−1/4, 0) times e^−2^k for each set bit k of the rest.
    """
    fractional_bits = 31 - integer_bits
    quarter = 1 << (fractional_bits - 2)
    in_quarter = (x & (quarter - 1)) - quarter
    result = _exp_between_minus_quarter_and_zero(_saturating_left_shift(in_quarter, integer_bits))
    rest = in_quarter - x
    for exponent, factor in (
        (-2, 1672461947),  # e^(−1/4)
        (-1, 1302514674),  # e^(−1/2)
        (0, 790015084),  # e^−1
        (1, 290630308),  # e^−2
        (2, 39332535),  # e^−4
        (3, 720401),  # e^−8
        (4, 242),  # e^−16
    ):
        if exponent < integer_bits:
            bit = 1 << (fractional_bits + exponent)
            result = np.where(rest & bit, doubling_high_multiply(result, factor), result)
    return np.where(x == 0, INT32_MAX, result)


def _exp_between_minus_quarter_and_zero(a: Int) -> Int:
    """e^a for a in [−1/4, 0), Q0.31: the Taylor series around −1/8 up to the fourth power."""
    exp_of_minus_eighth, third = 1895147668, 715827883
    x = a + (1 << 28)
    x2 = doubling_high_multiply(x, x)
    x3 = doubling_high_multiply(x2, x)
    x4_over_4 = rounding_right_shift(doubling_high_multiply(x2, x2), 2)
    tail = rounding_right_shift(doubling_high_multiply(x4_over_4 + x3, third) + x2, 1)
    return exp_of_minus_eighth + doubling_high_multiply(exp_of_minus_eighth, x + tail)


def _reciprocal_of_one_plus(a: Int) -> Int:
    """2 / (1 + a) for a in (0, 1), Q0.31 to Q2.29, by three steps of Newton and Raphson."""
    one = 1 << 29
    total = a + INT32_MAX
    half_denominator = (total + 1) >> 1
    # The start 48/17 − 32/17 · d is the straight line of least error on [1/2, 1].
    x = 1515870810 + doubling_high_multiply(half_denominator, -1010580540)
    for _ in range(3):
        error = one - doubling_high_multiply(half_denominator, x)
        x = x + _saturating_left_shift(doubling_high_multiply(x, error), 2)
    return x


def _saturating_left_shift(x: Int, exponent: int) -> Int:
    """x · 2^exponent, clamped to int32."""
    return np.clip(np.asarray(x, np.int64) << exponent, INT32_MIN, INT32_MAX)
