"""The arithmetic of quantization against definitions written another way."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiedge.quantization import (
    QuantParams,
    dequantize,
    multiply_by_quantized_multiplier,
    params_from_range,
    params_symmetric,
    quantize,
    quantize_multiplier,
)
from aiedge.quantization.affine import round_half_away
from aiedge.quantization.tables import logistic_table, tanh_table


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_range_is_covered_and_zero_is_exact(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    params = params_from_range(low, high)
    assert params.scale > 0 and -128 <= params.zero_point <= 127
    assert dequantize([params.zero_point], params)[0] == 0.0
    ends = dequantize([-128, 127], params)
    # Rounding the zero point moves the range by at most half a step.
    assert ends[0] <= min(low, 0) + params.scale * 0.51 and ends[1] >= max(high, 0) - params.scale * 0.51


@given(st.lists(st.floats(-100, 100, width=32), min_size=1), st.floats(0.001, 1), st.integers(-128, 127))
def test_quantize_errs_by_half_a_step_at_most(values: list[float], scale: float, zero_point: int) -> None:
    params = QuantParams(scale, zero_point)
    restored = dequantize(quantize(values, params), params)
    inside = np.clip(values, scale * (-128 - zero_point), scale * (127 - zero_point))
    np.testing.assert_allclose(restored, inside, atol=scale * 0.5001, rtol=1e-5)


def test_per_channel_uses_the_axis() -> None:
    weights = np.array([[1.0, -2.0], [10.0, 5.0], [0.0, 0.0]])
    params = params_symmetric(weights, axis=0)
    np.testing.assert_allclose(params.scale, [2 / 127, 10 / 127, 1.0])
    np.testing.assert_array_equal(quantize(weights, params), [[64, -127], [127, 64], [0, 0]])


@given(st.floats(-1000, 1000))
def test_rounding_is_that_of_c(x: float) -> None:
    exact = Fraction(x)
    whole = int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)
    assert float(round_half_away(x)) == whole


def test_rounding_keeps_the_largest_number_below_a_half() -> None:
    assert round_half_away(np.float32(0.49999997)) == 0.0
    assert round_half_away(0.49999999999999994) == 0.0


@given(st.floats(1e-8, 1e4))
def test_multiplier_is_the_nearest_of_31_bits(factor: float) -> None:
    multiplier, shift = quantize_multiplier(factor)
    assert 2**30 <= multiplier < 2**31
    assert abs(Fraction(multiplier) * Fraction(2) ** (shift - 31) / Fraction(factor) - 1) <= Fraction(
        1, 2**30
    )


def test_multipliers_too_small_to_matter_are_zero() -> None:
    assert quantize_multiplier(0.0) == (0, 0)
    assert quantize_multiplier(2.0**-40) == (0, 0)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(2**30, 2**31 - 1), st.integers(-31, 0))
def test_multiplying_rounds_twice(x: int, multiplier: int, shift: int) -> None:
    high = (2 * x * multiplier + 2**31) // 2**32  # halves up
    quotient = Fraction(high, 2**-shift)
    twice = int(abs(quotient) + Fraction(1, 2)) * (1 if quotient >= 0 else -1)  # halves away from zero
    assert int(multiply_by_quantized_multiplier(x, multiplier, shift)) == twice


@pytest.mark.parametrize("scale", [0.004, 0.02, 0.07, 0.3, 1.0])
@pytest.mark.parametrize("zero_point", [-128, 0, 55])
def test_tables_follow_the_real_functions(scale: float, zero_point: int) -> None:
    params = QuantParams(scale, zero_point)
    x = scale * (np.arange(-128, 128) - zero_point)
    logistic = (logistic_table(params, QuantParams(1 / 256, -128)).astype(float) + 128) / 256
    np.testing.assert_allclose(logistic, np.minimum(1 / (1 + np.exp(-x)), 255 / 256), atol=0.51 / 256)
    np.testing.assert_allclose(
        tanh_table(params, QuantParams(1 / 128, 0)) / 128, np.clip(np.tanh(x), -1, 127 / 128), atol=0.51 / 128
    )
