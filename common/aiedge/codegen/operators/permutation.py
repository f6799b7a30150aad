"""Operators that write the input's values in another order: TRANSPOSE; int8 and float32."""

from math import prod

from aiedge.codegen.operators.call import Call, Places, integers, kernel_suffix, unsupported
from aiedge.codegen.operators.strided import strided
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    kernel_suffix(operator, source, target)
    if not source.elements:
        raise unsupported(operator, "its input must not be empty")
    return strided(operator, at, _transpose(operator)[::-1])


def _transpose(operator: Operator) -> list[tuple[int, int]]:
    """Size of each dimension of the output, and its step in bytes through the input."""
    source, order = operator.input(0), integers(operator, 1)
    if sorted(order) != list(range(len(source.shape))):
        raise unsupported(
            operator, f"its permutation {order} must name each of {len(source.shape)} dimensions"
        )
    if operator.outputs[0].shape != tuple(source.shape[axis] for axis in order):
        raise unsupported(operator, f"its output must have the shape that {order} makes of its input's")
    return [(source.shape[axis], prod(source.shape[axis + 1 :]) * source.dtype.itemsize) for axis in order]


EMITTERS = {Nature.PERMUTATION: _emit}
