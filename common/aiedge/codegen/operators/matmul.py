"""BATCH_MATMUL: matrices times matrices, each of them computed or constant, int8 and float32."""

from math import prod

from aiedge.codegen.operators.call import Call, Field, Places, Struct, kernel_suffix, unsupported, zero_point
from aiedge.quantization import factors, quantize_multiplier
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature

BATCHES = 3  # dimensions of matrices, at most
# Sums of products of int8 differences stay within int32.
DEEPEST = (2**31 - 1) // 255**2
LARGEST_SHIFT = 30


def _emit(operator: Operator, at: Places) -> Call:
    a, b, target = operator.input(0), operator.input(1), operator.outputs[0]
    suffix = kernel_suffix(operator, a, b, target)
    rank = max(len(a.shape), len(b.shape))
    if min(len(a.shape), len(b.shape)) < 2 or rank > BATCHES + 2:
        raise unsupported(operator, f"its inputs must have 2 to {BATCHES + 2} dimensions")
    left, right = ((1,) * (BATCHES + 2 - len(t.shape)) + t.shape for t in (a, b))
    batches = [n if m == 1 else m for m, n in zip(left[:BATCHES], right[:BATCHES], strict=True)]
    # Steps from row to row and from column to column, whichever way the matrix lies.
    a_step, b_step = [left[-1], 1], [right[-1], 1]
    (rows, depth), (inputs, columns) = left[-2:], right[-2:]
    if operator.flag("adjX"):
        rows, depth, a_step = depth, rows, a_step[::-1]
    if operator.flag("adjY"):
        inputs, columns, b_step = columns, inputs, b_step[::-1]
    if (
        depth != inputs
        or any(m != n and 1 not in (m, n) for m, n in zip(left[:BATCHES], right[:BATCHES], strict=True))
        or target.shape != (*batches[BATCHES + 2 - rank :], rows, columns)
        or not a.elements * b.elements
    ):
        raise unsupported(operator, f"{list(a.shape)} times {list(b.shape)} must give {list(target.shape)}")
    fields: dict[str, Field] = {
        "batches": batches,
        "a_batch": [0 if left[i] == 1 else prod(left[i + 1 :]) for i in range(BATCHES)],
        "b_batch": [0 if right[i] == 1 else prod(right[i + 1 :]) for i in range(BATCHES)],
        "rows": rows,
        "depth": depth,
        "columns": columns,
        "a_step": a_step,
        "b_step": b_step,
    }
    if suffix == "int8":
        if depth > DEEPEST:
            raise unsupported(operator, f"its int8 sums may have at most {DEEPEST:,} products")
        scale_a, scale_b, output = (float(params_of(tensor).scale) for tensor in (a, b, target))
        multiplier, shift = quantize_multiplier(float(factors.product(scale_a, scale_b, output)))
        if shift > LARGEST_SHIFT:
            raise unsupported(operator, "its output's scale is too small for its sums: by 2^30 or more")
        fields |= {"a_zero_point": zero_point(a), "b_zero_point": zero_point(b)}
        fields |= {"multiplier": multiplier, "shift": shift, "output_zero_point": zero_point(target)}
    return Call(
        '"aiedge_matmul.h"',
        (f"aiedge_matmul_{suffix}(&layer_{operator.index}, {at(a)}, {at(b)}, {at(target)})",),
        struct=Struct(f"aiedge_matmul_{suffix}_layer", fields),
    )


EMITTERS = {Nature.MATMUL: _emit}
