"""CUMSUM along a constant axis, int8 and float32."""

from math import prod

from aiedge.codegen.operators.call import (
    Call,
    Field,
    Places,
    Struct,
    integers,
    kernel_suffix,
    unsupported,
    zero_point,
)
from aiedge.quantization import factors, quantize_multiplier
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    suffix, rank, axes = kernel_suffix(operator, source, target), len(source.shape), integers(operator, 1)
    if len(axes) != 1 or not -rank <= axes[0] < rank:
        raise unsupported(operator, f"its axis must be one of its input's {rank} dimensions")
    if source.shape != target.shape or not source.elements:
        raise unsupported(operator, "its input and output must have the same shape, and values")
    axis = axes[0] % rank
    fields: dict[str, Field] = {
        "outer": prod(source.shape[:axis]),
        "size": source.shape[axis],
        "inner": prod(source.shape[axis + 1 :]),
        "exclusive": operator.flag("exclusive"),
        "reverse": operator.flag("reverse"),
    }
    if suffix == "int8":
        scale = float(params_of(source).scale)
        _, factor = factors.sums(scale, scale, float(params_of(target).scale))
        if factor >= 1:
            raise unsupported(operator, "its output's scale must exceed 2^-19 of its input's")
        multiplier, shift = quantize_multiplier(factor)
        fields |= {"zero_point": zero_point(source), "multiplier": multiplier, "shift": shift}
        fields |= {"output_zero_point": zero_point(target)}
    return Call(
        '"aiedge_cumsum.h"',
        (f"aiedge_cumsum_{suffix}(&layer_{operator.index}, {at(source)}, {at(target)})",),
        struct=Struct(f"aiedge_cumsum_{suffix}_layer", fields),
    )


EMITTERS = {Nature.SCAN: _emit}
