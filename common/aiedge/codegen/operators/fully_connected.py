"""FULLY_CONNECTED, int8 and float32."""

import numpy as np

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Field,
    Places,
    Struct,
    activation_fields,
    bias_of,
    types_of,
    unsupported,
)
from aiedge.codegen.operators.packing import pack_pairs
from aiedge.codegen.operators.scaling import scaling
from aiedge.quantization.layers import layer_multipliers
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places) -> Call:
    weights = operator.input(1)
    if not weights.is_constant or weights.dtype != operator.input(0).dtype:
        raise unsupported(operator, "its weights must be constant and of the input's type")
    outputs, inputs = weights.shape[0], weights.shape[-1]
    if weights.elements != outputs * inputs or operator.input(0).elements % inputs:
        raise unsupported(operator, f"its weights of shape {list(weights.shape)} do not fit its input")
    rows = operator.input(0).elements // inputs
    if operator.outputs[0].elements != rows * outputs or operator.outputs[0].shape[-1:] != (outputs,):
        raise unsupported(operator, f"its output must be {rows} rows of {outputs} values")
    shape: dict[str, Field] = {"rows": rows, "inputs": inputs, "outputs": outputs}
    emit = {("int8", "int8"): _int8, ("float32", "float32"): _float32}.get(types_of(operator))
    if emit is None:
        raise unsupported(operator, "its input and output must both be int8, or both float32")
    return emit(operator, at, shape)


def _int8(operator: Operator, at: Places, shape: dict[str, Field]) -> Call:
    tensor = operator.input(1)
    inputs, weights, outputs = (params_of(t) for t in (operator.input(0), tensor, operator.outputs[0]))
    if np.any(weights.zero_point) or weights.axis not in (None, 0):
        raise unsupported(operator, "its weights must be symmetric (zero point 0), per tensor or per output")
    values = tensor.values.reshape(tensor.shape[0], -1)
    scaled = scaling(operator, values, *layer_multipliers(inputs, weights, outputs, len(values)))
    i = operator.index
    return Call(
        header='"aiedge_fully_connected.h"',
        statements=(
            f"aiedge_fully_connected_int8(&layer_{i}, {at(operator.input(0))}, {at(operator.outputs[0])})",
        ),
        constants=(Constant(f"weights_{i}", pack_pairs(values[:, np.newaxis])), *scaled.constants),
        struct=Struct(
            "aiedge_fully_connected_int8_layer", {"weights": f"weights_{i}"} | scaled.fields | shape
        ),
    )


def _float32(operator: Operator, at: Places, shape: dict[str, Field]) -> Call:
    i = operator.index
    return Call(
        header='"aiedge_fully_connected.h"',
        statements=(
            f"aiedge_fully_connected_f32(&layer_{i}, {at(operator.input(0))}, {at(operator.outputs[0])})",
        ),
        constants=(
            Constant(f"weights_{i}", operator.input(1).values),
            Constant(f"bias_{i}", bias_of(operator)),
        ),
        struct=Struct(
            "aiedge_fully_connected_f32_layer",
            {"weights": f"weights_{i}", "bias": f"bias_{i}"} | shape | activation_fields(operator),
        ),
    )


EMITTERS = {Nature.DENSE: _emit}
