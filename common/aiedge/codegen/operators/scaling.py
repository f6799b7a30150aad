"""Bias, multiplier and shift of each output of a layer with weights: from int32 sums back to int8."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import (
    Constant,
    Field,
    activation_fields,
    bias_of,
    unsupported,
    zero_point,
)
from aiedge.quantization.fixed_point import INT32_MAX, LARGEST_SHIFT
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import activation_range
from aiedge.tflite.traits import Nature

# A shift from 1 to 30 marks a channel that the fast path of aiedge_requantize.h serves; any other is stored less 64.
FAST_SUM = 2**29
SLOW = 64
# Of int16 layers with sums in 64 bits: what TFLM's factor of 15 bits takes.
WIDE_SUM, WIDE_SHIFT = 2**47, 7
INT32 = 2  # of the schema's TensorType


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


def scaling_int16(
    operator: Operator, weights: NDArray[np.int8], multipliers: NDArray, shifts: NDArray, bias_at: int = 2
) -> tuple[tuple[Constant, ...], dict[str, Field]]:
    """Constants and fields (AIEDGE_INT16_OUTPUT) of an int16 layer whose weights are [outputs, depth].

    TFLM adds up in the type of the bias, int64 or int32; from int64 sums it goes on with 15 bits of the multiplier.
    """
    bias = bias_of(operator, bias_at)
    given = len(operator.inputs) > bias_at and operator.inputs[bias_at] is not None
    narrow = bias.dtype == np.int32 if given else operator.options.get("quantizedBiasType") == INT32
    largest = np.abs(weights.astype(np.int64)).sum(axis=1) * 2**15 + np.abs(bias.astype(np.float64))
    if narrow and operator.nature not in (Nature.CONVOLUTION, Nature.DENSE):
        raise unsupported(operator, "its bias must be int64: TensorFlow Lite Micro takes no other")
    if narrow:
        if shifts.max() > LARGEST_SHIFT:
            raise unsupported(operator, "its output's scale is too small for its sums")
        scale = [multipliers, shifts]
    else:
        if largest.max() >= WIDE_SUM or shifts.max() > WIDE_SHIFT:
            raise unsupported(
                operator, "its sums are too large: by TensorFlow Lite Micro's limits of 2^47 and 2^7"
            )
        reduced = np.minimum((multipliers + 2**15) >> 16, 2**15 - 1)
        scale = [reduced, 15 - shifts]
    # The bias in two halves, so that all is of int32.
    low, high = bias.astype(np.int64).view(np.uint64) & 0xFFFFFFFF, bias.astype(np.int64) >> 32
    rows = np.stack([low.astype(np.uint32).view(np.int32), high, *scale], axis=1)
    constant = Constant(f"scales_{operator.index}", rows.astype(np.int32))
    fields: dict[str, Field] = {"scales": constant.name, "narrow": narrow}
    return (constant,), fields | activation_fields(operator)
