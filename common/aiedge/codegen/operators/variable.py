"""READ_VARIABLE and ASSIGN_VARIABLE: values that outlive the inference; and what names and initializes them."""

from aiedge.codegen.operators.call import Call, Places, moved
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature


def _read(operator: Operator, at: Places) -> Call:
    return moved(operator.input(0), operator.outputs[0], at)


def _assign(operator: Operator, at: Places) -> Call:
    return moved(operator.input(1), operator.input(0), at)


def _once(operator: Operator, at: Places) -> Call:
    """NAME_reset() does it."""
    return Call()


EMITTERS = {
    Nature.READ: _read,
    Nature.ASSIGN: _assign,
    Nature.HANDLE: _once,
    Nature.INITIALIZER: _once,
}
