"""Element-wise operators of one input: activations, QUANTIZE and DEQUANTIZE."""

import numpy as np

from aiedge.codegen.operators.call import Call, Constant, Places, c_float, types_of, unsupported
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.integer import params_of, unary_table
from aiedge.tflite.traits import Nature


def _unary(operator: Operator, at: Places) -> Call:
    types = types_of(operator)
    if types == ("int8", "int8") and operator.trait.table:
        return _lookup(operator, at)
    if types == ("float32", "float32"):
        arguments = [at(operator.input(0)), at(operator.outputs[0]), str(_count(operator))]
        if operator.trait.parameter:
            arguments.append(c_float(operator.real(operator.trait.parameter)))
        return Call('"aiedge_activation.h"', (f"aiedge_{operator.kind.lower()}_f32({', '.join(arguments)})",))
    if not operator.trait.table:
        raise unsupported(
            operator, "its input and output must be float32: TensorFlow Lite Micro takes no other"
        )
    raise unsupported(operator, "its input and output must both be int8, or both float32")


def _lookup(operator: Operator, at: Places) -> Call:
    count = _count(operator)
    try:
        with np.errstate(over="raise", invalid="raise"):
            values = unary_table(operator)
    except FloatingPointError as error:
        raise unsupported(operator, "its scales are too far apart") from error
    except ValueError as error:
        raise unsupported(operator, str(error)) from error
    table = Constant(f"table_{operator.index}", np.roll(values, -128))
    arguments = f"{table.name}, {at(operator.input(0))}, {at(operator.outputs[0])}, {count}"
    return Call('"aiedge_lookup.h"', (f"aiedge_lookup_int8({arguments})",), (table,))


def _conversion(operator: Operator, at: Places) -> Call:
    """QUANTIZE has a table from int8 to int8, DEQUANTIZE has none."""
    source, target = operator.input(0), operator.outputs[0]
    types, quantizes = types_of(operator), operator.trait.table is not None
    if quantizes and types == ("int8", "int8"):
        return _lookup(operator, at)
    if quantizes and types == ("float32", "int8"):
        return _scaled("aiedge_quantize_f32", operator, at, target)
    if not quantizes and types == ("int8", "float32"):
        return _scaled("aiedge_dequantize_int8", operator, at, source)
    raise unsupported(
        operator, f"it must go from {'float32 or int8 to int8' if quantizes else 'int8 to float32'}"
    )


def _scaled(kernel: str, operator: Operator, at: Places, quantized: Tensor) -> Call:
    params = params_of(quantized)
    if params.per_channel:
        raise unsupported(operator, "its tensor must have one scale")
    numbers = f"{_count(operator)}, {c_float(float(params.scale))}, {params.zero_point}"
    places = f"{at(operator.input(0))}, {at(operator.outputs[0])}"
    return Call('"aiedge_quantize.h"', (f"{kernel}({places}, {numbers})",))


def _count(operator: Operator) -> int:
    """Number of values; raises `UserError` where input and output differ."""
    count = operator.outputs[0].elements
    if operator.input(0).elements != count:
        raise unsupported(operator, "its input and output must have the same number of values")
    return count


EMITTERS = {Nature.UNARY: _unary, Nature.CONVERSION: _conversion}
