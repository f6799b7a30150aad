"""Quantization-aware training: a Keras network that rounds as its int8 model will, while it still learns.

    aware = quantization_aware(model, samples)      # compile and fit it as any other
    tflite.convert_int8(aware)                      # int8, with the ranges that it learned

Batch normalization is folded into the layer before it, weights are rounded per channel, activations where an int8
model has a tensor of its own: after a convolution with its relu, after an addition, not between (Jacob et al.,
*Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference*, 2018, section 3).
Pooling, flattening and concatenation have one scale for their inputs and outputs, as in TensorFlow Lite.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.train.aware_layers import FakeQuantize, Quantized, Range
from aiedge.train.framework import keras
from aiedge.train.structure import (
    Call,
    Structure,
    copy_call,
    copy_layer,
    fold_batch_norm,
    separate_activations,
    structure,
)

layers = keras.layers
WEIGHTED = (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)
JOINING = (layers.Add, layers.Multiply)
# One scale for inputs and outputs. Of these only average pooling gives new values.
ALIKE = (
    layers.MaxPooling2D,
    layers.AveragePooling2D,
    layers.Concatenate,
    layers.Flatten,
    layers.Reshape,
    layers.Dropout,
    layers.ZeroPadding2D,
)
OTHER = (layers.GlobalAveragePooling2D,)
# Functions whose int8 output has a fixed range in TensorFlow Lite, scale 1/256 or 1/128.
FIXED = {"sigmoid": (0.0, 255 / 256), "softmax": (0.0, 255 / 256), "tanh": (-1.0, 127 / 128)}
BATCH = 64


def quantization_aware(
    model: keras.Model, calibration: NDArray | list[NDArray], input_range: tuple[float, float] | None = None
) -> keras.Model:
    """The network with its batch normalization folded and fake quantization in it, not compiled.

    Ranges start at those of `calibration`, float32 [n, ...] (a list for several inputs), and are learned like weights;
    the inputs' range stays, at `input_range` where that is given. Raises `UserError` for a layer that has no int8
    counterpart here, and for calibration samples that do not fit the network.
    """
    graph = structure(fold_batch_norm(separate_activations(model)))
    for call in graph:
        _check(call)
    ranges = _Ranges(graph, _samples(graph, calibration))
    made: dict[int, FakeQuantize] = {}

    def quantize(tensor: int, value: Any) -> Any:
        group = ranges.group(tensor)
        if group not in made:
            low, high = ranges.fixed.get(group) or ranges.of[group]
            learn = group not in ranges.fixed
            if group in map(ranges.group, graph.inputs):
                (low, high), learn = input_range or (low, high), False
            made[group] = FakeQuantize(min(low, 0.0), max(high, 1e-6), learn, name=f"range_{len(made)}")
        return made[group](value)

    def run(call: Call, values: list[Any]) -> Any:
        for i, tensor in enumerate(call.inputs):
            if tensor in graph.inputs:
                values[i] = quantize(tensor, values[i])
        if isinstance(call.layer, WEIGHTED):
            inner = copy_layer(call.layer)
            layer = Quantized(inner, name=call.layer.name)
            result = call(values, layer)
            inner.set_weights(call.layer.get_weights())
            layer.reset()
        else:
            result = copy_call(call, values)
        return quantize(call.output, result) if _has_range(graph, call) else result

    return graph.build(run)


def strip(model: keras.Model) -> keras.Model:
    """The plain float network inside a quantization-aware one, with its weights as they are before rounding."""
    return _plain(model, lambda layer: layer.layer.get_weights()[0], lambda layer, value: value)


def for_export(model: keras.Model) -> keras.Model:
    """A plain network with rounded weights, and marks by which TensorFlow's converter takes the learned ranges."""

    def mark(layer: FakeQuantize, value: Any) -> Any:
        if layer.name not in marks:
            low, high = float(layer.low), float(layer.high)
            marks[layer.name] = Range(low, max(high, low + 1e-6), name=layer.name)
        return marks[layer.name](value)

    marks: dict[str, Range] = {}
    return _plain(model, lambda layer: np.asarray(layer.rounded_kernel()), mark)


def is_aware(model: keras.Model) -> bool:
    """Whether a network is one of `quantization_aware`."""
    return any(isinstance(layer, FakeQuantize) for layer in model.layers)


