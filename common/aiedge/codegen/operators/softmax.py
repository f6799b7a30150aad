"""SOFTMAX along the last dimension, int8 and float32."""

import numpy as np

from aiedge.codegen.operators.call import Call, Constant, Places, c_float, kernel_suffix, unsupported
from aiedge.quantization.layers import softmax_exponentials
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature

# Their exponentials still add up within int32.
LONGEST_ROW = 4095


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    suffix = kernel_suffix(operator, source, target)
    if not source.shape or not source.elements or source.elements != target.elements:
        raise unsupported(operator, "its input and output must have the same shape, of one dimension or more")
    columns = source.shape[-1]
    rows = source.elements // columns
    beta = operator.real("beta")
    places = f"{at(source)}, {at(target)}, {rows}, {columns}"
    if suffix == "f32":
        return Call('"aiedge_softmax.h"', (f"aiedge_softmax_f32({places}, {c_float(beta)})",))
    outputs = params_of(target)
    if float(outputs.scale) != 1 / 256 or int(outputs.zero_point) != -128:
        raise unsupported(operator, "its int8 output must have scale 1/256 and zero point -128")
    if columns > LONGEST_ROW:
        raise unsupported(operator, f"its int8 rows may have at most {LONGEST_ROW} values")
    try:
        values = softmax_exponentials(params_of(source), beta)
    except ValueError as error:
        raise unsupported(operator, f"{error}, where TensorFlow Lite Micro stops as well") from error
    table = Constant(f"exponentials_{operator.index}", values.astype(np.int32))
    return Call(
        '"aiedge_softmax.h"',
        (f"aiedge_softmax_int8({table.name}, {len(values)}, {places})",),
        (table,),
    )


EMITTERS = {Nature.SOFTMAX: _emit}
