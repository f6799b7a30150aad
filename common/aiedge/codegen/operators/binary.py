"""ADD, SUB and MUL of two tensors whose shapes broadcast, int8 and float32."""

import numpy as np

from aiedge.codegen.operators.call import (
    Call,
    Field,
    Places,
    Struct,
    activation_fields,
    kernel_suffix,
    unsupported,
    zero_point,
)
from aiedge.quantization import factors, quantize_multiplier
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature

LOOPS = 4


def _emit(operator: Operator, at: Places) -> Call:
    a, b, target = operator.input(0), operator.input(1), operator.outputs[0]
    suffix = kernel_suffix(operator, a, b, target, int16=True)
    if suffix == "int16":
        kernel, constants = (
            ("mul_int16", _product(operator)) if operator.kind == "MUL" else _int16_sum(operator)
        )
        fields = broadcast(operator, a, b) | constants
    elif suffix == "int8" and operator.kind != "MUL":
        a, b, sums = int8_sum(operator)
        fields = broadcast(operator, a, b) | sums
        kernel = "add_int8"
    elif suffix == "int8":
        fields = broadcast(operator, a, b) | _product(operator)
        kernel = "mul_int8"
    else:
        fields = broadcast(operator, a, b)
        kernel = f"{operator.kind.lower()}_f32"
    struct = "binary_f32" if suffix == "f32" else kernel
    return Call(
        header='"aiedge_binary.h"',
        statements=(f"aiedge_{kernel}(&layer_{operator.index}, {at(a)}, {at(b)}, {at(target)})",),
        struct=Struct(f"aiedge_{struct}_layer", fields | activation_fields(operator)),
    )


def broadcast(operator: Operator, first: Tensor, second: Tensor) -> dict[str, Field]:
    """Sizes of the loops over the output, outermost first, and the step of each input in each loop.

    Dimensions in which both inputs go on in step are one loop.
    """
    a, b, target = first.shape, second.shape, operator.outputs[0].shape
    rank = max(len(a), len(b))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (a, b)]
    if any(m != n and 1 not in (m, n) for m, n in zip(*padded, strict=True)) or target != tuple(
        n if m == 1 else m for m, n in zip(*padded, strict=True)
    ):
        raise unsupported(
            operator, f"{list(a)} and {list(b)} must broadcast to its output's shape {list(target)}"
        )
    loops: list[list[int]] = []  # size, step of a, step of b; innermost first
    elements = [1, 1]
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
    loops += [[1, 0, 0]] * (LOOPS - len(loops))
    sizes, a_step, b_step = zip(*reversed(loops), strict=True)
    return {"size": sizes, "a_step": a_step, "b_step": b_step}


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


def _int16_sum(operator: Operator) -> tuple[str, dict[str, Field]]:
    """Kernel and constants of int16 ADD and SUB: the common scale is 2^15 finer than twice the larger one."""
    scales = [float(params_of(t).scale) for t in (operator.input(0), operator.input(1), operator.outputs[0])]
    *inputs, output = scales
    fields: dict[str, Field] = {}
    for name, scale in zip("ab", inputs, strict=True):
        to_common, factor = factors.sums(max(inputs), scale, output, bits=15)
        fields[f"{name}_multiplier"], fields[f"{name}_shift"] = quantize_multiplier(to_common)
    if factor >= 1:
        raise unsupported(operator, "its output's scale must exceed 2^-14 of its inputs'")
    fields["multiplier"], fields["shift"] = quantize_multiplier(factor)
    return "add_int16", fields | {"sign": -1 if operator.kind == "SUB" else 1}


def _product(operator: Operator) -> dict[str, Field]:
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


EMITTERS = {Nature.BINARY: _emit}
