"""Constants of element-wise operators and softmax on int16, bit for bit those of TensorFlow Lite Micro (TFLM).

A value of 16 bits is too long for a table of all outputs: TFLM interpolates between the entries of a short one. Where
it refuses scales, the functions raise `ValueError`.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aiedge.quantization import factors
from aiedge.quantization.affine import round_half_away
from aiedge.quantization.fixed_point import quantize_multiplier

STEPS = 512  # between the entries of a table of softmax
SIGMOIDS, PER_UNIT = 256, 24  # entries of the sigmoid's table, and how many of them to 1
LARGEST_MULTIPLIER = 2**15 - 1
OUTPUT_BITS = 15  # of LOGISTIC and TANH: the output's scale is 2^-15
LARGEST_DIFFERENCE_SHIFT = 15  # of 16 bits and a sign, to the left within int32


def sigmoids() -> NDArray[np.uint16]:
    """1 / (1 + e^−x) for x = 0, 1/24, 2/24, ... as Q0.16, [256]; the last is the end, the largest number.

    The others are raised by half of what the straight line between two of them lacks in the middle.
    """
    entries = 2.0**16 / (1 + np.exp(-np.arange(2 * SIGMOIDS + 1) / (2 * PER_UNIT)))
    value, middle, following = entries[:-2:2], entries[1::2], entries[2::2]
    table = np.floor(value + (middle - (value + following) / 2) / 2 + 0.5)
    return np.append(table[:-1], 2**16 - 1).astype(np.uint16)


def sigmoid_scale(scale: float, output: float, doubles: bool) -> tuple[int, int]:
    """Multiplier and right shift from an input of LOGISTIC to the table's steps of 3 · 2^12; `doubles` for TANH.

    A scale of 2^-12, for TANH 2^-11 too, has a multiplier without a shift. The output's scale must be 2^-15.
    """
    if _power_of_two(output) != -OUTPUT_BITS:
        raise ValueError("its int16 output must have scale 1/32768")
    power = _power_of_two(scale)
    if power is not None and power + 12 in ((0, 1) if doubles else (0,)):
        return 3 << (power + 12), 0
    multiplier, shift = float(np.float32(scale)) * 3 * 2**12, 0
    while multiplier <= LARGEST_MULTIPLIER / 2 and shift <= 30:
        multiplier, shift = 2 * multiplier, shift + 1
    if multiplier > LARGEST_MULTIPLIER:
        raise ValueError("its int16 input's scale must be below 2.67")
    if multiplier < 1:  # TFLM takes a multiplier of 0 for one of a power of two
        raise ValueError("its int16 input's scale is too small")
    return int(multiplier), shift


def softmax_scale(scale: float, beta: float) -> tuple[int, int]:
    """Multiplier and shift from differences of softmax's inputs to steps of 10 / 65535."""
    multiplier, shift = quantize_multiplier(float(scale) * beta / (10 / 65535))
    if shift > LARGEST_DIFFERENCE_SHIFT or beta < 0:
        raise ValueError("beta times its int16 input's scale must lie between 0 and 5")
    return multiplier, shift


def softmax_tables() -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """e^x for x from −10 to 0, and 1 / (1 + x) for x from 0 to 1, as Q0.15, [513] each."""
    return (
        _interpolated(lambda x: np.exp(x, dtype=np.float64).astype(np.float32), 10.0, 2**15 - 1),
        _interpolated(lambda x: np.float32(1) / (np.float32(1) + x), 1.0, -(2**15)),
    )


def _interpolated(
    function: Callable[[NDArray[np.float32]], NDArray[np.float32]], width: float, zero_point: int
) -> NDArray[np.int16]:
    """A table of the function on an interval of this width, with its entries moved towards the middle between them.

    All in float32, as TFLM computes it.
    """
    one, half = np.float32(1), np.float32(0.5)
    scale, output_scale = np.float32(width) / np.float32(65535), np.float32(2) / np.float32(65535)
    low, high = (scale * np.float32(end - zero_point) for end in (-(2**15), 2**15 - 1))
    inverse = np.float32(65536) / (output_scale * np.float32(2**15 - 1) - output_scale * np.float32(-(2**15)))
    step = (high - low) / np.float32(STEPS)
    places = np.arange(STEPS, dtype=np.float32)
    value, middle, following = (
        function(x) * inverse
        for x in (low + places * step, low + places * step + step * half, low + (places + one) * step)
    )
    error = round_half_away((following + round_half_away(value)) / np.float32(2)) - round_half_away(middle)
    entries = round_half_away(value) - round_half_away(error / np.float32(2))
    last = round_half_away(function(np.array([high])) * inverse)
    return np.clip(np.concatenate([entries, last]), -(2**15), 2**15 - 1).astype(np.int16)


def _power_of_two(scale: float) -> int | None:
    """The exponent of a scale that is 2^n but for a thousandth of n, as TFLM takes it; otherwise None."""
    log = np.log(np.float32(scale)) * (np.float32(1) / np.log(np.float32(2)))
    power = round(float(log))
    return power if abs(float(log) - power) < 1e-3 else None


def slopes(scale: float, output: float, alpha: float, real: factors.Real = factors.PINNED) -> list[int]:
    """What a value is multiplied by where it is positive, and where it is negative: multiplier, shift, each.

    The multiplier of a negative `alpha` is negative.
    """
    below = factors.slope(scale, alpha, output, real)
    multiplier, shift = quantize_multiplier(abs(below))
    pairs = [
        *quantize_multiplier(factors.ratio(scale, output, real)),
        math.copysign(1, below) * multiplier,
        shift,
    ]
    return [int(value) for value in pairs]
