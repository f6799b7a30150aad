"""What each step becomes in MicroPython: the kernel that it calls, its data, and its numbers."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.codegen.operators import emit
from aiedge.codegen.operators.call import bias_of, unsupported, zero_point
from aiedge.codegen.operators.convolution import multipliers
from aiedge.codegen.operators.scaling import scaling
from aiedge.codegen.operators.window import checked_windows
from aiedge.memory import Step
from aiedge.micropython.kernels import ROW
from aiedge.quantization import factors, quantize_multiplier
from aiedge.quantization.layers import layer_multipliers
from aiedge.tflite.graph import Operator, Tensor
from aiedge.tflite.integer import activation_range, params_of, unary_table, weight_params
from aiedge.tflite.traits import Nature
from aiedge.tflite.window import Window

OFFSET = 128  # from int8 to the bytes that the kernels take
LARGEST = 2**16 - 1  # of the numbers
SUMS = ("MEAN", "SUM")


@dataclass(frozen=True)
class Layer:
    """One call of a kernel: `inputs` and the output come first, then `data` and `numbers` where it has some.

    `data` is a part of the file of weights, `numbers` are the 16-bit ones that `kernels` calls g, but 5 and 6, the
    place of the data; `scratch` are the bytes of the arena that it takes besides its tensors. `count` is the number of
    values, for kernels that ask for it.
    """

    kernel: str
    inputs: tuple[Tensor, ...]
    output: Tensor
    data: bytes = b""
    numbers: tuple[int, ...] = ()
    scratch: int = 0
    count: int = 0

    def placed(self, begin: int) -> tuple[int, ...]:
        """The numbers, where the data begin at this byte of the file; none for a kernel that takes none."""
        return (*self.numbers[:5], begin & 0xFFFF, begin >> 16, *self.numbers[5:]) if self.numbers else ()


def layer(step: Step) -> Layer:
    """The call of a step; raises `UserError` where there is none, with what is supported."""
    first = step.operators[0]
    if first.nature not in LAYERS:
        raise unsupported(first, "")
    tensors = [t for o in step.operators for t in (o.input(0), *o.outputs)]
    if any(t.dtype != np.int8 for t in tensors):
        raise unsupported(first, "its inputs and outputs must be int8")
    emit(step.operators, lambda tensor: "")  # names what else compiled C does not take, either
    made = LAYERS[first.nature](step)
    if max(made.numbers, default=0) > LARGEST:
        raise unsupported(first, f"its sizes must be at most {LARGEST:,}")
    return made


def scratch(step: Step) -> int:
    """Bytes of the arena that the step's kernel takes besides its tensors."""
    first = step.operators[0]
    return prod(first.input(1).shape[1:]) if first.nature is Nature.CONVOLUTION else 0


def _row(bias: int, multiplier: int, shift: int) -> bytes:
    """The bytes that `kernels.scale` reads, behind the bias plus 2^31."""
    row = struct.pack("<IIBB", (bias + 2**31) & 0xFFFFFFFF, multiplier, max(-shift, 0), max(shift, 0))
    assert len(row) == ROW
    return row


def _rows(biases: NDArray, scales: tuple[NDArray, NDArray]) -> bytes:
    return b"".join(_row(*map(int, each)) for each in zip(biases, *scales, strict=True))


def _output(operator: Operator) -> tuple[int, int, int]:
    """Zero point, least and largest output, of bytes."""
    low, high = activation_range(operator)
    return zero_point(operator.outputs[0]) + OFFSET, low + OFFSET, high + OFFSET


def _weighted(operator: Operator, rows: NDArray[np.int8], scales: tuple[NDArray, NDArray]) -> bytes:
    """The data of a layer whose kernel adds up products of bytes: its rows' scales, and the rows."""
    scaling(operator, rows, *scales)  # which names sums out of int32
    taken = (zero_point(operator.input(0)) + OFFSET) * rows.sum(axis=1, dtype=np.int64)
    return _rows(bias_of(operator) - taken, scales) + _bytes(rows)


def _bytes(values: NDArray[np.int8]) -> bytes:
    """int8 values as the kernels take them."""
    return (values.astype(np.int16) + OFFSET).astype(np.uint8).tobytes()


def _dense(step: Step) -> Layer:
    (operator,) = step.operators
    weights = operator.input(1)
    rows = weights.values.reshape(weights.shape[0], -1)
    if operator.input(0).elements != rows.shape[1]:
        raise unsupported(operator, "its input must be one row")
    scales = layer_multipliers(
        params_of(operator.input(0)), weight_params(weights), params_of(operator.outputs[0]), len(rows)
    )
    numbers = (rows.shape[1], len(rows), *_output(operator))
    data = _weighted(operator, rows, scales)
    return Layer("dense", (operator.input(0),), operator.outputs[0], data, numbers)


