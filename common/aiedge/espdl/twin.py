"""ESP-DL's arithmetic in NumPy: scales that are powers of two, one for a tensor, and halves rounded up.

A real number is  r = 2^e · q  with an integer q of 8 or 16 bits and zero point 0. A layer's sums have the exponent
e_x + e_w, and a shift takes them to that of its output:  q_y = clamp(⌊acc · 2^(e_x + e_w − e_y) + 1/2⌋). That is what
esp-ppq simulates in float32 and the chips compute.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiedge.convert.quantizer import ranges
from aiedge.errors import UserError
from aiedge.tflite.graph import Graph, Operator, Tensor
from aiedge.tflite.integer import real_activation_range
from aiedge.tflite.traits import Nature
from aiedge.tflite.window import windows

Integers = NDArray[np.int64]
HALF_UP, HALF_EVEN = "ROUND_HALF_UP", "ROUND_HALF_EVEN"


@dataclass(frozen=True)
class Quantization:
    """The exponents of a network's tensors, and how it computes with them.

    `exponents` are by the names of `aiedge.espdl.onnx_writer`: `t3` is a tensor of the .tflite, `w3` the weights of
    operator 3, which may have one for each channel. `rounding` is what happens to halves. `tables` are the outputs that
    come out of a table with an entry for each so many integers of the input, the nearest one.
    """

    exponents: Mapping[str, int | Sequence[int]]
    bits: int = 8
    rounding: str = HALF_UP
    tables: Mapping[str, int] = field(default_factory=dict)

    @property
    def low(self) -> int:
        """The least integer."""
        return -(2 ** (self.bits - 1))

    @property
    def high(self) -> int:
        """The largest integer."""
        return 2 ** (self.bits - 1) - 1

    def exponent(self, name: str) -> int:
        """The one exponent of a tensor."""
        found = self.exponents[name]
        if not isinstance(found, int):
            raise UserError(
                f"the tensor {name} has {len(found)} exponents", "only weights may have one a channel"
            )
        return found

    def rounded(self, values: NDArray) -> NDArray:
        """Whole numbers."""
        return np.rint(values) if self.rounding == HALF_EVEN else np.floor(values + 0.5)

    def integers(self, reals: NDArray, exponent: int | NDArray) -> Integers:
        """Real numbers as integers of this exponent.

        >>> Quantization({}).integers(np.array([0.5, 1.5, -0.5, 300]), 0).tolist()
        [1, 2, 0, 127]
        """
        scaled = np.asarray(reals, np.float64) * np.exp2(-np.asarray(exponent, np.float64))
        return np.clip(self.rounded(scaled), self.low, self.high).astype(np.int64)


def exponents(graph: Graph, samples: Sequence[NDArray[np.float32]], bits: int = 8) -> Quantization:
    """The smallest powers of two that hold all values seen on `samples` [n, ...]: what min–max calibration gives.

    Outputs that hold their input's values keep its exponent, as in esp-ppq, whose own choice for 8 bits is finer: it
    lets the largest values saturate where that loses less.
    """
    top = 2 ** (bits - 1) - 1

    def least(largest: float) -> int:
        return math.ceil(math.log2(largest / top)) if largest > 0 else 1 - bits

    found: dict[str, int | Sequence[int]] = {
        f"t{i}": least(max(-low, high)) for i, (low, high) in ranges(graph, samples).items()
    }
    for operator in graph.operators:
        if operator.nature in WEIGHTED:
            found[f"w{operator.index}"] = least(float(np.abs(operator.input(1).values).max()))
        if operator.kind in KEEPING:
            found[f"t{operator.outputs[0].index}"] = found[f"t{operator.input(0).index}"]
    return Quantization(found, bits)


def run(graph: Graph, quantization: Quantization, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network's answers [n, ...] to `samples` [n, ...], as real numbers; `integers_of` has them as integers."""
    step = 2.0 ** quantization.exponent(f"t{graph.outputs[0].index}")
    return (integers_of(graph, quantization, samples) * step).astype(np.float32)


def integers_of(graph: Graph, quantization: Quantization, samples: NDArray[np.float32]) -> Integers:
    """The network's answers [n, ...] as integers; raises `UserError` for an operator that has no twin."""
    refuse(graph)
    entry = graph.inputs[0]
    first = quantization.integers(samples, quantization.exponent(f"t{entry.index}"))
    values = {entry.index: first.reshape(len(samples), *entry.shape[1:])}
    for operator in (each for each in graph.operators if not each.folded):
        made = RUNS[operator.kind](_Layer(operator, quantization, values))
        target = operator.outputs[0]
        values[target.index] = made.reshape(len(samples), *target.shape[1:])
    return values[graph.outputs[0].index]


def refuse(graph: Graph) -> None:
    """Raise `UserError` that names the operators that have no twin."""
    missing = sorted({op.kind for op in graph.operators if not op.folded and op.kind not in RUNS})
    if missing or len(graph.inputs) != 1:
        what = (
            f"operators without a twin: {', '.join(missing)}"
            if missing
            else "a network of several inputs has no twin"
        )
        raise UserError(what, f"there are {', '.join(sorted(RUNS))}")


