"""What each operator becomes in C.

Every module here serves one operator or one family. Its `KINDS` maps a kind of the schema to a function that takes
the operator and `at`, which gives the C expression of a tensor's address, and returns a `Call`. Its `FUSED` maps the
kinds of operators that run as one step to such a function of them all.
"""

from collections.abc import Callable

from aiedge.codegen.operators import (
    binary,
    conv_2d,
    copy,
    depthwise_conv_2d,
    elementwise,
    fully_connected,
    mean,
    pool,
    reshape,
    resize,
    softmax,
    transpose_conv,
)
from aiedge.codegen.operators.call import Call, Constant, Places, unsupported
from aiedge.tflite.graph import Operator

__all__ = ["EMITTERS", "FUSED", "Call", "Constant", "emit"]

EMITTERS: dict[str, Callable[[Operator, Places], Call]] = {
    **conv_2d.KINDS,
    **depthwise_conv_2d.KINDS,
    **fully_connected.KINDS,
    **elementwise.KINDS,
    **reshape.KINDS,
    **pool.KINDS,
    **mean.KINDS,
    **binary.KINDS,
    **copy.KINDS,
    **softmax.KINDS,
    **resize.KINDS,
    **transpose_conv.KINDS,
}

# The memory plan fuses what is named here, where the answer stays the same to the bit (`aiedge.memory.steps`).
FUSED: dict[tuple[str, ...], Callable[..., Call]] = {**conv_2d.FUSED}


def emit(operators: tuple[Operator, ...], at: Places) -> Call:
    """The C of one step's operators; raises `UserError` that names one that is not supported and what is."""
    if len(operators) > 1:
        return FUSED[tuple(operator.kind for operator in operators)](*operators, at)
    (operator,) = operators
    if operator.kind not in EMITTERS:
        raise unsupported(operator, f"supported are {', '.join(sorted(EMITTERS))}")
    return EMITTERS[operator.kind](operator, at)
