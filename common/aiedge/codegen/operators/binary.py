"""ADD, SUB and MUL of two tensors whose shapes broadcast, int8 and float32."""

import numpy as np

from aiedge.codegen.operators.call import Call, Places, c_float, c_list, kernel_suffix, unsupported
from aiedge.quantization import quantize_multiplier
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import activation_range, params_of, real_activation_range

LOOPS = 4
LEFT_SHIFT = 20


def _emit(operator: Operator, at: Places) -> Call:
    a, b, target = operator.input(0), operator.input(1), operator.outputs[0]
    suffix = kernel_suffix(operator, a, b, target)
    fields = broadcast(operator)
    if suffix == "int8":
        fields |= _product(operator) if operator.kind == "MUL" else _sum(operator)
        low, high = map(str, activation_range(operator))
        kernel = "mul_int8" if operator.kind == "MUL" else "add_int8"
    else:
        low, high = map(c_float, real_activation_range(operator))
        kernel = f"{operator.kind.lower()}_f32"
    struct = "binary_f32" if suffix == "f32" else kernel
    return Call(
        header='"aiedge_binary.h"',
        statement=f"aiedge_{kernel}(&layer_{operator.index}, {at(a)}, {at(b)}, {at(target)})",
        struct=(f"aiedge_{struct}_layer", fields | {"low": low, "high": high}),
    )


def broadcast(operator: Operator) -> dict[str, str]:
    """Sizes of the loops over the output, outermost first, and the step of each input in each loop.

    Dimensions in which both inputs go on in step are one loop.
    """
    a, b, target = operator.input(0).shape, operator.input(1).shape, operator.outputs[0].shape
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
    return {"size": c_list(sizes), "a_step": c_list(a_step), "b_step": c_list(b_step)}


def _sum(operator: Operator) -> dict[str, str]:
    """The constants of int8 ADD and SUB: both inputs go to a common scale, 2^20 finer than the larger one's double.

    TFLM forms the factors in float64 for ADD, in float32 for SUB.
    """
    real = np.float32 if operator.kind == "SUB" else np.float64
    a, b, out = (params_of(t) for t in (operator.input(0), operator.input(1), operator.outputs[0]))
    sa, sb, so = real(a.scale), real(b.scale), real(out.scale)
    common = real(2) * max(sa, sb)
    factors = [float(sa / common), float(sb / common), float(common / (real(2**LEFT_SHIFT) * so))]
    if factors[2] >= 1:
        raise unsupported(operator, f"its output's scale must exceed 2^-{LEFT_SHIFT - 1} of its inputs'")
    pairs = [quantize_multiplier(factor) for factor in factors]
    return {
        "a_zero_point": str(int(a.zero_point)),
        "b_zero_point": str(int(b.zero_point)),
        "a_multiplier": str(pairs[0][0]),
        "b_multiplier": str(pairs[1][0]),
        "a_shift": str(pairs[0][1]),
        "b_shift": str(pairs[1][1]),
        "b_sign": "-1" if operator.kind == "SUB" else "1",
        "multiplier": str(pairs[2][0]),
        "shift": str(pairs[2][1]),
        "output_zero_point": str(int(out.zero_point)),
    }


def _product(operator: Operator) -> dict[str, str]:
    """The constants of int8 MUL; TFLM forms the factor in float64."""
    a, b, out = (params_of(t) for t in (operator.input(0), operator.input(1), operator.outputs[0]))
    multiplier, shift = quantize_multiplier(float(a.scale) * float(b.scale) / float(out.scale))
    if shift > 14:
        raise unsupported(operator, "its output's scale must not be 2^14 times finer than its product's")
    return {
        "a_zero_point": str(int(a.zero_point)),
        "b_zero_point": str(int(b.zero_point)),
        "multiplier": str(multiplier),
        "shift": str(shift),
        "output_zero_point": str(int(out.zero_point)),
    }


KINDS = {"ADD": _emit, "SUB": _emit, "MUL": _emit}
