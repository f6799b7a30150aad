"""Element-wise operators of one input: activations, QUANTIZE and DEQUANTIZE."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Places,
    c_float,
    c_value,
    centered,
    types_of,
    unsupported,
)
from aiedge.quantization import factors, int16, quantize_multiplier, requantize
from aiedge.quantization.fixed_point import LARGEST_SHIFT
from aiedge.quantization.tables import integer_of_six
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.integer import params_of, unary_table
from aiedge.tflite.traits import Nature

INT16 = ("ABS", "LEAKY_RELU", "LOGISTIC", "RELU", "RELU6", "TANH")
# What TFLM converts: QUANTIZE from each type to some, DEQUANTIZE to float32.
QUANTIZED = {
    "int8": ("int8", "uint8", "int16", "int32"),
    "uint8": ("int8",),
    "int16": ("int8", "int16", "int32"),
    "int32": ("int8", "int16"),
    "float32": ("int8", "int16"),
}
DEQUANTIZED = ("int8", "uint8", "int16")


def _unary(operator: Operator, at: Places) -> Call:
    types = types_of(operator)
    if types == ("int8", "int8") and operator.trait.table:
        return _lookup(operator, at, lambda: unary_table(operator))
    if types == ("int16", "int16") and operator.kind in INT16:
        return _int16(operator, at)
    if types == ("float32", "float32"):
        arguments = [at(operator.input(0)), at(operator.outputs[0]), str(_count(operator))]
        arguments += map(c_value, operator.parameters)
        return Call('"aiedge_activation.h"', (f"aiedge_{operator.kind.lower()}_f32({', '.join(arguments)})",))
    if not operator.trait.table:
        raise unsupported(
            operator, "its input and output must be float32: TensorFlow Lite Micro takes no other"
        )
    if operator.kind == "RSQRT" and types == ("int16", "int16"):
        raise unsupported(
            operator,
            "int16 has negative values, at which TensorFlow Lite Micro stops: int8 with zero point -128 has none",
        )
    wide = ", or both int16" if operator.kind in INT16 else ""
    raise unsupported(operator, f"its input and output must both be int8, or both float32{wide}")


def _int16(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    centered(operator, source, target)
    scale, output = (float(params_of(tensor).scale) for tensor in (source, target))
    tables: tuple[Constant, ...] = ()
    if operator.kind in ("LOGISTIC", "TANH"):
        kernel, tables = (
            f"{operator.kind.lower()}_int16",
            (Constant(f"table_{operator.index}", int16.sigmoids()),),
        )
        try:
            numbers = list(int16.sigmoid_scale(scale, output, operator.kind == "TANH"))
        except ValueError as error:
            raise unsupported(operator, str(error)) from error
    elif operator.kind == "RELU6":
        try:
            kernel, numbers = "clamp_int16", [0, min(integer_of_six(params_of(source)), 2**15 - 1)]
        except ValueError as error:
            raise unsupported(operator, str(error)) from error
    elif operator.kind == "ABS":
        kernel, numbers = "abs_int16", list(quantize_multiplier(factors.ratio(scale, output)))
        if numbers[1] > LARGEST_SHIFT:
            raise unsupported(operator, "its scales are too far apart")
    else:
        alpha = operator.real("alpha") if operator.kind == "LEAKY_RELU" else 0.0
        kernel, numbers = "slopes_int16", int16.slopes(scale, output, alpha)
        # The shift must not leave int32, for which TFLM's compiler takes it; LEAKY_RELU wraps there.
        if max(numbers[1], numbers[3]) > (15 if operator.kind == "RELU" else LARGEST_SHIFT):
            raise unsupported(operator, "its scales are too far apart")
    arguments = [*(table.name for table in tables), at(source), at(target), _count(operator), *numbers]
    statement = f"aiedge_{kernel}({', '.join(map(str, arguments))})"
    return Call('"aiedge_activation_int16.h"', (statement,), tables)


def _lookup(operator: Operator, at: Places, outputs: Callable[[], NDArray]) -> Call:
    """A table of the outputs of all inputs, from the least on."""
    count = _count(operator)
    try:
        with np.errstate(over="raise", invalid="raise"):
            values = outputs()
    except FloatingPointError as error:
        raise unsupported(operator, "its scales are too far apart") from error
    except ValueError as error:
        raise unsupported(operator, str(error)) from error
    least = np.iinfo(operator.input(0).dtype).min
    table = Constant(f"table_{operator.index}", np.roll(values, least).view(np.int8))
    arguments = f"{table.name}, {at(operator.input(0))}, {at(operator.outputs[0])}, {count}"
    return Call('"aiedge_lookup.h"', (f"aiedge_lookup_int8({arguments})",), (table,))


def _conversion(operator: Operator, at: Places) -> Call:
    """QUANTIZE has a table from int8 to int8, DEQUANTIZE has none. The pairs of types are those of TFLM."""
    source, target = operator.input(0), operator.outputs[0]
    types, quantizes = types_of(operator), operator.trait.table is not None
    if not quantizes:
        if target.dtype == np.float32 and source.dtype.name in DEQUANTIZED:
            return _scaled(f"aiedge_dequantize_{source.dtype}", operator, at, source)
        raise unsupported(operator, f"it must go from {', '.join(DEQUANTIZED)} to float32")
    if target.dtype.name not in QUANTIZED.get(source.dtype.name, ()):
        pairs = "; ".join(f"from {a} to {', '.join(b)}" for a, b in QUANTIZED.items())
        raise unsupported(operator, f"it must go {pairs}")
    if source.dtype == np.float32:
        kernel = {"int8": "aiedge_quantize_f32", "int16": "aiedge_quantize_f32_int16"}[types[1]]
        return _scaled(kernel, operator, at, target)
    if source.dtype.itemsize == target.dtype.itemsize == 1:
        every = np.arange(256) + np.iinfo(source.dtype).min
        params = params_of(source), params_of(target)
        return _lookup(operator, at, lambda: requantize(every, *params, target.dtype))
    return _requantized(operator, at)


def _requantized(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    inputs, outputs = params_of(source), params_of(target)
    multiplier, shift = quantize_multiplier(factors.ratio(float(inputs.scale), float(outputs.scale)))
    if shift > LARGEST_SHIFT:
        raise unsupported(operator, "its scales are too far apart")
    numbers = f"{_count(operator)}, {inputs.zero_point}, {multiplier}, {shift}, {outputs.zero_point}"
    kernel = f"aiedge_requantize_{source.dtype}_{target.dtype}"
    return Call('"aiedge_quantize.h"', (f"{kernel}({at(source)}, {at(target)}, {numbers})",))


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