def _plain(model: keras.Model, kernel: Any, ranges: Any) -> keras.Model:
    if not is_aware(model):
        raise UserError(
            "the network was not trained quantization-aware", "begin with quantization_aware(model, ...)"
        )

    def run(call: Call, values: list[Any]) -> Any:
        if isinstance(call.layer, FakeQuantize):
            return ranges(call.layer, values[0])
        if not isinstance(call.layer, Quantized):
            return copy_call(call, values)
        layer = copy_layer(call.layer.layer)
        result = call(values, layer)
        layer.set_weights([kernel(call.layer), *call.layer.layer.get_weights()[1:]])
        return result

    return structure(model, shared=(FakeQuantize,)).build(run)


class _Ranges:
    """The range of every tensor over the calibration samples; tensors of one scale share theirs."""

    def __init__(self, graph: Structure, samples: list[NDArray]) -> None:
        self._parents: dict[int, int] = {}
        self.of: dict[int, tuple[float, float]] = {}
        self.fixed: dict[int, tuple[float, float]] = {}
        for call in graph:
            if isinstance(call.layer, ALIKE):
                for tensor in call.inputs:
                    self._parents[self.group(tensor)] = self.group(call.output)
        for call in graph:
            fixed = FIXED.get(_function(call.layer) or "")
            if fixed and self.fixed.setdefault(self.group(call.output), fixed) != fixed:
                raise UserError(
                    f"layer {call.layer.name!r} shares its scale with another kind", "join them later"
                )
        for start in range(0, len(samples[0]), BATCH):
            values = graph.replay(
                [part[start : start + BATCH] for part in samples], lambda call, xs: call(xs)
            )
            for tensor, value in values.items():
                low, high = self.of.get(self.group(tensor), (0.0, 0.0))
                array = np.asarray(value)
                self.of[self.group(tensor)] = min(low, float(array.min())), max(high, float(array.max()))

    def group(self, tensor: int) -> int:
        while tensor in self._parents and self._parents[tensor] != tensor:
            tensor = self._parents[tensor]
        return tensor


def _has_range(graph: Structure, call: Call) -> bool:
    """Whether a call's output is a tensor of the int8 model, with values that are not rounded yet."""
    if isinstance(call.layer, ALIKE):
        return isinstance(call.layer, layers.AveragePooling2D)
    if _function(call.layer) == "linear":
        return False
    after = graph.next_call(call.output)
    fuses = isinstance(call.layer, WEIGHTED + JOINING)
    return not (fuses and after and _function(after.layer) in ("relu", "relu6"))


def _function(layer: keras.Layer) -> str | None:
    """The name of an activation layer's function; None for other layers."""
    if isinstance(layer, layers.Softmax):
        return "softmax"
    if isinstance(layer, layers.Activation):
        return layer.activation.__name__
    if isinstance(layer, layers.ReLU) and not layer.negative_slope and not layer.threshold:
        return {None: "relu", 6.0: "relu6"}.get(layer.max_value)
    return None


def _check(call: Call) -> None:
    layer = call.layer
    known = isinstance(layer, WEIGHTED + JOINING + ALIKE + OTHER)
    known = known or _function(layer) in ("relu", "relu6", "linear", *FIXED)
    if isinstance(layer, layers.BatchNormalization):
        raise UserError(
            f"layer {layer.name!r} does not follow a linear convolution or dense layer, so it cannot be folded",
            "put batch normalization between a convolution and its activation",
        )
    if not known or getattr(layer, "groups", 1) != 1:
        kinds = sorted(kind.__name__ for kind in (*WEIGHTED, *JOINING, *ALIKE, *OTHER))
        raise UserError(
            f"layer {layer.name!r} ({type(layer).__name__}) cannot be trained quantization-aware",
            f"there are {', '.join(kinds)}, relu, relu6, {', '.join(FIXED)}",
        )


def _samples(graph: Structure, calibration: NDArray | list[NDArray]) -> list[NDArray]:
    arrays = calibration if isinstance(calibration, list) else [calibration]
    samples = [np.asarray(array, np.float32) for array in arrays]
    shapes = [tuple(x.shape[1:]) for x in graph.model.inputs]
    if [array.shape[1:] for array in samples] != shapes or not all(len(array) for array in samples):
        raise UserError(
            f"calibration samples are {[array.shape for array in samples]}",
            f"give some samples of the network's inputs, {shapes}",
        )
    if not all(np.isfinite(array).all() for array in samples):
        raise UserError("calibration samples are not finite", "look for NaN and infinity in them")
    return samples
