"""FILL and ZEROS_LIKE: one value for a whole tensor, int8, int32 and float32."""

from aiedge.codegen.operators.call import Call, Places, unsupported
from aiedge.codegen.operators.strided import HEADER
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature

FILLS = {"int8": "int8", "int32": "int32", "float32": "f32"}


def _emit(operator: Operator, at: Places) -> Call:
    target = operator.outputs[0]
    zeros = operator.kind == "ZEROS_LIKE"
    value = operator.input(0 if zeros else 1)
    if target.dtype != value.dtype or target.dtype.name not in FILLS:
        raise unsupported(operator, f"its value and output must be of one type, of {', '.join(FILLS)}")
    if zeros:
        # Integers 0, whatever the zero point: TensorFlow Lite Micro does so.
        return Call("<string.h>", (f"memset({at(target)}, 0, {target.bytes})",))
    if value.elements != 1:
        raise unsupported(operator, "its value must be one number")
    kernel = f"aiedge_fill_{FILLS[target.dtype.name]}"
    return Call(HEADER, (f"{kernel}({at(target)}, *{at(value)}, {target.elements})",))


EMITTERS = {Nature.FILL: _emit}
