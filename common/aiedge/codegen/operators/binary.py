"""Arithmetic of two tensors whose shapes broadcast: int8 and float32, DIV, FLOOR_DIV and FLOOR_MOD float32 alone.

ADD, SUB, MUL, MAXIMUM, MINIMUM and SQUARED_DIFFERENCE have int16, too.
"""

from collections.abc import Callable

import numpy as np

from aiedge.codegen.operators.call import (
    Call,
    Field,
    Places,
    Struct,
    activation_fields,
    kernel_suffix,
    same_scales,
    unsupported,
    zero_point,
)
from aiedge.quantization import factors, quantize_multiplier
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature

LOOPS = 4
SUMS = ("ADD", "SUB")
INPUT_BITS = {"int8": 7, "int16": 0}  # that SQUARED_DIFFERENCE adds to its inputs
COMPARED = ("MAXIMUM", "MINIMUM")  # integers of one scale
INT16 = (*SUMS, *COMPARED, "MUL", "SQUARED_DIFFERENCE")


def _emit(operator: Operator, at: Places) -> Call:
    a, b, target = operator.input(0), operator.input(1), operator.outputs[0]
    suffix = kernel_suffix(operator, a, b, target, int16=operator.kind in INT16)
    kernel = struct = f"{operator.kind.lower()}_{suffix}"
    fields: dict[str, Field] = {}
    if suffix == "int16" and operator.kind in SUMS:
        fields = _int16_sum(operator)
        kernel = struct = "add_int16"
    elif suffix == "int8" and operator.kind in SUMS:
        a, b, fields = int8_sum(operator)
        kernel = struct = "add_int8"
    elif suffix != "f32" and operator.kind in CONSTANTS:
        fields = CONSTANTS[operator.kind](operator)
    elif suffix != "f32" and operator.kind in COMPARED:
        same_scales(operator, a, b, target)
        struct = "binary"
    elif suffix == "int8":
        raise unsupported(operator, REFUSED.get(operator.kind, "its inputs and output must be float32"))
    else:
        struct = "binary_f32" if "fusedActivationFunction" in operator.trait.defaults else "binary"
    fields |= broadcast(operator, a, b)
    if "fusedActivationFunction" in operator.trait.defaults:
        fields |= activation_fields(operator)
    return Call(
        header='"aiedge_binary.h"',
        statements=(f"aiedge_{kernel}(&layer_{operator.index}, {at(a)}, {at(b)}, {at(target)})",),
        struct=Struct(f"aiedge_{struct}_layer", fields),
    )


def broadcast(operator: Operator, *inputs: Tensor) -> dict[str, Field]:
    """Sizes of the loops over the output, outermost first, and in each the steps of the inputs a, b, ...

    Dimensions in which all inputs go on in step are one loop.
    """
    target = operator.outputs[0].shape
    rank = max(len(tensor.shape) for tensor in inputs)
    padded = [(1,) * (rank - len(tensor.shape)) + tensor.shape for tensor in inputs]
    if target != tuple(next((n for n in sizes if n != 1), 1) for sizes in zip(*padded, strict=True)) or any(
        n not in (1, size) for shape in padded for n, size in zip(shape, target, strict=True)
    ):
        shapes = " and ".join(str(list(tensor.shape)) for tensor in inputs)
        raise unsupported(operator, f"{shapes} must broadcast to its output's shape {list(target)}")
    loops: list[list[int]] = []  # size, step of each input; innermost first
    elements = [1] * len(inputs)
    for axis in reversed(range(rank)):
        size = target[axis]
        steps = [0 if shape[axis] == 1 else count for shape, count in zip(padded, elements, strict=True)]
        elements = [count * shape[axis] for shape, count in zip(padded, elements, strict=True)]
        if size == 1:
            continue
        if loops and steps == [loops[-1][0] * step for step in loops[-1][1:]]:
            loops[-1][0] *= size
        else:
            loops.append([size, *steps])
    if len(loops) > LOOPS:
        raise unsupported(operator, f"its inputs must broadcast along at most {LOOPS} runs of dimensions")
    loops += [[1] + [0] * len(inputs)] * (LOOPS - len(loops))
    sizes, *steps_of = zip(*reversed(loops), strict=True)
    fields: dict[str, Field] = {"size": sizes}
    return fields | {f"{name}_step": steps for name, steps in zip("abc", steps_of, strict=False)}


