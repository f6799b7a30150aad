"""Layers that a Cortex-M with DSP instructions runs faster with scratch: bytes of the arena that are free meanwhile.

The arena does not grow for it. Where too little of it is free the kernel takes a few bytes of the stack, and where that
does not pay the layer runs as on any core. Other cores need no scratch and leave it alone.
"""

from dataclasses import replace

from aiedge.codegen.operators.call import Call, Places
from aiedge.memory import MemoryPlan
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature

# As aiedge_depthwise_conv_2d_dsp.h has it: columns of a plane, bytes of a row of four planes, the largest shift.
COLUMNS, ROW_BYTES, LARGEST_SHIFT = 28, 224, 22
MOST_BYTES = 6144  # of scratch: more saves next to nothing
SERVED = {
    "filter_height": (3,),
    "filter_width": (3,),
    "stride_w": (1, 2),
    "dilation_h": (1,),
    "dilation_w": (1,),
    "pad_left": (0, 1),
    "depth_multiplier": (1,),
}
# Counted instructions. Without planes: of a pixel, and of four channels of it. With them: of four channels of a tile;
# of a row of its input, of two columns in that; of a row of its output in four channels, of two outputs in that with
# stride 1, of one with stride 2.
PIXEL, FOUR_CHANNELS = 126, 151
TILE, INPUT_ROW, TWO_COLUMNS = 210, 30, 15
OUTPUT_ROW, TWO_OUTPUTS, OUTPUT = 36, 120, 72


def with_room(call: Call, operator: Operator, at: Places, plan: MemoryPlan) -> Call:
    """The call of a step or of one run of it, with scratch where that makes it faster."""
    if operator.nature is not Nature.DEPTHWISE or not _served(call):
        return call
    shape = _shape(call)
    offset, room = plan.room(operator)
    rows = min(room, MOST_BYTES) // ROW_BYTES
    strips = -(-shape["output_height"] // max((rows - 3) // shape["stride_h"] + 1, 1))
    strip = -(-shape["output_height"] // strips)
    if _in_planes(shape, strip) >= _without_planes(shape):
        return call
    arguments = f"&layer_{operator.index}, {at(operator.input(0))}, {at(operator.outputs[0])}"
    kernel = "aiedge_depthwise_conv_2d_rows_int8"
    if rows >= 3:
        kernel, arguments = "aiedge_depthwise_conv_2d_strips_int8", f"{arguments}, arena + {offset}, {strip}"
    return replace(call, statements=(f"{kernel}({arguments})",))


def _served(call: Call) -> bool:
    """Whether the kernel serves the layer."""
    if call.struct is None or call.struct.type != "aiedge_depthwise_conv_2d_int8_layer":
        return False
    (scales,) = (c.values for c in call.constants if c.name == call.struct.fields["scales"])
    output, shape = call.struct.fields["output"], _shape(call)
    assert isinstance(output, list)
    plain = output[3]
    return (
        all(shape[name] in values for name, values in SERVED.items())
        and shape["channels"] % 4 == 0
        and plain
        and int(scales[:, 2].max()) <= LARGEST_SHIFT
    )


def _shape(call: Call) -> dict[str, int]:
    """The fields of the layer's struct that are numbers."""
    assert call.struct
    return {name: value for name, value in call.struct.fields.items() if isinstance(value, int)}


def _without_planes(shape: dict[str, int]) -> int:
    """Counted instructions of the layer on any Cortex-M, about."""
    return shape["output_height"] * shape["output_width"] * (PIXEL + shape["channels"] * FOUR_CHANNELS // 4)


def _in_planes(shape: dict[str, int], strip: int) -> int:
    """Counted instructions of the layer in strips of so many rows, about."""
    height, width, stride = (shape[name] for name in ("output_height", "output_width", "stride_w"))
    strips = -(-height // strip)
    tiles = -(-width // ((COLUMNS - 3) // stride + 1))
    input_rows = (height - strips) * shape["stride_h"] + 3 * strips
    pairs = tiles * (((-(-width // tiles) - 1) * stride + 4) // 2)
    outputs = (width + 1) // 2 * TWO_OUTPUTS if stride == 1 else width * OUTPUT
    tile = strips * tiles * TILE + input_rows * (tiles * INPUT_ROW + pairs * TWO_COLUMNS)
    return shape["channels"] // 4 * (tile + height * (tiles * OUTPUT_ROW + outputs))
