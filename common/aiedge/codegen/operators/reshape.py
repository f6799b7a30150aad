"""RESHAPE: the same bytes under another shape."""

from aiedge.codegen.operators.call import Call, Places
from aiedge.tflite.graph import Operator


def _emit(operator: Operator, at: Places) -> Call:
    source, target = at(operator.input(0)), at(operator.outputs[0])
    # The memory plan gives both tensors one buffer. Only the caller's input and output are two places.
    if source == target:
        return Call()
    return Call("<string.h>", f"memcpy({target}, {source}, {operator.outputs[0].bytes})")


KINDS = {"RESHAPE": _emit}
