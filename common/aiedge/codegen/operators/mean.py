"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN over constant axes, int8 and float32; MEAN and SUM also int16."""

from itertools import groupby
from math import prod

from aiedge.codegen.operators.call import (
    Call,
    Field,
    Places,
    Struct,
    integers,
    kernel_suffix,
    same_scales,
    unsupported,
    zero_point,
)
from aiedge.quantization import factors, quantize_multiplier
from aiedge.quantization.fixed_point import INT32_MAX
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature

# Means of so many bits, with those of a shift, leave room in int32.
MEAN_BITS = 28
EXTREMES = ("REDUCE_MAX", "REDUCE_MIN")


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    suffix = kernel_suffix(operator, source, target, int16=operator.kind in ("MEAN", "SUM"))
    rank = len(source.shape)
    axes = {axis + rank if axis < 0 else axis for axis in integers(operator, 1)}
    if not axes <= set(range(rank)):
        raise unsupported(operator, f"its axes must lie in its input's {rank} dimensions")
    kept, reduced = _loops(source.shape, axes)
    count = prod(size for size, _ in reduced)
    if max(len(kept), len(reduced)) > 2:
        raise unsupported(operator, "the kept and the reduced dimensions may form two runs each")
    if not source.elements or target.elements * count != source.elements:
        raise unsupported(operator, f"its output must have {source.elements // max(count, 1)} values")
    kept, reduced = ([(1, 0)] * (2 - len(loops)) + loops for loops in (kept, reduced))
    fields: dict[str, Field] = {
        "outputs": [size for size, _ in kept],
        "output_step": [step for _, step in kept],
        "inputs": [size for size, _ in reduced],
        "input_step": [step for _, step in reduced],
    }
    kernel, struct = f"mean_{suffix}", f"mean_{suffix}"
    if operator.kind in EXTREMES:
        kernel, struct = f"{operator.kind.lower()}_{suffix}", "reduce"
        if suffix == "int8":
            same_scales(operator, source, target)
    elif suffix != "f32":
        fields |= _scaling(operator, count)
    else:
        fields["count"] = float(count) if operator.kind == "MEAN" else 1.0
    return Call(
        header='"aiedge_mean.h"',
        statements=(f"aiedge_{kernel}(&layer_{operator.index}, {at(source)}, {at(target)})",),
        struct=Struct(f"aiedge_{struct}_layer", fields),
    )


def _loops(shape: tuple[int, ...], axes: set[int]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(size, step) of the kept and the reduced dimensions; neighbours of a kind are one loop."""
    loops: dict[bool, list[tuple[int, int]]] = {False: [], True: []}
    dimensions = [(axis in axes, axis) for axis, size in enumerate(shape) if size != 1]
    for is_reduced, run in groupby(dimensions, key=lambda item: item[0]):
        members = [axis for _, axis in run]
        size = prod(shape[axis] for axis in members)
        loops[is_reduced].append((size, prod(shape[members[-1] + 1 :])))
    return loops[False], loops[True]


def _scaling(operator: Operator, count: int) -> dict[str, Field]:
    """The constants of  y = z_y + (sum − count · z_x) · (s_x / s_y / count);  TFLM divides the integer multiplier.

    SUM does not divide.
    """
    inputs, outputs = params_of(operator.input(0)), params_of(operator.outputs[0])
    multiplier, shift = quantize_multiplier(factors.ratio(float(inputs.scale), float(outputs.scale)))
    divisor = count if operator.kind == "MEAN" else 1
    extra = min(divisor.bit_length() - 1, 32, 31 + shift)
    bits = 8 * operator.input(0).dtype.itemsize
    if count << bits > INT32_MAX:
        raise unsupported(operator, "its sums leave the range of int32")
    if shift > MEAN_BITS - bits:
        raise unsupported(operator, f"its output's scale must exceed 2^-{MEAN_BITS - bits} of its input's")
    return {
        "offset": -count * zero_point(operator.input(0)),
        "multiplier": (multiplier << extra) // divisor,
        "shift": shift - extra,
        "output_zero_point": zero_point(operator.outputs[0]),
    }


EMITTERS = {Nature.REDUCTION: _emit}
