"""SOFTMAX and LOG_SOFTMAX along the last dimension, int8 and float32; SOFTMAX also int16, and from int8 to int16."""

import math

import numpy as np

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Places,
    Struct,
    c_float,
    kernel_suffix,
    types_of,
    unsupported,
)
from aiedge.quantization import QuantParams, int16, quantize_multiplier
from aiedge.quantization.layers import softmax_exponentials, softmax_multiplier
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature

# Their exponentials still add up within int32.
LONGEST_ROW, LONGEST_INT16 = 4095, 65535
LOGARITHM = (1 / 16, 127)  # scale and zero point of int8 LOG_SOFTMAX
HEADER = '"aiedge_softmax.h"'


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    logarithm = operator.kind == "LOG_SOFTMAX"
    wide = not logarithm and types_of(operator) == ("int8", "int16")
    suffix = "int8_to_16" if wide else kernel_suffix(operator, source, target, int16=not logarithm)
    if not source.shape or not source.elements or source.elements != target.elements:
        raise unsupported(operator, "its input and output must have the same shape, of one dimension or more")
    columns = source.shape[-1]
    rows = source.elements // columns
    beta = 1.0 if logarithm else operator.real("beta")
    if not math.isfinite(beta):
        raise unsupported(operator, "its beta must be finite")
    places = f"{at(source)}, {at(target)}, {rows}, {columns}"
    if suffix == "f32":
        arguments = places if logarithm else f"{places}, {c_float(beta)}"
        return Call(HEADER, (f"aiedge_{operator.kind.lower()}_f32({arguments})",))
    if suffix == "int16":
        return _int16(operator, places)
    outputs, values_of_type = params_of(target), 65536 if wide else 256
    scale, zero_point = LOGARITHM if logarithm else (1 / values_of_type, -values_of_type // 2)
    near = abs(float(outputs.scale) / scale - 1) <= (0.001 if wide else 0)
    if not near or int(outputs.zero_point) != zero_point:
        raise unsupported(operator, f"its output must have scale 1/{1 / scale:g} and zero point {zero_point}")
    if columns > LONGEST_ROW:
        raise unsupported(operator, f"its int8 rows may have at most {LONGEST_ROW} values")
    try:
        values = softmax_exponentials(params_of(source), beta)
        table = Constant(f"exponentials_{operator.index}", values.astype(np.int32))
        if logarithm:
            struct = _logarithm(params_of(source), table)
            return Call(
                HEADER, (f"aiedge_log_softmax_int8(&layer_{operator.index}, {places})",), (table,), struct
            )
    except ValueError as error:
        raise unsupported(operator, f"{error}, where TensorFlow Lite Micro stops as well") from error
    return Call(HEADER, (f"aiedge_softmax_{suffix}({table.name}, {len(values)}, {places})",), (table,))


def _logarithm(inputs: QuantParams, table: Constant) -> Struct:
    """The constants of int8 LOG_SOFTMAX: from differences of integers to Q5.26, and back."""
    multiplier, shift = softmax_multiplier(inputs)
    back = 2 ** (31 - shift) / multiplier
    if back >= 1:
        raise ValueError("the input's scale is 2^-26")
    inverse, inverse_shift = quantize_multiplier(back)
    return Struct(
        "aiedge_log_softmax_int8_layer",
        {
            "exponentials": table.name,
            "differences": table.values.size,
            "multiplier": multiplier,
            "shift": shift,
            "inverse": inverse,
            "inverse_shift": inverse_shift,
        },
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
