"""Bias, multiplier and shift of each output of a layer with weights: from int32 sums back to int8."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import Constant, Field, bias_of, unsupported, zero_point
from aiedge.quantization.fixed_point import INT32_MAX
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import activation_range

# A shift from 1 to 30 marks a channel that the fast path of aiedge_requantize.h serves; any other is stored less 64.
FAST_SUM = 2**29
SLOW = 64


@dataclass(frozen=True)
class Scaling:
    """The constants that scale a layer's outputs, and the fields of its C struct that name them.

    `plain` is true where every channel is served by the fast path, and the activation leaves all of int8.
    """

    constants: tuple[Constant, ...]
    fields: dict[str, Field]
    plain: bool


def scaling(operator: Operator, weights: NDArray[np.int8], multipliers: NDArray, shifts: NDArray) -> Scaling:
    """Scaling of a layer whose weights are [outputs, depth]; `multipliers` and `shifts` have an entry for each output.

    The input's zero point is folded into the bias: bias − zero point · Σ weights. With it the inner loop needs no
    zero point.
    """
    values = bias_of(operator).astype(np.int64)
    weight_sums = weights.sum(axis=1, dtype=np.int64)
    folded = values - zero_point(operator.input(0)) * weight_sums
    largest = np.abs(weights.astype(np.int16)).sum(axis=1, dtype=np.int64) * 128 + np.abs(folded)
    if largest.max() > INT32_MAX:
        raise unsupported(operator, "its sums leave the range of int32")
    if shifts.max() > 30:
        raise unsupported(operator, "its output's scale is too small for its sums: by 2^30 or more")
    fast = (largest < FAST_SUM) & (shifts <= -1) & (shifts >= -30)
    low, high = activation_range(operator)
    plain = bool(fast.all()) and high - low == 255
    i = operator.index
    rows = np.stack([folded, multipliers, np.where(fast, -shifts, shifts - SLOW)], axis=1)
    text = [
        part
        for (bias, multiplier, shift), total in zip(rows.tolist(), weight_sums.tolist(), strict=True)
        for part in (f"AIEDGE_FOLD({bias}, {total})", str(multiplier), str(shift))
    ]
    # What AIEDGE_FOLD() makes of them where inputs and weights are taken plus 128, modulo 2^32.
    offset = rows - np.stack([128 * weight_sums, *np.zeros((2, len(rows)), np.int64)], axis=1)
    return Scaling(
        (Constant(f"scales_{i}", rows.astype(np.int32), tuple(text), offset.astype(np.int32)),),
        {"scales": f"scales_{i}", "output": [zero_point(operator.outputs[0]), low, high, plain]},
        plain,
    )
