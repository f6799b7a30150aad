"""MAX_POOL_2D and AVERAGE_POOL_2D, int8, int16 and float32; L2_POOL_2D float32 alone."""

from aiedge.codegen.operators.call import (
    Call,
    Field,
    Places,
    Run,
    Struct,
    activation_fields,
    kernel_suffix,
    same_scales,
    unsupported,
)
from aiedge.codegen.operators.window import checked_windows, filter_fields, image, image_fields
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature

MOST_INT16 = 2**15  # whose sum, and half of their number, int32 holds


def _emit(operator: Operator, at: Places, run: Run | None = None) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    batch, _, _, channels = image(operator)
    if (target.shape[0], target.shape[3]) != (batch, channels):
        raise unsupported(operator, "its output must have the input's batch and channels")
    suffix = kernel_suffix(operator, source, target, int16=True)
    if operator.kind == "L2_POOL_2D" and suffix != "f32":
        raise unsupported(
            operator, "its input and output must be float32: TensorFlow Lite Micro takes no other"
        )
    # A kernel that leaves out what is outside of the image finds its rows itself.
    rows, columns = checked_windows(operator, None if run and run.clipped else run)
    values = min(rows.taps, rows.size) * min(columns.taps, columns.size)
    if suffix == "int16" and operator.trait.sums and values > MOST_INT16:
        raise unsupported(operator, f"its int16 window must cover at most {MOST_INT16:,} values")
    fields: dict[str, Field] = {"batch": batch}
    fields |= image_fields(rows, columns, channels) | filter_fields(rows, columns)
    fields |= activation_fields(operator)
    if suffix != "f32":
        same_scales(operator, source, target)
    kernel = f"aiedge_{operator.kind.lower().removesuffix('_2d')}_{suffix}"
    x, y = at(source), at(target)
    if run and run.sums:
        kernel, x = f"{kernel}_sums", f"i, {x}, {run.sums}"
    elif run and run.clipped:
        kernel, x = f"{kernel}_row", f"i, {x}"
    return Call(
        header='"aiedge_pool.h"',
        statements=(f"{kernel}(&layer_{operator.index}, {x}, {y})",),
        struct=Struct(f"aiedge_pool_{suffix}_layer", fields),
    )


EMITTERS = {Nature.POOL: _emit}
