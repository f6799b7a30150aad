"""Operators that only move values: CONCATENATION, SPLIT, SPLIT_V, PAD, PADV2, STRIDED_SLICE; int8, int16, float32."""

from math import prod

from aiedge.codegen.operators.call import (
    Call,
    Places,
    Struct,
    integers,
    kernel_suffix,
    same_scales,
    unsupported,
    zero_point,
)
from aiedge.codegen.operators.moves import LOOPS_OF, emit
from aiedge.codegen.operators.strided import HEADER, LOOPS, strided
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.slicing import ranges
from aiedge.tflite.traits import Nature


def _concatenation(operator: Operator, at: Places) -> Call:
    target = operator.outputs[0]
    parts = [part for part in operator.inputs if part is not None]
    axis = _axis(operator, operator.integer("axis"), target)
    if operator.integer("fusedActivationFunction"):
        raise unsupported(operator, "it must have no fused activation")
    _check_parts(operator, parts, target, axis)
    rows, bytes_in_row = prod(target.shape[:axis]), target.bytes // prod(target.shape[:axis])
    offset, statements = 0, []
    for part in parts:
        size = part.bytes // rows
        place = f"(uint8_t *){at(target)} + {offset}"
        statements.append(f"aiedge_copy_rows({at(part)}, {size}, {place}, {bytes_in_row}, {rows}, {size})")
        offset += size
    return Call(HEADER, tuple(statements))


def _split(operator: Operator, at: Places) -> Call:
    sized = operator.kind == "SPLIT_V"
    source = operator.input(0 if sized else 1)
    (axis,) = integers(operator, 2 if sized else 0)[:1] or [0]
    axis = _axis(operator, axis, source)
    _check_sizes(operator, axis)
    _check_parts(operator, list(operator.outputs), source, axis)
    rows, bytes_in_row = prod(source.shape[:axis]), source.bytes // prod(source.shape[:axis])
    offset, statements = 0, []
    for part in operator.outputs:
        size = part.bytes // rows
        place = f"(const uint8_t *){at(source)} + {offset}"
        statements.append(f"aiedge_copy_rows({place}, {bytes_in_row}, {at(part)}, {size}, {rows}, {size})")
        offset += size
    return Call(HEADER, tuple(statements))


def _axis(operator: Operator, axis: int, tensor: Tensor) -> int:
    rank = len(tensor.shape)
    if not -rank <= axis < rank:
        raise unsupported(operator, f"its axis must lie in the {rank} dimensions of {tensor}")
    return axis % rank


def _check_parts(operator: Operator, parts: list[Tensor], whole: Tensor, axis: int) -> None:
    """Raise `UserError` unless the parts make up `whole` along the axis."""
    if kernel_suffix(operator, *parts, whole, int16=True) != "f32":
        same_scales(operator, *parts, whole)
    others = {part.shape[:axis] + part.shape[axis + 1 :] for part in (*parts, whole)}
    ranks = {len(part.shape) for part in (*parts, whole)}
    if len(others | ranks) > 2 or sum(part.shape[axis] for part in parts) != whole.shape[axis]:
        raise unsupported(operator, f"its parts must add up to {list(whole.shape)} along dimension {axis}")
    if not all(part.elements for part in parts):
        raise unsupported(operator, "no part may be empty")


def _check_sizes(operator: Operator, axis: int) -> None:
    """Raise `UserError` where SPLIT_V gives its parts other sizes than they have; one of them may be -1."""
    if operator.kind == "SPLIT_V":
        sizes, parts = integers(operator, 1), [part.shape[axis] for part in operator.outputs]
        if len(sizes) != len(parts) or any(a not in (b, -1) for a, b in zip(sizes, parts, strict=True)):
            raise unsupported(operator, f"its parts have the sizes {parts}, and it asks for {sizes}")


def _pad(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    suffix = kernel_suffix(operator, source, target, int16=True)
    paddings = integers(operator, 1)
    rank = len(source.shape)
    pairs = list(zip(paddings[::2], paddings[1::2], strict=False))
    expected = tuple(n + sum(pair) for n, pair in zip(source.shape, pairs, strict=False))
    if len(paddings) != 2 * rank or min(paddings, default=0) < 0 or target.shape != expected:
        raise unsupported(
            operator, f"its paddings must lead from {list(source.shape)} to {list(target.shape)}"
        )
    if not source.elements:
        raise unsupported(operator, "its input must not be empty")
    loops: list[list[int]] = []  # size of the input, of the output, padding before; innermost first
    for size, (before, after) in reversed(list(zip(source.shape, pairs, strict=True))):
        if loops and loops[-1][0] == loops[-1][1]:
            inner = loops[-1][0]
            loops[-1] = [inner * size, inner * (size + before + after), inner * before]
        else:
            loops.append([size, size + before + after, before])
    if len(loops) > LOOPS:
        raise unsupported(operator, f"it may pad at most {LOOPS} dimensions")
    loops += [[1, 1, 0]] * (LOOPS - len(loops))
    sizes, results, paddings_before = zip(*reversed(loops), strict=True)
    return Call(
        HEADER,
        (f"aiedge_pad_{suffix}(&layer_{operator.index}, {at(source)}, {at(target)})",),
        struct=Struct(
            f"aiedge_pad_{suffix}_layer",
            {
                "inputs": sizes,
                "outputs": results,
                "before": paddings_before,
                "value": _pad_value(operator, suffix),
            },
        ),
    )


def _pad_value(operator: Operator, suffix: str) -> int | float:
    target = operator.outputs[0]
    if suffix != "f32":
        same_scales(operator, operator.input(0), target)
    if len(operator.inputs) < 3:
        return zero_point(target) if suffix != "f32" else 0.0
    value = operator.input(2)
    if not value.is_constant or value.elements != 1 or value.dtype != target.dtype:
        raise unsupported(operator, "the value to pad with must be one constant of the output's type")
    if suffix != "f32":
        same_scales(operator, value, target)
        return int(value.values.ravel()[0])
    return float(value.values.ravel()[0])


def _slice(operator: Operator, at: Places) -> Call:
    if operator.kind in LOOPS_OF:
        return emit(operator, at)
    source, target = operator.input(0), operator.outputs[0]
    kernel_suffix(operator, source, target, int16=True)
    try:
        taken = ranges(operator)
    except ValueError as error:
        raise unsupported(operator, str(error)) from error
    start, itemsize = 0, source.dtype.itemsize
    loops: list[tuple[int, int]] = []  # size, step in bytes; innermost first
    for axis, (first, size, stride) in reversed(list(enumerate(taken))):
        pitch = prod(source.shape[axis + 1 :]) * itemsize
        start += first * pitch
        loops.append((size, stride * pitch))
    if prod(size for size, _ in loops) != target.elements or not target.elements:
        raise unsupported(
            operator, f"its output must have {prod(size for size, _ in loops)} values, and some"
        )
    return strided(operator, at, loops, start)


EMITTERS = {
    Nature.CONCATENATION: _concatenation,
    Nature.SPLIT: _split,
    Nature.PAD: _pad,
    Nature.SLICE: _slice,
}
