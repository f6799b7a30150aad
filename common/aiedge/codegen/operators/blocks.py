"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: an image, and each n-th of its rows and columns as images of their own."""

from aiedge.codegen.operators.call import Call, Places, Struct, integers, kernel_suffix, unsupported
from aiedge.codegen.operators.strided import HEADER
from aiedge.tflite.graph import Operator
from aiedge.tflite.traits import Nature


def _emit(operator: Operator, at: Places) -> Call:
    source, target = operator.input(0), operator.outputs[0]
    kernel_suffix(operator, source, target)
    apart = operator.kind == "SPACE_TO_BATCH_ND"
    image, parts = (source, target) if apart else (target, source)
    blocks, borders = integers(operator, 1), integers(operator, 2)
    spatial = len(image.shape) - 2
    if spatial not in (1, 2) or len(parts.shape) != spatial + 2:
        raise unsupported(operator, "its input and output must have 3 or 4 dimensions")
    if len(blocks) != spatial or len(borders) != 2 * spatial or min(blocks) < 1 or min(borders) < 0:
        raise unsupported(operator, f"it needs {spatial} blocks, and paddings or crops of as many dimensions")
    batches, *sizes, channels = image.shape
    count, *part_sizes, part_channels = parts.shape
    # Rows and columns; three dimensions are columns of one value each.
    blocks, sizes, part_sizes = ([*values, 1][:2] for values in (blocks, sizes, part_sizes))
    before, after = ([*borders[i::2], 0][:2] for i in (0, 1))
    padded = [n + a + b for n, a, b in zip(sizes, before, after, strict=True)]
    if (
        [n * b for n, b in zip(part_sizes, blocks, strict=True)] != padded
        or count != batches * blocks[0] * blocks[1]
        or channels != part_channels
        or not image.elements * parts.elements
    ):
        raise unsupported(operator, f"its blocks must lead from {list(source.shape)} to {list(target.shape)}")
    return Call(
        HEADER,
        (f"aiedge_{operator.kind.lower()}(&layer_{operator.index}, {at(source)}, {at(target)})",),
        struct=Struct(
            "aiedge_blocks_layer",
            {
                "batches": batches,
                "image": sizes,
                "part": part_sizes,
                "block": blocks,
                "before": before,
                "run": channels * source.dtype.itemsize,
            },
        ),
    )


EMITTERS = {Nature.BLOCKS: _emit}
