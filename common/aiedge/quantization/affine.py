"""Scale and zero point of a tensor, and the way from real numbers to int8 and back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

INT8_MIN, INT8_MAX = -128, 127


@dataclass(frozen=True)
class QuantParams:
    """How a tensor's integers stand for real numbers:  r = scale · (q − zero_point).

    Per tensor, `scale` is a float and `zero_point` an int. Per channel, both are arrays with one entry for each
    index along `axis`.
    """

    scale: float | NDArray[np.float64]
    zero_point: int | NDArray[np.int64]
    axis: int | None = None

    @property
    def per_channel(self) -> bool:
        """Whether each channel has a scale of its own."""
        return self.axis is not None

    def scales(self, channels: int) -> NDArray[np.float64]:
        """One scale a channel, float64 [channels], whether they differ or not."""
        return np.broadcast_to(np.asarray(self.scale, np.float64), channels)


def params_from_range(low: float, high: float) -> QuantParams:
    """Asymmetric int8 parameters of a tensor whose values lie between `low` and `high`.

    The range is first widened to hold 0, so that zero has an exact integer:
    scale = (high − low) / 255,  zero_point = round(−128 − low / scale).

    >>> params_from_range(0.0, 255.0)
    QuantParams(scale=1.0, zero_point=-128, axis=None)
    """
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    scale = (high - low) / (INT8_MAX - INT8_MIN) or 1.0
    return QuantParams(scale, int(round_half_away(INT8_MIN - low / scale)))


def params_symmetric(weights: ArrayLike, axis: int | None = None) -> QuantParams:
    """Symmetric int8 parameters of weights: zero point 0 and scale = max|w| / 127, per tensor or along `axis`.

    >>> params_symmetric([[-254.0, 1.0], [127.0, 0.0]], axis=0).scale.tolist()
    [2.0, 1.0]
    """
    weights = np.abs(np.asarray(weights, np.float64))
    if axis is None:
        return QuantParams(float(weights.max()) / INT8_MAX or 1.0, 0)
    largest = weights.max(axis=tuple(d for d in range(weights.ndim) if d != axis))
    scale = np.where(largest > 0, largest / INT8_MAX, 1.0)
    return QuantParams(scale, np.zeros(scale.shape, np.int64), axis)


def quantize(values: ArrayLike, params: QuantParams, dtype: DTypeLike = np.int8) -> NDArray:
    """Real numbers to integers:  q = clamp(round(r / scale) + zero_point), halves away from zero; to int8 unless told.

    >>> quantize([-1.0, 0.0, 0.5, 100.0], QuantParams(0.25, -128)).tolist()
    [-128, -128, -126, 127]
    """
    values = np.asarray(values, np.float32)
    scale, zero_point = _aligned(params, values.ndim)
    rounded = round_half_away(values / scale.astype(np.float32)) + zero_point
    bounds = np.iinfo(dtype)
    return np.clip(rounded, bounds.min, bounds.max).astype(dtype)


def nearest_integer(real: float, params: QuantParams) -> int:
    """The integer that stands for one real number, not clamped to int8: as TFLM rounds it, within int32."""
    with np.errstate(over="ignore"):
        steps = np.float32(real) / np.float32(params.scale)
    return int(round_half_away(np.clip(steps, -(2**31), 2**31 - 1))) + int(params.zero_point)


def dequantize(integers: ArrayLike, params: QuantParams) -> NDArray[np.float32]:
    """Integers back to real numbers:  r = scale · (q − zero_point).

    >>> dequantize([-128, 127], QuantParams(2.0, -128)).tolist()
    [0.0, 510.0]
    """
    integers = np.asarray(integers, np.int64)
    scale, zero_point = _aligned(params, integers.ndim)
    return (scale * (integers - zero_point)).astype(np.float32)


def round_half_away(values: ArrayLike) -> NDArray:
    """Round to the nearest integer, halves away from zero, as C's `round` does (NumPy rounds them to even).

    >>> round_half_away([0.5, 1.5, -0.5, 2.4]).tolist()
    [1.0, 2.0, -1.0, 2.0]
    """
    values = np.asarray(values)
    return np.trunc(values + np.copysign(np.nextafter(values.dtype.type(0.5), values.dtype.type(0)), values))


def _aligned(params: QuantParams, dimensions: int) -> tuple[NDArray, NDArray]:
    """Scale and zero point shaped so that they broadcast along the parameters' axis."""
    shape = [1] * dimensions
    if params.axis is not None:
        shape[params.axis] = -1
    return np.reshape(params.scale, shape if params.per_channel else ()), np.reshape(
        params.zero_point, shape if params.per_channel else ()
    )
