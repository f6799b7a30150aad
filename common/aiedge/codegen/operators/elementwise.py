"""Element-wise operators of one input: activations, QUANTIZE and DEQUANTIZE."""

import numpy as np

from aiedge.codegen.operators.call import Call, Constant, Places, c_float, types_of, unsupported
from aiedge.quantization import QuantParams
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of, unary_table


def _activation(operator: Operator, at: Places) -> Call:
    source, target = at(operator.input(0)), at(operator.outputs[0])
    count = operator.outputs[0].elements
    if operator.input(0).elements != count:
        raise unsupported(operator, "its input and output must have the same number of values")
    if types_of(operator) == ("int8", "int8"):
        try:
            with np.errstate(over="raise", invalid="raise"):
                values = unary_table(operator)
        except FloatingPointError as error:
            raise unsupported(operator, "its scales are too far apart") from error
        except ValueError as error:
            raise unsupported(operator, f"{error}, where TensorFlow Lite Micro stops as well") from error
        table = Constant(f"table_{operator.index}", np.roll(values, -128))
        return Call(
            '"aiedge_lookup.h"', f"aiedge_lookup_int8({table.name}, {source}, {target}, {count})", (table,)
        )
    if types_of(operator) == ("float32", "float32"):
        kernel = f"aiedge_{operator.kind.lower()}_f32"
        alpha = f", {c_float(operator.options['alpha'])}" if operator.kind == "LEAKY_RELU" else ""  # type: ignore[arg-type]
        return Call('"aiedge_activation.h"', f"{kernel}({source}, {target}, {count}{alpha})")
    raise unsupported(operator, "its input and output must both be int8, or both float32")


def _quantize(operator: Operator, at: Places) -> Call:
    if types_of(operator) == ("int8", "int8"):
        return _activation(operator, at)
    if types_of(operator) == ("float32", "int8"):
        return _scaled("aiedge_quantize_f32", operator, at, params_of(operator.outputs[0]))
    raise unsupported(operator, "it must go from float32 or int8 to int8")


def _dequantize(operator: Operator, at: Places) -> Call:
    if types_of(operator) == ("int8", "float32"):
        return _scaled("aiedge_dequantize_int8", operator, at, params_of(operator.input(0)))
    raise unsupported(operator, "it must go from int8 to float32")


def _scaled(kernel: str, operator: Operator, at: Places, params: QuantParams) -> Call:
    source, target = at(operator.input(0)), at(operator.outputs[0])
    if params.per_channel:
        raise unsupported(operator, "its tensor must have one scale")
    numbers = f"{operator.outputs[0].elements}, {c_float(float(params.scale))}, {params.zero_point}"
    return Call('"aiedge_quantize.h"', f"{kernel}({source}, {target}, {numbers})")


KINDS = {
    "LOGISTIC": _activation,
    "TANH": _activation,
    "RELU": _activation,
    "RELU6": _activation,
    "LEAKY_RELU": _activation,
    "HARD_SWISH": _activation,
    "QUANTIZE": _quantize,
    "DEQUANTIZE": _dequantize,
}
