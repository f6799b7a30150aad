"""ADD, SUB and MUL on the ESP32's core, by the engine's aiedge_add_lx6.h and aiedge_scale_lx6.h."""

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.binary import int8_sum, product
from aiedge.codegen.operators.call import Call, Constant, Field, Struct, zero_point
from aiedge.codegen.operators.lx6_layer import Lx6Layer, integer
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import activation_range


def sums(operator: Operator) -> Lx6Layer | None:
    """ADD or SUB of two int8 tensors of one shape.

    The sum at the common scale of aiedge_binary.h, times four, times the multiplier, is twice what TFLM rounds first;
    the rounding is the halves of both, 1 and 2^shift, and the output's zero point.
    """
    a, b, target = operator.input(0), operator.input(1), operator.outputs[0]
    if operator.kind not in ("ADD", "SUB") or {t.dtype.name for t in (a, b, target)} != {"int8"}:
        return None
    if a.is_constant or b.is_constant or not a.shape == b.shape == target.shape:
        return None
    a, b, fields = int8_sum(operator)
    sign, offset, multiplier, shift = (
        integer(fields[name]) for name in ("a_factor", "a_offset", "multiplier", "shift")
    )
    if sign < 0 or shift > 21 or activation_range(operator) != (-128, 127):
        return None
    rounding = 1 + (1 << shift) + (zero_point(target) << (shift + 1))
    table = 4 * (offset + _added(fields))
    i = operator.index
    values: dict[str, Field] = {"table": f"table_{i}", "multiplier": multiplier, "rounding": rounding}
    values |= {"shift": shift + 1, "count": target.elements, "relu": zero_point(target) == -128}
    return Lx6Layer(
        Call(
            header='"aiedge_add_lx6.h"',
            constants=(Constant(f"table_{i}", table.astype(np.int32)),),
            struct=Struct("aiedge_add_lx6_layer", values),
        ),
        "aiedge_add_lx6_int8",
        (a, b),
    )


def _added(fields: dict[str, Field]) -> NDArray[np.int64]:
    """What each byte of b adds, as the kernel of any core calculates it."""
    zero, sign, high, low, shift = (
        integer(fields[name]) for name in ("b_zero_point", "b_sign", "b_high", "b_low", "b_shift")
    )
    difference = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int64) - zero
    product = difference * high + ((difference * low + (1 << 10)) >> 11)
    product += product >> 63
    return sign * ((product + (1 << (shift - 1))) >> shift)


def scaled(operator: Operator) -> Lx6Layer | None:
    """MUL by a constant, and ADD and SUB of one whose scale is not the larger, the same for all pixels.

    A product is scaled as a filter's sum is, and a sum as that of two tensors.
    """
    if operator.kind not in ("ADD", "SUB", "MUL"):
        return None
    target, tensors = operator.outputs[0], (operator.input(0), operator.input(1))
    constants = [t for t in tensors if t.is_constant]
    if {t.dtype.name for t in (*tensors, target)} != {"int8"} or len(constants) != 1:
        return None
    constant = constants[0]
    x = tensors[tensors[0].index == constant.index]
    channels = x.shape[-1] if x.shape else 1
    if not x.elements or x.shape != target.shape or constant.elements not in (1, channels):
        return None
    if constant.shape[-1:] != (constant.elements,) or activation_range(operator) != (-128, 127):
        return None
    if operator.kind == "MUL":
        fields = product(operator)
        multiplier, shift = integer(fields["multiplier"]), -integer(fields["shift"])
        bits, most = 7, 16
        factor = constant.values.ravel().astype(np.int64) - zero_point(constant)
        offset = -zero_point(x) * factor
    else:
        a, _, fields = int8_sum(operator)
        if a is not x:
            return None
        multiplier, shift = integer(fields["multiplier"]), integer(fields["shift"])
        bits, most = 1, 21
        offset = integer(fields["a_offset"]) + _added(fields)[constant.values.ravel().view(np.uint8)]
        factor = np.full(len(offset), integer(fields["a_factor"]))
    if not 1 <= shift <= most:
        return None
    pairs = np.stack([factor, offset], axis=1) << (bits + 1)
    pairs = np.broadcast_to(pairs, (channels, 2)).astype(np.int32)
    rounding = (1 << (bits - 1)) + (1 << (bits + shift - 1)) + (zero_point(target) << (bits + shift))
    i = operator.index
    values: dict[str, Field] = {"channel": f"channel_{i}", "multiplier": multiplier, "rounding": rounding}
    values |= {"below": rounding - (1 << bits), "shift": bits + shift}
    values |= {"pixels": x.elements // channels, "channels": channels}
    return Lx6Layer(
        Call(
            header='"aiedge_scale_lx6.h"',
            constants=(Constant(f"channel_{i}", pairs),),
            struct=Struct("aiedge_scale_lx6_layer", values),
        ),
        "aiedge_scale_lx6_int8",
        (x,),
    )
