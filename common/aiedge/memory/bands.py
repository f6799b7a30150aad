"""Which rows of its inputs a step reads to make a row of its output."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aiedge.memory.steps import Step
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.traits import Nature
from aiedge.tflite.window import windows

SUM_BYTES = 4


@dataclass(frozen=True)
class Rows:
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

    `sums` are bytes that it keeps from one run to the next, and `made` the rows of the output that a run completes,
    where one run does.
    """

    windows: dict[int, Rows]
    runs: int = 1
    sums: int = 0
    made: int = 1

    def together(self, runs: int) -> "Band":
        """The rule where so many runs are one: of several rows of the output, or of all that make up a row."""
        if runs == 1:
            return self
        assert runs % self.runs == 0
        windows = {
            index: Rows(w.rows + (runs - 1) * w.stride, runs * w.stride, w.before, w.fill)
            for index, w in self.windows.items()
        }
        return Band(windows, made=runs // self.runs)

    def clipped(self, step: Step, count: int) -> bool:
        """Whether windows that have no padding reach beyond the step's images in so many runs."""
        heights = {tensor.index: tensor.shape[1] for tensor in step.inputs}
        return any(
            w.fill is None and (w.before > 0 or (count - 1) * w.stride + w.lead >= heights[index])
            for index, w in self.windows.items()
        )


def band(step: Step) -> Band | None:
    """The step's rule, or None where it cannot run row by row."""
    operator = step.operators[0]
    if len(step.outputs) != 1 or operator.nature not in RULES:
        return None
    images = (*step.inputs, *step.outputs)
    if not step.inputs or any(len(t.shape) != 4 or t.shape[0] != 1 or not t.elements for t in images):
        return None
    rule = RULES[operator.nature](operator)
    if rule is None or {t.index for t in step.inputs} != rule.windows.keys():
        return None
    if len(step.operators) == 1:
        return rule
    return Band(rule.windows, windows(step.operators[1])[0].taps)


def _sliding(operator: Operator, fill: int | None) -> Band | None:
    """A window that slides over the first input."""
    rows, _ = windows(operator)
    return (
        Band({operator.input(0).index: Rows(rows.reach, rows.stride, rows.before, fill)})
        if rows.fits
        else None
    )


def _convolution(operator: Operator) -> Band | None:
    filters = operator.input(1)
    if not filters.is_constant or len(filters.shape) != 4:
        return None
    zero = _zero(operator.input(0))
    return None if zero is None else _sliding(operator, zero)


def _pool(operator: Operator) -> Band | None:
    """A window that slides; for large int8 means the sums of windows, to which each row is added."""
    rule = _sliding(operator, None)
    source, target = operator.input(0), operator.outputs[0]
    if rule is None or not operator.trait.sums or source.dtype != np.int8:
        return rule
    rows, columns = windows(operator)
    sums = SUM_BYTES * target.shape[2] * target.shape[3]
    kept = (rows.taps - 1) * source.shape[2] * source.shape[3]
    if not rows.apart or not columns.apart or sums >= kept:
        return rule
    return Band({source.index: Rows()}, rows.taps, sums)


def _zero(tensor: Tensor) -> int | None:
    """The byte that a real 0 is made of, or None where the tensor has no such byte."""
    if tensor.dtype == np.float32:
        return 0
    params = tensor.quantization
    if params is None or params.per_channel or (tensor.dtype.itemsize > 1 and params.zero_point):
        return None
    return int(params.zero_point)


def _elementwise(operator: Operator) -> Band | None:
    source, target = operator.input(0), operator.outputs[0]
    return Band({source.index: Rows()}) if source.shape == target.shape else None


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
            windows[tensor.index] = Rows()
    return Band(windows)


def _concatenation(operator: Operator) -> Band | None:
    """Images side by side: along columns or channels."""
    axis = operator.integer("axis")
    if axis % 4 in (0, 1) or any(t is None or t.is_constant for t in operator.inputs):
        return None
    return Band({t.index: Rows() for t in operator.inputs if t is not None})


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
    return None if fill is None else Band({source.index: Rows(1, 1, top, fill)})


RULES: dict[Nature, Callable[[Operator], Band | None]] = {
    Nature.CONVOLUTION: _convolution,
    Nature.DEPTHWISE: _convolution,
    Nature.POOL: _pool,
    Nature.UNARY: _elementwise,
    Nature.CONVERSION: _elementwise,
    Nature.BINARY: _binary,
    Nature.CONCATENATION: _concatenation,
    Nature.PAD: _pad,
}