def int8_sum(operator: Operator) -> tuple[Tensor, Tensor, dict[str, Field]]:
    """The inputs `a` and `b` of int8 ADD and SUB, of which `a` has the larger scale, and the constants.

    Both inputs go to a common scale, 2^20 finer than twice the larger one: `a` by an exact 2^19.
    """
    a, b = operator.input(0), operator.input(1)
    if np.float32(params_of(a).scale) < np.float32(params_of(b).scale):
        a, b = b, a
    larger, smaller, output = (float(params_of(t).scale) for t in (a, b, operator.outputs[0]))
    to_common, factor = factors.sums(larger, smaller, output)
    multiplier, shift = quantize_multiplier(to_common)
    if not multiplier or shift < -30:  # rounds to zero
        multiplier, shift = 0, -1
    if shift == 0:  # half, where the scales are equal; the kernel shifts by 1 or more
        multiplier, shift = 2 * multiplier, -1
    output_multiplier, output_shift = quantize_multiplier(factor)
    if factor >= 0.5:
        raise unsupported(operator, "its output's scale must exceed 2^-18 of its inputs'")
    if not output_multiplier or output_shift < -30:
        output_multiplier, output_shift = 0, -1
    sign_a, sign_b = ((1, -1) if a is operator.input(0) else (-1, 1)) if operator.kind == "SUB" else (1, 1)
    return (
        a,
        b,
        {
            "b_zero_point": zero_point(b),
            "a_factor": sign_a * 2**19,
            "a_offset": -sign_a * 2**19 * zero_point(a),
            "b_sign": sign_b,
            "b_high": (multiplier >> 16) << 5,
            "b_low": multiplier & 0xFFFF,
            "b_shift": -shift,
            "multiplier": output_multiplier,
            "shift": -output_shift,
            "output_zero_point": zero_point(operator.outputs[0]),
        },
    )


def _int16_sum(operator: Operator) -> dict[str, Field]:
    """The constants of int16 ADD and SUB: the common scale is 2^15 finer than twice the larger one."""
    scales = [float(params_of(t).scale) for t in (operator.input(0), operator.input(1), operator.outputs[0])]
    *inputs, output = scales
    fields: dict[str, Field] = {}
    for name, scale in zip("ab", inputs, strict=True):
        to_common, factor = factors.sums(max(inputs), scale, output, bits=15)
        fields[f"{name}_multiplier"], fields[f"{name}_shift"] = quantize_multiplier(to_common)
    if factor >= 1:
        raise unsupported(operator, "its output's scale must exceed 2^-14 of its inputs'")
    fields["multiplier"], fields["shift"] = quantize_multiplier(factor)
    return fields | {"sign": -1 if operator.kind == "SUB" else 1}


def product(operator: Operator) -> dict[str, Field]:
    """The constants of MUL of integers."""
    a, b, out = (params_of(t) for t in (operator.input(0), operator.input(1), operator.outputs[0]))
    multiplier, shift = quantize_multiplier(
        float(factors.product(float(a.scale), float(b.scale), float(out.scale)))
    )
    if shift > 14:
        raise unsupported(operator, "its output's scale must not be 2^14 times finer than its product's")
    return {
        "a_zero_point": int(a.zero_point),
        "b_zero_point": int(b.zero_point),
        "multiplier": multiplier,
        "shift": shift,
        "output_zero_point": int(out.zero_point),
    }


def _slopes(operator: Operator) -> dict[str, Field]:
    """The constants of int8 PRELU, where the second input holds the slopes below zero."""
    x, alpha, out = (params_of(t) for t in (operator.input(0), operator.input(1), operator.outputs[0]))
    above = quantize_multiplier(factors.ratio(float(x.scale), float(out.scale)))
    below = quantize_multiplier(float(factors.product(float(x.scale), float(alpha.scale), float(out.scale))))
    if above[1] > 22 or below[1] > 14:
        raise unsupported(operator, "its output's scale is too small for its inputs'")
    return {
        "a_zero_point": int(x.zero_point),
        "b_zero_point": int(alpha.zero_point),
        "multiplier": [above[0], below[0]],
        "shift": [above[1], below[1]],
        "output_zero_point": int(out.zero_point),
    }


def _squares(operator: Operator) -> dict[str, Field]:
    """The constants of SQUARED_DIFFERENCE of integers: of both inputs to twice the larger scale, and of the square."""
    a, b, out = (
        float(params_of(t).scale) for t in (operator.input(0), operator.input(1), operator.outputs[0])
    )
    bits = INPUT_BITS[operator.outputs[0].dtype.name]
    pairs = [quantize_multiplier(factor) for factor in factors.squares(a, b, out, bits=bits)]
    if pairs[2][1] > 0:
        raise unsupported(operator, "its output's scale is too small for its inputs'")
    return {
        "zero_point": [zero_point(operator.input(0)), zero_point(operator.input(1))],
        "multiplier": [multiplier for multiplier, _ in pairs],
        "shift": [shift for _, shift in pairs],
        "output_zero_point": zero_point(operator.outputs[0]),
    }


# What TensorFlow Lite Micro takes of int8, and the kit does not.
REFUSED = {
    "DIV": "in int8 TensorFlow Lite Micro shifts small quotients by more than 31 bits, which leaves the answer to "
    "the processor: divide in float32, or multiply by a reciprocal"
}
# What gives the constants of int8 kernels with factors, beside sums.
CONSTANTS: dict[str, Callable[[Operator], dict[str, Field]]] = {
    "MUL": product,
    "PRELU": _slopes,
    "SQUARED_DIFFERENCE": _squares,
}
EMITTERS = {Nature.BINARY: _emit}
