"""What each operator becomes in C.

Every module here serves one operator or one family. Its `KINDS` maps a kind of the schema to a function that takes
the operator and `at`, which gives the C expression of a tensor's address, and returns a `Call`.
"""

from collections.abc import Callable

from aiedge.codegen.operators import conv_2d, depthwise_conv_2d, elementwise, fully_connected, reshape
from aiedge.codegen.operators.call import Call, Constant, Places, unsupported
from aiedge.tflite.graph import Operator

__all__ = ["EMITTERS", "Call", "Constant", "emit"]

EMITTERS: dict[str, Callable[[Operator, Places], Call]] = {
    **conv_2d.KINDS,
    **depthwise_conv_2d.KINDS,
    **fully_connected.KINDS,
    **elementwise.KINDS,
    **reshape.KINDS,
}


def emit(operator: Operator, at: Places) -> Call:
    """The C of one operator; raises `UserError` that names it and what is supported where it is not supported."""
    if operator.kind not in EMITTERS:
        raise unsupported(operator, f"supported are {', '.join(sorted(EMITTERS))}")
    return EMITTERS[operator.kind](operator, at)
