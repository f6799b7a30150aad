"""A network on paper: its layers and widths, from which both a Keras model and its size before any training come.

    lenet = Blueprint((28, 28, 1), (
        Layer("conv", 6, kernel=5, relu=True, group="convolutions"), Layer("max_pool", kernel=2, stride=2),
        Layer("flatten"), Layer("dense", 10),
    ))
    smaller = lenet.pruned({"convolutions": 0.5})
    model = blueprint_model(smaller)            # aiedge.train.models
    graph = skeleton(smaller)                   # aiedge.search

A layer reads the one before it, or those that it names. Nothing here needs TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import floor, prod
from typing import Literal

from aiedge.errors import UserError

Kind = Literal["conv", "depthwise", "dense", "max_pool", "average_pool", "average", "flatten", "add"]
Shape = tuple[int, ...]
INPUT = -1  # what a layer names that reads the network's input
WEIGHTED = ("conv", "dense")


@dataclass(frozen=True)
class Layer:
    """One layer. `width` are its filters or neurons, `average` is the mean over height and width.

    `inputs` are numbers of layers, `INPUT` the network's input; none is the layer before. Layers of one `group` lose
    the same share of their width when they are pruned; without a group a layer stays whole. With `norm` the layer is
    batch-normalized, which its .tflite does not show.
    """

    kind: Kind
    width: int = 0
    kernel: int = 1
    stride: int = 1
    same: bool = True
    relu: bool = False
    norm: bool = False
    group: str = ""
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Blueprint:
    """A network: the shape [height, width, channels] of its input, and its layers in the order in which they run."""

    input: tuple[int, int, int]
    layers: tuple[Layer, ...]

    def sources(self, place: int) -> tuple[int, ...]:
        """The numbers of the layers that the layer at `place` reads."""
        return self.layers[place].inputs or (place - 1,)

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of each layer's output, without the batch.

        >>> Blueprint((8, 8, 3), (Layer("conv", 4, 3, 2), Layer("average"), Layer("dense", 10))).shapes
        ((4, 4, 4), (4,), (10,))
        """
        shapes: list[Shape] = []
        for place, layer in enumerate(self.layers):
            entries = [self.input if source == INPUT else shapes[source] for source in self.sources(place)]
            shapes.append(_shape(layer, entries))
        return tuple(shapes)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that can be pruned, in the order of their first layers."""
        return tuple(dict.fromkeys(layer.group for layer in self.layers if layer.group))

    @property
    def kernels(self) -> dict[int, Shape]:
        """The shapes of the layers' weights, as Keras has them, by the layers' numbers."""
        shapes: dict[int, Shape] = {}
        for place, layer in enumerate(self.layers):
            channels, square = self.entry(place)[-1], (layer.kernel, layer.kernel)
            if layer.kind == "conv":
                shapes[place] = (*square, channels, layer.width)
            elif layer.kind == "depthwise":
                shapes[place] = (*square, channels, 1)
            elif layer.kind == "dense":
                shapes[place] = (channels, layer.width)
        return shapes

    @property
    def parameters(self) -> int:
        """Weights and biases, with batch normalization folded into them."""
        return sum(prod(shape) + self.shapes[place][-1] for place, shape in self.kernels.items())

    def entry(self, place: int) -> Shape:
        """The shape of what the layer at `place` reads first."""
        source = self.sources(place)[0]
        return self.input if source == INPUT else self.shapes[source]

    def pruned(self, shares: Mapping[str, float]) -> "Blueprint":
        """The network without these shares of its groups' widths: of n filters or neurons ⌊n · (1 − share)⌋ stay, one
        at least, as `aiedge.train.pruning.plan_pruning` has it.

        Raises `UserError` for a group that the network does not have, and for a share outside of 0 to below 1.

        >>> Blueprint((8, 8, 3), (Layer("conv", 10, group="a"),)).pruned({"a": 0.29}).layers[0].width
        7
        """
        for name, share in shares.items():
            if name not in self.groups:
                raise UserError(
                    f"the network has no group {name!r}", f"its groups are: {', '.join(self.groups)}"
                )
            if not 0 <= share < 1:
                raise UserError(
                    f"a share of {share} cannot be removed", "shares lie between 0 and 1, without 1"
                )
        return replace(
            self,
            layers=tuple(
                replace(layer, width=kept(layer.width, shares.get(layer.group, 0.0)))
                if layer.kind in WEIGHTED
                else layer
                for layer in self.layers
            ),
        )


def kept(count: int, share: float) -> int:
    """How many of `count` channels stay where a share of them goes."""
    return max(1, floor(round(count * (1 - share), 9)))


def _shape(layer: Layer, entries: list[Shape]) -> Shape:
    first = entries[0]
    if layer.kind in ("conv", "depthwise", "max_pool", "average_pool"):
        height, width = (_outputs(size, layer) for size in first[:2])
        if min(height, width) < 1:
            raise UserError(
                f"a kernel of {layer.kernel} does not fit a map of {first[0]}×{first[1]}",
                "take a larger input, or smaller kernels",
            )
        return (height, width, layer.width if layer.kind == "conv" else first[2])
    if layer.kind == "dense":
        return (layer.width,)
    if layer.kind == "average":
        return first[2:]
    if layer.kind == "flatten":
        return (first[0] * first[1] * first[2],)
    if any(entry != first for entry in entries):
        raise UserError(f"maps of {entries} cannot be added", "give the layers one width and one size")
    return first


def _outputs(size: int, layer: Layer) -> int:
    return -(-size // layer.stride) if layer.same else (size - layer.kernel) // layer.stride + 1
