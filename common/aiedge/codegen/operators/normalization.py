"""L2_NORMALIZATION along the last dimension, int8 and float32."""

from aiedge.codegen.operators.call import Call, Places, kernel_suffix, unsupported, zero_point
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature

# Its squares of int8 differences still add up within int32.
LONGEST_ROW = (2**31 - 1) // 255**2


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    suffix = kernel_suffix(operator, source, target)
    if operator.integer("fusedActivationFunction"):
        raise unsupported(operator, "it must have no fused activation")
    if not source.shape or not source.elements or source.shape != target.shape:
        raise unsupported(operator, "its input and output must have the same shape, of one dimension or more")
    columns = source.shape[-1]
    arguments = f"{at(source)}, {at(target)}, {source.elements // columns}, {columns}"
    if suffix == "int8":
        if columns > LONGEST_ROW:
            raise unsupported(operator, f"its int8 rows may have at most {LONGEST_ROW:,} values")
        arguments += f", {zero_point(source)}"
    return Call('"aiedge_normalization.h"', (f"aiedge_l2_normalization_{suffix}({arguments})",))


EMITTERS = {Nature.NORMALIZATION: _emit}
