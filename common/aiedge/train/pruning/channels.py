"""Which channels of a network belong together: what must go when one of them goes.

Every convolution and dense layer brings new channels (a dense layer's neurons are its channels). Along the graph each
tensor's last axis is followed as an array of channel numbers: batch normalization, activations, pooling and depthwise
convolutions keep them, flattening repeats them for every pixel, concatenation appends them, and addition ties the
channels that it adds: they become one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiedge.errors import UserError
from aiedge.train.framework import keras
from aiedge.train.structure import Call, Structure, structure

layers = keras.layers
SOURCES = (layers.Conv1D, layers.Conv2D, layers.SeparableConv2D, layers.Dense)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
ALIKE = (
    layers.BatchNormalization,
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.ELU,
    layers.Softmax,
    layers.Dropout,
    layers.SpatialDropout2D,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.ZeroPadding2D,
    layers.UpSampling2D,
)
TIED = (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)


@dataclass(frozen=True, eq=False)
class Channels:
    """The channels of a network: for each tensor the number of the channel in each place of its last axis.

    `fixed` holds the numbers that must stay: those of the network's inputs and outputs, and what is tied to them.
    """

    graph: Structure
    of: dict[int, NDArray[np.int64]]
    fixed: frozenset[int]

    @property
    def sources(self) -> dict[str, NDArray[np.int64]]:
        """The channels that each convolution and dense layer makes, by the layer's name."""
        return {
            call.layer.name: self.of[call.output] for call in self.graph if isinstance(call.layer, SOURCES)
        }

    def groups(self) -> list[dict[str, NDArray[np.int64]]]:
        """The layers that can be pruned, those that share channels in one group."""
        groups: list[dict[str, NDArray[np.int64]]] = []
        for name, ids in self.sources.items():
            if self.fixed.issuperset(ids.tolist()):
                continue
            sharing = [g for g in groups if any(np.isin(ids, other).any() for other in g.values())]
            groups = [g for g in groups if g not in sharing]
            groups.append({n: i for g in sharing for n, i in g.items()} | {name: ids})
        order = list(self.sources)
        return sorted(groups, key=lambda group: min(order.index(name) for name in group))


def follow(model: keras.Model) -> Channels:
    """Follow the channels through a model; raises `UserError`, naming the layer, where that is not supported."""
    graph = structure(model)
    ties = _Ties()
    of = {i: ties.new(x.shape[-1], fixed=True) for i, x in zip(graph.inputs, graph.model.inputs, strict=True)}
    for call in graph:
        of[call.output] = _outputs(call, [of[i] for i in call.inputs], ties)
    for i in graph.outputs:
        ties.fix(of[i])
    root = np.array([ties.root(i) for i in range(len(ties.parents))])
    fixed = frozenset(int(root[i]) for i, stays in enumerate(ties.fixed) if stays)
    return Channels(graph, {tensor: root[ids] for tensor, ids in of.items()}, fixed)


class _Ties:
    """Sets of channels that are one (union-find)."""

    def __init__(self) -> None:
        self.parents: list[int] = []
        self.fixed: list[bool] = []

    def new(self, count: int, fixed: bool = False) -> NDArray[np.int64]:
        first = len(self.parents)
        self.parents.extend(range(first, first + count))
        self.fixed.extend([fixed] * count)
        return np.arange(first, first + count)

    def root(self, i: int) -> int:
        while self.parents[i] != i:
            i = self.parents[i]
        return i

    def tie(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> None:
        for i, j in zip(a.tolist(), b.tolist(), strict=True):
            i, j = sorted((self.root(i), self.root(j)))
            self.parents[j] = i

    def fix(self, ids: NDArray[np.int64]) -> None:
        for i in ids.tolist():
            self.fixed[i] = True


def _outputs(call: Call, inputs: list[NDArray[np.int64]], ties: _Ties) -> NDArray[np.int64]:
    """The channels of a call's output."""
    layer, ids = call.layer, inputs[0]
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise UserError(f"layer {layer.name!r} has its channels first", "build the network channels last")
    if isinstance(layer, SOURCES):
        if getattr(layer, "groups", 1) != 1:
            raise _unsupported(layer, "a convolution in groups")
        channels = layer.units if isinstance(layer, layers.Dense) else layer.filters
        return ties.new(channels)
    if isinstance(layer, DEPTHWISE):
        return np.repeat(ids, layer.depth_multiplier)
    if isinstance(layer, ALIKE):
        if isinstance(layer, layers.BatchNormalization) and layer.axis not in (
            -1,
            len(layer.input.shape) - 1,
        ):
            raise _unsupported(layer, "batch normalization over another axis than the last")
        softmax = getattr(layer, "activation", None) is keras.activations.softmax
        if softmax or isinstance(layer, layers.Softmax):
            ties.fix(ids)  # its outputs sum to one: none can go without changing the others
        return ids
    if isinstance(layer, layers.Flatten | layers.Reshape):
        shape = layer.output.shape
        flat = np.tile(ids, int(np.prod(layer.input.shape[1:-1])))
        rows = flat.reshape(-1, shape[-1])
        if (rows != rows[0]).any():
            raise _unsupported(layer, "a reshape that mixes channels and pixels")
        return rows[0]
    if isinstance(layer, TIED):
        for other in inputs[1:]:
            if len(other) != len(ids):
                raise _unsupported(layer, "tensors of different numbers of channels")
            ties.tie(ids, other)
        return ids
    if isinstance(layer, layers.Concatenate):
        if layer.axis not in (-1, len(layer.output.shape) - 1):
            raise _unsupported(layer, "concatenation along another axis than the last")
        return np.concatenate(inputs)
    raise _unsupported(layer, f"a layer of the kind {type(layer).__name__}")


def _unsupported(layer: keras.Layer, what: str) -> UserError:
    kinds = sorted(k.__name__ for k in (*SOURCES, *DEPTHWISE, *ALIKE, *TIED))
    return UserError(
        f"layer {layer.name!r}: {what} cannot be pruned through",
        f"prunable networks consist of {', '.join(kinds)}, Concatenate, Flatten and Reshape",
    )