def _sliding(operator: Operator, pool: tuple[int, int] = (1, 1)) -> tuple[int, ...]:
    """The numbers from 7 on: sizes and windows; `pool` is that of the pool in the same call."""
    if operator.input(0).shape[0] != 1:
        raise unsupported(operator, "its batch must be 1")
    rows, columns = checked_windows(operator)
    pairs: list[Callable[[Window], int]] = [
        lambda w: w.taps,
        lambda w: w.before,
        lambda w: w.stride,
        lambda w: w.dilation,
    ]
    around = [each(window) for each in pairs for window in (rows, columns)]
    output = (rows.output // pool[0], columns.output // pool[1])
    sizes = (rows.size, columns.size, operator.input(0).shape[3])
    return (*sizes, *around, zero_point(operator.input(0)) + OFFSET, *output, *pool)


def _conv(step: Step) -> Layer:
    operator, *pools = step.operators
    filters, *_, depth = operator.input(1).shape
    if depth != operator.input(0).shape[3]:
        raise unsupported(operator, "its filters must span all input channels")
    rows = operator.input(1).values.reshape(filters, -1)
    taps = tuple(w.taps for w in checked_windows(pools[0])) if pools else (1, 1)
    sliding = _sliding(operator, (taps[0], taps[1]))
    numbers = (rows.shape[1], filters, *_output(operator), *sliding)
    data = _weighted(operator, rows, multipliers(operator, axis=0))
    return Layer("conv", (operator.input(0),), step.result, data, numbers, scratch(step))


def _depthwise(step: Step) -> Layer:
    (operator,) = step.operators
    taps = operator.input(1).values.reshape(-1, operator.input(1).shape[3])
    scales = multipliers(operator, axis=3)
    scaling(operator, taps.T, *scales)
    depth = taps.shape[1] // operator.input(0).shape[3]
    numbers = (depth, taps.shape[1], *_output(operator), *_sliding(operator))
    data = _rows(bias_of(operator), scales) + _bytes(taps)
    return Layer("depthwise", (operator.input(0),), operator.outputs[0], data, numbers)


def _pool(step: Step) -> Layer:
    (operator,) = step.operators
    numbers = (int(operator.trait.sums), 0, *_output(operator), *_sliding(operator))
    return Layer("pool", (operator.input(0),), operator.outputs[0], numbers=numbers)


def _mean(step: Step) -> Layer:
    (operator,) = step.operators
    if operator.kind not in SUMS:
        raise unsupported(operator, f"{' and '.join(SUMS)} are")
    struct_ = emit(step.operators, lambda tensor: "").struct
    assert struct_
    fields: dict[str, Any] = struct_.fields
    count = prod(fields["inputs"])
    row = _row(fields["offset"] - OFFSET * count, fields["multiplier"], fields["shift"])
    zero = fields["output_zero_point"] + OFFSET
    loops = [*fields["output_step"], *fields["inputs"], *fields["input_step"]]
    numbers = (*fields["outputs"], zero, 0, 255, *loops)
    return Layer("mean", (operator.input(0),), operator.outputs[0], row, numbers)


def _add(step: Step) -> Layer:
    (operator,) = step.operators
    inputs, output = (operator.input(0), operator.input(1)), operator.outputs[0]
    if operator.kind != "ADD" or any(t.is_constant or t.shape != output.shape for t in inputs):
        raise unsupported(operator, "ADD of two computed tensors of one shape is")
    scales = [float(params_of(t).scale) for t in (*inputs, output)]
    each = [factors.sums(max(scales[:2]), scale, scales[2]) for scale in scales[:2]]
    pairs = [quantize_multiplier(factor) for factor in (each[0][0], each[1][0], each[0][1])]
    points = [zero_point(t) + OFFSET for t in inputs]
    return Layer(
        "add",
        inputs,
        output,
        b"".join(_row(0, *pair) for pair in pairs),
        (0, 0, *_output(operator), *points),
        count=output.elements,
    )


def _lookup(step: Step) -> Layer:
    (operator,) = step.operators
    if not operator.trait.table:
        raise unsupported(operator, "its input and output must be int8")
    table = _bytes(unary_table(operator))
    return Layer("lookup", (operator.input(0),), operator.outputs[0], table, count=step.result.elements)


def _view(step: Step) -> Layer:
    (operator,) = step.operators
    return Layer("copy", (operator.input(0),), operator.outputs[0], count=step.result.elements)


LAYERS: dict[Nature, Callable[[Step], Layer]] = {
    Nature.DENSE: _dense,
    Nature.CONVOLUTION: _conv,
    Nature.DEPTHWISE: _depthwise,
    Nature.POOL: _pool,
    Nature.REDUCTION: _mean,
    Nature.BINARY: _add,
    Nature.UNARY: _lookup,
    Nature.CONVERSION: _lookup,
    Nature.VIEW: _view,
}
