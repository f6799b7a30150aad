"""Windows that slide over an image: the fields that layer structs share."""

from aiedge.codegen.operators.call import Field, Run, unsupported
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature
from aiedge.tflite.window import Window, windows

LARGEST_SIZE = 32767  # what 16 bits of layer structs and tables hold
# Of a window: where it begins and ends stays within int32, and so does a sum of the int8 values that it covers.
LARGEST_WINDOW, MOST_VALUES = 2**20, 2**23


def checked_windows(operator: Operator, run: Run | None = None) -> tuple[Window, Window]:
    """The operator's windows, along the rows as one run sees them; raises `UserError` where its sizes do not fit."""
    rows, columns = windows(operator)
    image, result = ("output", "input") if operator.nature is Nature.TRANSPOSED else ("input", "output")
    for each in (rows, columns):
        if not each.positive:
            raise unsupported(operator, "its window, strides and dilations must be positive")
        if max(each.taps, each.stride, each.dilation) > LARGEST_WINDOW or each.size > LARGEST_WINDOW:
            raise unsupported(operator, f"its sizes, windows and strides must be at most {LARGEST_WINDOW:,}")
        if not each.fits:
            sizes = f"{each.expected} rows or columns for {each.size} of its {image}"
            raise unsupported(operator, f"its padding must be SAME or VALID, and its {result} have {sizes}")
    if min(rows.taps, rows.size) * min(columns.taps, columns.size) > MOST_VALUES:
        raise unsupported(operator, f"its window must cover at most {MOST_VALUES:,} values")
    return (rows.within(run.rows, run.made or 1) if run else rows), columns


def image_fields(rows: Window, columns: Window, channels: int) -> dict[str, Field]:
    """The sizes of a convolution's or a pool's input and output."""
    return {
        "height": rows.size,
        "width": columns.size,
        "channels": channels,
        "output_height": rows.output,
        "output_width": columns.output,
    }


def filter_fields(rows: Window, columns: Window, dilated: bool = False) -> dict[str, Field]:
    """The window's size, how it moves, and the padding above and to the left of the image."""
    fields: dict[str, Field] = {"filter_height": rows.taps, "filter_width": columns.taps}
    fields |= {"stride_h": rows.stride, "stride_w": columns.stride}
    if dilated:
        fields |= {"dilation_h": rows.dilation, "dilation_w": columns.dilation}
    return fields | {"pad_top": rows.before, "pad_left": columns.before}


def image(operator: Operator, position: int = 0) -> tuple[int, int, int, int]:
    """Batch, height, width and channels of an input; raises `UserError` where it has other dimensions."""
    shape = operator.input(position).shape
    if len(shape) != 4 or len(operator.outputs[0].shape) != 4:
        raise unsupported(
            operator, "its input and output must have 4 dimensions: batch, height, width, channels"
        )
    return shape
