"""RESHAPE, SQUEEZE and EXPAND_DIMS: the same bytes under another shape."""

from aiedge.codegen.operators.call import Call, Places, unsupported
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places) -> Call:
    if operator.input(0).bytes != operator.outputs[0].bytes:
        raise unsupported(operator, "its input and output must have the same number of values")
    source, target = at(operator.input(0)), at(operator.outputs[0])
    # The memory plan gives both tensors one buffer. Only the caller's input and output are two places.
    if source == target:
        return Call()
    return Call("<string.h>", (f"memcpy({target}, {source}, {operator.outputs[0].bytes})",))


EMITTERS = {Nature.VIEW: _emit}
