"""Windows that slide over an image: padding and the fields that their layer structs share."""

from aiedge.codegen.operators.call import unsupported
from aiedge.tflite.graph import Operator

SAME, VALID = 0, 1  # the schema's Padding


def padding_before(operator: Operator, size: int, result: int, window: int, stride: int) -> int:
    """Rows (or columns) of padding before the first of `size`, for an output of `result`.

    Raises `UserError` where `result` is not what the operator's padding gives.
    """
    padding = operator.options.get("padding", SAME)
    expected = -(-size // stride) if padding == SAME else (size - window + stride) // stride
    if padding not in (SAME, VALID) or result != expected or result <= 0:
        raise unsupported(
            operator, f"its output must have {expected} rows or columns for {size} of its input"
        )
    return max((result - 1) * stride + window - size, 0) // 2


def image(operator: Operator, position: int = 0) -> tuple[int, int, int, int]:
    """Batch, height, width and channels of an input; raises `UserError` where it has other dimensions."""
    shape = operator.input(position).shape
    if len(shape) != 4 or len(operator.outputs[0].shape) != 4:
        raise unsupported(
            operator, "its input and output must have 4 dimensions: batch, height, width, channels"
        )
    return shape


def number(operator: Operator, option: str) -> int:
    """An integer option of the operator that must be positive."""
    value = int(operator.options.get(option, 0))  # type: ignore[call-overload]
    if value <= 0:
        raise unsupported(operator, f"{option} must be positive")
    return value
