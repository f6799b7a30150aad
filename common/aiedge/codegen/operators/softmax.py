"""SOFTMAX along the last dimension, int8, also to int16, int16 and float32."""

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
from aiedge.quantization import int16
from aiedge.quantization.layers import softmax_exponentials
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature

# Their exponentials still add up within int32.
LONGEST_ROW, LONGEST_INT16 = 4095, 65535


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    wide = types_of(operator) == ("int8", "int16")
    suffix = "int8_to_16" if wide else kernel_suffix(operator, source, target, int16=True)
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
    if suffix == "int16":
        return _int16(operator, places)
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


def _int16(operator: Operator, places: str) -> Call:
    if operator.input(0).shape[-1] > LONGEST_INT16:
        raise unsupported(operator, f"its int16 rows may have at most {LONGEST_INT16:,} values")
    # TFLM takes it with a thousandth more or less.
    if abs(float(params_of(operator.outputs[0]).scale) * 2**15 - 1) > 0.0009:
        raise unsupported(operator, "its int16 output must have scale 1/32768")
    try:
        multiplier, shift = int16.softmax_scale(
            float(params_of(operator.input(0)).scale), operator.real("beta")
        )
    except ValueError as error:
        raise unsupported(operator, str(error)) from error
    i = operator.index
    exponentials, reciprocals = int16.softmax_tables()
    constants = Constant(f"exponentials_{i}", exponentials), Constant(f"reciprocals_{i}", reciprocals)
    arguments = f"{constants[0].name}, {constants[1].name}, {places}, {multiplier}, {shift}"
    return Call('"aiedge_softmax.h"', (f"aiedge_softmax_int16({arguments})",), constants)


EMITTERS = {Nature.SOFTMAX: _emit}
