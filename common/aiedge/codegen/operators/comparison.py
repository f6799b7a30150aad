"""Comparisons, what is done with their results, and CAST.

LESS and its kin compare int8, int32 and float32, LOGICAL_AND, LOGICAL_OR and LOGICAL_NOT combine their results, by
which SELECT_V2 picks values. CAST changes the type of numbers; int8 ones are taken as they are, without their scale.
"""

from aiedge.codegen.operators.binary import broadcast
from aiedge.codegen.operators.call import (
    Call,
    Field,
    Places,
    Struct,
    kernel_suffix,
    same_scales,
    types_of,
    unsupported,
)
from aiedge.quantization import quantize_multiplier
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature

HEADER = '"aiedge_comparison.h"'
NUMBERS = ("int8", "int16", "int32", "float32")
SUFFIXES = {"int8": "int8", "int32": "int32", "float32": "f32"}


def _comparison(operator: Operator, at: Places) -> Call:
    a, b, target = operator.input(0), operator.input(1), operator.outputs[0]
    logical = operator.kind.startswith("LOGICAL")
    types = {a.dtype.name, b.dtype.name}
    if target.dtype.name != "bool" or len(types) > 1 or not types <= ({"bool"} if logical else {*SUFFIXES}):
        what = "two of bool" if logical else f"two of one type, of {', '.join(SUFFIXES)}"
        raise unsupported(operator, f"its inputs must be {what}, and its output bool")
    suffix = "bool" if logical else SUFFIXES[a.dtype.name]
    fields = broadcast(operator, a, b)
    struct = "binary"
    if suffix == "int8":
        fields |= _scales(operator)
        struct = "comparison_int8"
    kernel = f"aiedge_{operator.kind.lower()}_{suffix}"
    statement = f"{kernel}(&layer_{operator.index}, {at(a)}, {at(b)}, {at(target)})"
    return Call(HEADER, (statement,), struct=Struct(f"aiedge_{struct}_layer", fields))


def _scales(operator: Operator) -> dict[str, Field]:
    """The constants by which int8 inputs become real numbers, 2^8 finer than 1."""
    params = [params_of(operator.input(0)), params_of(operator.input(1))]
    if any(float(each.scale) >= 1 for each in params):
        raise unsupported(
            operator, "its inputs' scales must be below 1: TensorFlow Lite Micro stops at others"
        )
    pairs = [quantize_multiplier(float(each.scale)) for each in params]
    return {
        "zero_point": [int(each.zero_point) for each in params],
        "multiplier": [multiplier for multiplier, _ in pairs],
        "shift": [shift for _, shift in pairs],
    }


def _selection(operator: Operator, at: Places) -> Call:
    condition, a, b, target = (*(operator.input(i) for i in range(3)), operator.outputs[0])
    suffix = kernel_suffix(operator, a, b, target)
    if condition.dtype.name != "bool":
        raise unsupported(operator, "its condition must be bool")
    if suffix == "int8":
        same_scales(operator, a, b, target)
    places = ", ".join(at(tensor) for tensor in (a, b, condition, target))
    return Call(
        HEADER,
        (f"aiedge_select_{suffix}(&layer_{operator.index}, {places})",),
        struct=Struct("aiedge_select_layer", broadcast(operator, a, b, condition)),
    )


def _cast(operator: Operator, at: Places) -> Call:
    source, target = types_of(operator)
    if operator.kind == "LOGICAL_NOT":
        if (source, target) != ("bool", "bool"):
            raise unsupported(operator, "its input and output must be bool")
        kernel = "logical_not"
    elif source not in (*NUMBERS, "bool") or target not in NUMBERS:
        raise unsupported(operator, f"it must go from bool, {', '.join(NUMBERS)} to one of the last four")
    else:
        kernel = f"cast_{'boolean' if source == 'bool' else source}_{target}"
    places = f"{at(operator.input(0))}, {at(operator.outputs[0])}, {operator.outputs[0].elements}"
    return Call(HEADER, (f"aiedge_{kernel}({places})",))


EMITTERS = {Nature.COMPARISON: _comparison, Nature.SELECTION: _selection, Nature.CAST: _cast}
