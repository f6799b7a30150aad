"""Which rows of its inputs a step reads to make a row of its output."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aiedge.memory.lifetimes import BINARY, UNARY
from aiedge.memory.steps import Step
from aiedge.tflite.graph import Operator, Tensor

SUM_BYTES = 4
SAME, VALID = 0, 1  # of the schema's Padding


@dataclass(frozen=True)
class Window:
    """Run r reads `rows` rows of an input, from row r · `stride` − `before` on.

    `fill` is the byte that the rows outside of the image are made of, or None where the kernel leaves them out.
    """

    rows: int = 1
    stride: int = 1
    before: int = 0
    fill: int | None = None

    @property
    def lead(self) -> int:
        """The last row that run 0 reads."""
        return self.rows - 1 - self.before


@dataclass(frozen=True)
class Band:
    """How a step runs row by row: a window of each input, and the runs that make up a row of the output.

    `sums` are bytes that it keeps from one run to the next.
    """

    windows: dict[int, Window]
    runs: int = 1
    sums: int = 0


def band(step: Step) -> Band | None:
    """The step's rule, or None where it cannot run row by row."""
    operator = step.operators[0]
    if len(step.outputs) != 1 or operator.kind not in RULES:
        return None
    images = (*step.inputs, *step.outputs)
    if not step.inputs or any(len(t.shape) != 4 or t.shape[0] != 1 or not t.elements for t in images):
        return None
    rule = RULES[operator.kind](operator)
    if rule is None or {t.index for t in step.inputs} != rule.windows.keys():
        return None
    if len(step.operators) == 1:
        return rule
    runs = _option(step.operators[1], "filterHeight")
    if runs < 1:
        return None
    return Band(rule.windows, runs)


def _option(operator: Operator, name: str, default: int = 0) -> int:
    return int(operator.options.get(name, default))  # type: ignore[call-overload]


def _sliding(operator: Operator, rows: int, fill: int | None) -> Band | None:
    """A window that slides over the first input."""
    source, target = operator.input(0), operator.outputs[0]
    stride = _option(operator, "strideH", 1)
    height, result = source.shape[1], target.shape[1]
    same = _option(operator, "padding", SAME) == SAME
    if rows < 1 or stride < 1 or result != (-(-height // stride) if same else (height - rows) // stride + 1):
        return None
    before = max(0, (result - 1) * stride + rows - height) // 2 if same else 0
    return Band({source.index: Window(rows, stride, before, fill)})


def _convolution(operator: Operator) -> Band | None:
    filters = operator.input(1)
    if not filters.is_constant or len(filters.shape) != 4:
        return None
    height, zero = filters.shape[1], _zero(operator.input(0))
    dilation = _option(operator, "dilationHFactor", 1) if height > 1 else 1
    return None if zero is None else _sliding(operator, (height - 1) * dilation + 1, zero)


def _pool(operator: Operator) -> Band | None:
    """A window that slides; for large int8 means the sums of windows, to which each row is added."""
    rows, columns = _option(operator, "filterHeight"), _option(operator, "filterWidth")
    rule = _sliding(operator, rows, None)
    source, target = operator.input(0), operator.outputs[0]
    if rule is None or operator.kind != "AVERAGE_POOL_2D" or source.dtype != np.int8:
        return rule
    apart = rows == _option(operator, "strideH") and columns == _option(operator, "strideW")
    inside = all(
        n * size <= all_
        for n, size, all_ in zip(target.shape[1:3], (rows, columns), source.shape[1:3], strict=True)
    )
    sums = SUM_BYTES * target.shape[2] * target.shape[3]
    if not apart or not inside or sums >= (rows - 1) * source.shape[2] * source.shape[3]:
        return rule
    return Band({source.index: Window()}, rows, sums)


def _zero(tensor: Tensor) -> int | None:
    """The byte that stands for a real 0, or None where the tensor has no such byte."""
    if tensor.dtype == np.float32:
        return 0
    params = tensor.quantization
    return None if params is None or params.per_channel else int(params.zero_point)


def _elementwise(operator: Operator) -> Band | None:
    source, target = operator.input(0), operator.outputs[0]
    return Band({source.index: Window()}) if source.shape == target.shape else None


def _binary(operator: Operator) -> Band | None:
    """Two images of one shape, or one and a constant that is the same for all rows."""
    target = operator.outputs[0]
    windows = {}
    for tensor in operator.inputs[:2]:
        if tensor is None:
            return None
        if tensor.is_constant:
            if len(tensor.shape) > 2 and tensor.shape[-3] != 1:
                return None
        elif tensor.shape != target.shape:
            return None
        else:
            windows[tensor.index] = Window()
    return Band(windows)


def _concatenation(operator: Operator) -> Band | None:
    """Images side by side: along columns or channels."""
    axis = _option(operator, "axis")
    if axis % 4 in (0, 1) or any(t is None or t.is_constant for t in operator.inputs):
        return None
    return Band({t.index: Window() for t in operator.inputs if t is not None})


def _pad(operator: Operator) -> Band | None:
    source, target, paddings = operator.input(0), operator.outputs[0], operator.input(1)
    if not paddings.is_constant or paddings.elements != 8 or target.dtype != source.dtype:
        return None
    (batch, batch_after), (top, bottom), *_ = paddings.values.reshape(4, 2).tolist()
    if batch or batch_after or min(top, bottom) < 0 or target.shape[1] != source.shape[1] + top + bottom:
        return None
    fill = _zero(source)
    if len(operator.inputs) > 2:
        value = operator.input(2)
        if not value.is_constant or value.elements != 1 or value.dtype != np.int8:
            return None
        fill = int(value.values.ravel()[0])
    return None if fill is None else Band({source.index: Window(1, 1, top, fill)})


RULES: dict[str, Callable[[Operator], Band | None]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "MAX_POOL_2D": _pool,
    "AVERAGE_POOL_2D": _pool,
    **dict.fromkeys((*UNARY, "DEQUANTIZE"), _elementwise),
    **dict.fromkeys(BINARY, _binary),
    "CONCATENATION": _concatenation,
    "PAD": _pad,
    "PADV2": _pad,
}
