"""MAX_POOL_2D and AVERAGE_POOL_2D, int8 and float32."""

from aiedge.codegen.operators.call import Call, Places, c_float, kernel_suffix, same_scales, unsupported
from aiedge.codegen.operators.window import image, number, padding_before
from aiedge.tflite.graph import Operator
from aiedge.tflite.integer import activation_range, real_activation_range


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    batch, height, width, channels = image(operator)
    if (target.shape[0], target.shape[3]) != (batch, channels):
        raise unsupported(operator, "its output must have the input's batch and channels")
    suffix = kernel_suffix(operator, source, target)
    window = {name: number(operator, name) for name in ("filterHeight", "filterWidth", "strideH", "strideW")}
    fields = {
        "batch": batch,
        "height": height,
        "width": width,
        "channels": channels,
        "output_height": target.shape[1],
        "output_width": target.shape[2],
        "window_height": window["filterHeight"],
        "window_width": window["filterWidth"],
        "stride_y": window["strideH"],
        "stride_x": window["strideW"],
        "padding_top": padding_before(
            operator, height, target.shape[1], window["filterHeight"], window["strideH"]
        ),
        "padding_left": padding_before(
            operator, width, target.shape[2], window["filterWidth"], window["strideW"]
        ),
    }
    if suffix == "int8":
        same_scales(operator, source, target)
        bounds = {name: str(v) for name, v in zip(("low", "high"), activation_range(operator), strict=True)}
    else:
        low, high = real_activation_range(operator)
        bounds = {"low": c_float(low), "high": c_float(high)}
    kernel = {"MAX_POOL_2D": "max_pool", "AVERAGE_POOL_2D": "average_pool"}[operator.kind]
    return Call(
        header='"aiedge_pool.h"',
        statement=f"aiedge_{kernel}_{suffix}(&layer_{operator.index}, {at(source)}, {at(target)})",
        struct=(f"aiedge_pool_{suffix}_layer", {name: str(value) for name, value in fields.items()} | bounds),
    )


KINDS = {"MAX_POOL_2D": _emit, "AVERAGE_POOL_2D": _emit}
