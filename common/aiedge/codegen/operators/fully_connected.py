"""FULLY_CONNECTED, int8, int16 and float32."""

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Field,
    Places,
    Struct,
    activation_fields,
    bias_of,
    kernel_suffix,
    unsupported,
)
from aiedge.codegen.operators.packing import pack_pairs
from aiedge.codegen.operators.scaling import scaling, scaling_int16
from aiedge.quantization.layers import layer_multipliers
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import params_of, weight_params
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places) -> Call:
    weights = operator.input(1)
    wide = operator.input(0).dtype == np.int16
    if not weights.is_constant or weights.dtype != (np.int8 if wide else operator.input(0).dtype):
        raise unsupported(
            operator, "its weights must be constant and of the input's type, or int8 of an int16 input"
        )
    outputs, inputs = weights.shape[0], weights.shape[-1]
    if weights.elements != outputs * inputs or operator.input(0).elements % inputs:
        raise unsupported(operator, f"its weights of shape {list(weights.shape)} do not fit its input")
    rows = operator.input(0).elements // inputs
    if operator.outputs[0].elements != rows * outputs or operator.outputs[0].shape[-1:] != (outputs,):
        raise unsupported(operator, f"its output must be {rows} rows of {outputs} values")
    shape: dict[str, Field] = {"rows": rows, "inputs": inputs, "outputs": outputs}
    kernel_suffix(operator, operator.input(0), operator.outputs[0], int16=True)
    emit = {"int8": _int8, "int16": _int16, "float32": _float32}[operator.input(0).dtype.name]
    return emit(operator, at, shape)


def _int8(operator: Operator, at: Places, shape: dict[str, Field]) -> Call:
    values, scales = _weights(operator)
    scaled = scaling(operator, values, *scales)
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


def _weights(operator: Operator) -> tuple[NDArray[np.int8], tuple[NDArray, NDArray]]:
    """The weights [outputs, inputs], and multiplier and shift of each output."""
    tensor = operator.input(1)
    inputs, outputs = params_of(operator.input(0)), params_of(operator.outputs[0])
    weights = weight_params(tensor)
    if np.any(weights.zero_point) or weights.axis not in (None, 0):
        raise unsupported(operator, "its weights must be symmetric (zero point 0), per tensor or per output")
    values = tensor.values.reshape(tensor.shape[0], -1)
    return values, layer_multipliers(inputs, weights, outputs, len(values))


def _int16(operator: Operator, at: Places, shape: dict[str, Field]) -> Call:
    values, scales = _weights(operator)
    constants, fields = scaling_int16(operator, values, *scales)
    i = operator.index
    return Call(
        header='"aiedge_fully_connected.h"',
        statements=(
            f"aiedge_fully_connected_int16(&layer_{i}, {at(operator.input(0))}, {at(operator.outputs[0])})",
        ),
        constants=(Constant(f"weights_{i}", values), *constants),
        struct=Struct("aiedge_fully_connected_int16_layer", {"weights": f"weights_{i}"} | fields | shape),
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
