"""RESHAPE, SQUEEZE and EXPAND_DIMS: the same bytes under another shape."""

import numpy as np

from aiedge.codegen.operators.call import Call, Places, integers, moved, unsupported
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places) -> Call:
    if operator.input(0).bytes != operator.outputs[0].bytes:
        raise unsupported(operator, "its input and output must have the same number of values")
    _check_axes(operator)
    # Only the caller's input and output are two places.
    return moved(operator.input(0), operator.outputs[0], at)


def _check_axes(operator: Operator) -> None:
    """Raise `UserError` for an axis of SQUEEZE or EXPAND_DIMS that is not there, where TFLM stops as well."""
    before, after = list(operator.input(0).shape), list(operator.outputs[0].shape)
    if operator.kind == "SQUEEZE":
        dims = operator.options.get("squeezeDims")
        axes = [] if dims is None else [int(axis) for axis in np.atleast_1d(np.asarray(dims))]
        longer, shorter, side = before, after, "input"
        axes = axes or [axis for axis, size in enumerate(before) if size == 1]
    elif operator.kind == "EXPAND_DIMS":
        axes, longer, shorter, side = integers(operator, 1), after, before, "output"
    else:
        return
    places = {axis + len(longer) if axis < 0 else axis for axis in axes}
    if any(not 0 <= place < len(longer) or longer[place] != 1 for place in places):
        raise unsupported(operator, f"its axes {axes} must be dimensions of size 1 of its {side}, {longer}")
    if [size for place, size in enumerate(longer) if place not in places] != shorter:
        raise unsupported(operator, f"its axes {axes} must lead from {before} to {after}")


EMITTERS = {Nature.VIEW: _emit}
