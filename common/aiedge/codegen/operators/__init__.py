"""What each operator becomes in C.

Every module here serves one nature of operators or a few. Its `EMITTERS` maps a nature to a function that takes the
operator and `at`, which gives the C expression of a tensor's address, and returns a `Call`. Where a nature's windows
slide, the function also takes the `Run` that it is to make instead of the whole output, and where other operators can
run in the same call, those.
"""

from collections.abc import Callable

from aiedge.codegen.operators import (
    add_n,
    arg,
    binary,
    blocks,
    comparison,
    conv_2d,
    copy,
    cumsum,
    depthwise_conv_2d,
    elementwise,
    fill,
    fully_connected,
    gather,
    matmul,
    mean,
    moves,
    normalization,
    pool,
    recurrent,
    reshape,
    resize,
    softmax,
    transpose_conv,
    variable,
)
from aiedge.codegen.operators.call import Call, Constant, Places, Run, Struct
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature

__all__ = ["EMITTERS", "Call", "Constant", "Emit", "Run", "Struct", "emit"]

# From a step's operators, the places of its tensors, and the run that is to be made or None, to the step's C.
Emit = Callable[[tuple[Operator, ...], Places, Run | None], Call]

EMITTERS: dict[Nature, Callable[..., Call]] = {
    **conv_2d.EMITTERS,
    **depthwise_conv_2d.EMITTERS,
    **fully_connected.EMITTERS,
    **elementwise.EMITTERS,
    **reshape.EMITTERS,
    **pool.EMITTERS,
    **mean.EMITTERS,
    **binary.EMITTERS,
    **add_n.EMITTERS,
    **copy.EMITTERS,
    **softmax.EMITTERS,
    **resize.EMITTERS,
    **transpose_conv.EMITTERS,
    **moves.EMITTERS,
    **gather.EMITTERS,
    **blocks.EMITTERS,
    **arg.EMITTERS,
    **cumsum.EMITTERS,
    **fill.EMITTERS,
    **comparison.EMITTERS,
    **matmul.EMITTERS,
    **normalization.EMITTERS,
    **variable.EMITTERS,
    **recurrent.EMITTERS,
}


def emit(operators: tuple[Operator, ...], at: Places, run: Run | None = None) -> Call:
    """The C of one step's operators, or of one run of them, where the first one's windows slide over rows.

    Raises `UserError` that names what of an operator is not supported; its nature must be one of `EMITTERS`.
    """
    first, *others = operators
    emitter = EMITTERS[first.nature]
    return emitter(first, at, *others, run=run) if run else emitter(first, at, *others)
