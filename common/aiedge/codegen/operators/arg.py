"""ARG_MAX and ARG_MIN along a constant axis, int8 and float32: the first index of the largest or smallest value."""

from math import prod

from aiedge.codegen.operators.call import Call, Places, integers, kernel_suffix, unsupported
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    suffix, rank, axes = kernel_suffix(operator, source), len(source.shape), integers(operator, 1)
    if target.dtype.name != "int32":
        raise unsupported(operator, "its output must be int32: TensorFlow Lite Micro takes no other")
    if len(axes) != 1 or not -rank <= axes[0] < rank:
        raise unsupported(operator, f"its axis must be one of its input's {rank} dimensions")
    axis = axes[0] % rank
    outer, size, inner = prod(source.shape[:axis]), source.shape[axis], prod(source.shape[axis + 1 :])
    if not source.elements or target.elements != outer * inner:
        raise unsupported(operator, f"its output must have {outer * inner} values")
    arguments = f"{at(source)}, {at(target)}, {outer}, {size}, {inner}"
    return Call('"aiedge_arg.h"', (f"aiedge_{operator.kind.lower()}_{suffix}({arguments})",))


EMITTERS = {Nature.ARG: _emit}
