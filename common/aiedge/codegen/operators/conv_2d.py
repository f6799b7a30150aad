"""CONV_2D, int8 and float32, with or without a MAX_POOL_2D after it."""

import numpy as np

from aiedge.codegen.operators.call import (
    Call,
    Constant,
    Field,
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
from aiedge.codegen.operators.packing import pack_pairs
from aiedge.codegen.operators.scaling import Scaling, scaling
from aiedge.codegen.operators.window import checked_windows
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places, pool: Operator | None = None, run: Run | None = None) -> Call:
    check_types(operator)
    check_shapes(operator)
    (filters, _, _, depth), channels = operator.input(1).shape, operator.input(0).shape[3]
    if filters != operator.outputs[0].shape[3]:
        raise unsupported(operator, "it must have one filter for each output channel")
    groups = channels // depth
    if channels % depth or filters % groups:
        raise unsupported(operator, "its filters must span all input channels, or fall into groups that do")
    if operator.input(0).dtype == np.int8 and groups == 1:
        return _int8(operator, at, pool, run)
    assert pool is None
    return loops(operator, at, run, operator.input(1).values, filters // groups)


def _shape(operator: Operator, run: Run | None) -> dict[str, Field]:
    return shape_fields(operator, run) | {"filters": operator.outputs[0].shape[3]}


def _int8(operator: Operator, at: Places, pool: Operator | None, run: Run | None) -> Call:
    weights = operator.input(1).values
    filters, height, width, channels = weights.shape
    pointwise = height == width == 1
    shape = _shape(operator, run)
    scaled = scaling(operator, weights.reshape(filters, -1), *multipliers(operator, axis=0))
    if pointwise and shape["stride_h"] == shape["stride_w"] == 1 and pool is None and scaled.plain:
        return _pointwise(operator, at, scaled, run)
    target, pool_height, pool_width = operator.outputs[0], 1, 1
    if pool is not None:
        target = pool.outputs[0]
        pool_height, pool_width = (window.taps for window in checked_windows(pool))
        shape["output_height"] = 1 if run else target.shape[1] * pool_height
        shape["output_width"] = target.shape[2] * pool_width
    # With so few channels a row of the window is short and odd; copied, the window is one run.
    gathered = channels < 4 and not pointwise
    rows = weights.reshape(filters, 1 if gathered else height, -1)
    i = operator.index
    return Call(
        header='"aiedge_conv_2d.h"',
        statements=each_image(operator, "aiedge_conv_2d_int8", at, target),
        constants=(
            Constant(f"weights_{i}", pack_pairs(rows)),
            *scaled.constants,
        ),
        struct=Struct(
            "aiedge_conv_2d_int8_layer",
            {"weights": f"weights_{i}"}
            | scaled.fields
            | shape
            | {
                "input_zero_point": zero_point(operator.input(0)),
                "gathered": gathered,
                "pool_height": pool_height,
                "pool_width": pool_width,
            },
        ),
        limits={} if pointwise else {"AIEDGE_WINDOW_BYTES": height * (-(-width * channels // 4) * 4)},
    )


def _pointwise(operator: Operator, at: Places, scaled: Scaling, run: Run | None) -> Call:
    """A layer whose pixels need no neighbours."""
    weights = operator.input(1).values
    _, height, width, _ = operator.outputs[0].shape
    i = operator.index
    return Call(
        header='"aiedge_pointwise.h"',
        statements=each_image(operator, "aiedge_pointwise_int8", at),
        constants=(
            Constant(f"weights_{i}", pack_pairs(weights.reshape(len(weights), 1, -1))),
            *scaled.constants,
        ),
        struct=Struct(
            "aiedge_pointwise_int8_layer",
            {
                "weights": f"weights_{i}",
                "scales": scaled.fields["scales"],
                "zero_point": zero_point(operator.outputs[0]),
                "pixels": width if run else height * width,
                "channels": weights.shape[3],
                "filters": len(weights),
            },
        ),
    )


EMITTERS = {Nature.CONVOLUTION: _emit}
