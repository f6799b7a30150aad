"""DEPTHWISE_CONV_2D, int8 and float32."""

import numpy as np

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Places,
    Run,
    Struct,
    unsupported,
    zero_point,
)
from aiedge.codegen.operators.convolution import (
    check_shapes,
    check_types,
    each_image,
    loops,
    multipliers,
    shape_fields,
)
from aiedge.codegen.operators.packing import pack_taps
from aiedge.codegen.operators.scaling import scaling
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places, run: Run | None = None) -> Call:
    check_types(operator)
    check_shapes(operator)
    outputs, channels = operator.outputs[0].shape[3], operator.input(0).shape[3]
    if operator.input(1).shape[0] != 1 or operator.input(1).shape[3] != outputs or outputs % channels:
        raise unsupported(operator, "its weights must be [1, height, width, channels * depth multiplier]")
    if operator.input(0).dtype == np.int8:
        return _int8(operator, at, run)
    # As filters of one channel each: [outputs, height, width, 1].
    weights = np.ascontiguousarray(operator.input(1).values.transpose(3, 1, 2, 0))
    return loops(operator, at, run, weights, outputs // channels)


def _int8(operator: Operator, at: Places, run: Run | None) -> Call:
    weights = operator.input(1).values
    taps = weights.reshape(-1, weights.shape[3])
    scaled = scaling(operator, taps.T, *multipliers(operator, axis=3))
    source, i = operator.input(0), operator.index
    return Call(
        header='"aiedge_depthwise_conv_2d.h"',
        statements=each_image(operator, "aiedge_depthwise_conv_2d_int8", at),
        constants=(
            Constant(f"weights_{i}", pack_taps(taps)),
            Constant(f"outside_{i}", np.full(source.shape[3], zero_point(source), np.int8)),
            *scaled.constants,
        ),
        struct=Struct(
            "aiedge_depthwise_conv_2d_int8_layer",
            {"weights": f"weights_{i}", "outside": f"outside_{i}"}
            | scaled.fields
            | shape_fields(operator, run)
            | {"depth_multiplier": operator.outputs[0].shape[3] // source.shape[3]},
        ),
        limits={"AIEDGE_TAPS": len(taps)},
    )


EMITTERS = {Nature.DEPTHWISE: _emit}