@dataclass
class _Layer:
    """An operator, and the integers of all tensors that are known."""

    operator: Operator
    quantization: Quantization
    values: dict[int, Integers]

    def exponent(self, tensor: Tensor) -> int:
        return self.quantization.exponent(f"t{tensor.index}")

    def real(self, place: int) -> NDArray:
        """An input as real numbers, which float64 holds exactly."""
        tensor = self.operator.input(place)
        if tensor.is_constant:
            whole = self.quantization.integers(tensor.values, self.exponent(tensor))
            return whole * 2.0 ** self.exponent(tensor)
        return self.values[tensor.index] * 2.0 ** self.exponent(tensor)

    def weight_exponents(self) -> NDArray:
        """Of each channel of the weights, or one."""
        return np.asarray(self.quantization.exponents[f"w{self.operator.index}"], np.float64)

    def weights(self) -> NDArray:
        """The weights as the real numbers that their integers stand for."""
        tensor, e = self.operator.input(1), self.weight_exponents()
        if e.ndim and self.operator.nature is not Nature.DEPTHWISE:  # whose channels are the last axis
            e = e.reshape(-1, *(1,) * (len(tensor.shape) - 1))
        return self.quantization.integers(tensor.values, e) * np.exp2(e)

    def bias(self) -> NDArray:
        """The bias in whole steps of the sums."""
        step = np.exp2(self.exponent(self.operator.input(0)) + self.weight_exponents())
        given = self.operator.inputs[2] if len(self.operator.inputs) > 2 else None
        values = np.zeros(1) if given is None else given.values.astype(np.float64).ravel()
        return self.quantization.rounded(values / step) * step

    def looked_up(self) -> NDArray:
        """The input, or where the output comes out of a coarse table, the input of its nearest entry."""
        step = self.quantization.tables.get(f"t{self.operator.outputs[0].index}", 1)
        low, source = self.quantization.low, self.operator.input(0)
        entries = self.quantization.rounded((self.values[source.index] - low) / step)
        return (entries * step + low) * 2.0 ** self.exponent(source)

    def result(self, sums: NDArray[np.float64]) -> Integers:
        """Sums as the output's integers, behind the activation."""
        if "fusedActivationFunction" in self.operator.trait.defaults:
            sums = np.clip(sums, *real_activation_range(self.operator))
        return self.quantization.integers(sums, self.exponent(self.operator.outputs[0]))


def _taps(layer: _Layer, fill: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a window sees, [n, rows, columns, height, width, channels], and which of it is in the image."""
    x, found = layer.real(0), windows(layer.operator)
    edges = []
    for window in found:
        last = (window.output - 1) * window.stride + window.reach - window.size - window.before
        edges.append((window.before, max(last, 0)))
    whole = [(0, 0), *edges, (0, 0)]
    views = []
    for values, outside in ((x, fill), (np.ones_like(x[:1, :, :, :1]), 0.0)):
        padded = np.pad(values, whole, constant_values=outside)
        places = [
            np.arange(w.output)[:, np.newaxis] * w.stride + np.arange(w.taps) * w.dilation for w in found
        ]
        rows, columns = places[0][:, np.newaxis, :, np.newaxis], places[1][np.newaxis, :, np.newaxis, :]
        views.append(padded[:, rows, columns])
    return views[0], views[1]


def _convolution(layer: _Layer) -> Integers:
    seen, _ = _taps(layer, 0.0)
    weights = layer.weights()
    if layer.operator.nature is Nature.DEPTHWISE:
        times = weights.shape[3] // seen.shape[-1]
        sums = np.einsum("nrchwi,hwim->nrcim", seen, weights[0].reshape(*weights.shape[1:3], -1, times))
        sums = sums.reshape(*sums.shape[:3], -1)
    else:
        sums = np.tensordot(seen, weights, axes=([3, 4, 5], [1, 2, 3]))
    return layer.result(sums + layer.bias())


def _dense(layer: _Layer) -> Integers:
    weights = layer.weights()
    return layer.result(layer.real(0).reshape(-1, weights.shape[1]) @ weights.T + layer.bias())


def _maximum(layer: _Layer) -> Integers:
    return layer.result(_taps(layer, -np.inf)[0].max(axis=(3, 4)))


def _average(layer: _Layer) -> Integers:
    seen, there = _taps(layer, 0.0)
    return layer.result(seen.sum(axis=(3, 4)) / there.sum(axis=(3, 4)))


def _mean(layer: _Layer) -> Integers:
    axes = tuple(int(axis) for axis in layer.operator.input(1).values.ravel())
    return layer.result(layer.real(0).mean(axis=axes, keepdims=True))


def _view(layer: _Layer) -> Integers:
    return layer.result(layer.real(0))


def _pad(layer: _Layer) -> Integers:
    return layer.result(np.pad(layer.real(0), [tuple(pair) for pair in layer.operator.input(1).values]))


def _of_two(function: Callable[[NDArray, NDArray], NDArray]) -> Callable[[_Layer], Integers]:
    return lambda layer: layer.result(function(layer.real(0), layer.real(1)))


def _of_one(function: Callable[[NDArray], NDArray]) -> Callable[[_Layer], Integers]:
    return lambda layer: layer.result(function(layer.looked_up()))


def _softmax(x: NDArray) -> NDArray:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


WEIGHTED = {Nature.DENSE, Nature.CONVOLUTION, Nature.DEPTHWISE}
KEEPING = {"RESHAPE", "MAX_POOL_2D", "PAD"}
RUNS: dict[str, Callable[[_Layer], Integers]] = {
    "ADD": _of_two(np.add),
    "AVERAGE_POOL_2D": _average,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _dense,
    "LOGISTIC": _of_one(lambda x: 1 / (1 + np.exp(-x))),
    "MAX_POOL_2D": _maximum,
    "MEAN": _mean,
    "MUL": _of_two(np.multiply),
    "PAD": _pad,
    "RELU": _of_one(lambda x: np.maximum(x, 0)),
    "RELU6": _of_one(lambda x: np.clip(x, 0, 6)),
    "RESHAPE": _view,
    "SOFTMAX": _of_one(_softmax),
    "SUB": _of_two(np.subtract),
    "TANH": _of_one(np.tanh),
}
