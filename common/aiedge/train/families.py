"""Families of networks: what a few numbers make of each, as a blueprint."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiedge.errors import UserError
from aiedge.train.blueprint import Blueprint, Layer

Size = tuple[int, int, int]

# Filters of the 1×1 convolution and stride of the depthwise one, of each block of MobileNetV1 (Howard et al. 2017,
# table 1).
V1_BLOCKS = [
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *[(512, 1)] * 5,
    (1024, 2),
    (1024, 1),
]


@dataclass(frozen=True)
class Family:
    """A kind of network: `build` makes one for an input [height, width, channels] and a number of classes.

    `defaults` are its parameters, with what they are where a space says nothing of them; an example value of a list is
    a list. `groups` are the names of what can be pruned.
    """

    build: Callable[..., Blueprint]
    defaults: dict[str, object]


def lenet(size: Size, classes: int, first: int, second: int, kernel: int, dense: Sequence[int]) -> Blueprint:
    """Two convolutions, each with a max-pooling behind it, and dense layers: LeCun et al. 1998, as `lenet5` has it."""
    layers = [
        Layer("conv", first, kernel, relu=True, group="first"),
        Layer("max_pool", kernel=2, stride=2),
        Layer("conv", second, kernel, same=False, relu=True, group="second"),
        Layer("max_pool", kernel=2, stride=2),
        Layer("flatten"),
        *[Layer("dense", width, relu=True, group=f"dense{i}") for i, width in enumerate(dense, 1) if width],
        Layer("dense", classes),
    ]
    return Blueprint(size, tuple(layers))


def pooled_cnn(size: Size, classes: int, first: int, second: int, dense: int) -> Blueprint:
    """Two convolutions, each with a max-pooling behind it, an average pooling by 4 and two dense layers: the
    network that the workshop prunes, by default with the widths to which the published pipeline does."""
    layers = [
        Layer("conv", first, 3, relu=True, group="first"),
        Layer("max_pool", kernel=2, stride=2),
        Layer("conv", second, 3, relu=True, group="second"),
        Layer("max_pool", kernel=2, stride=2),
        Layer("average_pool", kernel=4, stride=4),
        Layer("flatten"),
        Layer("dense", dense, relu=True, group="dense"),
        Layer("dense", classes),
    ]
    return Blueprint(size, tuple(layers))


def chain(size: Size, classes: int, widths: Sequence[int], kernel: int) -> Blueprint:
    """Convolutions, each with a max-pooling behind it, and the mean of the last maps: the published CNN for CIFAR-10,
    with average pooling in place of its large dense layer."""
    layers: list[Layer] = []
    for i, width in enumerate(widths, 1):
        layers += [
            Layer("conv", width, kernel, relu=True, group=f"conv{i}"),
            Layer("max_pool", kernel=2, stride=2),
        ]
    return Blueprint(size, (*layers, Layer("average"), Layer("dense", classes)))


def separable(size: Size, classes: int, widths: Sequence[int], kernel: int) -> Blueprint:
    """A convolution and then depthwise-separable ones, every second of which halves the map; the mean of the last."""
    first, *others = widths
    layers = [Layer("conv", first, 3, 2, relu=True, norm=True, group="stage1")]
    for i, width in enumerate(others, 2):
        layers += _separable(width, kernel, 1 + (i % 2 == 0), f"stage{i}")
    return Blueprint(size, (*layers, Layer("average"), Layer("dense", classes)))


def residual(size: Size, classes: int, widths: Sequence[int], blocks: int) -> Blueprint:
    """Stages of residual blocks, each of two 3×3 convolutions; every stage but the first halves the map.

    He et al., *Deep Residual Learning for Image Recognition*, 2015, section 4.2. Layers that a sum ties lose the same
    share of their channels: they are one group, and so is the inside of a stage's blocks.
    """
    layers = [Layer("conv", widths[0], 3, relu=True, norm=True, group="stage1")]
    _add_stages(layers, widths, [blocks] * len(widths), norm=True)
    return Blueprint(size, (*layers, Layer("average"), Layer("dense", classes)))


def pooled_residual(
    size: Size, classes: int, widths: Sequence[int], blocks: Sequence[int], last: int
) -> Blueprint:
    """As `residual`, with a max-pooling before the first block, so many blocks in each stage, and a 1×1 convolution of
    `last` filters behind them: by default `cifar_tiny`. A shortcut's convolution is not batch-normalized."""
    if len(widths) != len(blocks):
        raise UserError(
            f"there are {len(widths)} widths and {len(blocks)} numbers of blocks", "give one of each a stage"
        )
    layers = [
        Layer("conv", widths[0], 3, relu=True, norm=True, group="stage1"),
        Layer("max_pool", kernel=2, stride=2),
    ]
    _add_stages(layers, widths, blocks, norm=False)
    layers.append(Layer("conv", last, relu=True, norm=True, group="last"))
    return Blueprint(size, (*layers, Layer("average"), Layer("dense", classes)))


def _add_stages(layers: list[Layer], widths: Sequence[int], blocks: Sequence[int], norm: bool) -> None:
    """Append stages of so many residual blocks; `norm` tells whether their shortcuts' convolutions have one."""
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True), 1):
        for block in range(count):
            stride = 2 if block == 0 and stage > 1 else 1
            before = len(layers) - 1
            group = f"stage{stage}"
            layers += [
                Layer("conv", width, 3, stride, relu=True, norm=True, group=f"inside{stage}"),
                Layer("conv", width, 3, norm=True, group=group),
            ]
            main = len(layers) - 1
            if stride > 1:
                layers.append(Layer("conv", width, 1, stride, norm=norm, group=group, inputs=(before,)))
                before = len(layers) - 1
            layers.append(Layer("add", relu=True, inputs=(before, main)))


def mobilenet(size: Size, classes: int, alpha: float, blocks: int) -> Blueprint:
    """MobileNetV1 (Howard et al. 2017, table 1) with `alpha` times its filters, and of its 13 blocks the first ones."""
    layers = [Layer("conv", int(32 * alpha), 3, 2, relu=True, norm=True, group="stage1")]
    for i, (width, stride) in enumerate(V1_BLOCKS[:blocks], 2):
        layers += _separable(int(width * alpha), 3, stride, f"stage{i}")
    return Blueprint(size, (*layers, Layer("average"), Layer("dense", classes)))


def _separable(width: int, kernel: int, stride: int, group: str) -> list[Layer]:
    return [
        Layer("depthwise", kernel=kernel, stride=stride, relu=True, norm=True),
        Layer("conv", width, relu=True, norm=True, group=group),
    ]


FAMILIES = {
    "lenet": Family(lenet, {"first": 6, "second": 16, "kernel": 5, "dense": [120, 84]}),
    "pooled_cnn": Family(pooled_cnn, {"first": 25, "second": 51, "dense": 76}),
    "chain": Family(chain, {"widths": [32, 64, 128], "kernel": 3}),
    "separable": Family(separable, {"widths": [8, 16, 32, 64], "kernel": 3}),
    "residual": Family(residual, {"widths": [8, 16, 32], "blocks": 1}),
    "pooled_residual": Family(pooled_residual, {"widths": [16, 24], "blocks": [1, 2], "last": 96}),
    "mobilenet": Family(mobilenet, {"alpha": 0.25, "blocks": 13}),
}
