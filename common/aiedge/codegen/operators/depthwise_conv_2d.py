"""DEPTHWISE_CONV_2D, int8 and float32."""

import numpy as np

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Field,
    Places,
    Run,
    Struct,
    activation_fields,
    bias_of,
    types_of,
    unsupported,
    zero_point,
)
from aiedge.codegen.operators.convolution import check_shapes, multipliers, shape_fields
from aiedge.codegen.operators.packing import pack_taps
from aiedge.codegen.operators.scaling import scaling
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places, run: Run | None = None) -> Call:
    check_shapes(operator)
    outputs, channels = operator.outputs[0].shape[3], operator.input(0).shape[3]
    if operator.input(1).shape[0] != 1 or operator.input(1).shape[3] != outputs or outputs % channels:
        raise unsupported(operator, "its weights must be [1, height, width, channels * depth multiplier]")
    emit = {("int8", "int8"): _int8, ("float32", "float32"): _float32}.get(types_of(operator))
    if emit is None or operator.input(1).dtype != operator.input(0).dtype:
        raise unsupported(operator, "its input, weights and output must all be int8, or all float32")
    return emit(operator, at, run)


def _shape(operator: Operator, run: Run | None) -> dict[str, Field]:
    multiplier = operator.outputs[0].shape[3] // operator.input(0).shape[3]
    return shape_fields(operator, run) | {"depth_multiplier": multiplier}


def _int8(operator: Operator, at: Places, run: Run | None) -> Call:
    weights = operator.input(1).values
    taps = weights.reshape(-1, weights.shape[3])
    scaled = scaling(operator, taps.T, *multipliers(operator, axis=3))
    source, i = operator.input(0), operator.index
    return Call(
        header='"aiedge_depthwise_conv_2d.h"',
        statements=(f"aiedge_depthwise_conv_2d_int8(&layer_{i}, {at(source)}, {at(operator.outputs[0])})",),
        constants=(
            Constant(f"weights_{i}", pack_taps(taps)),
            Constant(f"outside_{i}", np.full(source.shape[3], zero_point(source), np.int8)),
            *scaled.constants,
        ),
        struct=Struct(
            "aiedge_depthwise_conv_2d_int8_layer",
            {"weights": f"weights_{i}", "outside": f"outside_{i}"} | scaled.fields | _shape(operator, run),
        ),
        limits={"AIEDGE_TAPS": len(taps)},
    )


def _float32(operator: Operator, at: Places, run: Run | None) -> Call:
    i = operator.index
    weights = operator.input(1).values
    return Call(
        header='"aiedge_conv_2d_f32.h"',
        statements=(f"aiedge_conv_2d_f32(&layer_{i}, {at(operator.input(0))}, {at(operator.outputs[0])})",),
        constants=(
            # As filters of one channel each: [outputs, height, width, 1].
            Constant(f"weights_{i}", np.ascontiguousarray(weights.transpose(3, 1, 2, 0))),
            Constant(f"bias_{i}", bias_of(operator)),
        ),
        struct=Struct(
            "aiedge_conv_2d_f32_layer",
            {"weights": f"weights_{i}", "bias": f"bias_{i}"}
            | _shape(operator, run)
            | {"filters": weights.shape[3], "channel_step": 1}
            | activation_fields(operator),
        ),
    )


EMITTERS = {Nature.DEPTHWISE: _emit}
