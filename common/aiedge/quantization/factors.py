"""The real factors between scales, formed as TensorFlow Lite Micro (TFLM) forms them: the one place that says how.

A layer multiplies its integers by a ratio of scales. The scales are float32, and the wheel of TFLM that the kit pins
forms every ratio in float64. TFLM's sources of August 2026, and espressif/esp-tflite-micro of that month, still form
some in float32: those of FULLY_CONNECTED whose weights have one scale, of BATCH_MATMUL, SUB, RELU, LEAKY_RELU,
HARD_SWISH, SVDF and the gates of UNIDIRECTIONAL_SEQUENCE_LSTM. Where the two ways round apart, another multiplier
follows, and now and then another answer. What differs takes `real`, the type of the arithmetic.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The arithmetic of the pinned wheel, and that of other sources.
Real = type[np.float64] | type[np.float32]
PINNED: Real = np.float64
OTHER: Real = np.float32


def product(a: ArrayLike, b: ArrayLike, output: float, real: Real = PINNED) -> NDArray[np.float64]:
    """a · b / output of scales: a layer with weights, MUL. Only the product is `real`, the division is float64.

    >>> [bool(product(0.1, 0.2, 0.3, real) == 0.1 * 0.2 / 0.3) for real in (PINNED, OTHER)]
    [True, False]
    """
    with np.errstate(over="ignore"):
        products = np.asarray(a, real) * np.asarray(b, real)
    return products.astype(np.float64) / float(output)


def quotient(a: float, b: float, output: float, real: Real = PINNED) -> float:
    """a · b / output of scales, all of it `real`: SVDF, the products of the LSTM."""
    return float(real(a) * real(b) / real(output))


def ratio(scale: float, output: float, real: Real = PINNED) -> float:
    """scale / output: QUANTIZE, MEAN, RELU, the positive side of LEAKY_RELU."""
    return float(real(scale) / real(output))


def slope(scale: float, alpha: float, output: float, real: Real = PINNED) -> float:
    """scale · alpha / output of LEAKY_RELU; alpha is float32 in the file."""
    return float(real(scale) * real(np.float32(alpha)) / real(output))


def sums(
    larger: float, smaller: float, output: float, real: Real = PINNED, bits: int = 20
) -> tuple[float, float]:
    """The two factors of ADD and SUB: the smaller scale to twice the larger one, and that over 2^bits to the output's.

    `bits` is 20 for int8, and 15 for int16.
    """
    common = real(2) * real(larger)
    return float(real(smaller) / common), float(common / (real(2**bits) * real(output)))


def squares(
    a: float, b: float, output: float, real: Real = PINNED, bits: int = 7
) -> tuple[float, float, float]:
    """The factors of SQUARED_DIFFERENCE: each scale to twice the larger one, and of the square to the output's.

    `bits` are those that the inputs have more by then: 7 for int8, 0 for int16.
    """
    common = real(2) * real(max(a, b))
    square = common * common / (real(2 ** (2 * bits)) * real(output))
    return float(real(a) / common), float(real(b) / common), float(square)


def swish(scale: float, output: float, real: Real = PINNED) -> tuple[float, float]:
    """The two factors of HARD_SWISH: from the input with 7 bits more to the output, and to 3/32768."""
    fine = real(1 / 128) * real(scale)
    return float(fine / real(output)), float(fine / real(3 / 32768))


def fixed(scale: float, integer_bits: int, beta: float = 1.0) -> float:
    """beta · scale as a fixed-point number with `integer_bits` integer bits: LOGISTIC, TANH, SOFTMAX."""
    return beta * float(scale) * 2 ** (31 - integer_bits)
