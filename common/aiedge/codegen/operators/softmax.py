"""SOFTMAX along the last dimension, int8, from int8 to int16, and float32."""

import math

import numpy as np

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Places,
    c_float,
    kernel_suffix,
    types_of,
    unsupported,
)
from aiedge.quantization.layers import softmax_exponentials
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature

# Their exponentials still add up within int32.
LONGEST_ROW = 4095


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    wide = types_of(operator) == ("int8", "int16")
    suffix = "int16" if wide else kernel_suffix(operator, source, target)
    if not source.shape or not source.elements or source.elements != target.elements:
        raise unsupported(operator, "its input and output must have the same shape, of one dimension or more")
    columns = source.shape[-1]
    rows = source.elements // columns
    beta = operator.real("beta")
    if not math.isfinite(beta):
        raise unsupported(operator, "its beta must be finite")
    places = f"{at(source)}, {at(target)}, {rows}, {columns}"
    if suffix == "f32":
        return Call('"aiedge_softmax.h"', (f"aiedge_softmax_f32({places}, {c_float(beta)})",))
    outputs = params_of(target)
    values_of_type = 65536 if wide else 256
    near = abs(float(outputs.scale) * values_of_type - 1) <= (0.001 if wide else 0)
    if not near or int(outputs.zero_point) != -values_of_type // 2:
        raise unsupported(
            operator, f"its output must have scale 1/{values_of_type} and zero point {-values_of_type // 2}"
        )
    if columns > LONGEST_ROW:
        raise unsupported(operator, f"its int8 rows may have at most {LONGEST_ROW} values")
    try:
        values = softmax_exponentials(params_of(source), beta)
    except ValueError as error:
        raise unsupported(operator, f"{error}, where TensorFlow Lite Micro stops as well") from error
    table = Constant(f"exponentials_{operator.index}", values.astype(np.int32))
    return Call(
        '"aiedge_softmax.h"',
        (f"aiedge_softmax_{suffix}({table.name}, {len(values)}, {places})",),
        (table,),
    )


EMITTERS = {Nature.SOFTMAX: _emit}
